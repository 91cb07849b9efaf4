"""Images, and what comes back through a code."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skfashion.inspection._drawing import as_drawn, draw_grid, grid_size, new_axes, pictures_from, pictures_of


class ReconstructionDisplay:
    """Images above what comes back through their codes, with the squared error a pixel.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images, reconstructions : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        Before and after, on the scale of [0, 1].

    errors : ndarray of shape (n_images,)
        The mean squared error of the pixels of each.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The images, then the reconstructions.
    captions_ : list of matplotlib.text.Text
        The errors.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ReconstructionDisplay
    >>> X = make_garments(100, random_state=0).data / 255
    >>> display = ReconstructionDisplay.from_estimator(PCA(16, random_state=0).fit(X), X, n_images=6)
    >>> display.errors.shape
    (6,)
    """

    def __init__(self, images, reconstructions, errors):
        self.images = images
        self.reconstructions = reconstructions
        self.errors = errors

    @classmethod
    def from_estimator(cls, estimator, X, *, n_images=10, image_shape=None, ax=None, **imshow):
        """Send images through a transformer and back, and draw both.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``reconstruct``, or with ``transform`` and ``inverse_transform`` like PCA or a Pipeline.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, of which the first are taken.

        n_images : int, default=10
            How many.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax, **imshow
            As in :meth:`plot`.

        Returns
        -------
        ReconstructionDisplay
            What was drawn.
        """
        check_scalar(n_images, "n_images", Integral, min_val=1)
        X = X[:n_images]
        images = pictures_from(estimator, X, image_shape)
        reconstructions = pictures_from(estimator, np.asarray(_round_trip(estimator, X)), image_shape)
        if np.asarray(X).dtype == np.uint8 and not _scales_pixels(estimator):
            reconstructions = reconstructions / 255
        return cls.from_predictions(images, reconstructions, ax=ax, **imshow)

    @classmethod
    def from_predictions(cls, X, reconstructions, *, image_shape=None, ax=None, **imshow):
        """Draw images and their reconstructions.

        Parameters
        ----------
        X, reconstructions : array-like of shape (n_images, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Before and after; uint8 is scaled to [0, 1].

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax, **imshow
            As in :meth:`plot`.

        Returns
        -------
        ReconstructionDisplay
            What was drawn.
        """
        images, reconstructions = pictures_of(X, image_shape), pictures_of(reconstructions, image_shape)
        if images.shape != reconstructions.shape:
            raise ValueError(f"The images have shape {images.shape}, their reconstructions {reconstructions.shape}.")
        errors = ((images - reconstructions) ** 2).reshape(len(images), -1).mean(axis=1)
        return cls(images, reconstructions, errors).plot(ax, **imshow)

    def plot(self, ax=None, **imshow):
        """Draw images above reconstructions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        ReconstructionDisplay
            This display.
        """
        # What goes beyond the images is as dark, or as bright, as they get.
        low, high = min(0.0, self.images.min()), max(1.0, self.images.max())
        pictures = np.concatenate([self.images, self.reconstructions.clip(low, high)])
        ax = new_axes(self, ax, grid_size(pictures, len(self.images), 1, label_width=1.0))
        pictures, imshow = as_drawn(pictures, imshow)
        captions = [""] * len(self.images) + [f"{error:.4f}" for error in self.errors]
        self.images_, texts = draw_grid(
            ax,
            pictures,
            len(self.images),
            captions=captions,
            row_labels=["image", "reconstruction,\nsquared error"],
            **imshow,
        )
        self.captions_ = texts[len(self.images) :]
        return self


def _round_trip(estimator, X):
    if hasattr(estimator, "reconstruct"):
        return estimator.reconstruct(X)
    if hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform"):
        return estimator.inverse_transform(estimator.transform(X))
    raise TypeError(f"{type(estimator).__name__} has neither 'reconstruct' nor 'transform' and 'inverse_transform'.")


def _scales_pixels(estimator):
    """Whether uint8 pixels come back on the scale of [0, 1], as from the estimators of this library."""
    steps = [step for _, step in getattr(estimator, "steps", [(None, estimator)]) if hasattr(step, "transform")]
    return hasattr(steps[0], "reconstruct")

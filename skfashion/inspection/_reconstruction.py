"""Images, and what comes back through a code."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skfashion.inspection._drawing import as_drawn, axes_for, draw_grid, grid_size
from skfashion.inspection._estimators import steps_of, unwrapped
from skfashion.inspection._pictures import Images


class ReconstructionDisplay:
    """Images above what comes back through their codes, with the squared error a pixel.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images, reconstructions : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        Before and after, on one scale: brightness in [0, 1], or other numbers as they are.

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
        estimator : estimator, Pipeline or search
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
        given = Images(X, image_shape, estimator)
        images = given.pictures(slice(n_images))
        reconstructions = _round_trip(unwrapped(estimator), X[:n_images])
        reconstructions = given.pictures_beside(images, reconstructions, image_shape, estimator)
        return cls._of(images, reconstructions).plot(ax, **imshow)

    @classmethod
    def from_predictions(cls, X, reconstructions, *, image_shape=None, ax=None, **imshow):
        """Draw images and their reconstructions.

        Parameters
        ----------
        X, reconstructions : array-like of shape (n_images, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Before and after, of any dtype. Levels (whole numbers up to 255, some above 16) are compared over 255; their
            reconstructions may be levels or brightness in [0, 1].

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax, **imshow
            As in :meth:`plot`.

        Returns
        -------
        ReconstructionDisplay
            What was drawn.
        """
        given = Images(X, image_shape)
        images = given.pictures()
        return cls._of(images, given.pictures_beside(images, reconstructions, image_shape)).plot(ax, **imshow)

    @classmethod
    def _of(cls, images, reconstructions):
        errors = ((images - reconstructions) ** 2).reshape(len(images), -1).mean(axis=1)
        return cls(images, reconstructions, errors)

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
        pictures, imshow = as_drawn(pictures, imshow)
        captions = [""] * len(self.images) + [f"{error:.4f}" for error in self.errors]
        labels = ["image", "reconstruction,\nsquared error"]
        with axes_for(self, ax, grid_size(pictures, len(self.images), 1, label_width=1.0)) as ax:
            self.images_, texts = draw_grid(
                ax, pictures, len(self.images), captions=captions, row_labels=labels, **imshow
            )
        self.captions_ = texts[len(self.images) :]
        return self


def _round_trip(estimator, X):
    model = steps_of(estimator)
    if len(model) == 1 and hasattr(model[0], "reconstruct"):
        return model[0].reconstruct(X)
    if hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform"):
        return estimator.inverse_transform(estimator.transform(X))
    raise TypeError(f"{type(estimator).__name__} has neither 'reconstruct' nor 'transform' and 'inverse_transform'.")

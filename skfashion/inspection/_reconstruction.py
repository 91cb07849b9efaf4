"""Images and their reconstructions, with the MSE per pixel."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skfashion._layout import as_array
from skfashion._nested import steps_of, unwrapped
from skfashion.inspection._back_to_pixels import inverse_transformed
from skfashion.inspection._drawing import axes_for, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import labels_at
from skfashion.inspection._pictures import Images


class ReconstructionDisplay:
    """Images above their reconstructions, with the mean squared error (MSE) per pixel.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    images, reconstructions : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        Images and reconstructions, on one scale: brightness in [0, 1], or other numbers as they are.

    errors : ndarray of shape (n_images,)
        The MSE per pixel of each reconstruction.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The images, then the reconstructions.
    captions_ : list of matplotlib.text.Text
        The errors.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

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
    def from_estimator(cls, estimator, X, y=None, *, n_images=10, image_shape=None, ax=None, imshow_kw=None):
        """Draw images and their reconstructions by an estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with ``reconstruct``, or with ``transform`` and ``inverse_transform`` like PCA or a Pipeline.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, of which the first are drawn.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or of all; a conditional autoencoder requires it.

        n_images : int, default=10
            Maximum number of images.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ReconstructionDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_images, "n_images", Integral, min_val=1)
        images = Images(X, image_shape, estimator)
        pictures = images.pictures(slice(n_images))
        outputs = _reconstructed(unwrapped(estimator), X[:n_images], labels_at(y, X, slice(n_images)))
        reconstructions = images.pictures_beside(pictures, outputs, image_shape, estimator)
        display = cls(pictures, reconstructions, _mse_per_pixel(pictures, reconstructions))
        return display.plot(ax, imshow_kw=imshow_kw)

    @classmethod
    def from_predictions(cls, X, reconstructions, *, image_shape=None, ax=None, imshow_kw=None):
        """Draw images and their reconstructions.

        Parameters
        ----------
        X, reconstructions : array-like of shape (n_images, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images and reconstructions, of any dtype. Levels (whole numbers from 0 to 255, some above 127) are divided
            by 255; their reconstructions may be levels or brightness in [0, 1].

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ReconstructionDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        images = Images(X, image_shape)
        pictures = images.pictures()
        reconstructions = images.pictures_beside(pictures, reconstructions, image_shape)
        display = cls(pictures, reconstructions, _mse_per_pixel(pictures, reconstructions))
        return display.plot(ax, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, imshow_kw=None):
        """Draw images above reconstructions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ReconstructionDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        # Reconstructions beyond the range of the images are drawn as dark, or as bright, as these get.
        low, high = min(0.0, self.images.min()), max(1.0, self.images.max())
        pictures = np.concatenate([self.images, self.reconstructions.clip(low, high)])
        pictures, imshow_kw = unsigned_style(pictures, imshow_kw)
        captions = [""] * len(self.images) + [f"{error:.4f}" for error in self.errors]
        labels = ["image", "reconstruction,\nMSE per pixel"]
        with axes_for(self, ax, grid_size(pictures, len(self.images), captions, label_width=1.0)) as ax:
            self.images_, texts = draw_grid(
                ax, pictures, len(self.images), captions=captions, row_labels=labels, imshow_kw=imshow_kw
            )
        self.captions_ = texts[len(self.images) :]
        return self


def _mse_per_pixel(pictures, reconstructions):
    return ((pictures - reconstructions) ** 2).reshape(len(pictures), -1).mean(axis=1)


def _reconstructed(estimator, X, y):
    steps = steps_of(estimator)
    if len(steps) == 1 and hasattr(steps[0], "reconstruct"):
        return steps[0].reconstruct(X) if y is None else steps[0].reconstruct(X, y)
    if hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform"):
        return inverse_transformed(steps, as_array(estimator.transform(X)), y)
    raise TypeError(f"{type(estimator).__name__} has neither 'reconstruct' nor 'transform' and 'inverse_transform'.")

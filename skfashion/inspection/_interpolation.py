"""Interpolation between images in latent space."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_scalar

from skfashion._layout import as_array
from skfashion._nested import unwrapped
from skfashion.inspection._drawing import axes_for, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import labels_at
from skfashion.inspection._pictures import decoded_pictures


class InterpolationDisplay:
    """Decoded images on the straight line between the latent codes of two images.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_pairs, n_steps, h, w) or (n_pairs, n_steps, h, w, channels)
        The images, one pair per row.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The images, row by row.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import InterpolationDisplay
    >>> X = make_garments(200, random_state=0).data / 255
    >>> display = InterpolationDisplay.from_estimator(PCA(8, random_state=0).fit(X), X[:2], X[2:4])
    >>> display.images.shape
    (2, 10, 28, 28)
    """

    def __init__(self, images):
        self.images = images

    @classmethod
    def from_estimator(cls, estimator, X, X_other, y=None, *, n_steps=10, ax=None, imshow_kw=None):
        """Decode the latent codes between those of pairs of images.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted transformer with ``inverse_transform``.

        X, X_other : array-like of shape (n_pairs, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The first and the last image of each row.

        y : array-like of shape (n_pairs,), or a single label, default=None
            The class of each row, or of all; a conditional autoencoder requires it.

        n_steps : int, default=10
            Images per row, both ends included.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : InterpolationDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_steps, "n_steps", Integral, min_val=2)
        estimator = unwrapped(estimator)
        if not (hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform")):
            raise TypeError(f"{type(estimator).__name__} has no methods 'transform' and 'inverse_transform'.")
        start, end = (check_array(as_array(estimator.transform(images))) for images in (X, X_other))
        if len(start) != len(end):
            raise ValueError(f"X holds {len(start)} images, but X_other {len(end)}.")
        share = np.linspace(0, 1, n_steps)[:, None]
        codes = (1 - share) * start[:, None] + share * end[:, None]
        classes = labels_at(y, start, np.arange(len(start)).repeat(n_steps))
        images = decoded_pictures(estimator, codes.reshape(-1, start.shape[1]), classes, X, start, others=[X_other])
        display = cls(images.reshape(len(start), n_steps, *images.shape[1:]))
        return display.plot(ax, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, imshow_kw=None):
        """Draw one row per pair.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : InterpolationDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_steps = self.images.shape[1]
        pictures = self.images.reshape(-1, *self.images.shape[2:])
        pictures, imshow_kw = unsigned_style(pictures, imshow_kw)
        with axes_for(self, ax, grid_size(pictures, n_steps)) as ax:
            self.images_, _ = draw_grid(ax, pictures, n_steps, imshow_kw=imshow_kw)
        return self

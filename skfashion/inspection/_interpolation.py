"""From one image to another."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_scalar

from skfashion._layout import as_array
from skfashion.inspection._drawing import as_drawn, axes_for, draw_grid, grid_size
from skfashion.inspection._estimators import points_back, steps_of, unwrapped
from skfashion.inspection._pictures import pictures_made_by


class InterpolationDisplay:
    """Images on the straight way from the code of one image to that of another.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_pairs, n_steps, h, w) or (n_pairs, n_steps, h, w, channels)
        The images, a pair in a row.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The images, row by row.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

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
    def from_estimator(cls, estimator, X, X_other, *, n_steps=10, ax=None, **imshow):
        """Decode codes between those of images.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted transformer with ``inverse_transform``.

        X, X_other : array-like of shape (n_pairs, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images to begin with, and as many to end with.

        n_steps : int, default=10
            Images in a row, with both ends.

        ax, **imshow
            As in :meth:`plot`.

        Returns
        -------
        InterpolationDisplay
            What was drawn.
        """
        check_scalar(n_steps, "n_steps", Integral, min_val=2)
        estimator = unwrapped(estimator)
        if not (hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform")):
            raise TypeError(f"{type(estimator).__name__} has no methods 'transform' and 'inverse_transform'.")
        one, other = (check_array(as_array(estimator.transform(each))) for each in (X, X_other))
        if len(one) != len(other):
            raise ValueError(f"There are {len(one)} images to begin with, but {len(other)} to end with.")
        share = np.linspace(0, 1, n_steps)[:, None]
        codes = (1 - share) * one[:, None] + share * other[:, None]
        images = pictures_made_by(estimator, points_back(steps_of(estimator), codes.reshape(-1, one.shape[1])))
        return cls(images.reshape(len(one), n_steps, *images.shape[1:])).plot(ax, **imshow)

    def plot(self, ax=None, **imshow):
        """Draw a row for each pair.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        InterpolationDisplay
            This display.
        """
        n_steps = self.images.shape[1]
        pictures = self.images.reshape(-1, *self.images.shape[2:])
        pictures, imshow = as_drawn(pictures, imshow)
        with axes_for(self, ax, grid_size(pictures, n_steps)) as ax:
            self.images_, _ = draw_grid(ax, pictures, n_steps, **imshow)
        return self

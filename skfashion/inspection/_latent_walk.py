"""What each number of a code means."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_scalar

from skfashion._layout import as_array
from skfashion.inspection._drawing import as_drawn, axes_for, draw_grid, grid_size
from skfashion.inspection._estimators import points_back, steps_of, unwrapped
from skfashion.inspection._pictures import pictures_made_by


class LatentWalkDisplay:
    """Images along each number of a code while the others stay.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_dimensions, n_steps, h, w) or (n_dimensions, n_steps, h, w, channels)
        The images, a dimension in a row.

    steps : ndarray of shape (n_steps,)
        Where they are, in standard deviations from the start.

    dimensions : sequence of int
        Which numbers of the code.

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
    >>> from skfashion.inspection import LatentWalkDisplay
    >>> X = make_garments(200, random_state=0).data / 255
    >>> display = LatentWalkDisplay.from_estimator(PCA(3, random_state=0).fit(X), X, n_steps=5)
    >>> display.images.shape
    (3, 5, 28, 28)
    """

    def __init__(self, images, steps, dimensions):
        self.images = images
        self.steps = steps
        self.dimensions = dimensions

    @classmethod
    def from_estimator(cls, estimator, X=None, *, start=None, dimensions=None, n_steps=9, span=3.0, ax=None, **imshow):
        """Decode codes along each dimension.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted transformer with ``inverse_transform``, such as an autoencoder or PCA.

        X : array-like of images, default=None
            Their codes say where the middle is and how far to go. None takes 0 and 1, which is right for a variational
            autoencoder.

        start : array-like of one image, default=None
            Like ``X[:1]``: the walk goes through its code; None goes through the middle.

        dimensions : sequence of int, default=None
            Which numbers of the code; None takes all.

        n_steps : int, default=9
            Images in a row.

        span : float, default=3.0
            How far to go to either side, in standard deviations of the codes.

        ax, **imshow
            As in :meth:`plot`.

        Returns
        -------
        LatentWalkDisplay
            What was drawn.
        """
        check_scalar(n_steps, "n_steps", Integral, min_val=2)
        check_scalar(span, "span", Real, min_val=0, include_boundaries="neither")
        estimator = unwrapped(estimator)
        if not hasattr(estimator, "inverse_transform"):
            raise TypeError(f"{type(estimator).__name__} has no method 'inverse_transform': it decodes no codes.")
        if X is None:
            n_dimensions = len(steps_of(estimator)[-1].get_feature_names_out())
            center, spread = np.zeros(n_dimensions), np.ones(n_dimensions)
        else:
            codes = _codes(estimator, X)
            center, spread = codes.mean(axis=0), codes.std(axis=0)
        if start is not None:
            starts = _codes(estimator, start)
            if len(starts) != 1:
                raise ValueError(f"start must be one image. Got {len(starts)}.")
            center = starts[0]
        dimensions = range(len(center)) if dimensions is None else dimensions
        if not all(0 <= dimension < len(center) for dimension in dimensions):
            raise ValueError(f"dimensions must lie in 0 to {len(center) - 1}. Got {list(dimensions)}.")
        steps = np.linspace(-span, span, n_steps)
        codes = np.tile(center, (len(dimensions), n_steps, 1))
        for row, dimension in enumerate(dimensions):
            codes[row, :, dimension] += steps * spread[dimension]
        images = pictures_made_by(estimator, points_back(steps_of(estimator), codes.reshape(-1, len(center))))
        return cls(images.reshape(len(dimensions), n_steps, *images.shape[1:]), steps, list(dimensions)).plot(
            ax, **imshow
        )

    def plot(self, ax=None, **imshow):
        """Draw a row for each dimension.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        LatentWalkDisplay
            This display.
        """
        n_steps = len(self.steps)
        pictures = self.images.reshape(-1, *self.images.shape[2:])
        pictures, imshow = as_drawn(pictures, imshow)
        labels = {
            "row_labels": [f"number {dimension}" for dimension in self.dimensions],
            "column_labels": [f"{step:+.3g} sd" if step else "0" for step in self.steps.round(10)],
        }
        with axes_for(self, ax, grid_size(pictures, n_steps, label_width=0.5)) as ax:
            self.images_, _ = draw_grid(ax, pictures, n_steps, **labels, **imshow)
        return self


def _codes(estimator, X):
    return check_array(as_array(estimator.transform(X)), dtype=[np.float64, np.float32], input_name="codes")

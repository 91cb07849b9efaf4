"""Latent traversal: decoded images along each latent dimension."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_scalar

from skfashion._layout import as_array
from skfashion._nested import steps_of, unwrapped
from skfashion.inspection._back_to_pixels import inverse_transformed
from skfashion.inspection._drawing import axes_for, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import labels_at, names_of
from skfashion.inspection._pictures import decoded_pictures, pictures_made_by


class LatentWalkDisplay:
    """Latent traversal: decoded images along each latent dimension, while the others stay fixed.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_dimensions, n_steps, h, w) or (n_dimensions, n_steps, h, w, channels)
        The images, one latent dimension per row.

    steps : ndarray of shape (n_steps,)
        Their positions, in standard deviations from the start.

    dimensions : sequence of int
        The latent dimensions.

    classes : sequence of str, default=None
        The class of each row, as it is shown; None without classes.

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
    >>> from skfashion.inspection import LatentWalkDisplay
    >>> X = make_garments(200, random_state=0).data / 255
    >>> display = LatentWalkDisplay.from_estimator(PCA(3, random_state=0).fit(X), X, n_steps=5)
    >>> display.images.shape
    (3, 5, 28, 28)
    """

    def __init__(self, images, steps, dimensions, classes=None):
        self.images = images
        self.steps = steps
        self.dimensions = dimensions
        self.classes = classes

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        y=None,
        *,
        start=None,
        dimensions=None,
        n_steps=9,
        span=3.0,
        class_names=None,
        ax=None,
        imshow_kw=None,
    ):
        """Decode latent codes along each latent dimension.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted transformer with ``inverse_transform``, such as an autoencoder or PCA.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c), default=None
            Images whose latent codes give the mean and the standard deviation of each dimension. None takes 0 and 1,
            the prior of a variational autoencoder.

        y : a label or array-like of shape (n_dimensions,), default=None
            The class of all images that are drawn, or of each row; a conditional autoencoder requires it.

        start : array-like of one image, default=None
            An image such as ``X[:1]``, through whose latent code the traversal goes; None goes through the mean.

        dimensions : sequence of int, default=None
            The latent dimensions, counted from 0; None takes all. One may be repeated, for instance with a
            different class each time.

        n_steps : int, default=9
            Images per row.

        span : float, default=3.0
            Distance to either side, in standard deviations of the latent codes.

        class_names : dict or sequence, default=None
            The name of each label in `y`; a sequence counts labels from 0.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : LatentWalkDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_steps, "n_steps", Integral, min_val=2)
        check_scalar(span, "span", Real, min_val=0, include_boundaries="neither")
        estimator = unwrapped(estimator)
        if not hasattr(estimator, "inverse_transform"):
            raise TypeError(f"{type(estimator).__name__} has no method 'inverse_transform': it cannot decode.")
        if X is None:
            n_dimensions = len(steps_of(estimator)[-1].get_feature_names_out())
            center, spread = np.zeros(n_dimensions), np.ones(n_dimensions)
        else:
            known = _codes(estimator, X)
            center, spread = known.mean(axis=0), known.std(axis=0)
        if start is not None:
            starts = _codes(estimator, start)
            if len(starts) != 1:
                raise ValueError(f"start must be one image. Got {len(starts)}.")
            center = starts[0]
        dimensions = _checked_dimensions(dimensions, len(center))
        steps = np.linspace(-span, span, n_steps)
        codes = np.tile(center, (len(dimensions), n_steps, 1))
        for row, dimension in enumerate(dimensions):
            codes[row, :, dimension] += steps * spread[dimension]
        labels = labels_at(y, dimensions, np.arange(len(dimensions)).repeat(n_steps))
        points = codes.reshape(-1, len(center))
        if X is None:
            images = pictures_made_by(estimator, inverse_transformed(steps_of(estimator), points, labels))
        else:
            images = decoded_pictures(estimator, points, labels, X, known)
        images = images.reshape(len(dimensions), n_steps, *images.shape[1:])
        classes = None if y is None else names_of(np.broadcast_to(y, len(dimensions)).tolist(), class_names)
        display = cls(images, steps, list(dimensions), classes)
        return display.plot(ax, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, imshow_kw=None):
        """Draw one row per latent dimension.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : LatentWalkDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_steps = len(self.steps)
        pictures = self.images.reshape(-1, *self.images.shape[2:])
        pictures, imshow_kw = unsigned_style(pictures, imshow_kw)
        labels = {
            "row_labels": self._row_labels(),
            "column_labels": [f"{step:+.3g} sd" if step else "0" for step in self.steps.round(10)],
        }
        with axes_for(self, ax, grid_size(pictures, n_steps, label_width=0.8)) as ax:
            self.images_, _ = draw_grid(ax, pictures, n_steps, **labels, imshow_kw=imshow_kw)
        return self

    def _row_labels(self):
        dimensions = [f"dimension {dimension}" for dimension in self.dimensions]
        if self.classes is None:
            return dimensions
        return [f"{label}\n{dimension}" for label, dimension in zip(self.classes, dimensions, strict=True)]


def _codes(estimator, X):
    return check_array(as_array(estimator.transform(X)), dtype=[np.float64, np.float32], input_name="codes")


def _checked_dimensions(dimensions, n_dimensions):
    """Some latent dimensions as a list; None stands for all."""
    if dimensions is None:
        return list(range(n_dimensions))
    found = list(dimensions) if np.iterable(dimensions) else []
    are_ints = all(isinstance(each, Integral) and not isinstance(each, bool) for each in found)
    if not found or not are_ints or not all(0 <= each < n_dimensions for each in found):
        raise ValueError(f"dimensions must be a sequence of ints from 0 to {n_dimensions - 1}. Got {dimensions!r}.")
    return found

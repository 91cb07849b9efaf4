"""What the first layer of a network looks for."""

import numpy as np
from sklearn.utils import check_scalar

from skfashion.inspection._drawing import draw_grid, grid_size, new_axes, shape_known_to


class FilterDisplay:
    """The weights of the first layer as pictures: red is positive, blue is negative, white is zero.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    filters : ndarray of shape (n_filters, h, w)
        The weights; of colour images the mean over channels.

    captions : sequence of str, default=None
        A line below each.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The filters, each on its own scale.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import FilterDisplay
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(200, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X, y)
    >>> FilterDisplay.from_estimator(mlp).filters.shape
    (16, 28, 28)
    """

    def __init__(self, filters, captions=None):
        self.filters = filters
        self.captions = captions

    @classmethod
    def from_estimator(cls, estimator, *, n_filters=40, image_shape=None, ax=None, n_columns=None, **imshow):
        """Draw the first weights of an estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A network of this library (``module_``), a perceptron of scikit-learn (``coefs_``), or a linear model
            (``coef_``), whose weights are named by its classes. Of a Pipeline the last step counts.

        n_filters : int, default=40
            How many at most.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or a square.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        FilterDisplay
            What was drawn.
        """
        check_scalar(n_filters, "n_filters", (int, np.integer), min_val=1)
        model = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        weights = _first_weights(model)[:n_filters]
        captions = None
        if hasattr(model, "coef_") and len(getattr(model, "classes_", ())) == len(model.coef_):
            captions = [str(label) for label in model.classes_[:n_filters]]
        if weights.ndim == 4:
            filters = weights.mean(axis=1)
        else:
            filters = _as_images(weights, image_shape or shape_known_to(model))
        return cls(filters, captions).plot(ax, n_columns=n_columns, **imshow)

    def plot(self, ax=None, *, n_columns=None, **imshow):
        """Draw the filters.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        n_columns : int, default=None
            Filters in a row; None takes ten at most.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        FilterDisplay
            This display.
        """
        n_columns = n_columns or min(len(self.filters), 10)
        ax = new_axes(self, ax, grid_size(self.filters, n_columns, 0 if self.captions is None else 1))
        largest = np.abs(self.filters).max(axis=(1, 2), keepdims=True)
        filters = self.filters / np.where(largest == 0, 1, largest)
        style = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, **imshow}
        self.images_, _ = draw_grid(ax, filters, n_columns, captions=self.captions, **style)
        return self


def _first_weights(model):
    """Weights of shape (n_filters, n_features), or (n_filters, channels, h, w) of a convolution."""
    if hasattr(model, "module_"):
        weights = (each.detach().cpu().numpy() for each in model.module_.parameters())
        return next(each for each in weights if each.ndim in (2, 4))
    if hasattr(model, "coefs_"):
        return model.coefs_[0].T
    if hasattr(model, "coef_"):
        return np.atleast_2d(model.coef_)
    raise TypeError(f"{type(model).__name__} has no weights to show: neither 'module_' nor 'coefs_' nor 'coef_'.")


def _as_images(weights, image_shape):
    n_features = weights.shape[1]
    if image_shape is None:
        side = int(np.sqrt(n_features))
        image_shape = (1, side, side)
    image_shape = (1, *image_shape) if len(image_shape) == 2 else tuple(image_shape)
    if np.prod(image_shape) != n_features:
        raise ValueError(f"The first layer takes {n_features} numbers, which are no image of shape {image_shape}.")
    channels = -1 if image_shape[-1] in (1, 3, 4) and image_shape[0] not in (1, 3, 4) else 0
    return weights.reshape(-1, *image_shape).mean(axis=-1 if channels else 1)

"""First-layer weights as pictures."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skfashion._layout import as_array
from skfashion._nested import steps_of
from skfashion.inspection._back_to_pixels import weights_in_pixels
from skfashion.inspection._drawing import axes_for, check_columns, check_kw, draw_grid, grid_size, signed_style
from skfashion.inspection._labels import names_of
from skfashion.inspection._pictures import pictures_made_by
from skfashion.inspection._protocols import DifferentiableEstimator


class FilterDisplay:
    """The weights of the first layer as pictures: red is positive, blue is negative, white is zero.

    It is made by :meth:`from_estimator`.

    Parameters
    ----------
    filters : ndarray of shape (n_filters, h, w)
        The weights; for colour images their mean over channels.

    captions : sequence of str, default=None
        The text below each filter.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The filters, each on its own scale.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

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
    def from_estimator(
        cls,
        estimator,
        *,
        class_names=None,
        n_filters=40,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the first-layer weights of an estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A network of this library (``module_``), a perceptron of scikit-learn (``coefs_``), or a linear model
            (``coef_``), whose weights are captioned by its classes. Of a Pipeline, the last step is drawn: its weights
            of latent dimensions, for instance those of PCA, are mapped to the equivalent weights of pixels; its weights
            of scaled pixels are drawn as they are.

        class_names : dict or sequence, default=None
            The name of each class of a linear model with weights per class; a sequence counts labels from 0.

        n_filters : int, default=40
            Maximum number of filters.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or a square.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Filters per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : FilterDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        ValueError
            If there are `class_names`, but weights do not belong to classes.
        TypeError
            If the estimator has no weights, or if they weigh latent dimensions whose inverse transform is not linear.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_filters, "n_filters", Integral, min_val=1)
        *before, model = steps_of(estimator)
        weights, captions = _first_weights(model), None
        pairwise = hasattr(model, "dual_coef_")  # support vector machines weigh pairs of classes
        if hasattr(model, "coef_") and not pairwise and len(getattr(model, "classes_", ())) == len(weights):
            captions = names_of(model.classes_[:n_filters].tolist(), class_names)
        elif class_names is not None:
            raise ValueError(f"class_names must be None: the weights of {type(model).__name__} are not one per class.")
        weights = weights[:n_filters]
        if weights.ndim == 4:
            filters = weights.mean(axis=1)
        else:
            filters = pictures_made_by(estimator, weights_in_pixels(before, weights), image_shape, signed=True)
            filters = filters.mean(axis=-1) if filters.ndim == 4 else filters
        return cls(filters, captions).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the filters.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Filters per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : FilterDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_columns = check_columns(n_columns, len(self.filters), 10)
        filters, imshow_kw = signed_style(self.filters, imshow_kw)
        with axes_for(self, ax, grid_size(filters, n_columns, self.captions)) as ax:
            self.images_, self.captions_ = draw_grid(
                ax, filters, n_columns, captions=self.captions, imshow_kw=imshow_kw
            )
        return self


def _first_weights(model):
    """Weights of shape (n_filters, n_features), or (n_filters, channels, h, w) of a convolution."""
    if hasattr(model, "module_"):
        weights = (parameter.detach().cpu().numpy() for parameter in model.module_.parameters())
        first = next(array for array in weights if array.ndim in (2, 4))
        if first.ndim == 4 or not isinstance(model, DifferentiableEstimator) or not model.as_module().channels_last:
            return first
        # A network sees channels first, whatever the order in a row is.
        return np.moveaxis(first.reshape(-1, *model.image_shape_), 1, -1).reshape(first.shape)
    if hasattr(model, "coefs_"):
        return as_array(model.coefs_[0]).T
    if hasattr(model, "coef_"):
        return np.atleast_2d(as_array(model.coef_))
    raise TypeError(f"{type(model).__name__} has no weights to show: neither 'module_' nor 'coefs_' nor 'coef_'.")

"""Scatter plot of latent codes in the plane."""

from numbers import Integral

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.utils import check_array, check_consistent_length, check_scalar

from skfashion._layout import as_array
from skfashion._nested import unwrapped
from skfashion._private_sklearn import _num_samples, _safe_indexing
from skfashion._seeds import draw_generator, draw_seed
from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw
from skfashion.inspection._labels import colors_of, labels_of, names_of

_AXES = {"codes": "latent dimension {}", "pca": "principal component {}", "tsne": "t-SNE {}"}


class LatentSpaceDisplay:
    """Latent codes of images in the plane, coloured by class.

    It is made by :meth:`from_estimator` or :meth:`from_codes`.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        The embedding of the images in the plane.

    labels : ndarray of shape (n_samples,), default=None
        The class of each image.

    class_names : dict or sequence, default=None
        The names of all classes; the position in it gives a class its colour.

    method : {"codes", "pca", "tsne"}, default="codes"
        The embedding of latent codes in the plane. t-SNE keeps neighbours together, but its distances mean little.

    Attributes
    ----------
    points_ : dict of label to matplotlib.collections.PathCollection
        The points of each class; the only key is None without labels.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    References
    ----------
    L. van der Maaten and G. Hinton, `Visualizing Data using t-SNE
    <https://jmlr.org/papers/v9/vandermaaten08a.html>`_, 2008.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import LatentSpaceDisplay
    >>> garments = make_garments(200, random_state=0)
    >>> X = garments.data / 255
    >>> display = LatentSpaceDisplay.from_estimator(
    ...     PCA(8, random_state=0).fit(X), X, garments.target, class_names=garments.target_names
    ... )
    >>> display.points.shape
    (200, 2)
    """

    def __init__(self, points, labels=None, *, class_names=None, method="codes"):
        self.points = points
        self.labels = labels
        self.class_names = class_names
        self.method = method

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        method="auto",
        n_samples=2000,
        class_names=None,
        random_state=None,
        ax=None,
        scatter_kw=None,
    ):
        """Transform images to latent codes and draw these.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted transformer.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        method, n_samples, class_names, random_state, ax, scatter_kw
            See :meth:`from_codes`.

        Returns
        -------
        display : LatentSpaceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(scatter_kw=scatter_kw)
        estimator = unwrapped(estimator)
        if not hasattr(estimator, "transform"):
            raise TypeError(f"{type(estimator).__name__} has no method 'transform': it has no latent space.")
        y = labels_of(y)
        check_consistent_length(X, y)
        sample = _sample(_num_samples(X), n_samples, random_state)
        return cls.from_codes(
            estimator.transform(_safe_indexing(X, sample)),
            None if y is None else y[sample],
            method=method,
            n_samples=None,
            class_names=class_names,
            random_state=random_state,
            ax=ax,
            scatter_kw=scatter_kw,
        )

    @classmethod
    def from_codes(
        cls,
        codes,
        y=None,
        *,
        method="auto",
        n_samples=2000,
        class_names=None,
        random_state=None,
        ax=None,
        scatter_kw=None,
    ):
        """Embed latent codes in the plane and draw them.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_dimensions)
            The latent codes, of at least two dimensions.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        method : {"auto", "codes", "pca", "tsne"}, default="auto"
            The embedding: the first two latent dimensions, two principal components, or t-SNE (slow). ``"auto"``
            draws codes of two dimensions as they are, and others by PCA.

        n_samples : int or None, default=2000
            Maximum number of points, a random sample if there are more; None draws all.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        random_state : int, RandomState instance or None, default=None
            Seed of the sample and of t-SNE.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        scatter_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : LatentSpaceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(scatter_kw=scatter_kw)
        if method not in ("auto", *_AXES):
            raise ValueError(f"method must be 'auto', 'codes', 'pca' or 'tsne'. Got {method!r} instead.")
        codes = check_array(
            as_array(codes),
            dtype=[np.float64, np.float32],
            ensure_min_features=2,
            ensure_min_samples=2,
            input_name="codes",
        )
        labels = labels_of(y)
        check_consistent_length(codes, labels)
        sample = _sample(len(codes), n_samples, random_state)
        codes, labels = codes[sample], None if labels is None else labels[sample]
        if method == "auto":
            method = "codes" if codes.shape[1] == 2 else "pca"
        points = _embedded(codes, method, draw_seed(random_state))
        return cls(points, labels, class_names=class_names, method=method).plot(ax, scatter_kw=scatter_kw)

    def plot(self, ax=None, *, scatter_kw=None):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        scatter_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : LatentSpaceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(scatter_kw=scatter_kw)
        with axes_for(self, ax, (6.4, 4.4)) as ax:
            self.points_ = self._scatter(ax, scatter_kw)
            if self.labels is not None:
                handles = list(self.points_.values())  # by themselves names like "" and "_a" would be left out
                add_legend(
                    ax,
                    handles,
                    [handle.get_label() for handle in handles],
                    loc="center left",
                    bbox_to_anchor=(1.01, 0.5),
                    markerscale=2.5,
                    fontsize=8,
                )
            ax.set(xlabel=_AXES[self.method].format(1), ylabel=_AXES[self.method].format(2))
            if self.method == "tsne":  # not set_xticks, which axes that share limits have in common
                ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        return self

    def _scatter(self, ax, scatter_kw):
        """Draw the points and return them by class."""
        from matplotlib.collections import PathCollection

        defaults = {"s": 6, "alpha": 0.7, "linewidth": 0}
        if self.labels is None:
            return {None: ax.scatter(*self.points.T, **merged_kw(PathCollection, defaults, scatter_kw))}
        classes = np.unique(self.labels).tolist()
        names, colors = names_of(classes, self.class_names), colors_of(classes, self.class_names)
        points = {}
        for label, name, color in zip(classes, names, colors, strict=True):
            style = merged_kw(PathCollection, {"color": color, "label": name, **defaults}, scatter_kw)
            points[label] = ax.scatter(*self.points[self.labels == label].T, **style)
            points[label].set_label(style["label"])  # matplotlib would replace an empty label
        return points


def _sample(n, n_samples, random_state):
    """Positions of the samples to draw: all n, or a random sample of them in order."""
    if n_samples is not None:
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
    if n_samples is None or n_samples >= n:
        return np.arange(n)
    return np.sort(draw_generator(random_state).choice(n, n_samples, replace=False))


def _embedded(codes, method, seed):
    if method == "codes":
        return codes[:, :2]
    if method == "pca":
        return PCA(2, random_state=seed).fit_transform(codes)
    return TSNE(2, init="pca", perplexity=min(30, (len(codes) - 1) / 3), random_state=seed).fit_transform(codes)

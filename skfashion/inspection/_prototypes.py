"""Prototypes: class means, centroids, bases of subspaces and neighbour means as images."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skfashion._nested import steps_of
from skfashion.inspection._drawing import (
    axes_for,
    check_columns,
    check_kw,
    draw_grid,
    grid_size,
    signed_style,
    unsigned_style,
)
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images, mean_picture
from skfashion.inspection._prototype_pictures import centroids, has_centroids, neighbor_means, subspace_bases


class PrototypeDisplay:
    """Prototypes as images: class means, centroids of clusters, bases of subspaces, means of neighbours.

    It is made by :meth:`from_estimator`, which looks at what the estimator has, by :meth:`from_centroids`,
    :meth:`from_subspaces` or :meth:`from_neighbors`, which say what to draw, or by :meth:`from_data` for class means.

    Parameters
    ----------
    prototypes : ndarray of shape (n_prototypes, h, w) or (n_prototypes, h, w, channels)
        The images.

    captions : sequence of str, default=None
        The text below each prototype.

    signed : bool, default=False
        Whether they are directions, with a sign: drawn in red and blue around zero, each on its own scale.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The prototypes.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.baselines import ClusterClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import PrototypeDisplay
    >>> garments = make_garments(200, random_state=0)
    >>> clusters = ClusterClassifier(KMeans(12, n_init=1, random_state=0)).fit(garments.data, garments.target)
    >>> display = PrototypeDisplay.from_estimator(clusters, class_names=garments.target_names)
    >>> len(display.captions_)
    12
    """

    def __init__(self, prototypes, captions=None, *, signed=False):
        self.prototypes = prototypes
        self.captions = captions
        self.signed = signed

    @classmethod
    def from_data(cls, X, y, *, class_names=None, image_shape=None, ax=None, n_columns=None, imshow_kw=None):
        """Draw the mean image of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, of any dtype.

        y : array-like of shape (n_samples,)
            Their labels, or clusters.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        y = labels_of(y)
        check_consistent_length(X, y)
        classes = np.unique(y)
        images = Images(X, image_shape)
        means = np.array([mean_picture(images.pictures(np.flatnonzero(y == label))) for label in classes])
        display = cls(means, names_of(classes.tolist(), class_names))
        return display.plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        class_names=None,
        n_prototypes=50,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the prototypes of a fitted estimator, by the first of the following that its last step has.

        - a method ``kneighbors``: :meth:`from_neighbors`, with X;
        - an attribute ``components_``: :meth:`from_subspaces`;
        - centroids or means: :meth:`from_centroids`.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted estimator. The prototypes of the last step of a Pipeline are mapped to pixels by
            ``inverse_transform`` of the steps before.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c), default=None
            The images whose neighbours are averaged; ignored if the estimator finds no neighbours.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_prototypes : int, default=50
            Maximum number of prototypes.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most, or those of one class.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator has no prototypes, or if an earlier step of a Pipeline has no ``inverse_transform``.
        """
        check_kw(imshow_kw=imshow_kw)
        model = steps_of(estimator)[-1]
        shared = {
            "n_prototypes": n_prototypes,
            "image_shape": image_shape,
            "ax": ax,
            "n_columns": n_columns,
            "imshow_kw": imshow_kw,
        }
        if hasattr(model, "kneighbors"):
            return cls.from_neighbors(estimator, X, **shared)
        if hasattr(model, "components_"):
            return cls.from_subspaces(estimator, class_names=class_names, **shared)
        if has_centroids(model):
            return cls.from_centroids(estimator, class_names=class_names, **shared)
        raise TypeError(
            f"{type(model).__name__} has no prototypes: neither 'kneighbors', nor 'components_', nor centroids "
            "('cluster_centers_', 'means_')."
        )

    @classmethod
    def from_neighbors(
        cls, estimator, X, *, n_prototypes=50, image_shape=None, ax=None, n_columns=None, imshow_kw=None
    ):
        """Draw the mean of the nearest training images of each image.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with ``kneighbors``, such as ``KNNClassifier`` and the neighbour models of scikit-learn.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images whose neighbours are averaged.

        n_prototypes : int, default=50
            Maximum number of images, the first of X.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_prototypes, "n_prototypes", Integral, min_val=1)
        pictures = neighbor_means(estimator, X, n_prototypes, image_shape)
        return cls(pictures).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_subspaces(
        cls,
        estimator,
        *,
        class_names=None,
        n_prototypes=50,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the basis of a subspace, or of one subspace per class.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with ``components_``: a decomposition such as PCA or NMF, or a classifier with one basis per class,
            which is ``SubspaceClassifier``.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_prototypes : int, default=50
            Maximum number of directions, of all classes together.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most, or those of one class.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_prototypes, "n_prototypes", Integral, min_val=1)
        pictures, captions, per_class = subspace_bases(estimator, class_names, n_prototypes, image_shape)
        n_columns = per_class if n_columns is None else n_columns
        return cls(pictures, captions, signed=True).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_centroids(
        cls,
        estimator,
        *,
        class_names=None,
        n_prototypes=50,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the centroids of clusters, or the means of classes, of a fitted estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with ``centroids_``, ``cluster_centers_``, ``subcluster_centers_``, ``means_`` or ``theta_``:
            clusterers, mixtures, ``ClusterClassifier``, ``CentroidSampler``, ``NearestCentroid`` and others.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_prototypes : int, default=50
            Maximum number of centroids.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_prototypes, "n_prototypes", Integral, min_val=1)
        pictures, captions = centroids(estimator, class_names, n_prototypes, image_shape)
        return cls(pictures, captions).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the prototypes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : PrototypeDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_columns = check_columns(n_columns, len(self.prototypes), 10)
        style = signed_style if self.signed else unsigned_style
        pictures, imshow_kw = style(self.prototypes, imshow_kw)
        with axes_for(self, ax, grid_size(pictures, n_columns, self.captions)) as ax:
            self.images_, self.captions_ = draw_grid(
                ax, pictures, n_columns, captions=self.captions, imshow_kw=imshow_kw
            )
        return self

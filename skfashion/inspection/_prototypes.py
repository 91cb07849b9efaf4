"""What stands for a class, a cluster or a neighbourhood."""

import numpy as np
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d

from skfashion.inspection._drawing import (
    around_zero,
    as_drawn,
    columns_of,
    draw_grid,
    grid_size,
    names_of,
    new_axes,
    pictures_from,
    pictures_of,
)


class PrototypeDisplay:
    """Images that stand for many: means of classes, centroids of clusters, bases of subspaces, means of neighbours.

    It is made by :meth:`from_estimator` or, for the means of classes, by :meth:`from_data`.

    Parameters
    ----------
    prototypes : ndarray of shape (n_prototypes, h, w) or (n_prototypes, h, w, channels)
        The images.

    captions : sequence of str, default=None
        A line below each.

    signed : bool, default=False
        Whether they are directions, with a sign: drawn in red and blue around zero, each on its own scale.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The prototypes.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

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
    def from_data(cls, X, y, *, class_names=None, image_shape=None, ax=None, n_columns=None, **imshow):
        """Draw the mean image of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. uint8 means pixels 0 to 255.

        y : array-like of shape (n_samples,)
            Their labels, or clusters.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        PrototypeDisplay
            What was drawn.
        """
        y = column_or_1d(y)
        check_consistent_length(X, y)
        classes = np.unique(y)
        members = [np.flatnonzero(y == label) for label in classes]
        means = np.array([pictures_of(_safe_indexing(X, rows), image_shape).mean(axis=0) for rows in members])
        return cls(means, names_of(classes.tolist(), class_names)).plot(ax, n_columns=n_columns, **imshow)

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
        **imshow,
    ):
        """Draw what a fitted estimator goes by.

        Parameters
        ----------
        estimator : estimator
            With centroids (clusterers, mixtures, ``ClusterClassifier``, ``CentroidSampler``), with subspaces
            (``SubspaceClassifier``: a row of directions for each class; PCA and its kin), or with neighbours
            (``KNNClassifier``).

        X : array-like of images, default=None
            The images whose neighbours are averaged; for nothing but neighbours.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_prototypes : int, default=50
            How many at most.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        PrototypeDisplay
            What was drawn.
        """
        signed, captions = False, None
        if hasattr(estimator, "kneighbors") and hasattr(estimator, "training_rows"):
            if X is None:
                raise ValueError("X is needed: the images whose neighbours are averaged.")
            rows = estimator.training_rows()
            nearest = estimator.kneighbors(X[:n_prototypes], return_distance=False)
            prototypes = np.array(
                [pictures_from(estimator, rows[those], image_shape).mean(axis=0) for those in nearest]
            )
        elif isinstance(getattr(estimator, "components_", None), list):
            directions, captions, n_directions = _subspaces(estimator, class_names, n_prototypes)
            n_columns = n_directions if n_columns is None else n_columns
            prototypes, signed = pictures_from(estimator, directions, image_shape), True
        elif hasattr(estimator, "components_"):
            prototypes, signed = pictures_from(estimator, estimator.components_[:n_prototypes], image_shape), True
        else:
            prototypes = pictures_from(estimator, _centroids(estimator)[:n_prototypes], image_shape)
            names = getattr(estimator, "names_", [])[:n_prototypes]
            captions = names_of(list(names), class_names) if len(names) else None
        display = cls(prototypes, captions, signed=signed)
        return display.plot(ax, n_columns=n_columns, **imshow)

    def plot(self, ax=None, *, n_columns=None, **imshow):
        """Draw the prototypes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        n_columns : int, default=None
            Images in a row; None takes ten at most.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        PrototypeDisplay
            This display.
        """
        n_columns = columns_of(n_columns, len(self.prototypes), 10)
        ax = new_axes(self, ax, grid_size(self.prototypes, n_columns, 0 if self.captions is None else 1))
        pictures, imshow = (around_zero if self.signed else as_drawn)(self.prototypes, imshow)
        self.images_, self.captions_ = draw_grid(ax, pictures, n_columns, captions=self.captions, **imshow)
        return self


def _centroids(estimator):
    for name in ("centroids_", "cluster_centers_", "means_"):
        if hasattr(estimator, name):
            return getattr(estimator, name)
    raise TypeError(
        f"{type(estimator).__name__} has no prototypes: neither centroids ('cluster_centers_', 'means_'), nor "
        "'components_', nor 'kneighbors'."
    )


def _subspaces(estimator, class_names, n_prototypes):
    """A row for each class: the first directions of its subspace, of which a small class has fewer."""
    longest = max(len(components) for components in estimator.components_)
    n_directions = max(1, min(n_prototypes // len(estimator.classes_), longest))
    directions = np.zeros((len(estimator.classes_), n_directions, estimator.n_features_in_))
    for row, components in zip(directions, estimator.components_, strict=True):
        row[: len(components)] = components[:n_directions]
    names = names_of(estimator.classes_.tolist(), class_names)
    captions = [name if place == 0 else "" for name in names for place in range(n_directions)]
    return directions.reshape(-1, estimator.n_features_in_), captions, n_directions

"""What stands for a class, a cluster or a neighbourhood."""

import numpy as np
from sklearn.utils import column_or_1d

from skfashion.inspection._drawing import (
    draw_grid,
    grey_on_white,
    grid_size,
    names_of,
    new_axes,
    pictures_of,
    shape_known_to,
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
        pictures = pictures_of(X, image_shape)
        classes = np.unique(y)
        means = np.array([pictures[y == label].mean(axis=0) for label in classes])
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
        shape = image_shape or shape_known_to(estimator)
        if hasattr(estimator, "kneighbors") and hasattr(estimator, "training_rows"):
            if X is None:
                raise ValueError("X is needed: the images whose neighbours are averaged.")
            rows = pictures_of(estimator.training_rows(), shape)
            nearest = estimator.kneighbors(X[:n_prototypes], return_distance=False)
            display = cls(np.array([rows[those].mean(axis=0) for those in nearest]))
        elif isinstance(getattr(estimator, "components_", None), list):
            display, n_columns = _subspaces(estimator, shape, class_names, n_prototypes)
        elif hasattr(estimator, "components_"):
            display = cls(_directions(estimator.components_[:n_prototypes], shape), signed=True)
        else:
            names = getattr(estimator, "names_", [])[:n_prototypes]
            captions = names_of(list(names), class_names) if len(names) else None
            display = cls(pictures_of(_centroids(estimator)[:n_prototypes], shape), captions)
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
        n_columns = n_columns or min(len(self.prototypes), 10)
        ax = new_axes(self, ax, grid_size(self.prototypes, n_columns, 0 if self.captions is None else 1))
        style = grey_on_white(self.prototypes, imshow)
        if self.signed:
            style = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, **imshow}
        self.images_, self.captions_ = draw_grid(ax, self.prototypes, n_columns, captions=self.captions, **style)
        return self


def _centroids(estimator):
    for name in ("centroids_", "cluster_centers_", "means_"):
        if hasattr(estimator, name):
            return getattr(estimator, name)
    raise TypeError(
        f"{type(estimator).__name__} has no prototypes: neither centroids ('cluster_centers_', 'means_'), nor "
        "'components_', nor 'kneighbors'."
    )


def _directions(components, shape):
    """Directions as pictures, each on its own scale."""
    pictures = pictures_of(components, shape)
    largest = np.abs(pictures).reshape(len(pictures), -1).max(axis=1)
    return pictures / largest.reshape(-1, *[1] * (pictures.ndim - 1))


def _subspaces(estimator, shape, class_names, n_prototypes):
    """A row for each class: the first directions of its subspace."""
    n_classes = len(estimator.classes_)
    n_directions = min(max(1, n_prototypes // n_classes), *(len(each) for each in estimator.components_))
    directions = np.concatenate([each[:n_directions] for each in estimator.components_])
    names = names_of(estimator.classes_.tolist(), class_names)
    captions = [name if place == 0 else "" for name in names for place in range(n_directions)]
    return PrototypeDisplay(_directions(directions, shape), captions, signed=True), n_directions

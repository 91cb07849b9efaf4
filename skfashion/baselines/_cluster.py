"""Clusters as a classifier."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skfashion._images import ImageInput, all_or_nothing, draw_seed, scaled


class ClusterClassifier(ClassifierMixin, ImageInput, BaseEstimator):
    """What clusters know of classes: cluster without labels, name the clusters by them, assign new images to clusters.

    Parameters
    ----------
    clusterer : estimator, default=None
        Any clusterer or mixture of scikit-learn, or a Pipeline that ends in one. It is cloned, and fitted on the images
        without their labels. None stands for ``KMeans(n_clusters=10)``.

    naming : {"majority", "one_to_one"}, default="majority"
        How clusters get the name of a class: each by the majority of its images, or so that no two clusters share a
        name and as many images as possible are right (clusters beyond the number of classes go by their majority).

    random_state : int, RandomState instance or None, default=None
        Handed to the clusterer, or what is in its pipeline, where it has none of its own.

    Attributes
    ----------
    clusterer_ : estimator
        The fitted clusterer.
    labels_ : ndarray of shape (n_samples,), int
        The cluster of each training image; -1 is noise.
    clusters_ : ndarray of shape (n_clusters,), int
        The clusters, without noise.
    names_ : ndarray of shape (n_clusters,)
        The class of each cluster.
    means_ : ndarray of shape (n_clusters, n_features), float32
        The mean image of each cluster; uint8 pixels are on the scale of [0, 1].
    composition_ : ndarray of shape (n_clusters, n_classes)
        The share of each class among the training images of each cluster.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    skfashion.metrics.clustering_accuracy_score : Of clusters, without new images.

    Notes
    -----
    A clusterer without ``predict`` (DBSCAN, HDBSCAN, agglomerative clustering) assigns a new image to the cluster of
    the nearest training image, for DBSCAN of the nearest core sample, by the clusterer's own metric. Noise belongs to
    no cluster, so it is never the nearest; if all training images are noise, the fit fails. Where ``predict`` names a
    cluster without a training image, the nearest mean of a cluster decides.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.baselines import ClusterClassifier
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> clusters = ClusterClassifier(KMeans(30, random_state=0)).fit(X[:800], y[:800])
    >>> clusters.score(X[800:], y[800:]) > 0.4
    True
    """

    _parameter_constraints = {
        "clusterer": [HasMethods("fit"), None],
        "naming": [StrOptions({"majority", "one_to_one"})],
        "random_state": ["random_state"],
    }

    def __init__(self, clusterer=None, *, naming="majority", random_state=None):
        self.clusterer = clusterer
        self.naming = naming
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Cluster the images X and name the clusters by the labels y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. uint8 means pixels 0 to 255, which are scaled to [0, 1].

        y : array-like of shape (n_samples,)
            The labels.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X, y = self._check_images(X, y, reset=True)
            check_classification_targets(y)
            X = scaled(X, np.float32)
            classes, codes = np.unique(y, return_inverse=True)
            default = KMeans(n_clusters=min(10, len(X)))
            clusterer, labels = fit_clusterer(self.clusterer, default, self.random_state, X)
            clusters, members = np.unique(labels[labels >= 0], return_inverse=True)
            table = np.zeros((len(clusters), len(classes)), dtype=np.int64)
            np.add.at(table, (members, codes[labels >= 0]), 1)
            self.classes_, self.clusterer_, self.labels_, self.clusters_ = classes, clusterer, labels, clusters
            self.composition_ = table / table.sum(axis=1, keepdims=True)
            self._codes = _named(table, one_to_one=self.naming == "one_to_one")
            self.names_ = classes[self._codes]
            self.means_ = np.array([X[labels == cluster].mean(axis=0) for cluster in clusters])
            self._predictor = clusterer if hasattr(clusterer, "predict") else _NearestMember(clusterer, X, labels)
        return self

    def predict_cluster(self, X):
        """Return the cluster that each image is assigned to.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), int
            Of `clusters_`.
        """
        return self.clusters_[self._assigned(X)]

    def _assigned(self, X):
        """Positions in `clusters_`."""
        check_is_fitted(self)
        X = scaled(self._check_images(X, reset=False)[0], np.float32)
        predicted = self._predictor.predict(X)
        assigned = np.searchsorted(self.clusters_, predicted).clip(max=len(self.clusters_) - 1)
        unknown = self.clusters_[assigned] != predicted  # clusters without a training image, or noise
        if unknown.any():
            assigned[unknown] = pairwise_distances_argmin(X[unknown], self.means_)
        return assigned

    def predict_proba(self, X):
        """Return the composition of the cluster of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`. With ``naming="one_to_one"`` ``predict`` need not follow the largest.
        """
        assigned = self._assigned(X)
        return self.composition_[assigned]

    def predict(self, X):
        """Return the name of the cluster of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, in the dtype of the y that was fitted.
        """
        assigned = self._assigned(X)
        return self.names_[assigned]


def fit_clusterer(clusterer, default, random_state, X):
    """Return a clone of a clusterer (or the default) that is fitted on X, and the cluster of each row; -1 is noise."""
    clusterer = default if clusterer is None else clone(clusterer)
    for name, value in sorted(clusterer.get_params().items()):
        if value is None and (name == "random_state" or name.endswith("__random_state")):
            clusterer.set_params(**{name: draw_seed(random_state)})
    # A pipeline that ends in DBSCAN shows its labels in no other way.
    labels = clusterer.fit_predict(X) if hasattr(clusterer, "fit_predict") else clusterer.fit(X).predict(X)
    if not (labels >= 0).any():
        raise ValueError(f"{clusterer!r} takes all {len(X)} images for noise: there is no cluster.")
    return clusterer, labels


def _named(table, *, one_to_one):
    """The class of each cluster, from a table of clusters and classes."""
    names = table.argmax(axis=1)
    if one_to_one:
        clusters, classes = linear_sum_assignment(-table)
        names[clusters] = classes
    return names


class _NearestMember:
    """Assigns rows to the cluster of the nearest training row, as the clusterer measures distances.

    Of DBSCAN only core samples are looked at. `clusterer` may be a pipeline that ends in one.
    """

    def __init__(self, clusterer, X, labels):
        self.transformers = []
        while isinstance(clusterer, Pipeline):
            self.transformers += [step for _, step in clusterer.steps[:-1] if hasattr(step, "transform")]
            clusterer = clusterer.steps[-1][1]
        members = getattr(clusterer, "core_sample_indices_", np.flatnonzero(labels >= 0))
        metric = {name: clusterer.get_params().get(name) for name in ("metric", "metric_params", "p")}
        # NearestNeighbors wants the power of Minkowski's metric by its own name.
        metric |= {"p": metric["p"] or (metric["metric_params"] or {}).get("p")}
        metric["metric_params"] = {k: v for k, v in (metric["metric_params"] or {}).items() if k != "p"}
        metric = {name: value for name, value in metric.items() if value}
        self.search = NearestNeighbors(n_neighbors=1, **metric).fit(self._seen(X)[members])
        self.labels = labels[members]

    def _seen(self, X):
        for transformer in self.transformers:
            X = transformer.transform(X)
        return X

    def predict(self, X):
        return self.labels[self.search.kneighbors(self._seen(X), return_distance=False)[:, 0]]

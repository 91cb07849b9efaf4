"""Classifier by clusters, which are named by labels."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._labels import check_classes
from skfashion._nested import steps_of
from skfashion._pixels import WHITE, scaled
from skfashion._private_sklearn import HasMethods, StrOptions, _fit_context
from skfashion._seeds import draw_seed
from skfashion.baselines._members import NearestMember, NearestRow


class ClusterClassifier(ClassifierMixin, ImageInput, BaseEstimator):
    """Classify by clustering: cluster without labels, name clusters after classes, assign new images to clusters.

    Parameters
    ----------
    clusterer : estimator, default=None
        Any clusterer or mixture of scikit-learn, a Pipeline that ends in one, or a search for one. It is cloned, and
        fitted on the images without their labels. None stands for ``KMeans(n_clusters=10)``.

    naming : {"majority", "one_to_one"}, default="majority"
        How clusters are named after classes: each after the majority class of its images, or so that no two clusters
        share a class and as many images as possible are correct (clusters beyond the number of classes are then named
        after their majority class).

    random_state : int, RandomState instance or None, default=None
        Passed to the clusterer, or to the steps of its pipeline, where they have none of their own.

    Attributes
    ----------
    clusterer_ : estimator
        The fitted clusterer.
    labels_ : ndarray of shape (n_samples,), int
        The cluster of each training image; -1 is noise.
    clusters_ : ndarray of shape (n_clusters,), int
        The cluster labels, without -1 for noise.
    names_ : ndarray of shape (n_clusters,)
        The class of each cluster.
    means_ : ndarray of shape (n_clusters, n_features), float64
        The mean image of each cluster; levels from 0 to 255 are on the scale of [0, 1].
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
    skfashion.metrics.clustering_accuracy_score : Scores clusters directly, without a classifier.

    Notes
    -----
    The clusterer gets float32 images as they are, levels from 0 to 255 as float64 on the scale of [0, 1], and all other
    numbers as float64. So does a FrozenEstimator, which is not fitted again: fit it on images of that scale.

    A clusterer without ``predict`` (DBSCAN, HDBSCAN, agglomerative clustering) assigns a new image to the cluster of
    the nearest training image, for DBSCAN of the nearest core sample, by the clusterer's own metric. Noise belongs to
    no cluster, so it is never the nearest; if all training images are noise, the fit fails. Where ``predict`` returns
    a cluster without training images, the cluster with the nearest mean image is used.

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
            The images; levels from 0 to 255 are scaled to [0, 1].

        y : array-like of shape (n_samples,)
            The labels.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X, y = self._check_images(X, y, reset=True)
            check_classes(y)
            classes, codes = np.unique(y, return_inverse=True)
            clusterer, labels = fit_clusterer(self.clusterer, 10, self.random_state, X)
            clusters, members = np.unique(labels[labels >= 0], return_inverse=True)
            table = np.zeros((len(clusters), len(classes)), dtype=np.int64)
            np.add.at(table, (members, codes[labels >= 0]), 1)
            self.classes_, self.clusterer_, self.labels_, self.clusters_ = classes, clusterer, labels, clusters
            self.composition_ = table / table.sum(axis=1, keepdims=True)
            self._codes = _named(table, one_to_one=self.naming == "one_to_one")
            self.names_ = classes[self._codes]
            self.means_ = mean_images(X, labels, clusters)
            self._dtype = float_dtype(X)
            with config_context(transform_output="default"):
                assigns = hasattr(clusterer, "predict")
                self._predictor = clusterer if assigns else NearestMember(clusterer, scaled(X, self._dtype), labels)
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
            Cluster labels from `clusters_`.
        """
        return self.clusters_[self._assigned(X)]

    def _assigned(self, X):
        """Positions in `clusters_`."""
        check_is_fitted(self)
        X = scaled(self._check_images(X, reset=False)[0], self._dtype)
        with config_context(transform_output="default"):
            predicted = np.asarray(self._predictor.predict(X))
        assigned = np.searchsorted(self.clusters_, predicted).clip(max=len(self.clusters_) - 1)
        unknown = self.clusters_[assigned] != predicted  # clusters without a training image, or noise
        if unknown.any():
            assigned[unknown] = NearestRow(self.means_, "euclidean").of(X[unknown])
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
            In the order of `classes_`. With ``naming="one_to_one"``, ``predict`` need not return the largest one.
        """
        assigned = self._assigned(X)
        return self.composition_[assigned]

    def predict(self, X):
        """Return the class after which the cluster of each image is named.

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


def fit_clusterer(clusterer, n_clusters, random_state, X):
    """Return a clone of a clusterer that is fitted on X, and the cluster of each row; -1 is noise.

    None stands for k-means of `n_clusters`, or as many as there are different rows.
    """
    clusterer = KMeans(_count_different(X, most=n_clusters)) if clusterer is None else clone(clusterer)
    for name, value in sorted(clusterer.get_params().items()):
        if value is None and (name == "random_state" or name.endswith("__random_state")):
            clusterer.set_params(**{name: draw_seed(random_state)})
    with config_context(transform_output="default"):  # what is inside decides about its output, not the caller
        labels = _fitted_labels(clusterer, scaled(X, float_dtype(X)))
    if not (labels >= 0).any():
        raise ValueError(f"{clusterer!r} takes all {len(X)} images for noise: there is no cluster.")
    return clusterer, labels


def _count_different(X, *, most):
    """How many different rows there are, but at most so many."""
    seen = set()
    for row in X:
        seen.add((row + 0).tobytes())  # -0.0 is 0.0
        if len(seen) == most:
            break
    return len(seen)


def _fitted_labels(clusterer, X):
    """Fit a clusterer and return the cluster of each row of X."""
    if hasattr(clusterer, "fit_predict"):  # a pipeline that ends in DBSCAN shows its labels in no other way
        return np.asarray(clusterer.fit_predict(X))
    clusterer.fit(X, None)  # a FrozenEstimator wants a y
    if hasattr(clusterer, "predict"):
        return np.asarray(clusterer.predict(X))
    is_search = hasattr(clusterer, "best_estimator_") and not isinstance(clusterer, FrozenEstimator)
    if is_search and hasattr(steps_of(clusterer)[-1], "labels_"):
        return np.asarray(steps_of(clusterer)[-1].labels_)
    raise ValueError(
        f"The 'clusterer' {clusterer!r} does not say to which cluster an image belongs: it has neither 'predict' nor "
        "'fit_predict'."
    )


def float_dtype(X):
    """What estimators of scikit-learn compute in, given images of this dtype."""
    return np.float32 if X.dtype == np.float32 else np.float64


def mean_images(X, labels, clusters):
    """The means of the images with each of some labels, as float64; levels become brightness in [0, 1]."""
    means = np.array([X[labels == cluster].mean(axis=0, dtype=np.float64) for cluster in clusters])
    return means / WHITE if X.dtype == np.uint8 else means


def _named(table, *, one_to_one):
    """The class of each cluster, from a table of clusters and classes."""
    names = table.argmax(axis=1)
    if one_to_one:
        clusters, classes = linear_sum_assignment(-table)
        names[clusters] = classes
    return names

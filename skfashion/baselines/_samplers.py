"""Generators of images without a network."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._layout import as_shown
from skfashion._pixels import scaled
from skfashion._private_sklearn import HasMethods, Interval, _fit_context
from skfashion._seeds import draw_generator
from skfashion.baselines._cluster import fit_clusterer, float_dtype, mean_images
from skfashion.baselines._neighbors import KNNClassifier


class NeighborSampler(ImageInput, BaseEstimator):
    """New images as means of neighbours: draw a training image, and average the images nearest to it.

    Parameters
    ----------
    n_neighbors : int, default=5
        How many images are averaged, the drawn one among them; 1 gives back training images.

    Attributes
    ----------
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    skfashion.neural_network.VariationalAutoencoder : Learns to generate.

    Notes
    -----
    A fitted sampler holds the training images, in the dtype in which they were given.

    Examples
    --------
    >>> from skfashion.baselines import NeighborSampler
    >>> from skfashion.datasets import make_garments
    >>> X, _ = make_garments(500, random_state=0, return_X_y=True)
    >>> NeighborSampler(n_neighbors=3).fit(X).sample(4, random_state=0).shape
    (4, 784)
    """

    _parameter_constraints = {"n_neighbors": [Interval(Integral, 1, None, closed="left")]}

    def __init__(self, n_neighbors=5):
        self.n_neighbors = n_neighbors

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the images X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images; levels from 0 to 255 are scaled to [0, 1].

        y : Ignored
            Present for the API of scikit-learn.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X, _ = self._check_images(X, reset=True)
            if self.n_neighbors > len(X):
                raise ValueError(f"n_neighbors={self.n_neighbors} is more than there are images: n_samples={len(X)}.")
            self._neighbors = KNNClassifier(self.n_neighbors).fit(X, np.zeros(len(X), dtype=np.int64))
        return self

    def sample(self, n_samples=1, random_state=None):
        """Draw new images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Or images, in the shape of those that were fitted. Levels from 0 to 255 become float32 on the scale of
            [0, 1]; float32 stays float32; other numbers become float64.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        index = draw_generator(random_state).integers(self._neighbors.n_samples_fit_, size=n_samples)
        nearest = self._neighbors.kneighbors(self._neighbors.training_rows(index), return_distance=False)
        neighbors = (self._neighbors.training_rows(rows) for rows in nearest)
        images = np.array([scaled(rows).mean(axis=0).astype(_sample_dtype(rows)) for rows in neighbors])
        return as_shown(images, self._layout, self._shown_shape)


class CentroidSampler(ImageInput, BaseEstimator):
    """New images around centroids of clusters: draw a cluster by its size, and go some way towards one of its images.

    Parameters
    ----------
    clusterer : estimator, default=None
        Any clusterer or mixture of scikit-learn, a Pipeline that ends in one, or a search for one. It is cloned, and
        fitted on the images, in the dtype that :class:`ClusterClassifier` describes. None stands for
        ``KMeans(n_clusters=100)``.

    spread : float in [0, 1], default=0.5
        How far to go: 0 gives centroids, 1 training images.

    random_state : int, RandomState instance or None, default=None
        Handed to the clusterer where it has none of its own.

    Attributes
    ----------
    clusterer_ : estimator
        The fitted clusterer.
    centroids_ : ndarray of shape (n_clusters, n_features), float64
        The mean image of each cluster; levels from 0 to 255 are on the scale of [0, 1]. Noise is no cluster.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    NeighborSampler : Means of neighbours.

    Notes
    -----
    A fitted sampler holds the training images, in the dtype in which they were given.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.baselines import CentroidSampler
    >>> from skfashion.datasets import make_garments
    >>> X, _ = make_garments(500, random_state=0, return_X_y=True)
    >>> CentroidSampler(KMeans(20, random_state=0)).fit(X).sample(4, random_state=0).shape
    (4, 784)
    """

    _parameter_constraints = {
        "clusterer": [HasMethods("fit"), None],
        "spread": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
    }

    def __init__(self, clusterer=None, *, spread=0.5, random_state=None):
        self.clusterer = clusterer
        self.spread = spread
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Cluster the images X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images; levels from 0 to 255 are scaled to [0, 1].

        y : Ignored
            Present for the API of scikit-learn.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X, _ = self._check_images(X, reset=True)
            self.clusterer_, labels = fit_clusterer(self.clusterer, 100, self.random_state, X)
            self._images, self._members = X[labels >= 0], np.unique(labels[labels >= 0], return_inverse=True)[1]
            self.centroids_ = mean_images(self._images, self._members, range(self._members.max() + 1))
        return self

    def sample(self, n_samples=1, random_state=None):
        """Draw new images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Or images, in the shape of those that were fitted. Levels from 0 to 255 become float32 on the scale of
            [0, 1]; float32 stays float32; other numbers become float64.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        # A cluster is drawn by its size, and one of its images evenly, if an image is drawn evenly from all.
        index = draw_generator(random_state).integers(len(self._images), size=n_samples)
        centroids, images = self.centroids_[self._members[index]], scaled(self._images[index])
        samples = (centroids + self.spread * (images - centroids)).astype(_sample_dtype(self._images))
        return as_shown(samples, self._layout, self._shown_shape)


def _sample_dtype(X):
    """float32, if that is enough for what the images hold."""
    return np.float32 if X.dtype == np.uint8 else float_dtype(X)

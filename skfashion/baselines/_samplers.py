"""Generators of images without a network."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput, fitted_on_images_of
from skfashion._labels import check_classes, class_indices
from skfashion._layout import as_shown
from skfashion._pixels import scaled
from skfashion._private_sklearn import HasMethods, Interval, _fit_context
from skfashion._seeds import draw_generator
from skfashion.baselines._cluster import fit_clusterer, float_dtype, mean_images
from skfashion.baselines._neighbors import KNNClassifier


class _Sampler(ImageInput, BaseEstimator):
    """An estimator that draws from images, whose classes may be given."""

    _labels = None  # of those in older files, too

    def _check_labelled(self, X, y):
        """Validate; return X as rows on the scale of the fit, and keep the labels."""
        if y is None:
            self._labels = None
            vars(self).pop("classes_", None)
            return self._check_images(X, reset=True)[0]
        X, y = self._check_images(X, y, reset=True)
        check_classes(y)
        self.classes_, self._labels = np.unique(y, return_inverse=True)
        return X

    def _class_indices(self, y, n_samples):
        """The class indices of samples, or None if nobody asks for any."""
        classes = None if self._labels is None else self.classes_
        return None if y is None else class_indices(y, classes, n_samples, f"{type(self).__name__}.sample")


class NeighborSampler(_Sampler):
    """Generate images as means of neighbours: draw a training image, and average the images nearest to it.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of images to average, including the drawn one; 1 returns training images.

    Attributes
    ----------
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.
    classes_ : ndarray of shape (n_classes,)
        The labels, if there were any.

    See Also
    --------
    skfashion.neural_network.VariationalAutoencoder : Learns to generate.

    Notes
    -----
    A fitted sampler holds the training images: levels from 0 to 255 as uint8, other numbers in their own dtype.

    Examples
    --------
    >>> from skfashion.baselines import NeighborSampler
    >>> from skfashion.datasets import make_garments
    >>> X, _ = make_garments(500, random_state=0, return_X_y=True)
    >>> NeighborSampler(n_neighbors=3).fit(X).sample(4, random_state=0).shape
    (4, 784)

    Images of a class:

    >>> X, y = make_garments(500, random_state=0, return_X_y=True)
    >>> NeighborSampler(n_neighbors=3).fit(X, y).sample(4, y=9, random_state=0).shape
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

        y : array-like of shape (n_samples,), default=None
            Labels, for ``sample`` to draw images of chosen classes. They change nothing else.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X = self._check_labelled(X, y)
            if self.n_neighbors > len(X):
                raise ValueError(f"n_neighbors={self.n_neighbors} is more than there are images: n_samples={len(X)}.")
            self._neighbors = self._searched(X)
        return self

    def sample(self, n_samples=1, random_state=None, *, y=None):
        """Draw new images.

        Parameters
        ----------
        n_samples : int, default=1
            Number of images to draw.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: images are made of training images of their class alone. None
            draws from all training images, whatever their classes.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Or images in the shape of those passed to ``fit``. Levels from 0 to 255 become float32 on the scale of
            [0, 1]; float32 stays float32; other numbers become float64.

        Raises
        ------
        ValueError
            If y holds a label that is not among the classes of the fit, or is given to a sampler without labels.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        classes, generator = self._class_indices(y, n_samples), draw_generator(random_state)
        if classes is None:
            images = self._means(self._neighbors, generator.integers(self._neighbors.n_samples_fit_, size=n_samples))
            return as_shown(images, self._layout, self._shown_shape)
        images = None
        for index in np.unique(classes):
            of_class = np.flatnonzero(self._labels == index)
            if self.n_neighbors > len(of_class):
                raise ValueError(
                    f"n_neighbors={self.n_neighbors} is more than there are images of class "
                    f"{self.classes_.tolist()[index]!r}: {len(of_class)}."
                )
            neighbors = self._searched(self._neighbors.training_rows(of_class))
            wanted = np.flatnonzero(classes == index)
            means = self._means(neighbors, generator.integers(len(of_class), size=len(wanted)))
            images = np.empty((n_samples, means.shape[1]), dtype=means.dtype) if images is None else images
            images[wanted] = means
        return as_shown(images, self._layout, self._shown_shape)

    def _searched(self, X):
        """A search among rows on the scale of the fit, whatever the values of some of them look like."""
        with fitted_on_images_of(self, KNNClassifier(self.n_neighbors)) as neighbors:
            return neighbors.fit(X, np.zeros(len(X), dtype=np.int64))

    @staticmethod
    def _means(neighbors, index):
        """The mean of the images nearest to each of some training images, itself among them."""
        _, nearest = neighbors._nearest(neighbors.training_rows(index), neighbors.n_neighbors)  # on its scale already
        near = (neighbors.training_rows(rows) for rows in nearest)
        return np.array([scaled(rows).mean(axis=0).astype(_sample_dtype(rows)) for rows in near])


class CentroidSampler(_Sampler):
    """Generate images around cluster centroids: draw a cluster by its size, and move towards one of its images.

    Parameters
    ----------
    clusterer : estimator, default=None
        Any clusterer or mixture of scikit-learn, a Pipeline that ends in one, or a search for one. It is cloned, and
        fitted on the images, in the dtype that :class:`ClusterClassifier` describes. None stands for
        ``KMeans(n_clusters=100)``.

    spread : float in [0, 1], default=0.5
        How far to move from the centroid towards the image: 0 gives centroids, 1 training images.

    random_state : int, RandomState instance or None, default=None
        Passed to the clusterer where it has none of its own.

    Attributes
    ----------
    clusterer_ : estimator
        The fitted clusterer.
    centroids_ : ndarray of shape (n_clusters, n_features), float64
        The mean image of each cluster; levels from 0 to 255 are on the scale of [0, 1]. Noise is not a cluster.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.
    classes_ : ndarray of shape (n_classes,)
        The labels, if there were any.

    See Also
    --------
    NeighborSampler : Means of neighbours.

    Notes
    -----
    A fitted sampler holds the training images: levels from 0 to 255 as uint8, other numbers in their own dtype.

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

        y : array-like of shape (n_samples,), default=None
            Labels, for ``sample`` to draw images of chosen classes. They change nothing else.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X = self._check_labelled(X, y)
            self.clusterer_, clusters = fit_clusterer(self.clusterer, 100, self.random_state, X)
            kept = clusters >= 0
            self._images, self._members = X[kept], np.unique(clusters[kept], return_inverse=True)[1]
            self.centroids_ = mean_images(self._images, self._members, range(self._members.max() + 1))
            if self._labels is not None:
                self._labels = self._labels[kept]
        return self

    def sample(self, n_samples=1, random_state=None, *, y=None):
        """Draw new images.

        Parameters
        ----------
        n_samples : int, default=1
            Number of images to draw.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: images are made of training images of their class alone. None
            draws from all training images, whatever their classes.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Or images in the shape of those passed to ``fit``. Levels from 0 to 255 become float32 on the scale of
            [0, 1]; float32 stays float32; other numbers become float64.

        Raises
        ------
        ValueError
            If y holds a label that is not among the classes of the fit, or is given to a sampler without labels.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        classes, generator = self._class_indices(y, n_samples), draw_generator(random_state)
        # A cluster is drawn by its size, and one of its images evenly, if an image is drawn evenly from all.
        if classes is None:
            index = generator.integers(len(self._images), size=n_samples)
            centroids = self.centroids_[self._members[index]]
        else:
            index = np.empty(n_samples, dtype=np.int64)
            for each in np.unique(classes):
                index[classes == each] = generator.choice(self._of_class(each), (classes == each).sum())
            centroids = self._centroids_of_classes(index)
        images = scaled(self._images[index])
        samples = (centroids + self.spread * (images - centroids)).astype(_sample_dtype(self._images))
        return as_shown(samples, self._layout, self._shown_shape)

    def _of_class(self, index):
        """The images of a class that belong to a cluster."""
        found = np.flatnonzero(self._labels == index)
        if len(found) == 0:
            raise ValueError(f"The clusterer takes all images of class {self.classes_.tolist()[index]!r} for noise.")
        return found

    def _centroids_of_classes(self, index):
        """For each of some images the mean of those of its class in its cluster."""
        groups = self._members * len(self.classes_) + self._labels
        needed, inverse = np.unique(groups[index], return_inverse=True)
        return mean_images(self._images, groups, needed)[inverse]


def _sample_dtype(X):
    """float32, if that is enough for what the images hold."""
    return np.float32 if X.dtype == np.uint8 else float_dtype(X)

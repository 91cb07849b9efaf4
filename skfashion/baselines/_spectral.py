"""Spectral clustering of all images, which assigns new images too."""

from numbers import Integral

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.utils.extmath import svd_flip
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._private_sklearn import Interval, _fit_context
from skfashion._seeds import draw_seed
from skfashion.baselines._graph import linked, symmetric_graph
from skfashion.baselines._neighbors import KNNClassifier

# Up to so many rows all eigenvectors are found at once, which takes a fraction of a second.
_FEW = 500

# Of eigenvalues, which are at most 1; clusters change no more below it.
_TOLERANCE = 1e-4


class SpectralClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, ImageInput, BaseEstimator):
    """Spectral clustering: images belong together if many steps between near neighbours lead from one to the other.

    The graph of the nearest neighbours of all images is embedded by its leading eigenvectors, and k-means finds the
    clusters there. A new image is where its nearest training images are.

    Parameters
    ----------
    n_clusters : int, default=10
        How many clusters.

    n_neighbors : int, default=10
        The neighbours that each image is linked to, and those that place a new image; at most as many as there are.

    n_eigenvectors : int, default=None
        The leading eigenvectors, as dimensions of the embedding, at least 2; at most as many as images. None stands for
        half as many again as `n_clusters`, which finds clusters that the first ones do not tell apart.

    n_init : int, default=10
        How often k-means begins anew.

    random_state : int, RandomState instance or None, default=None
        Of the first vector that eigenvectors are searched from, and of k-means. Pass an int for the same clusters in
        every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int32
        The cluster of each training image, as :meth:`predict` assigns it.
    eigenvalues_ : ndarray of shape (n_eigenvectors,), float64
        Of the random walk on the graph, from 1 downwards; a gap says how many clusters there are.
    kmeans_ : sklearn.cluster.KMeans
        The clusters in the embedding.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    make_hog_clusterer : The same on the edges of images, which finds far better clusters than pixels do.
    sklearn.cluster.SpectralClustering : Other graphs, and no new images.

    Notes
    -----
    The graph is that of :func:`neighbor_kernel`, its neighbours are exact. If it falls into more than
    `n_eigenvectors` parts without any link, each part beyond the largest is linked to the image that is nearest to it.

    References
    ----------
    Andrew Y. Ng, Michael I. Jordan and Yair Weiss, `On Spectral Clustering: Analysis and an algorithm
    <https://papers.nips.cc/paper/2092-on-spectral-clustering-analysis-and-an-algorithm>`_, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skfashion.baselines import SpectralClusterer
    >>> from skfashion.metrics import clustering_accuracy_score
    >>> X, y = load_digits(return_X_y=True)
    >>> clusters = SpectralClusterer(10, random_state=0).fit(X[:1500])
    >>> clustering_accuracy_score(y[1500:], clusters.predict(X[1500:])) > 0.7
    True
    """

    _parameter_constraints = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_eigenvectors": [Interval(Integral, 2, None, closed="left"), None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, n_clusters=10, *, n_neighbors=10, n_eigenvectors=None, n_init=10, random_state=None):
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.n_eigenvectors = n_eigenvectors
        self.n_init = n_init
        self.random_state = random_state

    @property
    def _n_features_out(self):
        return len(self.eigenvalues_)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the clusters of the images X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels, which are scaled to [0, 1].

        y : object
            Ignored.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If there are fewer images than clusters, or an input or a parameter is not as described.
        """
        with all_or_nothing(self):
            X, _ = self._check_images(X, reset=True, ensure_min_samples=2)
            if len(X) < self.n_clusters:
                raise ValueError(f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}.")
            first, second = (draw_seed(self.random_state) for _ in range(2))
            self._neighbors = self._searchable(X)
            n_vectors = min(self.n_eigenvectors or self.n_clusters * 3 // 2, len(X))
            neighbors = self._neighbors.kneighbors(n_neighbors=self._count(len(X) - 1), return_distance=False)
            graph = linked(symmetric_graph(neighbors), n_vectors, X, self._searchable)
            self.eigenvalues_, self._vectors = _leading_eigenvectors(graph, n_vectors, first)
            embedding = self._placed(X)
            self.kmeans_ = KMeans(self.n_clusters, n_init=self.n_init, random_state=second).fit(embedding)
            self.labels_ = self.kmeans_.labels_
        return self

    def _count(self, n_others):
        return min(self.n_neighbors, n_others)

    def _searchable(self, X):
        """Rows on the scale of the fit, among which neighbours are searched."""
        neighbors = KNNClassifier()
        neighbors._images_of_owner = self._layout, self._pixels
        return neighbors.fit(X, np.zeros(len(X)))

    def transform(self, X):
        """Return where images are in the embedding: vectors of length 1.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_eigenvectors), float64
            The means of the embeddings of their nearest training images, the nearer the more, scaled to length 1.
        """
        check_is_fitted(self)
        return self._placed(self._check_images(X, reset=False)[0])

    def _placed(self, X):
        distance, index = self._neighbors.kneighbors(X, self._count(len(self._vectors)))
        typical = distance.mean(axis=1, keepdims=True)
        weight = np.exp(-(np.divide(distance, typical, out=distance, where=typical > 0) ** 2))
        places = sum(self._vectors[row] * share[:, None] for row, share in zip(index.T, weight.T, strict=True))
        length = np.linalg.norm(places, axis=1, keepdims=True)
        return np.divide(places, length, out=np.zeros_like(places), where=length > 0)

    def predict(self, X):
        """Return the cluster of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), int32
            From 0 to `n_clusters` - 1.
        """
        places = self.transform(X)
        return self.kmeans_.predict(places)


def _leading_eigenvectors(graph, n_vectors, seed):
    """The largest eigenvalues of the random walk on a graph, and their eigenvectors (n, n_vectors).

    An eigenvalue of several parts of the graph is one of each of them, and of those Lanczos' method may miss some: it
    is given one part at a time.
    """
    n_parts, part = connected_components(graph, directed=False)
    values, columns = [], []
    for rows in (np.flatnonzero(part == each) for each in range(n_parts)):
        found, vectors = _eigenpairs(graph[rows][:, rows], min(n_vectors, len(rows)), seed)
        values.append(found)
        columns.append(np.zeros((graph.shape[0], len(found))))
        columns[-1][rows] = vectors
    values, vectors = np.concatenate(values), np.hstack(columns)
    largest = np.argsort(-values, kind="stable")[:n_vectors]
    return values[largest], np.ascontiguousarray(vectors[:, largest])


def _eigenpairs(graph, k, seed):
    """The `k` largest eigenvalues of the random walk on a connected graph, and their right eigenvectors."""
    n = graph.shape[0]
    roots = np.sqrt(graph.sum(axis=1))
    scale = diags_array(1 / roots)
    symmetric = (scale @ graph @ scale).tocsr()
    if n <= max(_FEW, 2 * k):
        values, vectors = eigh(symmetric.toarray(), subset_by_index=[n - k, n - 1])
    else:
        start = np.random.default_rng(seed).uniform(0.5, 1.5, n)
        values, vectors = eigsh(symmetric, k=k, which="LA", tol=_TOLERANCE, v0=start)
    return values, svd_flip(vectors / roots[:, None], None)[0]

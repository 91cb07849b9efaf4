"""Spectral clustering of all images, which assigns new images too."""

from numbers import Integral

import numpy as np
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
from skfashion.baselines._graph import float_search, neighbor_graph, without_fragments
from skfashion.baselines._nearest import nearest

# Up to so many rows all eigenvectors are found at once, which takes a fraction of a second.
_FEW = 500

# A part of the graph without a link to the others is no cluster if it has less than this share of the images of one:
# copies of an image, for instance, which would get an eigenvector to themselves.
_FRAGMENT = 0.1


class SpectralClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, ImageInput, BaseEstimator):
    """Spectral clustering of the graph of nearest neighbours, which assigns new images too.

    Images belong to one cluster if many paths of near neighbours lead from one to the other.

    The graph of the nearest neighbours of all images is embedded by its leading eigenvectors, and k-means finds the
    clusters there. A new image is embedded at the weighted mean of its nearest training images, and assigned to the
    cluster at that point; so is each training image, whose nearest neighbour is itself.

    Parameters
    ----------
    n_clusters : int, default=10
        Number of clusters.

    n_neighbors : int, default=10
        Number of neighbours that each image is linked to, and by which it is embedded; all images if there are fewer.

    n_eigenvectors : int, default=None
        Number of leading eigenvectors, the dimensions of the embedding, at least 2; at most one per image. None
        stands for 1.5 times `n_clusters`, rounded down: the extra ones separate clusters that the first ones do not.
        With fewer than `n_clusters` some clusters may not be found.

    n_init : int, default=10
        Runs of k-means with different starts, of which the best is kept.

    random_state : int, RandomState instance or None, default=None
        Seeds the start vector of the eigenvalue solver, and k-means. Pass an int for the same clusters in every call.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int32
        The cluster of each training image, as :meth:`predict` assigns it.
    eigenvalues_ : ndarray of shape (n_eigenvectors,), float64
        Eigenvalues of the random walk on the graph, in descending order; the first is 1. A large gap after the k-th
        suggests k clusters.
    kmeans_ : sklearn.cluster.KMeans
        The k-means estimator fitted in the embedding.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    make_hog_clusterer : The same on the edges of images, which finds far better clusters than pixels do.
    sklearn.cluster.SpectralClustering : More kinds of graphs, but no assignment of new images.

    Notes
    -----
    The weights of the graph are those of :func:`neighbor_kernel`, its neighbours are exact. Of its connected
    components, the `n_clusters` largest stay separate if they have at least a tenth of the mean number of images of a
    cluster. Images of smaller components, such as many copies of one image, are linked to their nearest neighbours
    among all others.

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
            self._search, self._n_nearest = float_search(X.copy()), min(self.n_neighbors, len(X))
            graph = neighbor_graph(self._search, X, self.n_neighbors)
            least = _FRAGMENT * len(X) / self.n_clusters
            graph = without_fragments(graph, X, self.n_clusters, least, self.n_neighbors)
            n_vectors = min(self.n_eigenvectors or max(2, self.n_clusters * 3 // 2), len(X))
            self.eigenvalues_, self._vectors = _leading_eigenvectors(graph, n_vectors, first)
            embedding = self._embedded(X)
            self.kmeans_ = KMeans(self.n_clusters, n_init=self.n_init, random_state=second).fit(embedding)
            self.labels_ = self.kmeans_.predict(embedding)
        return self

    def transform(self, X):
        """Return the coordinates of images in the spectral embedding.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_eigenvectors), float64
            The means of the embeddings of the nearest training images, with weights exp(-(d / m)^2), where d is
            the distance and m the mean of these distances; scaled to length 1, or zero where they cancel out.
        """
        check_is_fitted(self)
        return self._embedded(self._check_images(X, reset=False)[0])

    def _embedded(self, X):
        distance, index = nearest(self._search, X, self._n_nearest)
        typical = distance.mean(axis=1, keepdims=True)
        weight = np.exp(-(np.divide(distance, typical, out=distance, where=typical > 0) ** 2))
        means = sum(self._vectors[row] * share[:, None] for row, share in zip(index.T, weight.T, strict=True))
        length = np.linalg.norm(means, axis=1, keepdims=True)
        return np.divide(means, length, out=np.zeros_like(means), where=length > 0)

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
        check_is_fitted(self)
        return self.kmeans_.predict(self._embedded(self._check_images(X, reset=False)[0]))


def _leading_eigenvectors(graph, n_vectors, seed):
    """The largest eigenvalues of the random walk on a graph, and their eigenvectors (n, n_vectors).

    Each part of the graph has an eigenvalue of 1, and Lanczos' method may miss copies of an eigenvalue: it gets one
    part at a time.
    """
    n_parts, part = connected_components(graph, directed=False)
    members = [np.flatnonzero(part == each) for each in range(n_parts)]
    pairs = [_eigenpairs(graph[rows][:, rows], min(n_vectors, len(rows)), seed) for rows in members]
    values = np.concatenate([found for found, _ in pairs])
    owner = np.repeat(np.arange(n_parts), [len(found) for found, _ in pairs])
    column = np.concatenate([np.arange(len(found)) for found, _ in pairs])
    largest = np.argsort(-values, kind="stable")[:n_vectors]
    vectors = np.zeros((graph.shape[0], n_vectors))
    for index, which in enumerate(largest):
        vectors[members[owner[which]], index] = pairs[owner[which]][1][:, column[which]]
    return values[largest], vectors


def _eigenpairs(graph, k, seed):
    """The `k` largest eigenvalues of the random walk on a connected graph, and their right eigenvectors."""
    n = graph.shape[0]
    roots = np.sqrt(graph.sum(axis=1))
    scale = diags_array(1 / roots)
    symmetric = (scale @ graph @ scale).tocsr()
    if n <= max(_FEW, 2 * k):
        values, vectors = np.linalg.eigh(symmetric.toarray())
        values, vectors = values[-k:], vectors[:, -k:]
    else:
        start = np.random.default_rng(seed).uniform(0.5, 1.5, n)
        values, vectors = eigsh(symmetric, k=k, which="LA", v0=start)
    return values, svd_flip(vectors / roots[:, None], None)[0]

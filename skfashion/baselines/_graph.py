"""Graphs of nearest neighbours, by which images tell something about others that are like them."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from skfashion.baselines._neighbors import KNNClassifier


def neighbor_kernel(X, Y, *, n_neighbors=10):
    """Return a graph of exact nearest neighbours, as a kernel for estimators of scikit-learn.

    Among the rows of one array, two rows are linked with weight 1 if each is one of the nearest neighbours of the
    other, and with weight 1/2 if only one is. Unlike the directed graph of ``kernel="knn"``, this one is symmetric, as
    the methods that take it expect; and each part of it that has no link to the others gets one, the shortest to a row
    of the largest part, so that a label reaches all rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows of numbers.

    Y : array-like of shape (n_queries, n_features)
        Other rows, or X itself, the same object, for the graph among its rows.

    n_neighbors : int, default=10
        The neighbours of each row; at most as many as there are others.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_samples, n_queries), dtype float64
        Weights. A column of another Y holds a 1 for each row of X that is among the nearest to the query.

    See Also
    --------
    make_hog_spreading : Label spreading with this kernel.

    Examples
    --------
    >>> from functools import partial
    >>> from sklearn.semi_supervised import LabelSpreading
    >>> from skfashion.baselines import neighbor_kernel
    >>> X, y = [[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]], [0, -1, -1, -1, 1, -1]
    >>> two_neighbors = partial(neighbor_kernel, n_neighbors=2)
    >>> LabelSpreading(kernel=two_neighbors).fit(X, y).transduction_.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    knn = _searchable(X)
    if Y is not X:
        return knn.kneighbors_graph(Y, min(n_neighbors, knn.n_samples_fit_)).T.tocsr()
    neighbors = knn.kneighbors(n_neighbors=min(n_neighbors, knn.n_samples_fit_ - 1), return_distance=False)
    return linked(symmetric_graph(neighbors), 1, knn.training_rows(), _searchable)


def _searchable(X):
    return KNNClassifier().fit(X, np.zeros(len(X)))


def symmetric_graph(neighbors):
    """The mean of the graph of the neighbours (n, n_neighbors) of n rows and its transpose."""
    n, n_neighbors = neighbors.shape
    starts = np.arange(0, neighbors.size + 1, n_neighbors)
    graph = csr_array((np.full(neighbors.size, 0.5), neighbors.ravel(), starts), shape=(n, n))
    return (graph + graph.T).tocsr()


def linked(graph, n_parts, X, searchable):
    """Link each connected part of a graph beyond the `n_parts` largest to one of these, where it is nearest to it.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        The symmetric graph of the rows of X.
    n_parts : int
        How many parts may stay apart.
    X : ndarray of shape (n, n_features)
        The rows.
    searchable : callable
        Returns a fitted :class:`KNNClassifier` of some rows.
    """
    part = connected_components(graph, directed=False)[1]
    large = np.isin(part, np.argsort(-np.bincount(part), kind="stable")[:n_parts])
    if large.all():
        return graph
    small, rows = np.flatnonzero(~large), np.flatnonzero(large)
    distance, index = searchable(X[rows]).kneighbors(X[small], 1)
    order = np.lexsort((distance[:, 0], part[small]))
    nearest = order[np.unique(part[small][order], return_index=True)[1]]
    link = csr_array((np.ones(len(nearest)), (small[nearest], rows[index[nearest, 0]])), shape=graph.shape)
    return (graph + link + link.T).tocsr()

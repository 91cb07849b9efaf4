"""Graphs that link each image to its nearest neighbours."""

from numbers import Integral

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils import check_array, check_scalar

from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._nearest import links_to, nearest
from skfashion.baselines._neighbors import without_self


def neighbor_kernel(X, Y, *, n_neighbors=10):
    """Return a graph of exact nearest neighbours, as a kernel for estimators of scikit-learn.

    Among the rows of one array, two rows are linked with weight 1 if each is one of the nearest neighbours of the
    other, and with weight 1/2 if only one is. Unlike the directed graph of ``kernel="knn"``, this one is symmetric, as
    the methods that take it expect, and connected: as long as it has several connected components, the
    closest pair of rows inside and outside the largest one is linked with weight 1.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows of numbers, which are taken as they are.

    Y : array-like of shape (n_queries, n_features)
        Query rows, or X itself (the same object) for the graph among its rows. An equal copy of X counts as other rows,
        each of which is its own nearest neighbour.

    n_neighbors : int, default=10
        Number of neighbours of each row; all other rows if there are fewer.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_samples, n_queries), dtype float64
        Weights. If Y is not X, column j holds a 1 for each of the rows that are nearest to Y[j].

    Raises
    ------
    ValueError
        If X has a single row, or if an input is not as described.

    See Also
    --------
    make_hog_spreading : Label spreading with this kernel.

    Notes
    -----
    Label spreading passes the very array that it was fitted on to its kernel: predictions for that object follow the
    graph among its rows, while those for a copy of it follow the neighbours of each row. The search is set up again in
    each call.

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
    check_scalar(n_neighbors, "n_neighbors", Integral, min_val=1)
    rows = _numbers(X, "X", ensure_min_samples=2)
    search = float_search(rows)
    if Y is X:
        return connected(neighbor_graph(search, rows, n_neighbors), rows)
    queries = _numbers(Y, "Y")
    if queries.shape[1] != rows.shape[1]:
        raise ValueError(f"X has {rows.shape[1]} features, but Y has {queries.shape[1]}.")
    index = nearest(search, queries, min(n_neighbors, len(rows)))[1]
    return links_to(index, np.ones(index.size), len(rows)).T.tocsr()


def _numbers(X, name, **checks):
    return check_array(X, dtype=[np.float64, np.float32], estimator="neighbor_kernel", input_name=name, **checks)


def float_search(X):
    """An exact search among rows, for :func:`~skfashion.baselines._nearest.nearest`."""
    return FloatSearch(X, "euclidean", torch.device("cpu"))


def neighbor_graph(search, X, n_neighbors):
    """The mean of the graph of the nearest neighbours of the rows X of a search, and its transpose."""
    index = without_self(*nearest(search, X, min(n_neighbors + 1, len(X))))[1]
    graph = links_to(index, np.full(index.size, 0.5), len(X))
    return (graph + graph.T).tocsr()


def connected(graph, X):
    """Link the parts of a graph of the rows X, one after the other, by the shortest distance to those that are linked.

    That is how Prim finds a minimum spanning tree, here of the parts.
    """
    part = connected_components(graph, directed=False)[1]
    inside = part == np.bincount(part).argmax()
    new, distance, partner = np.flatnonzero(inside), np.full(len(X), np.inf), np.zeros(len(X), dtype=np.int64)
    links = []
    while not inside.all():
        outside = np.flatnonzero(~inside)
        to_new, index = nearest(float_search(X[new]), X[outside], 1)
        closer = to_new[:, 0] < distance[outside]
        distance[outside[closer]], partner[outside[closer]] = to_new[closer, 0], new[index[closer, 0]]
        row = outside[distance[outside].argmin()]
        links.append((row, partner[row]))
        new = np.flatnonzero(part == part[row])
        inside[new] = True
    return _with_links(graph, links, 1.0)


def without_fragments(graph, X, n_parts, least, n_neighbors):
    """Link rows of parts that are too small for a cluster to their nearest neighbours among all others.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        The graph of the rows of X.
    X : ndarray of shape (n, n_features)
        The rows.
    n_parts : int
        How many parts may stay apart: the largest ones.
    least : float
        Rows that a part needs to stay apart.
    n_neighbors : int
        How many neighbours each row of the other parts gets, each with weight 1/2.
    """
    part = connected_components(graph, directed=False)[1]
    sizes = np.bincount(part)
    largest = np.argsort(-sizes, kind="stable")[:n_parts]
    stays = np.isin(part, largest[(sizes[largest] >= least) | (largest == largest[0])])
    if stays.all():
        return graph
    rows, fragments = np.flatnonzero(stays), np.flatnonzero(~stays)
    index = nearest(float_search(X[rows]), X[fragments], min(n_neighbors, len(rows)))[1]
    return _with_links(graph, np.c_[np.repeat(fragments, index.shape[1]), rows[index.ravel()]], 0.5)


def _with_links(graph, links, weight):
    """A graph with more links of the same weight, in both directions."""
    if not len(links):
        return graph
    links = csr_array((np.full(len(links), weight), np.transpose(links)), shape=graph.shape)
    return (graph + links + links.T).tocsr()

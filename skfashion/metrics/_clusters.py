"""How good clusters are."""

from numbers import Integral, Real

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from sklearn.metrics import pairwise_distances_chunked
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length, check_scalar
from sklearn.utils.multiclass import check_classification_targets

from skfashion._layout import as_array
from skfashion._seeds import draw_generator
from skfashion.metrics._checks import Interval, check_labels


def clustering_accuracy_score(labels_true, labels_pred):
    """The accuracy of clusters under the best one-to-one matching of clusters and classes.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        The classes.
    labels_pred : array-like of shape (n_samples,)
        The clusters. Clusters beyond the number of classes match nothing; noise (-1 of DBSCAN) is a cluster like
        others.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    H. Kuhn, `The Hungarian method for the assignment problem <https://doi.org/10.1002/nav.3800020109>`_, 1955.

    Examples
    --------
    >>> from skfashion.metrics import clustering_accuracy_score
    >>> clustering_accuracy_score([0, 0, 1, 1], [7, 7, 5, 7])
    0.75
    """
    labels_true, labels_pred = check_labels(labels_true, labels_pred)
    check_classification_targets(labels_true)
    check_classification_targets(labels_pred)
    table = contingency_matrix(labels_true, labels_pred)
    return float(table[linear_sum_assignment(-table)].sum() / len(labels_true))


def wcss_score(X, labels):
    """The sum of the squared distances of all samples from the mean of their cluster (the inertia of k-means).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples, taken as they are (uint8 is not scaled); sums are in float64.
    labels : array-like of shape (n_samples,)
        Their clusters; noise (-1 of DBSCAN) is a cluster like others.

    Returns
    -------
    float
        At least 0; smaller is tighter.

    Examples
    --------
    >>> from skfashion.metrics import wcss_score
    >>> wcss_score([[0.0], [2.0], [5.0]], [0, 0, 1])
    2.0
    """
    X = check_array(as_array(X), dtype=[np.float64, np.float32, np.uint8])
    (labels,) = check_labels(labels)
    check_consistent_length(X, labels)
    total = 0.0
    for label in np.unique(labels):
        members = X[labels == label].astype(np.float64)
        total += ((members - members.mean(axis=0)) ** 2).sum()
    return float(total)


def silhouette_interval(X, labels, *, sample_size=2000, metric="euclidean", confidence=0.95, random_state=None):
    """Estimate the mean silhouette of many samples from some of them, with an interval for it.

    The silhouette of each drawn sample is exact: its distances to all other samples are computed, in blocks. Only the
    mean over samples is estimated.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples, taken as they are (uint8 is not scaled). float32 stays float32, all else becomes float64.
    labels : array-like of shape (n_samples,)
        Their clusters, at least two.
    sample_size : int, default=2000
        Samples to draw; with `n_samples` or more the mean is exact and the interval a point.
    metric : str or callable, default="euclidean"
        As in :func:`sklearn.metrics.pairwise_distances`.
    confidence : float in (0, 1), default=0.95
        Of the interval.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same draw in every call.

    Returns
    -------
    Interval
        ``estimate``, ``low`` and ``high``, in [-1, 1].

    References
    ----------
    P. Rousseeuw, `Silhouettes: a graphical aid to the interpretation and validation of cluster analysis
    <https://doi.org/10.1016/0377-0427(87)90125-7>`_, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.metrics import silhouette_interval
    >>> X = np.r_[np.zeros((50, 1)), np.ones((50, 1))]
    >>> silhouette_interval(X, np.repeat([0, 1], 50), sample_size=20, random_state=0).estimate
    1.0
    """
    labels, members = np.unique(*check_labels(labels), return_inverse=True)
    X = check_array(as_array(X), dtype=[np.float64, np.float32], input_name="X")
    check_consistent_length(X, members)
    check_scalar(sample_size, "sample_size", Integral, min_val=2)
    check_scalar(confidence, "confidence", Real, min_val=0, max_val=1, include_boundaries="neither")
    if not 2 <= len(labels) < len(X):
        raise ValueError(f"There must be 2 to n_samples - 1 clusters. Got {len(labels)} for {len(X)} samples.")
    n_drawn = min(sample_size, len(X))
    drawn = draw_generator(random_state).choice(len(X), n_drawn, replace=False)
    values = _silhouettes(X, members, drawn, metric)
    unseen = 1 - n_drawn / len(X)  # no uncertainty is left when all are drawn
    error = float(np.sqrt(values.var(ddof=1) / n_drawn * unseen))
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    mean = float(values.mean())
    return Interval(mean, float(max(-1.0, mean - reach)), float(min(1.0, mean + reach)))


def _silhouettes(X, members, drawn, metric):
    """The silhouettes of some samples among all."""
    sizes = np.bincount(members)
    indicator = csr_array((np.ones(len(members)), members, np.arange(len(members) + 1)))
    values, start = np.empty(len(drawn)), 0
    for distances in pairwise_distances_chunked(X[drawn], X, metric=metric):
        rows = drawn[start : start + len(distances)]
        at, own = np.arange(len(rows)), members[rows]
        distances[at, rows] = 0  # of a sample from itself, which rounding hides
        sums = distances @ indicator
        inside = sums[at, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[at, own] = np.inf
        outside = means.min(axis=1)
        with np.errstate(invalid="ignore"):
            silhouette = (outside - inside) / np.maximum(inside, outside)
        # By definition 0 in a cluster of one, and where all distances are 0.
        values[start : start + len(rows)] = np.where(sizes[own] == 1, 0.0, np.nan_to_num(silhouette))
        start += len(rows)
    return values

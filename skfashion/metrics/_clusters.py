"""Clustering metrics: accuracy, within-cluster sum of squares, silhouette with its interval."""

from numbers import Integral

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
from skfashion.metrics._checks import Interval, check_confidence_level, check_labels


def clustering_accuracy_score(labels_true, labels_pred):
    """Clustering accuracy: accuracy under the best one-to-one matching of clusters and classes.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        True classes.
    labels_pred : array-like of shape (n_samples,)
        Clusters. Those beyond the number of classes match nothing; noise (-1 of DBSCAN) counts as a cluster.

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
    """Within-cluster sum of squares: squared distances of all samples from their cluster's mean (k-means inertia).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples, taken as they are (uint8 is not scaled); sums are in float64.
    labels : array-like of shape (n_samples,)
        Their clusters; noise (-1 of DBSCAN) counts as a cluster.

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


def silhouette_interval(X, labels, *, sample_size=2000, metric="euclidean", confidence_level=0.95, random_state=None):
    """Estimate the mean silhouette coefficient from a random sample, with a confidence interval.

    The silhouette of each drawn sample is exact: its distances to all other samples are computed, in blocks. Only the
    mean over samples is estimated.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples, taken as they are (uint8 is not scaled). float32 stays float32, all else becomes float64.
    labels : array-like of shape (n_samples,)
        Their clusters, at least two.
    sample_size : int, default=2000
        Number of samples to draw; with `n_samples` or more the mean is exact and the interval a point.
    metric : str or callable, default="euclidean"
        As in :func:`sklearn.metrics.pairwise_distances`.
    confidence_level : float in (0, 1), default=0.95
        Level of the confidence interval.
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
    check_confidence_level(confidence_level)
    if not 2 <= len(labels) < len(X):
        raise ValueError(f"There must be 2 to n_samples - 1 clusters. Got {len(labels)} for {len(X)} samples.")
    sample_size = min(sample_size, len(X))
    sample = draw_generator(random_state).choice(len(X), sample_size, replace=False)
    values = _silhouettes(X, members, sample, metric)
    unseen = 1 - sample_size / len(X)  # finite population: no uncertainty is left when all samples are drawn
    error = float(np.sqrt(values.var(ddof=1) / sample_size * unseen))
    margin = stats.norm.ppf((1 + confidence_level) / 2) * error
    mean = float(values.mean())
    return Interval(mean, float(max(-1.0, mean - margin)), float(min(1.0, mean + margin)))


def _silhouettes(X, members, sample, metric):
    """The silhouettes, among all samples, of those at the positions `sample`."""
    sizes = np.bincount(members)
    indicator = csr_array((np.ones(len(members)), members, np.arange(len(members) + 1)))
    values, start = np.empty(len(sample)), 0
    for distances in pairwise_distances_chunked(X[sample], X, metric=metric):
        rows = sample[start : start + len(distances)]
        index, own = np.arange(len(rows)), members[rows]
        distances[index, rows] = 0  # of a sample from itself, which rounding may hide
        sums = distances @ indicator
        inside = sums[index, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[index, own] = np.inf
        outside = means.min(axis=1)
        with np.errstate(invalid="ignore"):
            silhouette = (outside - inside) / np.maximum(inside, outside)
        # By definition 0 in a cluster of one, and where all distances are 0.
        values[start : start + len(rows)] = np.where(sizes[own] == 1, 0.0, np.nan_to_num(silhouette))
        start += len(rows)
    return values

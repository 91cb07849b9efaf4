"""Honest numbers: how good clusters and generated images are, and how sure an accuracy is."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from scipy.linalg import eigh, eigvalsh
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import pairwise_distances_chunked
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length, check_random_state, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from skfashion.baselines._search import FloatSearch, nearest

__all__ = [
    "accuracy_interval",
    "clustering_accuracy_score",
    "frechet_distance",
    "mcnemar_test",
    "nearest_train_distance",
    "silhouette_interval",
    "wcss_score",
]


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
    labels_true, labels_pred = _labels(labels_true, labels_pred)
    table = contingency_matrix(labels_true, labels_pred)
    return float(table[linear_sum_assignment(-table)].sum() / len(labels_true))


def wcss_score(X, labels):
    """The sum of the squared distances of all samples from the mean of their cluster (the inertia of k-means).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples, taken as they are (uint8 is not scaled).
    labels : array-like of shape (n_samples,)
        Their clusters.

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
    X = check_array(X, dtype=[np.float64, np.float32, np.uint8])
    labels = column_or_1d(labels)
    check_consistent_length(X, labels)
    total = 0.0
    for label in np.unique(labels):
        members = X[labels == label].astype(np.float64)
        total += ((members - members.mean(axis=0)) ** 2).sum()
    return float(total)


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    estimate: float
    low: float
    high: float


def silhouette_interval(X, labels, *, sample_size=2000, metric="euclidean", confidence=0.95, random_state=None):
    """Estimate the mean silhouette of many samples from some of them, with an interval for it.

    The silhouette of each drawn sample is exact: its distances to all other samples are computed, in blocks. Only the
    mean over samples is estimated.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The samples.
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
    labels, members = np.unique(column_or_1d(labels), return_inverse=True)
    X = check_array(X, dtype=[np.float64, np.float32], input_name="X")
    check_consistent_length(X, members)
    check_scalar(sample_size, "sample_size", Integral, min_val=2)
    check_scalar(confidence, "confidence", Real, min_val=0, max_val=1, include_boundaries="neither")
    if not 2 <= len(labels) < len(X):
        raise ValueError(f"There must be 2 to n_samples - 1 clusters. Got {len(labels)} for {len(X)} samples.")
    n_drawn = min(sample_size, len(X))
    drawn = check_random_state(_seed(random_state)).choice(len(X), n_drawn, replace=False)
    values = _silhouettes(X, members, drawn, metric)
    unseen = 1 - n_drawn / len(X)  # no uncertainty is left when all are drawn
    error = float(np.sqrt(values.var(ddof=1) / n_drawn * unseen))
    reach = stats.norm.ppf((1 + confidence) / 2) * error
    mean = float(values.mean())
    return Interval(mean, float(max(-1.0, mean - reach)), float(min(1.0, mean + reach)))


def _silhouettes(X, members, drawn, metric):
    """The silhouettes of some samples among all."""
    sizes = np.bincount(members)
    indicator = np.eye(len(sizes))[members]
    values, start = np.empty(len(drawn)), 0
    for distances in pairwise_distances_chunked(X[drawn], X, metric=metric):
        rows = drawn[start : start + len(distances)]
        sums, own = distances @ indicator, members[rows]
        at = np.arange(len(rows))
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


def frechet_distance(X, Y):
    """The Fréchet distance between two sets of features, each described by a normal distribution.

    On the features of an Inception network it is known as FID; on codes of an autoencoder or on PCA components it
    compares generated with real images just as well, as long as both sets go through the same transformer.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features)
        The features; at least two samples each. For a stable estimate there should be many more samples than features.

    Returns
    -------
    float
        ``|mean_X - mean_Y|^2 + trace(C_X + C_Y - 2 (C_X C_Y)^(1/2))``, at least 0; smaller is closer. The squared
        distance of Dowson and Landau, as is the custom.

    References
    ----------
    M. Heusel et al., `GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium
    <https://arxiv.org/abs/1706.08500>`_, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.metrics import frechet_distance
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> round(frechet_distance(X, X + np.array([3, 4])), 6)
    25.0
    """
    X, Y = (check_array(each, dtype=np.float64, ensure_min_samples=2) for each in (X, Y))
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X has {X.shape[1]} features, but Y has {Y.shape[1]}.")
    cov_X, cov_Y = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (X, Y))
    # (C_X C_Y)^(1/2) has the trace of (R C_Y R)^(1/2) with the symmetric root R of C_X, which stays real.
    values, vectors = eigh(cov_X)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(eigvalsh(root @ cov_Y @ root).clip(0)).sum()
    distance = ((X.mean(axis=0) - Y.mean(axis=0)) ** 2).sum() + np.trace(cov_X) + np.trace(cov_Y) - 2 * shared
    return max(0.0, float(distance))


def accuracy_interval(y_true, y_pred, *, confidence=0.95):
    """The accuracy with Wilson's confidence interval for it.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels.
    confidence : float in (0, 1), default=0.95
        Of the interval.

    Returns
    -------
    Interval
        ``estimate``, ``low`` and ``high``, in [0, 1].

    References
    ----------
    E. Wilson, `Probable Inference, the Law of Succession, and Statistical Inference
    <https://doi.org/10.1080/01621459.1927.10502953>`_, 1927.

    Examples
    --------
    >>> from skfashion.metrics import accuracy_interval
    >>> accuracy, low, high = accuracy_interval([1] * 100, [1] * 90 + [0] * 10)
    >>> print(f"{accuracy:.3f} in [{low:.3f}, {high:.3f}]")
    0.900 in [0.826, 0.945]
    """
    y_true, y_pred = _predictions(y_true, y_pred)
    right = int((y_true == y_pred).sum())
    low, high = stats.binomtest(right, len(y_true)).proportion_ci(confidence, method="wilson")
    return Interval(right / len(y_true), float(low), float(high))


class McNemarResult(NamedTuple):
    """On how many samples only one of two classifiers is right, and the p-value of that."""

    only_first: int
    only_second: int
    pvalue: float


def mcnemar_test(y_true, first, second):
    """Test whether two classifiers that are compared on the same samples are equally accurate.

    McNemar's exact test: among the samples that just one of them gets right, either is as likely to be that one.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    first, second : array-like of shape (n_samples,)
        The labels that each classifier predicts.

    Returns
    -------
    McNemarResult
        ``only_first`` and ``only_second``, the samples that only one of them gets right, and the two-sided ``pvalue``.

    References
    ----------
    Q. McNemar, `Note on the sampling error of the difference between correlated proportions or percentages
    <https://doi.org/10.1007/BF02295996>`_, 1947.

    Examples
    --------
    >>> from skfashion.metrics import mcnemar_test
    >>> mcnemar_test([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0])
    McNemarResult(only_first=6, only_second=0, pvalue=0.03125)
    """
    y_true, first = _predictions(y_true, first)
    y_true, second = _predictions(y_true, second)
    first, second = first == y_true, second == y_true
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    pvalue = float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemarResult(only_first, only_second, pvalue)


def nearest_train_distance(X, X_train):
    """The distance of each sample from the nearest training sample: generated images that merely copy are at 0.

    Compare with the same for held-out real images: samples that are clearly nearer than those are copies.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        For instance generated images.
    X_train : array-like of shape (n_train, n_features)
        The images that the generator was fitted on. In either, uint8 means pixels, on the scale of [0, 1].

    Returns
    -------
    distance : ndarray of shape (n_samples,)
        Euclidean.
    nearest : ndarray of shape (n_samples,), int
        Which training sample it is.

    Examples
    --------
    >>> from skfashion.metrics import nearest_train_distance
    >>> nearest_train_distance([[0.0, 3.0]], [[9.0, 9.0], [4.0, 0.0]])
    (array([5.]), array([1]))
    """
    X, X_train = (check_array(each, dtype=[np.float64, np.float32, np.uint8]) for each in (X, X_train))
    if X.shape[1] != X_train.shape[1]:
        raise ValueError(f"X has {X.shape[1]} features, but X_train has {X_train.shape[1]}.")
    distance, index = nearest(FloatSearch(X_train, "euclidean", torch.device("cpu")), X, 1)
    return distance[:, 0], index[:, 0]


def _labels(y_true, y_pred):
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred)
    check_classification_targets(y_true)
    if not len(y_true):
        raise ValueError("Found an array with 0 samples; at least 1 is needed.")
    return y_true, y_pred


def _predictions(y_true, y_pred):
    """Labels and predicted labels, of the same kind."""
    y_true, y_pred = _labels(y_true, y_pred)
    check_classification_targets(y_pred)
    unique_labels(y_true, y_pred)
    return y_true, y_pred


def _seed(random_state):
    """None stands for a new seed, drawn without touching numpy's global generator."""
    return np.random.default_rng().integers(2**31) if random_state is None else random_state

"""How far the confidence of a classifier can be trusted: calibration, and accuracy on the images that it is sure of."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_consistent_length, check_scalar
from sklearn.utils.multiclass import check_classification_targets

from skfashion._layout import as_array
from skfashion.metrics._checks import check_confidence, check_labels, check_predictions

# By how much probabilities may miss a sum of 1 before they are taken for something else.
ROUNDING = 1e-3


class ReliabilityBins(NamedTuple):
    """Predictions grouped by their confidence.

    Attributes
    ----------
    confidence, accuracy : ndarray of shape (n_bins,)
        The mean confidence, and the share of correct predictions, in [0, 1].
    counts : ndarray of shape (n_bins,), dtype int64
        The number of predictions in each bin, at least 1.

    Examples
    --------
    >>> from skfashion.metrics import reliability_bins
    >>> y_proba = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
    >>> reliability_bins([0, 1, 1, 0], y_proba, n_bins=2, strategy="quantile").counts
    array([2, 2])
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


class RiskCoverageCurve(NamedTuple):
    """Errors among the predictions of highest confidence, for every threshold.

    Attributes
    ----------
    coverage : ndarray of shape (n_thresholds,)
        The share of predictions whose confidence reaches the threshold, in (0, 1], increasing.
    risk : ndarray of shape (n_thresholds,)
        The share of errors among these, in [0, 1].
    thresholds : ndarray of shape (n_thresholds,)
        The confidences, decreasing.

    Examples
    --------
    >>> from skfashion.metrics import risk_coverage_curve
    >>> risk_coverage_curve([0, 1, 1], [0, 1, 0], [0.9, 0.8, 0.6]).coverage.round(2)
    array([0.33, 0.67, 1.  ])
    """

    coverage: np.ndarray
    risk: np.ndarray
    thresholds: np.ndarray


def expected_calibration_error(y_true, y_proba, *, labels=None, n_bins=15, strategy="uniform"):
    """The mean absolute difference between confidence and accuracy over bins of similar confidence.

    The confidence of a prediction is the probability of the most probable class.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Predicted probabilities.
    labels : array-like of shape (n_classes,), default=None
        The class of each column, such as ``classes_``; None takes the sorted labels of `y_true`.
    n_bins : int, default=15
        The number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width in [0, 1], or with equally many predictions each.

    Returns
    -------
    float
        In [0, 1]; 0 if each bin is as accurate as it is confident. Small samples have a positive error even if the
        probabilities are correct.

    Raises
    ------
    ValueError
        If `y_proba` are not probabilities of these labels, or `strategy` or `n_bins` is invalid.

    References
    ----------
    C. Guo et al., `On Calibration of Modern Neural Networks <https://arxiv.org/abs/1706.04599>`_, 2017.

    Examples
    --------
    >>> from skfashion.metrics import expected_calibration_error
    >>> error = expected_calibration_error([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    >>> print(f"{error:.3f}")
    0.300
    """
    bins = reliability_bins(y_true, y_proba, labels=labels, n_bins=n_bins, strategy=strategy)
    return float(np.average(np.abs(bins.accuracy - bins.confidence), weights=bins.counts))


def reliability_bins(y_true, y_proba, *, labels=None, n_bins=15, strategy="uniform"):
    """Group predictions by their confidence, the probability of the most probable class.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples, n_classes)
        Predicted probabilities.
    labels : array-like of shape (n_classes,), default=None
        The class of each column, such as ``classes_``; None takes the sorted labels of `y_true`.
    n_bins : int, default=15
        The number of bins; those without a prediction are left out.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width in [0, 1], or with equally many predictions each, but for ties and a remainder.

    Returns
    -------
    ReliabilityBins
        ``confidence``, ``accuracy`` and ``counts``, by increasing confidence.

    Raises
    ------
    ValueError
        If `y_proba` are not probabilities of these labels, or `strategy` or `n_bins` is invalid.

    Examples
    --------
    >>> from skfashion.metrics import reliability_bins
    >>> bins = reliability_bins([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], n_bins=2)
    >>> bins.accuracy.round(2), bins.confidence.round(2)
    (array([0.67]), array([0.77]))
    """
    check_scalar(n_bins, "n_bins", Integral, min_val=1)
    y_true, y_proba, labels = _checked(y_true, y_proba, labels)
    confidence = y_proba.max(axis=1)
    right = labels[y_proba.argmax(axis=1)] == y_true
    if strategy == "uniform":
        edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    elif strategy == "quantile":
        n_below = -(-len(confidence) * np.arange(1, n_bins) // n_bins)  # in ints, as quantiles are rounded
        edges = np.sort(confidence)[n_below - 1]
    else:
        raise ValueError(f"strategy must be 'uniform' or 'quantile'. Got {strategy!r} instead.")
    members = np.searchsorted(edges, confidence, side="left")  # an edge belongs to the bin below
    counts = np.bincount(members, minlength=n_bins)
    used = counts > 0
    sums = (np.bincount(members, weights=each, minlength=n_bins)[used] for each in (confidence, right))
    mean_confidence, accuracy = (each / counts[used] for each in sums)
    return ReliabilityBins(mean_confidence, accuracy, counts[used])


def risk_coverage_curve(y_true, y_pred, confidence):
    """Compute the risk-coverage curve: the share of errors among predictions that reach each confidence threshold.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels.
    confidence : array-like of shape (n_samples,)
        Finite numbers, higher for predictions that are kept first, for instance the probability of the predicted class.

    Returns
    -------
    RiskCoverageCurve
        ``coverage``, ``risk`` and ``thresholds``; equal confidences share one threshold.

    Raises
    ------
    ValueError
        If lengths differ, a confidence is not finite, or labels are not class labels or mix types, such as 1 and "1".

    References
    ----------
    Y. Geifman and R. El-Yaniv, `Selective Classification for Deep Neural Networks
    <https://arxiv.org/abs/1705.08500>`_, 2017.

    Examples
    --------
    >>> from skfashion.metrics import risk_coverage_curve
    >>> curve = risk_coverage_curve([0, 1, 1, 0], [0, 1, 0, 0], [0.9, 0.8, 0.6, 0.8])
    >>> curve.coverage, curve.risk, curve.thresholds
    (array([0.25, 0.75, 1.  ]), array([0.  , 0.  , 0.25]), array([0.9, 0.8, 0.6]))
    """
    y_true, y_pred = check_predictions(y_true, y_pred)
    confidence = check_confidence(confidence)
    check_consistent_length(y_true, confidence)
    order = np.argsort(-confidence, kind="stable")
    confidence, wrong = confidence[order], (y_true != y_pred)[order]
    last = np.r_[confidence[1:] != confidence[:-1], True]
    n_kept = np.arange(1, len(wrong) + 1)
    risk = np.cumsum(wrong) / n_kept
    return RiskCoverageCurve(n_kept[last] / len(wrong), risk[last], confidence[last])


def _checked(y_true, y_proba, labels):
    """Labels, probabilities and the label of each column."""
    (y_true,) = check_labels(y_true)
    check_classification_targets(y_true)
    y_proba = check_array(as_array(y_proba), dtype=np.float64, input_name="y_proba")
    check_consistent_length(y_true, y_proba)
    labels = np.unique(y_true) if labels is None else check_labels(labels)[0]
    if len(labels) != y_proba.shape[1]:
        raise ValueError(
            f"y_proba has {y_proba.shape[1]} columns for {len(labels)} classes: pass labels, such as classes_ of the "
            "classifier."
        )
    unknown = set(y_true.tolist()) - set(labels.tolist())
    if unknown:
        raise ValueError(f"y_true holds labels without a column in y_proba: {sorted(map(str, unknown))}.")
    if y_proba.min() < -ROUNDING or np.abs(y_proba.sum(axis=1) - 1).max() > ROUNDING:
        raise ValueError("y_proba must hold probabilities: numbers of at least 0, with a sum of 1 in each row.")
    return y_true, y_proba, labels

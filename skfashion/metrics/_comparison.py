"""Confidence interval of an accuracy, and a test of the difference of two classifiers."""

from typing import NamedTuple

from scipy import stats

from skfashion.metrics._checks import Interval, check_confidence_level, check_predictions


def accuracy_interval(y_true, y_pred, *, confidence_level=0.95):
    """Accuracy and its Wilson confidence interval.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels.
    confidence_level : float in (0, 1), default=0.95
        Level of the confidence interval.

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
    y_true, y_pred = check_predictions(y_true, y_pred)
    return proportion_interval((y_true == y_pred).sum(), len(y_true), confidence_level)


def proportion_interval(n_hits, n, confidence_level=0.95):
    """A proportion, `n_hits` of `n`, and its Wilson confidence interval."""
    check_confidence_level(confidence_level)
    low, high = stats.binomtest(int(n_hits), n).proportion_ci(confidence_level, method="wilson")
    return Interval(float(n_hits / n), float(low), float(high))


class McNemarResult(NamedTuple):
    """Result of McNemar's test: samples that only one of two classifiers gets right, and the p-value.

    Attributes
    ----------
    only_first, only_second : int
        Number of samples that only the first, or the second, classifier gets right.
    pvalue : float
        Two-sided p-value of McNemar's exact test.

    Examples
    --------
    >>> from skfashion.metrics import mcnemar_test
    >>> result = mcnemar_test([1, 1, 1], [1, 1, 0], [0, 0, 0])
    >>> result.only_first, result.pvalue
    (2, 0.5)
    """

    only_first: int
    only_second: int
    pvalue: float


def mcnemar_test(y_true, first, second):
    """McNemar's exact test of whether two classifiers are equally accurate on the same samples.

    Under the null hypothesis, a sample that exactly one of them gets right is as likely to be right for either.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    first, second : array-like of shape (n_samples,)
        Labels predicted by each classifier.

    Returns
    -------
    McNemarResult
        ``only_first`` and ``only_second``, the number of samples that only one of them gets right, and the two-sided
        ``pvalue``.

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
    y_true, first = check_predictions(y_true, first)
    y_true, second = check_predictions(y_true, second)
    first, second = first == y_true, second == y_true
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    pvalue = float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemarResult(only_first, only_second, pvalue)

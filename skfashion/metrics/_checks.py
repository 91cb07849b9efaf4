"""Validation of labels, and the type of intervals."""

from typing import NamedTuple

from sklearn.utils import check_array, check_consistent_length, column_or_1d

from skfashion._layout import as_array


class Interval(NamedTuple):
    """An estimate and its confidence interval.

    Attributes
    ----------
    estimate : float
        The estimate.
    low, high : float
        The ends of the confidence interval.

    Examples
    --------
    >>> from skfashion.metrics import Interval, accuracy_interval
    >>> interval = accuracy_interval([1, 0, 1, 1], [1, 0, 1, 0])
    >>> isinstance(interval, Interval), interval.estimate
    (True, 0.75)
    """

    estimate: float
    low: float
    high: float


def check_labels(*labels):
    """Return labels as 1-D arrays of one length, without missing values."""
    labels = (check_array(as_array(y), ensure_2d=False, dtype=None, input_name="labels") for y in labels)
    labels = tuple(column_or_1d(y) for y in labels)
    check_consistent_length(*labels)
    return labels

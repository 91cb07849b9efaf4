"""What metrics share: labels in, intervals out."""

from typing import NamedTuple

from sklearn.utils import check_array, check_consistent_length, column_or_1d


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    estimate: float
    low: float
    high: float


def check_labels(*labels):
    """Return labels as 1-D arrays of one length, without missing values."""
    labels = tuple(column_or_1d(check_array(each, ensure_2d=False, dtype=None, input_name="labels")) for each in labels)
    check_consistent_length(*labels)
    return labels

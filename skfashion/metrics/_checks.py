"""Validation of labels, and the type of intervals."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array, check_consistent_length, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from skfashion._labels import as_labels, check_none_is_missing
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
    labels = [np.asarray(as_labels(y)) for y in labels]
    for y in labels:
        check_none_is_missing(y)
    labels = (check_array(y, ensure_2d=False, dtype=None, input_name="labels") for y in labels)
    labels = tuple(column_or_1d(y) for y in labels)
    check_consistent_length(*labels)
    return labels


def check_predictions(y_true, y_pred):
    """Return labels and predicted labels as :func:`check_labels` does; both are classes, and of the same kind."""
    y_true, y_pred = check_labels(y_true, y_pred)
    check_classification_targets(y_true)
    check_classification_targets(y_pred)
    unique_labels(y_true, y_pred)  # raises if they are of two kinds, such as 1 and "1"
    return y_true, y_pred


def check_confidence(confidence):
    """Return confidences as a 1-D array of finite float64."""
    return column_or_1d(check_array(as_array(confidence), ensure_2d=False, dtype=np.float64, input_name="confidence"))


def check_confidence_level(confidence_level):
    """Raise a ValueError if the level of an interval is not in (0, 1)."""
    check_scalar(confidence_level, "confidence_level", Real, min_val=0, max_val=1, include_boundaries="neither")

"""The pairs of classes that a classifier confuses most often."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.multiclass import unique_labels

from skfashion.metrics._checks import check_predictions


class ConfusedPair(NamedTuple):
    """A pair of classes, of which the first is mistaken for the second.

    Attributes
    ----------
    true, predicted : object
        The labels of both classes.
    count : int
        Number of samples of the first class that are predicted as the second.
    share : float
        Their share of all samples of the first, in (0, 1].

    Examples
    --------
    >>> from skfashion.metrics import most_confused_pairs
    >>> most_confused_pairs(["shirt", "shirt", "coat"], ["coat", "shirt", "coat"])
    [ConfusedPair(true='shirt', predicted='coat', count=1, share=0.5)]
    """

    true: object
    predicted: object
    count: int
    share: float


def most_confused_pairs(y_true, y_pred, *, n_pairs=10):
    """List the pairs of classes that are confused most often, the most frequent one first.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels.
    n_pairs : int, default=10
        The maximum number of pairs. Ties are ordered by their labels.

    Returns
    -------
    list of ConfusedPair
        ``true``, ``predicted``, ``count`` and ``share``; empty if all predictions are right.

    Raises
    ------
    ValueError
        If labels are missing, differ in number, or mix types, such as 1 and "1".

    Examples
    --------
    >>> from skfashion.metrics import most_confused_pairs
    >>> (pair,) = most_confused_pairs([0, 0, 0, 0, 1, 2], [0, 2, 2, 1, 1, 2], n_pairs=1)
    >>> pair.true, pair.predicted, pair.count, pair.share
    (0, 2, 2, 0.5)
    """
    check_scalar(n_pairs, "n_pairs", Integral, min_val=1)
    y_true, y_pred = check_predictions(y_true, y_pred)
    labels = unique_labels(y_true, y_pred)
    true, predicted = np.searchsorted(labels, y_true), np.searchsorted(labels, y_pred)
    wrong = true != predicted
    pairs, counts = np.unique(np.stack([true[wrong], predicted[wrong]]), axis=1, return_counts=True)
    sizes, labels = np.bincount(true, minlength=len(labels)), labels.tolist()
    return [
        ConfusedPair(labels[true], labels[predicted], int(count), float(count / sizes[true]))
        for index in np.argsort(-counts, kind="stable")[:n_pairs]
        for (true, predicted), count in [(pairs[:, index], counts[index])]
    ]

"""The most confused pairs, against scikit-learn's confusion matrix."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from skfashion.metrics import most_confused_pairs


@pytest.mark.parametrize("kind", [int, str, bool])
def test_pairs_are_the_largest_counts_beside_the_diagonal(kind):
    rng = np.random.default_rng(0)
    n = 2 if kind is bool else 7
    y_true, y_pred = rng.integers(0, n, (2, 500)).astype(kind)
    pairs = most_confused_pairs(y_true, y_pred, n_pairs=100)
    matrix, labels = confusion_matrix(y_true, y_pred), np.unique(y_true).tolist()
    for true, predicted, count, share in pairs:
        row = labels.index(true)
        assert count == matrix[row, labels.index(predicted)]
        assert share == count / matrix[row].sum()
        assert isinstance(true, kind)
    counts = [pair.count for pair in pairs]
    assert counts == sorted(matrix[~np.eye(n, dtype=bool)].tolist(), reverse=True)
    assert most_confused_pairs(y_true, y_pred, n_pairs=2) == pairs[:2]


def test_labels_that_were_never_true_and_ties():
    assert most_confused_pairs([3, 5, 5], [5, 9, 3]) == [(3, 5, 1, 1.0), (5, 3, 1, 0.5), (5, 9, 1, 0.5)]
    assert most_confused_pairs([3, 5], [3, 5]) == []


@pytest.mark.parametrize(
    ("y_true", "y_pred", "n_pairs", "says"),
    [
        ([1, 2], [1], 1, "inconsistent"),
        ([1], ["1"], 1, "[Mm]ix"),
        ([1.0], [np.nan], 1, "NaN"),
        ([1], [2], 0, "n_pairs"),
    ],
)
def test_what_is_refused(y_true, y_pred, n_pairs, says):
    with pytest.raises(ValueError, match=says):
        most_confused_pairs(y_true, y_pred, n_pairs=n_pairs)

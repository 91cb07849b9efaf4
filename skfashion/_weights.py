"""Sample weights, as every estimator here takes them."""

import numpy as np

from skfashion._layout import as_array
from skfashion._private_sklearn import _check_sample_weight


def checked_weights(sample_weight, X):
    """The weight of each row of X, which is 1 if `sample_weight` is None.

    Returns
    -------
    ndarray of shape (n_samples,), dtype float64
        The weights.

    Raises
    ------
    ValueError
        If there are not as many as rows, or if one is negative or not finite, or if all are zero.
    """
    return _check_sample_weight(as_array(sample_weight), X, dtype=np.float64, ensure_non_negative=True)


def weighted_rows(sample_weight, X):
    """The indices of the rows of X with a positive weight, and their weights, as in :func:`checked_weights`."""
    weight = checked_weights(sample_weight, X)
    rows = np.flatnonzero(weight)
    return rows, weight[rows]

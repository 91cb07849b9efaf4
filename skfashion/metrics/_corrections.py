"""P-values of several tests, corrected for their number."""

from itertools import combinations

import numpy as np


def holm(pvalues):
    """P-values by Holm's correction: the smallest times their number, the next one times one less, and so on."""
    order = np.argsort(pvalues)
    scaled = pvalues[order] * np.arange(len(pvalues), 0, -1)
    corrected = np.empty_like(pvalues)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected


def holm_of_pairs(n, pvalue_of):
    """Corrected p-values of all pairs among n, as a symmetric matrix with 1 on its diagonal.

    Parameters
    ----------
    n : int
        How many there are.
    pvalue_of : callable
        From the indices of two to the p-value of the test between them.
    """
    pairs = list(combinations(range(n), 2))
    matrix = np.eye(n)
    for (one, other), pvalue in zip(pairs, holm(np.array([pvalue_of(*pair) for pair in pairs])), strict=True):
        matrix[one, other] = matrix[other, one] = pvalue
    return matrix

"""P-values of several tests, corrected for their number."""

import numpy as np


def holm(pvalues):
    """P-values by Holm's correction: the smallest times their number, the next one times one less, and so on."""
    order = np.argsort(pvalues)
    scaled = pvalues[order] * np.arange(len(pvalues), 0, -1)
    corrected = np.empty_like(pvalues)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected

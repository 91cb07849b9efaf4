"""Nearest neighbours by comparing all pairs, and images to look for."""

import numpy as np
from sklearn.metrics import pairwise_distances


def exhaustive(X, Y, k, metric):
    """Distances in float64, rows at the same distance in the order of their index."""
    distance = pairwise_distances(X.astype(np.float64), Y.astype(np.float64), metric=metric)
    index = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distance, index, axis=1), index


def integers(rng, n, shape=(20,), high=256):
    return rng.integers(0, high, (n, *shape), dtype=np.uint8)

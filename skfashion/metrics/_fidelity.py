"""Fidelity and diversity of generated images, apart from each other: density and coverage, precision and recall."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_scalar, gen_batches

from skfashion._images import on_one_scale
from skfashion._pixels import scaled

# Distances that are held at a time: 64 MiB.
_N_DISTANCES = 2**23


class DensityCoverage(NamedTuple):
    """What :func:`density_coverage` returns.

    Attributes
    ----------
    density : float
        Fidelity: at least 0, about 1 where generated samples lie as densely among the real ones as these themselves.
    coverage : float
        Diversity: the share of real samples in [0, 1] with a generated one nearby.

    Examples
    --------
    >>> from skfashion.metrics import DensityCoverage
    >>> DensityCoverage(density=1.0, coverage=0.9).coverage
    0.9
    """

    density: float
    coverage: float


class GenerativePrecisionRecall(NamedTuple):
    """What :func:`generative_precision_recall` returns.

    Attributes
    ----------
    precision : float
        Fidelity: the share of generated samples in [0, 1] that lie among real ones.
    recall : float
        Diversity: the share of real samples in [0, 1] that lie among generated ones.

    Examples
    --------
    >>> from skfashion.metrics import GenerativePrecisionRecall
    >>> GenerativePrecisionRecall(precision=1.0, recall=0.5).recall
    0.5
    """

    precision: float
    recall: float


def density_coverage(X, X_real, *, n_neighbors=5):
    """Density and coverage of generated samples: how realistic they are, and how much of the real variety they show.

    Around each real sample there is a ball that reaches to its `n_neighbors`-th nearest real neighbour. Density counts
    in how many of these balls a generated sample lies, on average over the generated samples, and divides that by
    `n_neighbors`; coverage is the share of balls that hold a generated sample. A generator that repeats a few perfect
    images has a high density and a low coverage; one that draws everything, but blurred, the reverse.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Features of generated images, as for :func:`frechet_distance`, or the images as rows.
    X_real : array-like of shape (n_real, n_features)
        The features of real images, more than `n_neighbors`.
    n_neighbors : int, default=5
        The neighbour that sets the radius of a ball, not counting the real sample itself.

    Returns
    -------
    DensityCoverage
        `density`, at least 0 and possibly above 1, and `coverage` in [0, 1]. For two large samples of the same
        distribution and size, the expected density is 1 and the expected coverage ``1 - 2**-n_neighbors``.

    Raises
    ------
    TypeError, ValueError
        If `n_neighbors` is not an int of at least 1, or if there are not more real samples than that.
    ValueError
        If the numbers of features differ, or an input is empty or not finite.

    Warns
    -----
    UserWarning
        If X and X_real seem to be on different scales, and it is unclear how these compare.

    Notes
    -----
    Coverage depends on the numbers of samples: compare generators with the same numbers, and with real samples in place
    of generated ones. Balls are closed: a copy of a real sample that has duplicates lies in its ball. Both sets are
    brought to one scale as by :func:`frechet_distance`. Distances are Euclidean, of all pairs.

    References
    ----------
    Naeem et al., `Reliable Fidelity and Diversity Metrics for Generative Models <https://arxiv.org/abs/2002.09797>`_,
    2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.metrics import density_coverage
    >>> real = np.random.default_rng(0).normal(10, size=(500, 2))
    >>> copies = np.repeat(real[:5], 100, axis=0)
    >>> density_coverage(real, real).coverage
    1.0
    >>> density_coverage(copies, real).coverage < 0.1
    True
    >>> density_coverage(real + 10, real)
    DensityCoverage(density=0.0, coverage=0.0)
    """
    X, X_real = _checked(X, X_real, "density_coverage", n_neighbors)
    radii = _radii(X_real, n_neighbors)
    n_inside, covered = 0, np.zeros(len(X_real), dtype=bool)
    for batch in gen_batches(len(X_real), _batch_size(X)):
        inside = cdist(X_real[batch], X) <= radii[batch, None]
        n_inside += np.count_nonzero(inside)
        covered[batch] = inside.any(axis=1)
    return DensityCoverage(float(n_inside / (n_neighbors * len(X))), float(covered.mean()))


def generative_precision_recall(X, X_real, *, n_neighbors=3):
    """Precision and recall of generated samples, each the share of one set that lies among the other.

    A set is described by balls around its samples, each reaching to the `n_neighbors`-th nearest neighbour in that set.
    Precision is the share of generated samples in a ball of real ones, recall the share of real samples in a ball of
    generated ones.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Features of generated images, as for :func:`frechet_distance`, or the images as rows; more than `n_neighbors`.
    X_real : array-like of shape (n_real, n_features)
        The features of real images, more than `n_neighbors`.
    n_neighbors : int, default=3
        The neighbour that sets the radius of a ball, not counting the sample itself.

    Returns
    -------
    GenerativePrecisionRecall
        `precision` and `recall`, both in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If `n_neighbors` is not an int of at least 1, or if a set does not have more samples than that.
    ValueError
        If the numbers of features differ, or an input is empty or not finite.

    Warns
    -----
    UserWarning
        If X and X_real seem to be on different scales, and it is unclear how these compare.

    Notes
    -----
    One outlier has a large ball, in which a bad sample counts as a good one: :func:`density_coverage` is less easily
    misled. Both sets are brought to one scale as by :func:`frechet_distance`.

    References
    ----------
    Kynkäänniemi et al., `Improved Precision and Recall Metric for Assessing Generative Models
    <https://arxiv.org/abs/1904.06991>`_, 2019.

    Examples
    --------
    >>> from skfashion.metrics import generative_precision_recall
    >>> real = [[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]]
    >>> one_half = [[0.0], [1.0], [2.0], [0.5]]
    >>> generative_precision_recall(one_half, real, n_neighbors=1)
    GenerativePrecisionRecall(precision=1.0, recall=0.5)
    """
    X, X_real = _checked(X, X_real, "generative_precision_recall", n_neighbors)
    if len(X) <= n_neighbors:
        raise ValueError(f"X must hold more than n_neighbors={n_neighbors} samples. Got {len(X)}.")
    return GenerativePrecisionRecall(_share_among(X, X_real, n_neighbors), _share_among(X_real, X, n_neighbors))


def _checked(X, X_real, name, n_neighbors):
    check_scalar(n_neighbors, "n_neighbors", Integral, min_val=1)
    X, X_real = (scaled(features).astype(np.float64) for features in on_one_scale(X, X_real, "X_real", name))
    if len(X_real) <= n_neighbors:
        raise ValueError(f"X_real must hold more than n_neighbors={n_neighbors} samples. Got {len(X_real)}.")
    return X, X_real


def _share_among(X, Y, n_neighbors):
    """The share of X that lies in a ball of Y."""
    radii = _radii(Y, n_neighbors)
    within = [(cdist(X[batch], Y) <= radii).any(axis=1) for batch in gen_batches(len(X), _batch_size(Y))]
    return float(np.concatenate(within).mean())


def _radii(X, n_neighbors):
    """The distance of each sample from its nearest neighbour number `n_neighbors`; number 0 is the sample itself."""
    batches = gen_batches(len(X), _batch_size(X))
    return np.concatenate([np.partition(cdist(X[batch], X), n_neighbors, axis=1)[:, n_neighbors] for batch in batches])


def _batch_size(others):
    return max(1, _N_DISTANCES // len(others))

"""Normal distributions of codes and embeddings."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from sklearn.covariance import shrunk_covariance

# Codes that differ by far less than this share of their size are the same but for the rounding of float32.
_ROUNDING = 5e-3


@dataclass(frozen=True)
class NormalDistribution:
    """A normal distribution: its mean, and the matrix that makes a deviation from it a standard one."""

    mean: np.ndarray
    whitening: np.ndarray

    @classmethod
    def of(cls, mean, covariance, shrinkage):
        """The distribution of a mean and a covariance, which may be singular.

        Parameters
        ----------
        mean : ndarray of shape (n,)
            The mean.
        covariance : ndarray of shape (n, n) or ()
            The covariance.
        shrinkage : float in (0, 1)
            See :func:`sklearn.covariance.shrunk_covariance`.
        """
        covariance = np.atleast_2d(covariance)
        least = max((_ROUNDING**2) * (mean**2).mean(), np.finfo(np.float32).tiny)
        covariance = covariance + least * np.eye(len(covariance))
        variance = np.trace(covariance) / len(covariance)
        factor = cholesky(shrunk_covariance(covariance / variance, shrinkage), lower=True) * np.sqrt(variance)
        return cls(mean, solve_triangular(factor, np.eye(len(factor)), lower=True))

    def squared_distances(self, rows):
        """The squared Mahalanobis distance of each row from the mean."""
        return (((rows - self.mean) @ self.whitening.T) ** 2).sum(axis=1)

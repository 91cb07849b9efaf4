"""Regression: one number per image, or several."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import RegressorMixin

from skfashion.modules._losses import ReconstructionLoss
from skfashion.training._net import Net
from skfashion.training._task import Task


class RegressorNet(RegressorMixin, Net):
    """A net whose outputs are numbers; it predicts them in the units of the targets, a column for each."""


@dataclass(kw_only=True)
class RegressionTask(Task):
    """Numbers, by their distance from outputs, both measured in standard deviations of the training targets.

    Attributes
    ----------
    loss : {"squared_error", "absolute_error", "huber"}
        The distance.
    mean, scale : ndarray of float64 of shape (n_outputs,) or None
        The mean and the standard deviation of the targets; None until :meth:`encode` has found them.
    is_vector : bool
        Whether targets are 1-D.
    """

    loss: str
    mean: np.ndarray | None = None
    scale: np.ndarray | None = None
    is_vector: bool = True

    monitor = ("valid_r2", 1)
    net_class = RegressorNet

    @property
    def nonlinearity(self):
        return partial(_in_units, mean=self.mean, scale=self.scale)

    def criterion(self):
        return ReconstructionLoss, {"loss": self.loss, "output_activation": "identity"}

    def metrics(self):
        return _share_of_variance

    def strata(self, images):
        return None

    def start(self, net, images):
        pass

    def measure_as(self, other):
        """Standardise targets as another task does, which was trained before."""
        self.mean, self.scale, self.is_vector = other.mean, other.scale, other.is_vector

    def encode(self, y, rows, weight):
        """Return what images learn: ``rows`` that weigh something, their standardised targets ``y``, their ``weight``.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        rows : ndarray of int
            The rows of positive weight.
        weight : ndarray of float or None
            Their weights; None if all are 1.
        """
        if self.mean is None:
            self.is_vector = y.ndim == 1
            targets = _columns(y)[rows].astype(np.float64)
            self.mean = np.average(targets, axis=0, weights=weight)
            self.scale = np.sqrt(np.average((targets - self.mean) ** 2, axis=0, weights=weight))
            # Of a constant, rounding may leave some deviation.
            constant = self.scale <= 1e-12 * np.abs(targets).max(axis=0)
            self.scale[constant] = 1.0
        return self.encode_validation(y, rows, weight)

    def encode_validation(self, y, rows, weight):
        """As :meth:`encode`, for images that are only looked at."""
        columns = _columns(y)
        if (y.ndim == 1) != self.is_vector or columns.shape[1] != len(self.mean):
            expected = "(n,)" if self.is_vector else f"(n, {len(self.mean)})"
            raise ValueError(f"y has shape {y.shape}, but the model is fitted on targets of shape {expected}.")
        standardised = (columns[rows].astype(np.float64) - self.mean) / self.scale
        return {"rows": rows, "y": standardised.astype(np.float32), "weight": weight}

    def targets(self, outputs):
        """Predictions (n,) or (n, n_outputs) in the units of the targets, as float64."""
        targets = outputs.astype(np.float64) * self.scale + self.mean
        return targets[:, 0] if self.is_vector else targets


def _columns(y):
    return y[:, None] if y.ndim == 1 else y


def _in_units(outputs, mean, scale):
    return outputs * outputs.new_tensor(scale) + outputs.new_tensor(mean)


def _share_of_variance(output, target):
    """R² with the variance of the training targets, which are standardised, as a mean over images."""
    return {"r2": 1 - (output - target).square().mean(1)}

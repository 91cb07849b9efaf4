"""Regression: one number per image, or several."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import RegressorMixin
from torch import nn

from skfashion.modules._losses import ReconstructionLoss
from skfashion.modules._predictions import InUnits
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
    is_constant : ndarray of bool of shape (n_outputs,) or None
        Which targets did not differ, and are measured by 1.
    is_vector : bool
        Whether targets are 1-D.
    """

    loss: str
    mean: np.ndarray | None = None
    scale: np.ndarray | None = None
    is_constant: np.ndarray | None = None
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

    def predictor(self, module):
        return nn.Sequential(module, InUnits(self.mean, self.scale, self.is_vector))

    def measure_as(self, other):
        """Standardise targets as another task does, which was trained before."""
        self.mean, self.scale, self.is_constant = other.mean, other.scale, other.is_constant
        self.is_vector = other.is_vector

    def encode(self, y, rows, weight):
        """Return what images learn: ``rows`` of positive weight, their standardised targets ``y``, their ``weight``.

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
            self._measure(_columns(y)[rows].astype(np.float64), weight)
        return self.encode_validation(y, rows, weight)

    def encode_validation(self, y, rows, weight):
        """As :meth:`encode`, for images that are only looked at."""
        columns = _columns(y)
        if (y.ndim == 1) != self.is_vector or columns.shape[1] != len(self.mean):
            expected = "(n,)" if self.is_vector else f"(n, {len(self.mean)})"
            raise ValueError(f"y has shape {y.shape}, but the model is fitted on targets of shape {expected}.")
        with np.errstate(over="ignore"):
            standardised = ((columns[rows].astype(np.float64) - self.mean) / self.scale).astype(np.float32)
        if not np.isfinite(standardised).all():
            raise ValueError(
                f"y holds values up to {np.abs(columns).max():g}, which are too far from training targets of mean "
                f"{self.mean} and standard deviation {self.scale} to compute with."
            )
        return {"rows": rows, "y": standardised, "weight": weight}

    def _measure(self, targets, weight):
        """Set the mean and the standard deviation, of numbers whose squares may be out of reach."""
        weight = None if weight is None else weight / weight.max()
        size = np.abs(targets).max(axis=0)
        size[size == 0] = 1.0
        relative = targets / size
        mean = np.average(relative, axis=0, weights=weight)
        scale = np.sqrt(np.average((relative - mean) ** 2, axis=0, weights=weight))
        self.is_constant = scale <= 4 * np.finfo(float).eps  # which rounding may leave of a constant
        self.mean, self.scale = mean * size, np.where(self.is_constant, 1.0, scale * size)

    def targets(self, outputs):
        """Predictions (n,) or (n, n_outputs) in the units of the targets, as float64."""
        targets = outputs.astype(np.float64) * self.scale + self.mean
        return targets[:, 0] if self.is_vector else targets


def _columns(y):
    if y.dtype.kind not in "biuf":
        raise ValueError(f"The targets of a regressor must be numbers. Got a y of dtype {y.dtype} instead.")
    return y[:, None] if y.ndim == 1 else y


def _in_units(outputs, mean, scale):
    outputs = outputs.double()
    return outputs * outputs.new_tensor(scale) + outputs.new_tensor(mean)


def _share_of_variance(output, target):
    """R² with the variance of the training targets, which are standardised, as a mean over images."""
    return {"r2": 1 - (output - target).square().mean(1)}

"""The task of a network: what it learns from images, how that is measured, and how its outputs become predictions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np


@dataclass(kw_only=True)
class Task(ABC):
    """How targets are encoded, split and weighted, what is minimised and watched, and how outputs become predictions.

    Attributes
    ----------
    mean_weight, n_weights : float or None, int
        The mean of all weights that the model has been trained with, and their number.
    former_unit : float
        Factor that converts relative weights of earlier passes to the current mean weight.
    """

    mean_weight: float | None = None
    n_weights: int = 0
    former_unit: float = 1.0

    # What outputs are: scores of "classes", log odds of "labels", or "numbers".
    outputs = "numbers"

    # What else the class of the net has to know.
    net_arguments = MappingProxyType({})

    # What makes predictions of outputs in the net's own ``predict_proba``, as skorch's `predict_nonlinearity`.
    nonlinearity = "auto"

    # The entry of the history that early stopping watches, and 1 if greater is better.
    monitor = ("valid_loss", -1)

    @abstractmethod
    def criterion(self):
        """A class of a module that maps outputs and targets to one loss per image, and its keyword arguments."""

    @abstractmethod
    def metrics(self):
        """A function of outputs and targets that gives a dict of values per image for the history, or None."""

    @abstractmethod
    def strata(self, images):
        """Labels by which the split of held-out images is stratified, or None."""

    @abstractmethod
    def predictor(self, module):
        """A module that maps images to the predictions of the estimator, around a trained one that gives outputs."""

    @abstractmethod
    def start(self, net, images):
        """Prepare a new net by the images that it is going to be trained on."""

    def go_on_from(self, other):
        """Count weights on from those of another task, whose passes this one continues."""
        self.mean_weight, self.n_weights = other.mean_weight, other.n_weights

    def relative_weights(self, weight, n_rows):
        """Weights over the mean of all weights so far: 1 on average, or None if all are.

        A single image of a stream has to weigh more or less than those before it, so the mean goes on with
        ``partial_fit``.
        """
        weight = np.ones(n_rows) if weight is None else weight
        relative = weight / weight.max()  # sums of weights may be too large, or too small, for a float
        mean = float(relative.mean() * weight.max())
        if self.mean_weight is None:
            self.mean_weight, self.n_weights = mean, n_rows
            relative = relative / relative.mean()
        else:
            self.n_weights += n_rows
            before = self.mean_weight
            self.mean_weight += (mean - before) * (n_rows / self.n_weights)
            self.former_unit = before / self.mean_weight
            relative = weight / self.mean_weight
        return None if (relative == 1).all() else relative

    def count_only(self, weight):
        """Count only some of the images of this fit, by their relative weights; return the mean of these."""
        mean = float(weight.double().mean())
        self.mean_weight, self.n_weights = self.mean_weight * mean, len(weight)
        return mean

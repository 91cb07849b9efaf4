"""Means over an epoch."""

import numpy as np
import torch


def as_float32(output):
    """Undo autocast: losses are computed in float32."""
    if isinstance(output, tuple):
        return tuple(part.float() for part in output)
    return output.float()


class Tally:
    """Weighted means over an epoch. What is added stays on the device until the epoch is over.

    Of several nets that are trained together, values and weights have the nets as their first dimension.
    """

    def __init__(self):
        self.values = {}
        self.weights = []

    def add(self, values, weight):
        """Add one value per image under each name, and the weights of the images, or None."""
        for name, tensor in values.items():
            self.values.setdefault(name, []).append(tensor)
        if weight is not None:
            self.weights.append(weight)

    def means(self):
        """A float for each name, or an array with one for each net."""
        weight = self._joined(self.weights) if self.weights else None
        return {name: np.average(self._joined(values), axis=-1, weights=weight) for name, values in self.values.items()}

    @staticmethod
    def _joined(tensors):
        return torch.cat(tensors, dim=-1).cpu().double().numpy()

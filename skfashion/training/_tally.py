"""Means over an epoch."""

import numpy as np
import torch


def as_float32(output):
    """Undo autocast: losses are computed in float32."""
    if isinstance(output, tuple):
        return tuple(part.float() for part in output)
    return output.float()


class Tally:
    """Weighted means over an epoch. What is added stays on the device until the epoch is over."""

    def __init__(self, metrics):
        self.metrics = metrics
        self.values = {}
        self.weights = []

    def add(self, step, batch):
        self._append("loss", step["losses"])
        if self.metrics is not None:
            with torch.no_grad():
                metrics = self.metrics(as_float32(step["y_pred"]), batch.target)
            for name, values in metrics.items():
                self._append(name, values)
        if batch.weight is not None:
            self.weights.append(batch.weight)

    def _append(self, name, values):
        self.values.setdefault(name, []).append(values)

    def means(self):
        weight = self._joined(self.weights) if self.weights else None
        return {name: float(np.average(self._joined(values), weights=weight)) for name, values in self.values.items()}

    @staticmethod
    def _joined(tensors):
        return torch.cat(tensors).cpu().double().numpy()

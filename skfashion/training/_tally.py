"""Means over an epoch."""

import numpy as np


class Tally:
    """Weighted means over an epoch. What is added stays on the device until the epoch is over.

    It is copied into one block of memory for the whole epoch: small tensors that outlive their batch would lie between
    the large ones of all batches, and keep the C library from using the memory of these again.

    Of several nets that are trained together, values and weights have the nets as their first dimension.

    Parameters
    ----------
    n_images : int
        How many images will be added.
    """

    def __init__(self, n_images):
        self.n_images = n_images
        self.blocks = {}
        self.n_added = 0

    def add(self, values, weight):
        """Add one value per image under each name, and the weights of the images, or None."""
        start, self.n_added = self.n_added, self.n_added + values["loss"].shape[-1]
        for name, tensor in (values if weight is None else {**values, "weight": weight}).items():
            if name not in self.blocks:
                self.blocks[name] = tensor.new_empty((*tensor.shape[:-1], self.n_images))
            self.blocks[name][..., start : self.n_added] = tensor

    def means(self):
        """A float for each name, or an array with one for each net."""
        values, weight = self._values()
        return {name: np.average(each, axis=-1, weights=weight) for name, each in values.items()}

    def means_of(self, group):
        """A float for each name: the mean over what all processes of a group have added, with weights."""
        values, weight = self._values()
        *sums, total = group.sums([*(each @ weight for each in values.values()), weight.sum()])
        return {name: each / total for name, each in zip(values, sums, strict=True)}

    def _values(self):
        values = {name: block[..., : self.n_added].cpu().double().numpy() for name, block in self.blocks.items()}
        weight = values.pop("weight", None)
        return values, weight

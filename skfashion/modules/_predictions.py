"""From the outputs of networks to predictions: the last layers of an estimator as a module."""

import torch
from torch import nn


class Probabilities(nn.Sequential):
    """A network, then the layer that makes probabilities of its scores."""

    def scores(self, images):
        """The logits (n_images, n_classes), of which probabilities are made."""
        return self[0](images)


class Codes(nn.Module):
    """What a module with a method ``encode`` makes of images."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images):
        return self.module.encode(images)


class Rows(nn.Module):
    """Images as the rows of a layout, which makes them by its method ``rows``."""

    def __init__(self, layout):
        super().__init__()
        self.layout = layout

    def forward(self, images):
        return self.layout.rows(images)


class InUnits(nn.Module):
    """Standardised numbers in the units in which they were measured.

    Parameters
    ----------
    mean, scale : array of shape (n_outputs,)
        Of the numbers before they were standardised; float64, in which large and close numbers differ.
    is_vector : bool
        Whether the one column is given as a vector.
    """

    def __init__(self, mean, scale, is_vector):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float64).clone())
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float64).clone())
        self.is_vector = is_vector

    def forward(self, standardised):
        numbers = (standardised.to(self.mean.dtype) * self.scale + self.mean).float()
        return numbers.squeeze(1) if self.is_vector else numbers


class SubspaceProbabilities(nn.Module):
    """A softmax of minus the squared distances from subspaces.

    Parameters
    ----------
    means : array of shape (n_classes, n_features)
        A point of each subspace.
    components : sequence of array of shape (n_components, n_features)
        An orthonormal basis of each.
    scale : float
        The distance that counts as 1.
    layout : Layout
        How a row runs through an image.
    """

    def __init__(self, means, components, scale, layout):
        super().__init__()
        self.scale = scale
        self.rows = Rows(layout)
        self.register_buffer("means", torch.as_tensor(means, dtype=torch.float64).clone())
        self.n_subspaces = len(components)
        for index, basis in enumerate(components):
            self.register_buffer(f"components_{index}", torch.as_tensor(basis, dtype=torch.float64).clone())

    def scores(self, images):
        """The logits (n_images, n_classes), of which probabilities are made; float64."""
        rows = self.rows(images).to(self.means.dtype)
        residuals = [self._residuals(rows, index) for index in range(self.n_subspaces)]
        return -torch.stack(residuals, 1) / self.scale

    def forward(self, images):
        return self.scores(images).softmax(1).float()

    def _residuals(self, rows, index):
        centered = rows - self.means[index]
        components = getattr(self, f"components_{index}")
        if len(components) == 0:
            return centered.square().sum(1)
        return (centered.square().sum(1) - (centered @ components.T).square().sum(1)).clamp(min=0)

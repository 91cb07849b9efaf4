"""A convolutional network from a tuple of layers."""

import copy
import inspect

import torch
from torch import nn

from skfashion.modules._init import initialize
from skfashion.modules._layers import Pad, build_layers, dense, smallest_size


class ConvNet(nn.Sequential):
    """The layers of an architecture and a dense output layer, one after the other.

    An image that is smaller than the architecture needs is padded with zeros.

    Parameters
    ----------
    layers : sequence of layers
        For instance ``(conv(40, 5), pool(2), flatten(), dense(100))``.
    image_shape : tuple of int
        (channels, height, width).
    n_outputs : int
        Number of outputs.
    init : str
        The scheme of :func:`~skfashion.modules._init.initialize`.

    Examples
    --------
    >>> import torch
    >>> from skfashion.modules import ConvNet, conv, dense, pool
    >>> net = ConvNet((conv(4, 5), pool(2), dense(8)), image_shape=(1, 28, 28), n_outputs=10)
    >>> net(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, layers, image_shape, n_outputs, init="pytorch"):
        size = smallest_size(layers)
        front = []
        if min(image_shape[1:]) < size:
            front = [Pad(size)]
            image_shape = front[0].output_shape(image_shape)
        modules, _ = build_layers((*layers, dense(n_outputs, activation="identity")), image_shape)
        super().__init__(*front, *modules)
        self.init = init
        self.reset_weights()

    def reset_weights(self, seed=None):
        """Draw all weights anew, see :func:`~skfashion.modules._init.initialize`."""
        initialize(self, self.init, seed)

    def embed(self, images):
        """The input of the last layer, as rows."""
        for layer in list(self)[:-1]:
            images = layer(images)
        return images.flatten(1)


def _called(architecture, image_shape, n_outputs):
    try:
        signature = inspect.signature(architecture)
    except ValueError:  # compiled functions have none
        return architecture(image_shape, n_outputs)
    try:
        signature.bind(image_shape, n_outputs)
    except TypeError as error:
        raise TypeError(
            "The architecture must be a torch.nn.Module, or a function of image_shape and n_outputs that returns one. "
            f"Got {architecture!r}: {error}."
        ) from error
    return architecture(image_shape, n_outputs)


def build_foreign(architecture, image_shape, n_outputs):
    """Take a user's module, or call their ``architecture(image_shape, n_outputs)``, and check that it fits the images.

    Raises
    ------
    TypeError
        If the function does not take these arguments.
    ValueError
        If it returns no module, or one that does not turn images (n, channels, height, width) into (n, n_outputs).
    """
    module, said = architecture, "The module as architecture"
    if not isinstance(architecture, nn.Module):
        call = f"architecture(image_shape={image_shape}, n_outputs={n_outputs})"
        module, said = _called(architecture, image_shape, n_outputs), f"The module of {call}"
        if not isinstance(module, nn.Module):
            raise ValueError(f"{call} must return a torch.nn.Module. Got {type(module).__name__} instead.")
    # A function may return one and the same module each time; every fit needs its own.
    module = copy.deepcopy(module).eval()
    try:
        with torch.no_grad():
            output = module(torch.zeros(2, *image_shape))
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{said} cannot take float images (2, *{image_shape}): {error}") from error
    if not isinstance(output, torch.Tensor) or output.shape != (2, n_outputs):
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise ValueError(f"{said} must turn 2 images into scores of shape (2, {n_outputs}). Got {shape}.")
    return module.train()

"""Initial weights, and the streams of random numbers that they come from."""

import hashlib
import math
from collections import Counter
from functools import partial

import torch
from torch import nn

INITS = {
    "pytorch": partial(nn.init.kaiming_uniform_, a=math.sqrt(5)),
    "normal": partial(nn.init.normal_, std=0.1),
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
    "he_normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "he_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
}

# The layers that have weights to draw, with their subclasses.
_DRAWN = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def initialize(module, init, seed=None):
    """Draw the weights of every dense and convolutional layer by the scheme `init`.

    ``"pytorch"`` draws weights as the layers of torch do, and biases evenly between -0.05 and 0.05, whereas torch's
    bound depends on the size of the layer before. The others set biases to zero: ``"normal"`` has a standard deviation
    of 0.1; ``"xavier_*"`` is Glorot and Bengio (2010), ``"he_*"`` He et al. (2015).

    With a seed, each array has a stream of random numbers that depends on nothing but its shape and how many arrays of
    this shape came before it: two networks under one seed start alike wherever their shapes agree. Without one, torch's
    current generator is used.
    """
    seen = Counter()

    def generator_of(array):
        shape = tuple(array.shape)
        seen[shape] += 1
        return None if seed is None else stream(seed, shape, seen[shape])

    for part in module.modules():
        if isinstance(part, _DRAWN):
            INITS[init](part.weight, generator=generator_of(part.weight))
            if part.bias is None:
                continue
            if init == "pytorch":
                nn.init.uniform_(part.bias, -0.05, 0.05, generator=generator_of(part.bias))
            else:
                nn.init.zeros_(part.bias)


def stream(seed, *purpose):
    """A generator of its own for each purpose under one seed.

    What one purpose draws does not move the others, so that two networks that differ in one setting (a size, dropout,
    augmentation) share everything else that is random.

    Parameters
    ----------
    seed : int
        The seed of a fit.
    *purpose : str, int or tuple
        What the numbers are for.

    Returns
    -------
    torch.Generator
        On the CPU.
    """
    digest = hashlib.sha256(repr((int(seed), *purpose)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)

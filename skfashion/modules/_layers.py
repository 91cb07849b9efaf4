"""The vocabulary in which an architecture is written: small frozen objects that know their shape and build a module.

An image shape is (channels, height, width); a vector shape is (length,).
"""

import math
from dataclasses import KW_ONLY, dataclass, fields
from numbers import Integral

from torch import nn

from skfashion.modules._random import Dropout

ACTIVATIONS = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "identity": nn.Identity,
    "leaky_relu": nn.LeakyReLU,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


class Layer:
    """What all layers share: a repr that reads as it is written."""

    def __repr__(self):
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.kw_only:
                if value != field.default:
                    shown.append(f"{field.name}={value!r}")
            else:
                shown.append(repr(value))
        return f"{type(self).__name__}({', '.join(shown)})"

    def build(self, shape):
        """Return the torch module for an input of `shape`."""
        raise NotImplementedError

    def output_shape(self, shape):
        """Return the shape of the output for an input of `shape`; sizes may come out below 1."""
        return shape


def _check_positive(layer, *names):
    for name in names:
        value = getattr(layer, name)
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} of {type(layer).__name__}() must be an int of at least 1. Got {value!r} instead.")


def _check_option(layer, name, options):
    value = getattr(layer, name)
    if value not in options:
        raise ValueError(f"{name} of {type(layer).__name__}() must be one of {sorted(options)}. Got {value!r} instead.")


def _check_image(layer, shape):
    if len(shape) != 3:
        raise ValueError(f"{layer!r} needs an image, but follows a layer that gives a vector of length {shape[0]}.")


def _with_activation(module, activation):
    return module if activation == "identity" else nn.Sequential(module, ACTIVATIONS[activation]())


@dataclass(frozen=True, repr=False)
class conv(Layer):
    """A convolution with `n_filters` square kernels, then an activation.

    Parameters
    ----------
    n_filters : int
        Number of output channels.
    kernel_size : int, default=3
        Height and width of a kernel.
    padding : {"valid", "same"}, default="valid"
        No padding, or zeros around the image so that it keeps its size at stride 1.
    stride : int, default=1
        Step of the kernel in both directions.
    activation : str, default="relu"
        As in :class:`~skfashion.neural_network.MLPClassifier`.

    Examples
    --------
    >>> from skfashion.modules import conv
    >>> conv(40, 5, padding="same")
    conv(40, 5, padding='same')
    """

    n_filters: int
    kernel_size: int = 3
    _: KW_ONLY
    padding: str = "valid"
    stride: int = 1
    activation: str = "relu"

    def __post_init__(self):
        _check_positive(self, "n_filters", "kernel_size", "stride")
        _check_option(self, "padding", {"same", "valid"})
        if self.padding == "same" and self.kernel_size % 2 == 0:
            raise ValueError(f"padding='same' of conv() needs an odd kernel_size. Got {self.kernel_size} instead.")
        _check_option(self, "activation", ACTIVATIONS)

    @property
    def _pad(self):
        return self.kernel_size // 2 if self.padding == "same" else 0

    def build(self, shape):
        _check_image(self, shape)
        module = nn.Conv2d(shape[0], self.n_filters, self.kernel_size, stride=self.stride, padding=self._pad)
        return _with_activation(module, self.activation)

    def output_shape(self, shape):
        _check_image(self, shape)
        return self.n_filters, *((size + 2 * self._pad - self.kernel_size) // self.stride + 1 for size in shape[1:])


@dataclass(frozen=True, repr=False)
class pool(Layer):
    """Max pooling over windows of `size` x `size` pixels that do not overlap.

    Parameters
    ----------
    size : int, default=2
        Height and width of a window. Pixels that fill no window are dropped.

    Examples
    --------
    >>> from skfashion.modules import pool
    >>> pool(2).output_shape((40, 24, 24))
    (40, 12, 12)
    """

    size: int = 2

    def __post_init__(self):
        _check_positive(self, "size")

    def build(self, shape):
        _check_image(self, shape)
        return nn.MaxPool2d(self.size)

    def output_shape(self, shape):
        _check_image(self, shape)
        return shape[0], shape[1] // self.size, shape[2] // self.size


class _GlobalPool(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


@dataclass(frozen=True, repr=False)
class global_pool(Layer):
    """Global average pooling: the mean of each channel, which turns an image into a vector.

    Examples
    --------
    >>> from skfashion.modules import global_pool
    >>> global_pool().output_shape((40, 24, 24))
    (40,)
    """

    def build(self, shape):
        _check_image(self, shape)
        return _GlobalPool()

    def output_shape(self, shape):
        _check_image(self, shape)
        return shape[:1]


@dataclass(frozen=True, repr=False)
class flatten(Layer):
    """All values of an image in one vector.

    Examples
    --------
    >>> from skfashion.modules import flatten
    >>> flatten().output_shape((40, 12, 12))
    (5760,)
    """

    def build(self, shape):
        return nn.Flatten()

    def output_shape(self, shape):
        return (math.prod(shape),)


@dataclass(frozen=True, repr=False)
class dense(Layer):
    """A fully connected layer, then an activation. An image is flattened first.

    Parameters
    ----------
    n_units : int
        Number of outputs.
    activation : str, default="relu"
        As in :class:`~skfashion.neural_network.MLPClassifier`.

    Examples
    --------
    >>> from skfashion.modules import dense
    >>> dense(100, activation="tanh")
    dense(100, activation='tanh')
    """

    n_units: int
    _: KW_ONLY
    activation: str = "relu"

    def __post_init__(self):
        _check_positive(self, "n_units")
        _check_option(self, "activation", ACTIVATIONS)

    def build(self, shape):
        linear = _with_activation(nn.Linear(math.prod(shape), self.n_units), self.activation)
        return linear if len(shape) == 1 else nn.Sequential(nn.Flatten(), linear)

    def output_shape(self, shape):
        return (self.n_units,)


@dataclass(frozen=True, repr=False)
class dropout(Layer):
    """Dropout with probability `p` in training.

    Parameters
    ----------
    p : float in [0, 1)
        The share of values that is zeroed.

    Examples
    --------
    >>> from skfashion.modules import dropout
    >>> dropout(0.25)
    dropout(0.25)
    """

    p: float

    def __post_init__(self):
        if not 0 <= self.p < 1:
            raise ValueError(f"p of dropout() must be in [0, 1). Got {self.p!r} instead.")

    def build(self, shape):
        return Dropout(self.p)


@dataclass(frozen=True, repr=False)
class batch_norm(Layer):
    """Batch normalisation of each channel of an image, or of each value of a vector.

    Examples
    --------
    >>> from skfashion.modules import batch_norm
    >>> batch_norm().build((40, 12, 12))
    BatchNorm2d(40, ...)
    """

    def build(self, shape):
        return nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.BatchNorm1d(shape[0])


def smallest_size(layers):
    """The smallest height and width of an image that every layer leaves with at least one pixel."""
    size = 1
    while not _survives(layers, size):
        size += 1
    return size


def _survives(layers, size):
    shape = (1, size, size)
    for layer in layers:
        # In bfloat16, torch's CPU kernels give NaN gradients for a strided convolution of a single pixel.
        if getattr(layer, "stride", 1) > 1 and shape[1] < 2:
            return False
        shape = layer.output_shape(shape)
        if min(shape) < 1:
            return False
    return True


class Pad(nn.Module):
    """Zeros around an image that is smaller than `size`, as evenly as can be."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        rows, columns = (max(0, self.size - length) for length in x.shape[2:])
        return nn.functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))

    def output_shape(self, shape):
        return shape[0], *(max(self.size, length) for length in shape[1:])

    def extra_repr(self):
        return f"size={self.size}"


def build_layers(layers, shape):
    """Build the modules of `layers` for an input of `shape`; return them and the shape of their output."""
    modules = []
    for layer in layers:
        modules.append(layer.build(shape))
        shape = layer.output_shape(shape)
    return modules, shape

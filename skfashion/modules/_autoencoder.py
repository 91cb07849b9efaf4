"""Encoders, decoders, and the autoencoders that they make: plain and variational."""

import copy
import math

import torch
from torch import nn
from torch.nn.functional import one_hot

from skfashion.modules._init import initialize
from skfashion.modules._layers import ACTIVATIONS, Pad
from skfashion.modules._random import Dropout, Stochastic

_STRIDE = 2

# The darkest pixel that a decoder with a sigmoid starts at: where it is darker, there is no gradient to speak of.
_DARKEST = 0.01


def _halved(size, kernel_size, padding):
    """The length of a side after a convolution of stride 2; a transposed convolution leads back from there."""
    return (size + 2 * padding - kernel_size) // _STRIDE + 1


def _covering(size, kernel_size, padding):
    """The padding, or one more where a transposed convolution would leave the last pixel out of its windows."""
    reached = _STRIDE * (_halved(size, kernel_size, padding) - 1) - 2 * padding + kernel_size
    return padding + 1 if size - reached > padding and kernel_size > 1 else padding


def _sides(shape, kernel_size, padding):
    """(height, width) before the first and after each of the convolutions with these paddings."""
    sides = [shape[1:]]
    for pad in padding:
        sides.append(tuple(_halved(size, kernel_size, pad) for size in sides[-1]))
    return sides


def _smallest_side(kernel_size, *paddings):
    """The smallest side of which every convolution gets at least two pixels and leaves at least one.

    In bfloat16, torch's CPU kernels give NaN gradients for a strided convolution of a single pixel.
    """
    size = 1
    while not all(_survives([side for side, _ in _sides((1, size, size), kernel_size, each)]) for each in paddings):
        size += 1
    return size


def _survives(sides):
    *before, after = sides
    return after >= 1 and min(before, default=2) >= 2


def _block(layer, activation, norm=None, dropout=0.0):
    parts = [layer, norm, ACTIVATIONS[activation](), Dropout(dropout) if dropout else None]
    return [part for part in parts if part is not None]


class Encoder(nn.Sequential):
    """Convolutions of stride 2, then dense layers, then one dense layer without activation.

    Parameters
    ----------
    image_shape : tuple of int
        (channels, height, width).
    n_outputs : int
        Number of outputs.
    n_channels : sequence of int
        Filters of each convolution; empty for dense layers only.
    kernel_size : int
        Height and width of all kernels.
    padding : sequence of int
        Zeros around the input of each convolution.
    hidden_layer_sizes : sequence of int
        Units of each dense hidden layer.
    activation : str
        After every hidden layer.
    dropout : float
        After every dense hidden layer.
    batch_norm : bool
        Whether to normalise each hidden layer before its activation.
    """

    def __init__(
        self,
        image_shape,
        n_outputs,
        *,
        n_channels,
        kernel_size,
        padding,
        hidden_layer_sizes,
        activation,
        dropout,
        batch_norm,
    ):
        layers, n_inputs = [], image_shape[0]
        for n_filters, pad in zip(n_channels, padding, strict=True):
            convolution = nn.Conv2d(n_inputs, n_filters, kernel_size, stride=_STRIDE, padding=pad)
            layers += _block(convolution, activation, nn.BatchNorm2d(n_filters) if batch_norm else None)
            n_inputs = n_filters
        layers.append(nn.Flatten())
        n_inputs *= math.prod(_sides(image_shape, kernel_size, padding)[-1])
        for n_units in hidden_layer_sizes:
            norm = nn.BatchNorm1d(n_units) if batch_norm else None
            layers += _block(nn.Linear(n_inputs, n_units), activation, norm, dropout)
            n_inputs = n_units
        super().__init__(*layers, nn.Linear(n_inputs, n_outputs))


class Decoder(nn.Sequential):
    """The way back: dense layers, then transposed convolutions of stride 2 up to the size of the image.

    Parameters are those of :class:`Encoder`, in the order of the encoder, and the number of inputs. The output has no
    activation.
    """

    def __init__(
        self,
        n_inputs,
        image_shape,
        *,
        n_channels,
        kernel_size,
        padding,
        hidden_layer_sizes,
        activation,
        dropout,
        batch_norm,
    ):
        sides, paddings = [image_shape[1:]], []
        for pad in padding:
            paddings.append(tuple(_covering(size, kernel_size, pad) for size in sides[-1]))
            sides.append(tuple(_halved(size, kernel_size, p) for size, p in zip(sides[-1], paddings[-1], strict=True)))
        channels = (image_shape[0], *n_channels)
        layers = []
        for n_units in reversed(hidden_layer_sizes):
            norm = nn.BatchNorm1d(n_units) if batch_norm else None
            layers += _block(nn.Linear(n_inputs, n_units), activation, norm, dropout)
            n_inputs = n_units
        smallest = (channels[-1], *sides[-1])
        layers += [nn.Linear(n_inputs, math.prod(smallest))]
        layers += [ACTIVATIONS[activation]()] if n_channels else []
        layers += [nn.Unflatten(1, smallest)]
        for stage in reversed(range(len(n_channels))):
            layers.append(_transposed(channels, sides, stage, kernel_size, paddings[stage]))
            if stage > 0:
                layers += [nn.BatchNorm2d(channels[stage])] if batch_norm else []
                layers += [ACTIVATIONS[activation]()]
        super().__init__(*layers)


def _transposed(channels, sides, stage, kernel_size, padding):
    """A transposed convolution from the sides after `stage` + 1 to exactly those after `stage` convolutions."""
    reached = [
        _STRIDE * (size - 1) - 2 * pad + kernel_size for size, pad in zip(sides[stage + 1], padding, strict=True)
    ]
    missing = tuple(wanted - size for wanted, size in zip(sides[stage], reached, strict=True))
    return nn.ConvTranspose2d(
        channels[stage + 1], channels[stage], kernel_size, stride=_STRIDE, padding=padding, output_padding=missing
    )


class AutoencoderModule(nn.Module):
    """An encoder and a decoder.

    ``module(images)`` is the output of the decoder before its activation, as the losses want it; ``encode(images)`` are
    the codes (n, latent_dim), and ``decode(codes)`` the images that they stand for.

    An image that is smaller than the convolutions can take is padded with zeros, and the output is cropped.

    Parameters
    ----------
    image_shape : tuple of int
        (channels, height, width).
    latent_dim : int
        Number of latent dimensions.
    output_activation : {"identity", "sigmoid"}
        The activation that turns the output of the decoder into an image.
    padding, decoder_padding : sequence of int
        Zeros around the input of each convolution; around the output of each transposed one, in the same order, or one
        more where the last pixel would be left out.
    init : str
        The scheme of :func:`~skfashion.modules._init.initialize`.
    n_classes : int
        Number of classes of a conditional decoder, which gets the class of each image in addition to its code; all
        methods that decode then need `labels`, an int64 tensor of shape (n,). 0 makes the decoder unconditional.
    n_channels, kernel_size, hidden_layer_sizes, activation, dropout, batch_norm
        As in :class:`Encoder`.

    Examples
    --------
    >>> import torch
    >>> from skfashion.modules import AutoencoderModule
    >>> net = AutoencoderModule(
    ...     (1, 28, 28), latent_dim=4, hidden_layer_sizes=(32,), activation="relu", dropout=0.0, batch_norm=False
    ... )
    >>> codes = net.encode(torch.zeros(2, 1, 28, 28))
    >>> codes.shape, net.decode(codes).shape
    (torch.Size([2, 4]), torch.Size([2, 1, 28, 28]))
    """

    _outputs_a_dimension = 1

    def __init__(
        self,
        image_shape,
        latent_dim,
        *,
        output_activation="sigmoid",
        n_channels=(),
        kernel_size=3,
        padding=(),
        decoder_padding=(),
        init="pytorch",
        n_classes=0,
        **layers,
    ):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        frame = Pad(_smallest_side(kernel_size, padding, decoder_padding))
        framed = frame.output_shape(self.image_shape)
        self.frame = frame if framed != self.image_shape else nn.Identity()
        layers |= {"n_channels": n_channels, "kernel_size": kernel_size}
        self.encoder = Encoder(framed, self._outputs_a_dimension * latent_dim, padding=padding, **layers)
        self.n_classes = n_classes
        self.decoder = Decoder(latent_dim + n_classes, framed, padding=decoder_padding, **layers)
        self.output_activation = ACTIVATIONS[output_activation]()
        self.init = init
        self.reset_weights()

    def reset_weights(self, seed=None):
        """Draw all weights anew, see :func:`~skfashion.modules._init.initialize`."""
        initialize(self, self.init, seed)

    def layers_of_codes(self):
        """The layers that lead to a code one after the other, or None if it is more than their output."""
        return [self.frame, *self.encoder] if self._outputs_a_dimension == 1 else None

    def dense_layers(self):
        """The layers that are applied one after the other, or None if something comes in between them."""
        layers = self.layers_of_codes()
        return None if layers is None or self.n_classes else [*layers, *self.decoder]

    def start_at(self, image):
        """Let the output start around an image (channels, height, width): per pixel, or per channel of convolutions."""
        framed = self.frame(image[None])[0]
        last = next(layer for layer in reversed(self.decoder) if hasattr(layer, "bias"))
        values = framed.flatten() if isinstance(last, nn.Linear) else framed.flatten(1).mean(1)
        if isinstance(self.output_activation, nn.Sigmoid):
            values = values.clamp(_DARKEST, 1 - _DARKEST).logit()
        with torch.no_grad():
            last.bias.copy_(values)

    def encode(self, images):
        """The codes of images (n, channels, height, width)."""
        return self.encoder(self.frame(images))

    def scores(self, codes, labels=None):
        """The output of the decoder before its activation, as images."""
        scores = self.decoder(self._with_class(codes, labels) if self.n_classes else codes)
        height, width = self.image_shape[1:]
        top, left = (scores.shape[2] - height) // 2, (scores.shape[3] - width) // 2
        return scores[:, :, top : top + height, left : left + width]

    def decode(self, codes, labels=None):
        """The images of codes (n, latent_dim)."""
        return self.output_activation(self.scores(codes, labels))

    def forward(self, images, labels=None):
        return self.scores(self.encode(images), labels)

    def _with_class(self, codes, labels):
        """What a conditional decoder reads: codes, and the class of each as an indicator of all classes."""
        if labels is None:
            raise ValueError(f"A decoder conditioned on {self.n_classes} classes needs the labels of the images.")
        return torch.cat([codes, one_hot(labels, self.n_classes).to(codes.dtype)], dim=1)

    def without_decoder(self):
        """A copy that can only encode."""
        decoder, self.decoder = self.decoder, None
        try:
            return copy.deepcopy(self)
        finally:
            self.decoder = decoder


def draw_normal(mean, log_variance, generator):
    """Draw from normal distributions so that gradients reach their means and variances."""
    noise = torch.empty_like(mean).normal_(generator=generator)
    return mean + (log_variance / 2).exp() * noise


class NormalDraw(Stochastic):
    """:func:`draw_normal` from the generator of a fit; without one, in evaluation, the mean."""

    def forward(self, mean, log_variance):
        if self.generator is None and not self.training:
            return mean
        return draw_normal(mean, log_variance, self.generator)


class VariationalModule(AutoencoderModule):
    """A variational autoencoder: the posterior of the code of each image is a normal distribution.

    ``module(images)`` is the output of the decoder for sampled codes, with the means and log-variances of the
    posterior; ``encode(images)`` are the means. With `n_classes` the decoder is conditional, and the module is called
    as ``module(images, labels)``; the encoder does not see the class.

    Parameters
    ----------
    image_shape, latent_dim, **parameters
        As in :class:`AutoencoderModule`.

    References
    ----------
    D. Kingma and M. Welling, `Auto-Encoding Variational Bayes <https://arxiv.org/abs/1312.6114>`_, 2013.
    K. Sohn et al., `Learning Structured Output Representation using Deep Conditional Generative Models
    <https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html>`_, 2015.

    Examples
    --------
    >>> import torch
    >>> from skfashion.modules import VariationalModule
    >>> net = VariationalModule(
    ...     (1, 28, 28), latent_dim=4, hidden_layer_sizes=(32,), activation="silu", dropout=0.0, batch_norm=False
    ... )
    >>> mean, log_variance = net.posterior(torch.zeros(2, 1, 28, 28))
    >>> mean.shape
    torch.Size([2, 4])
    """

    _outputs_a_dimension = 2

    def __init__(self, image_shape, latent_dim, **parameters):
        super().__init__(image_shape, latent_dim, **parameters)
        self.draw = NormalDraw()

    def posterior(self, images):
        """The means and log-variances of the posterior of the codes, both of shape (n, latent_dim)."""
        mean, log_variance = super().encode(images).float().chunk(2, dim=1)
        # exp() of these is a float32, whatever an untrained encoder makes of images on a scale of their own.
        return mean, log_variance.clamp(-30, 20)

    def encode(self, images):
        return self.posterior(images)[0]

    def forward(self, images, labels=None):
        mean, log_variance = self.posterior(images)
        return self.scores(self.draw(mean, log_variance), labels), mean, log_variance

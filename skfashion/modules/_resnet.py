"""A small residual network for small images."""

from collections import OrderedDict

import torch
from torch import nn

from skfashion.modules._flip_averaging import FlipAveraging
from skfashion.modules._init import initialize


class _Conv(nn.Sequential):
    """A 3 x 3 convolution that keeps the size, batch normalisation, ReLU."""

    def __init__(self, n_inputs, n_outputs):
        super().__init__(
            nn.Conv2d(n_inputs, n_outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_outputs),
            nn.ReLU(),  # not in place, which full backward hooks cannot bear
        )


class _Residual(_Conv):
    """A convolution that is added to its input."""

    def __init__(self, n_channels):
        super().__init__(n_channels, n_channels)

    def forward(self, x):
        return x + super().forward(x)


class _MaxMeanPool(nn.Module):
    """The maximum and the mean of each channel."""

    def forward(self, x):
        return torch.cat([x.amax(dim=(2, 3)), x.mean(dim=(2, 3))], dim=1)


# More would take minutes to build, and be trained by nobody.
_DEEPEST = 1000


class ResNet(FlipAveraging, nn.Sequential):
    """Three stages of residual convolutions at full, half and quarter size, doubling the channels at each.

    The input is normalised by running statistics (so that no scale is assumed), and 2 x 2 max pooling separates the
    stages. A residual block has one convolution, not two: at this size it learns faster for the same arithmetic.

    Parameters
    ----------
    image_shape : tuple of int
        (channels, height, width); any size, even one pixel.
    n_outputs : int
        Number of outputs.
    width : int
        Channels of the first stage.
    depth : int
        Residual blocks per stage, of one convolution each.
    flip_averaging : bool
        Whether the output in evaluation is the mean over an image and its mirror image.
    outputs : {"classes", "labels", "numbers"}, default="classes"
        Kind of output, and so of averaging: logits of mutually exclusive classes or log odds of co-occurring labels
        (both averaged as probabilities, and given as their logarithms or log odds), or numbers.

    References
    ----------
    K. He et al., `Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_, 2015.

    Examples
    --------
    >>> import torch
    >>> from skfashion.modules import ResNet
    >>> net = ResNet((3, 32, 32), n_outputs=10, width=4, depth=1, flip_averaging=False)
    >>> net(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, image_shape, n_outputs, width, depth, flip_averaging, outputs="classes"):
        if depth > _DEEPEST:
            raise ValueError(f"depth={depth}: a stage can have at most {_DEEPEST} residual blocks.")
        layers = [nn.BatchNorm2d(image_shape[0], affine=False), _Conv(image_shape[0], width)]
        layers += [_Residual(width) for _ in range(depth)]
        for n_channels in (2 * width, 4 * width):
            # With ceil_mode even a single pixel survives.
            layers += [nn.MaxPool2d(2, ceil_mode=True), _Conv(n_channels // 2, n_channels)]
            layers += [_Residual(n_channels) for _ in range(depth)]
        body = nn.Sequential(*layers, _MaxMeanPool())
        super().__init__(OrderedDict(body=body, head=nn.Linear(8 * width, n_outputs)))
        self.flip_averaging = flip_averaging
        self.outputs = outputs
        self.reset_weights()

    def reset_weights(self, seed=None):
        """Draw all weights anew, see :func:`~skfashion.modules._init.initialize`."""
        initialize(self, "pytorch", seed)
        nn.init.zeros_(self.head.weight)  # no class is ahead at first, which makes the first large steps safer

    def embed(self, images):
        """The input of the last layer; of the images alone, also with `flip_averaging`."""
        return self.body(images)

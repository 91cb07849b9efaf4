"""Mixing: each image of a batch takes in a part of the one before it, and learns the targets of both."""

from typing import NamedTuple

import torch

from skfashion.modules._losses import losses_and_gradient


def mixup(images, generator):
    """Mix each image with the one before it in the batch, the first with the last.

    The share that an image keeps is drawn from the uniform distribution on [0, 1].

    Parameters
    ----------
    images : tensor of shape (n, c, h, w)
        A batch in random order.
    generator : torch.Generator
        Draws the shares.

    Returns
    -------
    images : tensor of shape (n, c, h, w)
        The mixed images.
    share : tensor of shape (n,)
        How much of each is the image itself.

    References
    ----------
    H. Zhang et al., `mixup: Beyond Empirical Risk Minimization <https://arxiv.org/abs/1710.09412>`_, 2018.
    """
    share = torch.rand(len(images), generator=generator, device=images.device)
    return images.roll(1, 0).lerp_(images, share[:, None, None, None]), share


def cutmix(images, generator):
    """Put a rectangle of the image before it in the batch into each image; arguments and results as of :func:`mixup`.

    Of a rectangle that reaches beyond the edge of the image only the part within is there, and the share is of that.

    References
    ----------
    S. Yun et al., `CutMix <https://arxiv.org/abs/1905.04899>`_, 2019.
    """
    n, _, height, width = images.shape
    device = images.device
    extent = torch.rand(n, 1, generator=generator, device=device).sqrt()

    def span(length):
        middle = torch.rand(n, 1, generator=generator, device=device)
        return (torch.arange(length, device=device) + 0.5 - length * middle).abs() < length * extent / 2

    foreign = span(height)[:, :, None] & span(width)[:, None, :]
    share = 1 - foreign.flatten(1).float().mean(1)
    return torch.where(foreign[:, None], images.roll(1, 0), images), share


MIXING = {"mixup": mixup, "cutmix": cutmix}


class Mixed(NamedTuple):
    """What mixed images learn besides their own targets.

    Attributes
    ----------
    target : tensor of shape (..., n, *target)
        The target of the image before each.
    share : tensor of shape (..., n)
        How much an image's own target counts; the rest is of the other one.
    """

    target: torch.Tensor
    share: torch.Tensor

    @classmethod
    def of(cls, target, weight, share):
        """What a batch of mixed images learns, and the weights of these: an image counts as much as is seen of it.

        Parameters
        ----------
        target : tensor of shape (n, *target)
            Of the images before they were mixed.
        weight : tensor of shape (n,), or (n, nets) for each of several nets, or None
            Their weights.
        share : tensor of shape (n,)
            Of each image in itself.
        """
        if weight is not None:
            share = share.view(-1, *[1] * (weight.ndim - 1))
            own = share * weight
            weight = own + (1 - share) * weight.roll(1, 0)
            share = own / weight
        return cls(target.roll(1, 0), share), weight


def values_of(of_target, target, mixed):
    """Values of images by their targets, such as losses: for mixed ones by both, as far as each counts.

    Parameters
    ----------
    of_target : callable
        Gives one value per image for targets.
    target : tensor
        Of the images themselves.
    mixed : Mixed or None
        What else is in them.
    """
    own = of_target(target)
    return own if mixed is None else torch.lerp(of_target(mixed.target), own, mixed.share)


def metrics_of(metrics, output, target, mixed):
    """The values of a task's metrics by name, as :func:`values_of`; none if there are no metrics.

    Parameters
    ----------
    metrics : callable or None
        Gives a dict of values per image for outputs and targets.
    """
    if metrics is None:
        return {}
    own = metrics(output, target)
    if mixed is None:
        return own
    other = metrics(output, mixed.target)
    return {name: torch.lerp(other[name].float(), own[name].float(), mixed.share) for name in own}


def losses_and_gradient_of(criterion, output, target, mixed, weight):
    """As :func:`~skfashion.modules._losses.losses_and_gradient`, for images of which some may be mixed."""
    if mixed is None:
        return losses_and_gradient(criterion, output, target, weight)
    own, gradient = losses_and_gradient(criterion, output, target, weight * mixed.share)
    other, other_gradient = losses_and_gradient(criterion, output, mixed.target, weight * (1 - mixed.share))
    return torch.lerp(other, own, mixed.share), gradient.add_(other_gradient)

"""Mixing: each image of a batch takes in a part of another one, and learns the targets of both."""

import torch


def mixup(images, others, generator):
    """Average each image with another one.

    The share that an image keeps is drawn from the uniform distribution on [0, 1].

    Parameters
    ----------
    images, others : tensor of shape (n, c, h, w)
        The images, and what is mixed into each.
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
    return blended(images, others, share), share


def cutmix(images, others, generator):
    """Replace a rectangle of each image by that of another one; arguments and results are those of :func:`mixup`.

    Of the image the rectangle covers a share that is uniform on [0, 1], and its centre is anywhere in it; what reaches
    beyond the edges is cut off, and the share that the image keeps is that of the pixels.

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
    return torch.where(foreign[:, None], others, images), share


MIXING = {"mixup": mixup, "cutmix": cutmix}


def partners(n, weight, generator):
    """Which image is mixed into each of a batch in random order: the one before it, or by weight one of all.

    Images of weight k meet as often as k copies of them would.

    Parameters
    ----------
    n : int
        Images in the batch.
    weight : tensor of shape (n,) or None
        Their weights.
    generator : torch.Generator
        Draws those by weight.
    """
    if weight is None:
        return torch.arange(-1, n - 1, device=generator.device) % n
    return torch.multinomial(weight, n, replacement=True, generator=generator)


def blended(values, others, share):
    """The mean of two tensors of shape (n, ...), as far as each counts."""
    return torch.lerp(others, values, share.to(values.dtype).view(-1, *[1] * (values.ndim - 1)))

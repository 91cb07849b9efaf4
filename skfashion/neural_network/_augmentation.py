"""Random changes to whole batches of images that leave their classes as they are."""

import torch
from torch.nn.functional import pad

from skfashion.modules._random import draw_from


def flip(images, generator):
    """Mirror each image left to right with probability 1/2."""
    mirrored = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def shift(images, generator):
    """Move each image by up to a pixel in 28, in both directions; zeros come in."""
    n, _, height, width = images.shape
    reach = max(1, round(max(height, width) / 28))
    windows = pad(images, (reach,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    rows, columns = torch.randint(0, 2 * reach + 1, (2, n), generator=generator, device=images.device)
    return windows[torch.arange(n, device=images.device), :, rows, columns]


def erase(images, generator):
    """Fill a rectangle of up to two fifths of each side with zeros, in half of the images.

    References
    ----------
    Z. Zhong et al., `Random Erasing Data Augmentation <https://arxiv.org/abs/1708.04896>`_, 2017.
    """
    n, _, height, width = images.shape
    device = images.device
    erased = (torch.rand(n, generator=generator, device=device) < 0.5)[:, None, None]

    def span(length):
        middle, extent = torch.rand(2, n, 1, generator=generator, device=device)
        reach = length * (0.1 + 0.3 * extent) / 2
        return (torch.arange(length, device=device) + 0.5 - length * middle).abs() < reach

    erased = erased & span(height)[:, :, None] & span(width)[:, None, :]
    return images.masked_fill(erased[:, None], 0.0)


AUGMENTATIONS = {
    "flip": (flip,),
    "shift": (shift,),
    "flip+shift": (flip, shift),
    "flip+shift+erase": (flip, shift, erase),
}


def augment(images, augmentation, generator):
    """Apply the steps of a named augmentation, or a user's callable, to a batch of float images (n, c, h, w)."""
    if isinstance(augmentation, str):
        for step in AUGMENTATIONS[augmentation]:
            images = step(images, generator)
        return images
    with draw_from(generator):
        augmented = augmentation(images)
    if not isinstance(augmented, torch.Tensor) or augmented.shape != images.shape:
        raise ValueError(
            f"augmentation must return a tensor of the shape that it is given, {tuple(images.shape)}. Got "
            f"{_described(augmented)} instead."
        )
    if not augmented.is_floating_point() or augmented.device != images.device:
        raise ValueError(
            f"augmentation must return floats on {images.device}, where the images are. Got {augmented.dtype} on "
            f"{augmented.device} instead."
        )
    augmented = augmented.detach().to(images.dtype)
    if not augmented.isfinite().all():
        raise ValueError("augmentation must return finite images, but these hold NaN or infinity.")
    return augmented


def _described(value):
    if isinstance(value, torch.Tensor):
        return tuple(value.shape)
    return f"{type(value).__module__}.{type(value).__qualname__}"


def check_augmentation(augmentation, image_shape, *, denoising=False):
    """Raise a ValueError for an augmentation that cannot be applied to these images.

    Named ones need images, and others cannot be applied to an image and its clean version alike.
    """
    if denoising and callable(augmentation):
        raise ValueError(
            "A callable augmentation cannot be applied to noisy and clean images alike: change both before fit, or "
            f"take one of {sorted(AUGMENTATIONS)}."
        )
    if isinstance(augmentation, str) and image_shape[1] == 1:
        raise ValueError(
            f"augmentation={augmentation!r} needs images, but a row of X is taken for an image of (c, h, w) = "
            f"{image_shape}: pass X as (n, h, w), (n, c, h, w) or (n, h, w, c), or set image_shape where there is one."
        )

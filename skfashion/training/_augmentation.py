"""Augmentation: random changes to whole batches of images; but for mixing they leave the targets as they are."""

import functools
import inspect

import torch
from torch.nn.functional import pad

from skfashion.modules._random import draw_from
from skfashion.training._mixing import MIXING, partners


def flip(images, generator):
    """Flip each image left to right with probability 1/2."""
    flipped = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flipped[:, None, None, None], images.flip(3), images)


def shift(images, generator):
    """Translate each image by up to one pixel in 28 of each side; zeros fill the pixels that become vacant."""
    n, _, height, width = images.shape
    down, right = (max(1, round(side / 28)) for side in (height, width))
    windows = pad(images, (right, right, down, down)).unfold(2, height, 1).unfold(3, width, 1)
    rows, columns = (
        torch.randint(0, 2 * reach + 1, (n,), generator=generator, device=images.device) for reach in (down, right)
    )
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


flip.mirrors = True

STEPS = {"flip": flip, "shift": shift, "erase": erase, **MIXING}


def augmentation_steps(augmentation, image_shape):
    """Return the steps of a parameter `augmentation` as a tuple of functions of images and a generator.

    Parameters
    ----------
    augmentation : str, callable, sequence of these, or None
        Names of steps, joined by ``+`` or in a sequence, in the order in which they are applied; ``"auto"`` is
        ``"flip+shift"`` for images, and nothing for rows that are not images.
    image_shape : tuple of int
        (channels, height, width) of the images.

    Raises
    ------
    ValueError
        If a name is unknown, if several mix images, or if a step needs images and there are only rows.
    """
    is_image = image_shape[1] > 1
    if isinstance(augmentation, str) and augmentation == "auto":
        return (flip, shift) if is_image else ()
    steps = tuple(step for part in _parts(augmentation) for step in _steps_of(part, augmentation))
    if sum(step in MIXING.values() for step in steps) > 1:
        names = " and ".join(map(repr, MIXING))
        raise ValueError(f"augmentation={augmentation!r} mixes images twice: at most one of {names} may be given.")
    if not is_image and any(step in STEPS.values() and step is not MIXING["mixup"] for step in steps):
        raise ValueError(f"augmentation={augmentation!r} {_needs_images(image_shape)}")
    return steps


def _parts(augmentation):
    if augmentation is None:
        return ()
    return augmentation if isinstance(augmentation, (tuple, list)) else (augmentation,)


def _steps_of(part, augmentation):
    if callable(part):
        return (part,)
    names = part.split("+") if isinstance(part, str) else [part]
    if unknown := [name for name in names if not isinstance(name, str) or name not in STEPS]:
        raise ValueError(
            f"The 'augmentation' parameter must be 'auto', names among {list(STEPS)}, joined by '+', a callable, or a "
            f"sequence of these. Got {augmentation!r} instead, of which {unknown} is unknown."
        )
    return tuple(STEPS[name] for name in names)


def mirrors(steps):
    """Whether a step flips images left to right; a callable says so by an attribute ``mirrors``."""
    return any(getattr(step, "mirrors", False) for step in steps)


def averages_flips(flip_averaging, augmentation, image_shape):
    """Whether a parameter `flip_averaging`, True, False or "auto", asks for predictions that are averaged over flips.

    Raises
    ------
    ValueError
        If there are only rows to be flipped.
    """
    if isinstance(flip_averaging, str):
        return mirrors(augmentation_steps(augmentation, image_shape))
    if flip_averaging and image_shape[1] == 1:
        raise ValueError(f"flip_averaging={flip_averaging!r} {_needs_images(image_shape)}")
    return bool(flip_averaging)


def _needs_images(image_shape):
    return (
        f"needs images, but a row of X is taken for an image of (c, h, w) = {image_shape}: pass X as (n, h, w), "
        "(n, c, h, w) or (n, h, w, c), or set image_shape."
    )


def mixes(steps):
    """Whether a step mixes images with each other, so that they learn the targets of two."""
    return any(step in MIXING.values() for step in steps)


def refuse_mixing(name, augmentation, image_shape, why):
    """Raise a ValueError if a parameter of the name `name`, which is an augmentation, mixes images."""
    if mixes(augmentation_steps(augmentation, image_shape)):
        raise ValueError(f"The {name!r} parameter must not mix images: {why}. Got {augmentation!r} instead.")


def check_reconstruction(augmentation, image_shape, *, denoises, is_conditional):
    """Raise a ValueError for an augmentation that cannot be applied to all that an autoencoder is given.

    Parameters
    ----------
    augmentation, image_shape
        As of :func:`augmentation_steps`.
    denoises : bool
        Whether each image comes with its clean version.
    is_conditional : bool
        Whether the network is conditioned on the class of each image.
    """
    if denoises and any(step not in STEPS.values() for step in augmentation_steps(augmentation, image_shape)):
        raise ValueError(
            "A callable augmentation cannot be applied to noisy and clean images alike: change both before fit, or "
            f"take names among {list(STEPS)}."
        )
    if is_conditional:
        why = "with conditional=True the network is conditioned on one class per image"
        refuse_mixing("augmentation", augmentation, image_shape, why)


def augment(images, steps, generator, weight=None):
    """Apply steps to a batch of float images (n, c, h, w).

    Returns
    -------
    images : tensor of shape (n, c, h, w)
        The changed images.
    partner : tensor of shape (n,), int64, or None
        If they are mixed, the index of the image that is mixed into each, chosen by the weights (n,) or None.
    share : tensor of shape (n,) or None
        How much of each is itself.
    """
    partner = share = None
    for step in steps:
        if step in MIXING.values():
            partner = partners(len(images), weight, generator)
            images, share = step(images, images[partner], generator)
        else:
            images = step(images, generator) if step in STEPS.values() else _applied(step, images, generator)
    return images, partner, share


def _applied(step, images, generator):
    """What a user's step makes of images: floats of the same shape, on the same device, all of them finite."""
    with draw_from(generator):
        augmented = step(images, generator=generator) if _takes_a_generator(step) else step(images)
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


def _takes_a_generator(step):
    """Whether a callable has an argument of the name `generator` that is not bound yet."""
    if isinstance(step, functools.partial) and "generator" in step.keywords:
        return False
    try:
        return "generator" in inspect.signature(step).parameters
    except ValueError:  # a function of torch itself has no signature
        return False


def _described(value):
    if isinstance(value, torch.Tensor):
        return tuple(value.shape)
    return f"{type(value).__module__}.{type(value).__qualname__}"

"""What a fitted estimator says of itself: its class, its parameters, its images and its network."""

import inspect
import math
import warnings
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

import numpy as np
from sklearn.base import BaseEstimator

from skfashion.inspection import ImageEstimator

_PACKAGES = ("skfashion", "scikit-learn", "torch", "skorch", "numpy", "scipy")

# A parameter may be a table or a long list: its beginning has to do.
_MAX_LENGTH = 200

_SCALES = {
    "levels": "levels from 0 to 255, divided by 255 inside of the model",
    "brightness": "brightness in [0, 1]",
    "numbers": "numbers, taken as they are",
}


def public_name(cls):
    """The path by which a class is imported."""
    parts = [part for part in cls.__module__.split(".") if not part.startswith("_")]
    return ".".join([*parts, cls.__qualname__])


def summary(estimator):
    """The first sentence of the docstring of a class, or nothing."""
    first_paragraph = (inspect.getdoc(type(estimator)) or "").split("\n\n")[0]
    return " ".join(first_paragraph.split())


def changed_parameters(estimator):
    """Pairs of the name and the value, as a text, of the parameters that differ from their defaults."""
    defaults = inspect.signature(type(estimator)).parameters
    given = estimator.get_params(deep=False)
    pairs = ((name, _text(value)) for name, value in given.items())
    return [(name, text) for name, text in pairs if name not in defaults or text != _text(defaults[name].default)]


def trained_network(step):
    """The estimator with the network of a step: the step itself, or the one inside of an outlier detector."""
    for estimator in (step, getattr(step, "autoencoder_", None), getattr(step, "classifier_", None)):
        if hasattr(estimator, "module_"):
            return estimator
    return None


def numbers_of_weights(steps):
    """The numbers of all, and of the trainable, weights of the networks of some steps."""
    networks = filter(None, map(trained_network, steps))
    weights = [weight for network in networks for weight in network.module_.parameters()]
    return sum(weight.numel() for weight in weights), sum(weight.numel() for weight in weights if weight.requires_grad)


def image_shape(steps):
    """(channels, height, width) of the images of the first step that knows them, or None."""
    return next((step.image_shape_ for step in steps if hasattr(step, "image_shape_")), None)


def pixel_scale(steps):
    """On which scale the first step that reads images as this library does was fitted, or None."""
    reader = next((step for step in steps if isinstance(step, ImageEstimator)), None)
    return None if reader is None else _SCALES[_scale_kind(reader)]


def _scale_kind(reader):
    """Ask an estimator how it reads a black image, and a white one: uint8 stands for levels, other dtypes for numbers.

    An estimator that was fitted on levels reads black whole numbers as levels; one that was fitted on brightness reads
    white ones so, and may warn that they are unlike the images of the fit.
    """
    black = np.zeros((1, math.prod(reader.image_shape_)), dtype=np.int64)
    if reader.as_images(black).dtype == np.uint8:
        return "levels"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return "brightness" if reader.as_images(black + 255).dtype == np.uint8 else "numbers"


def versions():
    """The releases of this moment, by project; a project that is not installed has none."""
    found = {"Python": python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _text(value):
    """A value as it would be written, without addresses in memory."""
    if inspect.isroutine(value) or inspect.isclass(value):
        text = f"{value.__module__}.{value.__qualname__}"
    elif isinstance(value, BaseEstimator):
        text = value.__repr__(N_CHAR_MAX=_MAX_LENGTH)
    else:
        text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."

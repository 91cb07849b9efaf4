"""What a trained network makes of each image, as one array."""

import numpy as np
import torch

from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion.training._inference import apply_iter
from skfashion.training._loader import ImageSet


def per_image(estimator, net, X, function, *, draws=False):
    """Collect ``function(module, images)``, a tensor with one row per image, over the batches of X.

    Floats are float32 as the network computes them, or float64 where X is; then they are the same, to float64's
    precision, whatever other images X holds, unless the function `draws` random numbers for them.

    Parameters
    ----------
    estimator : ImageInput
        The fitted estimator that validates X and reads its pixels.
    net : Net
        The net whose module is handed to `function`.
    X : array-like
        The images.
    function : callable
        What is computed.
    draws : bool, default=False
        Whether it draws random numbers.
    """
    X, _ = estimator._validate_images(X, reset=False)
    double = X.dtype == np.float64
    given, X = X, estimator._pixels.read(X, type(estimator).__name__)
    values, start = None, 0
    with neutral_state():
        images = ImageSet(to_device(X, torch.device(net.device)), estimator._layout)
        for batch in map(torch.Tensor.numpy, apply_iter(net, images, function, alone=double and not draws)):
            if values is None:  # one array from the start: many small ones would fragment the memory
                widened = np.float64 if double and batch.dtype == np.float32 else batch.dtype
                values = np.empty((len(X), *batch.shape[1:]), dtype=widened)
            values[start : start + len(batch)] = batch
            start += len(batch)
    return check_finite(values, given, type(estimator).__name__)


def check_finite(values, X, name):
    """Return what was computed from X, or raise a ValueError if X was too large for float32 on the way."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"X holds values up to {np.abs(X).max():g}: {name} computes in float32, which overflows.")
    return values

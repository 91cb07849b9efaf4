"""What a trained network makes of each image, or of each code, as one array."""

import numpy as np
import torch

from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion.training._inference import collect
from skfashion.training._loader import ImageSet

_BATCH_OF_CODES = 512


def per_image(estimator, net, X, function, *, draws=False, labels=None):
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
    labels : callable, default=None
        Given the number of images, the indices of their classes for a conditional module, an ndarray of int64; they are
        handed to `function` after the images.
    """
    X, _ = estimator._validate_images(X, reset=False)
    double = X.dtype == np.float64
    read = estimator._pixels.read(X, type(estimator).__name__)
    labels = None if labels is None else labels(len(read))
    values = per_read_image(net, estimator._layout, read, function, alone=double and not draws, labels=labels)
    if double and values.dtype == np.float32:
        values = values.astype(np.float64)
    return check_finite(values, X, type(estimator).__name__)


def per_read_image(net, layout, X, function, *, alone, labels=None):
    """As :func:`per_image`, for rows X on the scale of the net; with `alone` no result depends on the other images."""
    with neutral_state():
        images = ImageSet(to_device(X, torch.device(net.device)), layout, labels=labels)
        return collect(net, images, function, alone=alone).numpy()


def per_code(autoencoder, codes, labels):
    """The images, as rows, that the module of a fitted autoencoder decodes from codes.

    Parameters
    ----------
    autoencoder : BaseAutoencoder
        The fitted autoencoder.
    codes : ndarray of shape (n, latent_dim), dtype float32 or float64
        The codes, validated.
    labels : ndarray of shape (n,), dtype int64, or None
        The index of the class of each, if the module is conditional.
    """
    rows = np.empty((len(codes), autoencoder._layout.n_features), dtype=codes.dtype)
    with neutral_state(), torch.inference_mode():
        for start in range(0, len(codes), _BATCH_OF_CODES):
            part, device = slice(start, start + _BATCH_OF_CODES), torch.device(autoencoder.net_.device)
            condition = () if labels is None else (to_device(labels[part], device),)
            images = autoencoder.module_.decode(to_device(codes[part], device).float(), *condition)
            rows[part] = autoencoder._layout.rows(images).cpu().numpy()
    return check_finite(rows, codes, type(autoencoder).__name__)


def check_finite(values, X, name):
    """Return what was computed from X, or raise a ValueError that names the first row from which it is not finite."""
    is_finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if not is_finite.all():
        row = int(is_finite.argmin())
        raise ValueError(
            f"{name} gives no finite result for X[{row}], which holds values up to {np.abs(X[row]).max():g}: a number "
            "overflows float32, or a layer divides by zero."
        )
    return values

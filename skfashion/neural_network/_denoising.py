"""Autoencoders that turn images into other ones, for instance noisy into clean ones."""

import numpy as np
import torch
from sklearn.utils import check_array

from skfashion._images import as_array, check_float32, rows_of
from skfashion.neural_network._net import inference_batches


def clean_images(estimator, X, y, name="y"):
    """Return the images in y as rows on the scale of the fit, one for each row of X; None if y holds no images.

    Raises
    ------
    ValueError
        If y holds images of another number or size.
    """
    y = None if y is None else as_array(y)
    if y is None or np.ndim(y) < 2 or X.shape[1] == 1:
        return None
    is_of_this_size = len(y) == len(X) and np.size(y) == X.size
    if not is_of_this_size and (np.ndim(y) > 2 or np.shape(y)[1] == X.shape[1]):
        raise ValueError(
            f"{name} holds images of shape {np.shape(y)}, but there are {len(X)} images of {X.shape[1]} values in X: "
            f"{name} must hold what each of them is to be turned into."
        )
    if not is_of_this_size:
        return None
    rows, _, _ = rows_of(y, estimator._layout)
    rows = check_array(rows, dtype=None, order="C", input_name=name, estimator=estimator)
    check_float32(rows, type(estimator).__name__, name)
    return estimator._pixels.read(rows, f"{type(estimator).__name__}, as {name},")


def denoising_error(net, images):
    """The mean squared error per pixel between what an autoencoder makes of images and their clean versions."""
    errors = [
        (net.module_.decode(net.module_.encode(batch.images)) - batch.target).square().flatten(1).mean(1)
        for batch in inference_batches(net, images)
    ]
    return float(torch.cat(errors).double().mean())

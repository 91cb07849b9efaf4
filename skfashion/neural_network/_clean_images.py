"""Target images, such as clean versions of noisy ones, as the y of an autoencoder."""

import numpy as np
from sklearn.utils import check_array

from skfashion._images import check_float32
from skfashion._layout import as_array, rows_of


def clean_images(estimator, X, y, name, counted=None):
    """The images in y as rows on the scale of the fit of an estimator, one for each row of X; None if y holds none.

    `counted` are the indices of the rows that count, if not all do.
    """
    y = None if y is None else as_array(y)
    if y is None or np.ndim(y) < 2 or X.shape[1] == 1:
        return None
    is_of_this_size = len(y) == len(X) and np.size(y) == X.size
    if not is_of_this_size and (np.ndim(y) > 2 or np.shape(y)[1] == X.shape[1]):
        raise ValueError(
            f"{name} holds images of shape {np.shape(y)}, but there are {len(X)} images of {X.shape[1]} values in "
            f"X: {name} must hold one target image for each of them."
        )
    if not is_of_this_size:
        return None
    rows, _, _ = rows_of(y, estimator._layout)
    rows = check_array(rows, dtype=None, order="C", input_name=name, estimator=estimator)
    check_float32(rows, type(estimator).__name__, name)
    return estimator._on_the_scale(rows, counted, reset=False, name=f"{type(estimator).__name__}, as {name},")

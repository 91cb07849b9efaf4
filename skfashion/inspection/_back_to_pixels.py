"""From the space of the last step of an estimator back to pixels."""

from copy import copy
from inspect import signature

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.preprocessing import FunctionTransformer

from skfashion._layout import as_array, rows_of


def inverse_transformed(steps, points, y=None):
    """Apply ``inverse_transform`` of some steps to points, the last step first.

    Parameters
    ----------
    steps : list of estimators
        For instance the steps before the last one.
    points : ndarray of shape (n_points, n_features)
        Points in the output space of the last of them, for instance centroids or latent codes.
    y : array-like of shape (n_points,), or a single label, default=None
        The class of each point, or one class for all, for a last step with a conditional decoder.

    Returns
    -------
    array-like
        Rows, or images where the first step was fitted on images.

    Raises
    ------
    TypeError
        If a step has no ``inverse_transform``, or if there are classes, but the last step does not take any.
    """
    condition = {} if y is None else {"y": y}
    for step in reversed(steps):
        if not hasattr(step, "inverse_transform"):
            raise TypeError(f"No way back to pixels: {type(step).__name__} has no 'inverse_transform'.")
        if condition and "y" not in signature(step.inverse_transform).parameters:
            raise TypeError(f"y must be None: {type(step).__name__} has no conditional decoder.")
        points, condition = _in_numpy(step).inverse_transform(points, **condition), {}
    return points


def _in_numpy(step):
    """The step, or a copy with numpy's arrays of one of scikit-learn that was fitted on those of another library."""
    if not type(step).__module__.startswith("sklearn."):
        return step
    arrays = {
        name: np.asarray(value.cpu() if hasattr(value, "cpu") else value)
        for name, value in vars(step).items()
        if hasattr(value, "__dlpack__") and not isinstance(value, (np.ndarray, np.generic))
    }
    if arrays:
        step = copy(step)
        vars(step).update(arrays)
    return step


def directions_in_pixels(before, directions):
    """Directions in the input space of the last step as differences of rows of pixels.

    `before` are the steps before it.
    """
    if not before:
        return directions
    ends, start = (_rows(inverse_transformed(before, points)) for points in (directions, np.zeros_like(directions[:1])))
    return ends - start


def weights_in_pixels(before, weights):
    """Weights of the inputs of the last step as weights of pixels, which give the same products with images.

    Scaled pixels count as pixels, so that steps that scale each pixel leave weights as they are.

    Parameters
    ----------
    before : list of estimators
        The steps before the last one.
    weights : ndarray of shape (n_weights, n_features of the last step)
        For instance ``coef_``.

    Returns
    -------
    ndarray of shape (n_weights, n_features)
        The weights.

    Raises
    ------
    TypeError
        If a step has no ``inverse_transform``, or is not linear.
    """
    while before and isinstance(before[0], (OneToOneFeatureMixin, FunctionTransformer)):
        before = before[1:]
    if not before:
        return weights
    n_dimensions = weights.shape[1]
    basis = directions_in_pixels(before, np.eye(n_dimensions))
    probe = np.random.default_rng(0).normal(size=(1, n_dimensions))
    if not np.allclose(directions_in_pixels(before, probe), probe @ basis, rtol=1e-3, atol=1e-3 * np.abs(basis).max()):
        names = ", ".join(type(step).__name__ for step in before)
        raise TypeError(
            f"Weights of latent dimensions cannot be mapped to pixels: the inverse transform of {names} is not linear."
        )
    return weights @ np.linalg.pinv(basis).T


def _rows(images):
    return np.asarray(rows_of(as_array(images), None)[0], dtype=np.float64)

"""Labels of images: those that are missing, and the indices of others among the classes of a fit."""

import numpy as np

from skfashion._layout import as_array


def objects_of(y):
    """Labels as an array of objects, in which those that pandas misses are still told from numbers; else empty."""
    if hasattr(getattr(y, "dtype", None), "na_value"):  # of pandas, whose NA would become a NaN among floats
        return np.asarray(y, dtype=object)
    y = as_array(y)
    is_of_objects = isinstance(y, np.ndarray) and y.dtype.kind == "O"
    return y if is_of_objects else np.array([], dtype=object)


def is_missing(label):
    """Whether an object stands for no label: None, NaN, or pandas.NA, whose truth value is undefined."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True


def class_indices(y, classes, n, caller):
    """The index in `classes` of the class of each of n images.

    Parameters
    ----------
    y : array-like of shape (n,), or a single label for all images, or None
        The labels.
    classes : ndarray of shape (n_classes,) or None
        The classes of the fit; None for a model that was fitted without classes.
    n : int
        Number of images.
    caller : str
        What error messages name: a method, an estimator or an argument.

    Returns
    -------
    ndarray of shape (n,), int64, or None
        None if there are no classes and no labels.

    Raises
    ------
    ValueError
        If there are classes but no labels, labels but no classes, another number of labels than images, or a label
        that is not among the classes.
    """
    if classes is None:
        if y is not None:
            raise ValueError(f"{caller} takes no y here: the model was fitted without classes.")
        return None
    known = classes.tolist()
    if y is None:
        raise ValueError(f"{caller} needs y, the class of each image, or one for all: of {known}.")
    labels = np.asarray(as_array(y))
    if labels.ndim > 1 or (labels.ndim == 1 and len(labels) != n):
        raise ValueError(
            f"y of {caller} must be one label, or {n}, one for each image. Got an array of shape {labels.shape}."
        )
    index = {label: position for position, label in enumerate(known)}
    asked = labels.reshape(-1).tolist()
    unknown = [label for label in dict.fromkeys(asked) if label not in index]
    if unknown:
        raise ValueError(f"{caller} knows no class {_shown(unknown)}: the classes that were fitted are {known}.")
    indices = np.array([index[label] for label in asked], dtype=np.int64)
    return np.repeat(indices, n) if labels.ndim == 0 else indices


def _shown(labels, most=5):
    text = ", ".join(map(repr, labels[:most]))
    return f"{text} and {len(labels) - most} others" if len(labels) > most else text

"""Labels of images: those that are missing, and the indices of others among the classes of a fit."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

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


def check_none_is_missing(y):
    """Raise a ValueError if a label is missing."""
    objects, y = objects_of(y), np.asarray(as_array(y))
    if any(map(is_missing, objects.ravel())) or (y.dtype.kind in "mM" and np.isnat(y).any()):
        raise ValueError("labels contain missing values (None, NaN, NaT or the NA of pandas), which are no classes.")


def check_classes(y):
    """Raise a ValueError unless y holds labels, of one class or several per image, none of which is missing."""
    check_none_is_missing(y)
    check_classification_targets(y)


def positions(labels, classes):
    """The index in `classes` of each label, by its value and not as it would read in their dtype; -1 if it is none.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        The labels.
    classes : ndarray of shape (n_classes,)
        The classes.
    """
    if labels.dtype.kind == classes.dtype.kind == "M":  # days and seconds, say
        common = np.result_type(labels, classes)
        labels, classes = labels.astype(common), classes.astype(common)
    index = {label: position for position, label in enumerate(classes.tolist())}
    return np.array([index.get(label, -1) for label in labels.tolist()], dtype=np.int64)


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
    asked = labels.reshape(-1)
    indices = positions(asked, classes)
    if (indices < 0).any():
        unknown = shown(asked[indices < 0])
        raise ValueError(f"{caller} knows no class {unknown}: the classes that were fitted are {known}.")
    return np.repeat(indices, n) if labels.ndim == 0 else indices


def shown(labels, most=10):
    """What a message says of an array of labels: each of them once, in their order."""
    labels = list(dict.fromkeys(labels.tolist()))
    text = ", ".join(map(repr, labels[:most]))
    return f"{text} and {len(labels) - most} others" if len(labels) > most else text

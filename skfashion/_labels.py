"""Labels of images: those that are missing, and the indices of others among the classes of a fit."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from skfashion._layout import as_array


def as_labels(y):
    """Labels as an array, as :func:`as_array` makes it, in which those that are missing can still be told."""
    return with_missing(as_array(y), y)


def with_missing(labels, y):
    """The array `labels` that was made of y or, if it hides labels that are missing in y, an array of objects.

    Beside strings, numpy makes a string of None, NaN or -1 as well; and beside ints, a float of the NA of pandas.
    """
    may_miss = hasattr(getattr(y, "dtype", None), "na_value")  # of pandas
    if may_miss and y.dtype.kind != "f" and y.isna().any():
        return np.asarray(y, dtype=object)
    if not isinstance(y, (list, tuple)) or labels.dtype.kind not in "US":
        return labels
    objects = np.array(y, dtype=object)
    return objects if any(map(is_unlabelled, objects.ravel())) else labels


def is_missing(label):
    """Whether an object stands for no label: None, NaN, or pandas.NA, whose truth value is undefined."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True


def is_unlabelled(label):
    """Whether an object stands for no label by scikit-learn's convention for semi-supervised learning, which is -1."""
    return is_missing(label) or (not isinstance(label, (str, bool)) and label == -1)


def check_none_is_missing(labels):
    """Raise a ValueError if a label of an array is missing."""
    if labels.dtype.kind in "mM":
        found = np.isnat(labels).any()
    else:
        found = labels.dtype.kind == "O" and any(map(is_missing, labels.ravel()))
    if found:
        raise ValueError("labels contain missing values (None, NaN, NaT or the NA of pandas), which are no classes.")


def check_classes(labels):
    """Raise a ValueError unless an array holds labels, of one class or several per image, none of which is missing."""
    check_none_is_missing(labels)
    _check_kind(labels)
    check_classification_targets(labels)


def _check_kind(labels):
    if labels.dtype.kind == "O" and len({isinstance(label, str) for label in labels.ravel()}) == 2:
        raise ValueError(f"labels are of two kinds, strings and others: {shown(labels.ravel())}.")


def distinct_classes(classes):
    """The classes that a user names, sorted and each once."""
    classes = np.asarray(as_labels(classes))
    check_none_is_missing(classes)
    _check_kind(classes)
    return np.unique(classes)


def positions(labels, classes):
    """The index in `classes` of each label, by its value and not as it would read in their dtype; -1 if it is none.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        The labels.
    classes : ndarray of shape (n_classes,)
        The classes.
    """
    kinds = labels.dtype.kind, classes.dtype.kind
    if "M" in kinds or "m" in kinds:
        if kinds[0] != kinds[1]:
            return np.full(len(labels), -1)  # no number is a time
        common = np.result_type(labels, classes)  # of days and seconds, say
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
    labels = np.asarray(as_labels(y))
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
    labels = list(dict.fromkeys((labels.astype(str) if labels.dtype.kind in "mM" else labels).tolist()))
    text = ", ".join(map(repr, labels[:most]))
    return f"{text} and {len(labels) - most} others" if len(labels) > most else text

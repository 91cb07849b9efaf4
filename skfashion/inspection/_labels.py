"""Labels of images, names and colours of classes."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from skfashion._labels import as_labels, check_none_is_missing

# Ten colours that people with any colour vision tell apart (M. Petroff, https://arxiv.org/abs/2107.02270).
_COLORS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")


def labels_of(y):
    """Labels of any kind as an array of shape (n_samples,); none may be missing. None stays None."""
    if y is None:
        return None
    labels = np.asarray(as_labels(y))
    check_none_is_missing(labels)
    return column_or_1d(check_array(labels, ensure_2d=False, dtype=None, input_name="y"))


def labels_at(y, X, where):
    """The labels of the images at some positions of X; a single label for all, and None, are returned as they are."""
    if np.ndim(y) == 0:
        return y
    check_consistent_length(X, y)
    return labels_of(y)[where]


def names_of(labels, class_names):
    """Return the name of each label: from a dict, or a sequence whose order is that of integer labels from 0."""
    if class_names is None:
        return [str(label) for label in labels]
    named = class_names if isinstance(class_names, dict) else dict(enumerate(class_names))
    unnamed = sorted({str(label) for label in labels if label not in named})
    if unnamed:
        raise ValueError(
            "class_names must be a dict of all labels, or a sequence in which integer labels count from 0. "
            f"{class_names!r} names none of {', '.join(unnamed)}."
        )
    return [str(named[label]) for label in labels]


def colors_of(classes, class_names=None):
    """Return a colour for each class: the same in every display, as long as `class_names` are the same."""
    if class_names is None:
        known = list(classes)
    else:
        known = list(class_names if isinstance(class_names, dict) else range(len(class_names)))
    colors = distinct_colors(len(known))
    return [colors[known.index(label)] for label in classes]


def distinct_colors(n):
    """Return `n` colours, none so dark that it cannot be seen on black."""
    if n <= len(_COLORS):
        return _COLORS[:n]
    import matplotlib

    return [matplotlib.colors.to_hex(color) for color in matplotlib.colormaps["turbo"](np.linspace(0.07, 0.93, n))]

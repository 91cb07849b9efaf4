"""What all displays share: pictures from rows, names and colours of classes, axes, and a grid of pictures on them."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_scalar

from skfashion._images import Layout, check_layout, declared_layout, inferred_layout, rows_of

# Ten colours that people with any colour vision tell apart (M. Petroff, https://arxiv.org/abs/2107.02270).
_COLORS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")

# Inches: the side of a picture in a new figure, and the height of a line of text below or above it.
_PICTURE, _LINE = 0.8, 0.16


def new_axes(display, ax, size):
    """Return `ax`, or axes of a new figure of `size` inches if it is None; note both on the display."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot needs matplotlib: pip install 'skfashion[plot]' brings it."
        ) from error
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    display.ax_, display.figure_ = ax, ax.get_figure(root=True)
    return ax


def columns_of(n_columns, n_images, most):
    """Return how many images stand in a row: what is asked for, or as many as there are up to `most`."""
    if n_columns is None:
        return min(n_images, most)
    return check_scalar(n_columns, "n_columns", Integral, min_val=1)


def style_of(artist, defaults, given):
    """Return keywords of matplotlib: the defaults, and what is given by any of its names instead."""
    from matplotlib.cbook import normalize_kwargs

    given = normalize_kwargs(given, artist)
    if "c" in given:  # of scatter, which takes one of both
        defaults = {name: value for name, value in defaults.items() if name != "color"}
    return {**defaults, **given}


def pictures_of(X, image_shape=None):
    """Return rows or images as pictures of shape (n, h, w), or (n, h, w, channels) in colour, uint8 scaled to [0, 1].

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
        The images.
    image_shape : tuple of int or Layout, default=None
        As in the estimators; None infers it from the shape of X.
    """
    layout = image_shape if image_shape is None or isinstance(image_shape, Layout) else declared_layout(image_shape)
    X, shown, _ = rows_of(X, layout)
    X = check_array(X, dtype=[np.float64, np.float32, np.uint8], input_name="X")
    layout = check_layout(layout or shown or inferred_layout(X.shape[1]), X.shape[1])
    channels = layout.shape[0]
    if channels not in (1, 3, 4):
        raise ValueError(f"Pictures have 1, 3 or 4 channels, but the images are of (c, h, w) = {layout.shape}.")
    X = X / np.float32(255) if X.dtype == np.uint8 else X
    pictures = X.reshape(-1, *layout.row_shape)
    pictures = pictures if layout.channels_last else np.moveaxis(pictures, 1, -1)
    return pictures[..., 0] if channels == 1 else pictures


def pictures_from(estimator, X, image_shape=None):
    """Pictures of what an estimator takes or returns: rows run through images as it knows, unless told otherwise."""
    layout = getattr(last_step(estimator), "_layout", None)  # of a fitted estimator of this library
    if image_shape is None and layout is not None and np.ndim(X) == 2 and np.shape(X)[1] == layout.n_features:
        image_shape = layout
    return pictures_of(X, image_shape)


def last_step(estimator):
    """The estimator itself, the best one of a search, the last step of a pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


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
    """Return `n` colours."""
    if n <= len(_COLORS):
        return _COLORS[:n]
    import matplotlib

    return [matplotlib.colors.to_hex(color) for color in matplotlib.colormaps["turbo"](np.linspace(0, 1, n))]


def grid_size(pictures, n_columns, n_lines=0, label_width=0.0):
    """The size in inches of a new figure for pictures in a grid, with `n_lines` of text at each."""
    rows = -(-len(pictures) // n_columns)
    height = _PICTURE * pictures.shape[1] / pictures.shape[2] + _LINE * n_lines
    return n_columns * _PICTURE * 1.1 + label_width + 0.2, rows * height * 1.08 + 0.4


def draw_grid(ax, pictures, n_columns, *, captions=None, row_labels=None, column_labels=None, **imshow):
    """Draw pictures side by side on one axes, row after row.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its ticks and frame are taken away.
    pictures : ndarray of shape (n, h, w) or (n, h, w, channels)
        NaN leaves a place blank.
    n_columns : int
        Pictures in a row.
    captions, row_labels, column_labels : sequence of str, default=None
        Below each picture, left of each row, above each column.
    **imshow
        Handed to ``imshow``.

    Returns
    -------
    images, texts : lists of artists
        Of the pictures and captions, in their order.
    """
    height, width = pictures.shape[1:3]
    lines = max((caption.count("\n") + 1 for caption in captions), default=0) if captions is not None else 0
    # A line of text is as high, against a picture, as in a new figure.
    text = _LINE / _PICTURE * width * lines
    step_x, step_y = 1.1 * width, 1.08 * (height + text)
    images, texts = [], []
    for place, picture in enumerate(pictures):
        row, column = divmod(place, n_columns)
        left, top = column * step_x, row * step_y
        images.append(ax.imshow(picture, extent=(left, left + width, top + height, top), **imshow))
        if captions is not None:
            where = left + width / 2, top + height + 0.04 * width
            texts.append(ax.text(*where, captions[place], ha="center", va="top", fontsize=8, linespacing=1.0))
    rows = -(-len(pictures) // n_columns)
    ax.set(
        xlim=(-0.02 * width, n_columns * step_x - 0.08 * width), ylim=(rows * step_y, -0.02 * height), aspect="equal"
    )
    for row, label in enumerate(row_labels if row_labels is not None else ()):
        ax.text(-0.15 * width, row * step_y + height / 2, label, ha="right", va="center", fontsize=9)
    for column, label in enumerate(column_labels if column_labels is not None else ()):
        ax.text(column * step_x + width / 2, -0.08 * height, label, ha="center", va="bottom", fontsize=9)
    ax.set_axis_off()
    return images, texts


def as_drawn(pictures, imshow):
    """Return pictures and settings of ``imshow``: the more, the darker; colours as they are.

    The scale goes from 0 to 1, or as far as the pictures go.
    """
    low, high = min(0.0, float(np.nanmin(pictures))), max(1.0, float(np.nanmax(pictures)))
    if pictures.ndim == 4:  # matplotlib clips colours
        return (pictures - low) / (high - low), imshow
    scale = {} if "norm" in imshow else {"vmin": low, "vmax": high}
    return pictures, {"cmap": "gray_r", **scale, **imshow}


def around_zero(pictures, imshow):
    """Return signed pictures, each on its own scale, and settings of ``imshow``: red is positive, blue is negative.

    Colours are brighter where they are positive, and grey at zero.
    """
    largest = np.abs(pictures).reshape(len(pictures), -1).max(axis=1)
    pictures = pictures / np.where(largest == 0, 1, largest).reshape(-1, *[1] * (pictures.ndim - 1))
    if pictures.ndim == 4:
        return (1 + pictures) / 2, imshow
    return pictures, {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, **imshow}

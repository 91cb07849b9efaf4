"""What all displays share: axes that fit what is drawn, and a grid of pictures on them."""

from contextlib import contextmanager
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

# Inches: the side of a picture in a new figure, and the height of a line of text below or above it.
_PICTURE, _LINE = 0.8, 0.16


@contextmanager
def axes_for(display, ax, size):
    """Give `ax`, or axes of a new figure of `size` inches if it is None, to draw on; note both on the display.

    The margins of a new figure are made to fit once, as ``plt.tight_layout`` does, and no layout engine stays: it would
    undo, or warn about, what people do to the margins later. Engines that the user's settings ask for do stay.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot needs matplotlib: pip install 'skfashion[plot]' brings it."
        ) from error
    if ax is not None:
        display.ax_, display.figure_ = ax, ax.figure.figure  # of a subfigure the figure around it
        yield ax
        return
    figure, ax = plt.subplots(figsize=size)
    display.ax_, display.figure_ = ax, figure
    try:
        yield ax
    except BaseException:
        plt.close(figure)
        raise
    if figure.get_layout_engine() is None:
        _fit(figure, ax)


def _fit(figure, ax):
    """Set the margins of a figure, and widen one in which texts leave no room for what they belong to."""
    from matplotlib.layout_engine import TightLayoutEngine

    inner, outer = ax.get_window_extent(), ax.get_tightbbox()
    around = np.subtract(outer.size, inner.size) / figure.dpi
    figure.set_size_inches(np.maximum(figure.get_size_inches(), around + _PICTURE + 0.4))
    # Pictures keep their proportions: they shrink, and with them what lies around them moves.
    for _ in range(2):
        TightLayoutEngine().execute(figure)


def own_limits(ax):
    """Axes whose limits and ticks are not those of others: `ax`, or axes over all of it if it shares some.

    What is drawn at places of its own, and not of the data, must not move what is drawn on other axes.
    """
    shared = (ax.get_shared_x_axes(), ax.get_shared_y_axes())
    if all(axes.get_siblings(ax) == [ax] for axes in shared):
        return ax
    ax.set_axis_off()
    return ax.inset_axes((0, 0, 1, 1))


def whole_numbers(axis):
    """Put the ticks of an axis at whole numbers, if the user has not said where they are."""
    from matplotlib.ticker import MaxNLocator

    if isinstance(axis.get_major_locator(), MaxNLocator):
        axis.get_major_locator().set_params(integer=True)


def add_legend(ax, *what, **where):
    """Add a legend in which names are taken literally, as ``$`` in the name of a class."""
    for text in ax.legend(*what, **where).get_texts():
        text.set_parse_math(False)


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


def grid_size(pictures, n_columns, n_lines=0, label_width=0.0):
    """The size in inches of a new figure for pictures in a grid, with `n_lines` of text at each."""
    rows = -(-len(pictures) // n_columns)
    height = _PICTURE * pictures.shape[1] / pictures.shape[2] + _LINE * n_lines
    return n_columns * _PICTURE * 1.1 + label_width + 0.2, rows * height * 1.08 + 0.4


def draw_grid(ax, pictures, n_columns, *, captions=None, row_labels=(), column_labels=(), **imshow):
    """Draw pictures side by side on one axes, row after row.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its ticks and frame are taken away.
    pictures : ndarray of shape (n, h, w) or (n, h, w, channels)
        NaN leaves a place blank.
    n_columns : int
        Pictures in a row.
    captions, row_labels, column_labels : sequence of str
        Below each picture (None: nothing), left of each row, above each column.
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
    ax = own_limits(ax)
    imshow = {"origin": "upper", "aspect": "equal", **imshow}
    images, texts = [], []
    for place, picture in enumerate(pictures):
        row, column = divmod(place, n_columns)
        left, top = column * step_x, row * step_y
        images.append(ax.imshow(picture, extent=(left, left + width, top + height, top), **imshow))
        if captions is not None:
            where = left + width / 2, top + height + 0.04 * width
            texts.append(_write(ax, *where, captions[place], ha="center", va="top", fontsize=8, linespacing=1.0))
    for row, label in enumerate(row_labels):
        _write(ax, -0.15 * width, row * step_y + height / 2, label, ha="right", va="center", fontsize=9)
    for column, label in enumerate(column_labels):
        _write(ax, column * step_x + width / 2, -0.08 * height, label, ha="center", va="bottom", fontsize=9)
    rows = -(-len(pictures) // n_columns)
    xlim, ylim = (-0.02 * width, n_columns * step_x - 0.08 * width), (rows * step_y, -0.02 * height)
    ax.set(xlim=xlim, ylim=ylim, aspect=imshow["aspect"])
    ax.set_axis_off()
    return images, texts


def _write(ax, x, y, text, **style):
    """Write a text as it is: a ``$`` in the name of a class begins no formula."""
    return ax.text(x, y, text, parse_math=False, **style)


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

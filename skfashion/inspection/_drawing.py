"""Axes, keyword arguments for matplotlib, and the grid of pictures, as all displays share them."""

import textwrap
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import chain
from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skfashion._extras import imported

# Inches: the side of a picture in a new figure, and the height of a line of text below or above it.
_PICTURE, _LINE = 0.8, 0.16

# Letters in a line of text below or beside a picture in a new figure: longer lines would run into their neighbours.
_LETTERS = 15


@contextmanager
def axes_for(display, ax, size):
    """Yield `ax`, or axes of a new figure of `size` inches if it is None, and set `ax_` and `figure_` of the display.

    The margins of a new figure are made to fit once, as ``plt.tight_layout`` does, and no layout engine stays: it would
    undo, or warn about, later changes of the margins. Engines that the user's settings ask for do stay.
    """
    plt = imported("matplotlib.pyplot", extra="plot", needed_by=f"{type(display).__name__}.plot")
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
    """Set the margins of a figure, and enlarge one in which texts leave no room for the axes."""
    from matplotlib.layout_engine import TightLayoutEngine

    inner, outer = ax.get_window_extent(), ax.get_tightbbox()
    around = np.subtract(outer.size, inner.size) / figure.dpi
    width, height = np.maximum(
        figure.get_size_inches(), around + np.maximum(_PICTURE + 0.4, inner.size / figure.dpi / 2)
    )
    # A legend beside the axes may be higher than these: they cannot make room for it by shrinking.
    figure.set_size_inches(width, max(height, outer.height / figure.dpi + 0.4))
    # Pictures keep their proportions: they shrink, and the texts around them move along.
    for _ in range(2):
        TightLayoutEngine().execute(figure)


def own_limits(ax):
    """Axes whose limits and ticks are not those of others: `ax`, or axes over all of it if it shares some.

    A grid of pictures has coordinates of its own, which must not move the data on other axes.
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


def add_legend(ax, *entries, **legend_kw):
    """Add a legend in which names are taken literally, as ``$`` in the name of a class."""
    for text in ax.legend(*entries, **legend_kw).get_texts():
        text.set_parse_math(False)


def check_kw(**keywords):
    """Raise a TypeError that names a parameter which is neither None nor a dict of keyword arguments for matplotlib."""
    for name, value in keywords.items():
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a dict of keyword arguments for matplotlib. Got {value!r} instead.")


def merged_kw(artist, defaults, kw):
    """Keyword arguments of a matplotlib artist: `kw`, by any of their names, over the defaults."""
    from matplotlib.cbook import normalize_kwargs

    kw = normalize_kwargs(kw, artist)
    if "c" in kw:  # of scatter, which takes either "c" or "color"
        defaults = {name: value for name, value in defaults.items() if name != "color"}
    return {**defaults, **kw}


def check_columns(n_columns, n_images, max_columns):
    """Return the number of columns of a grid: `n_columns`, or `n_images` up to `max_columns` if that is None."""
    if n_columns is None:
        return min(n_images, max_columns)
    return check_scalar(n_columns, "n_columns", Integral, min_val=1)


def wrapped(texts):
    """Texts whose lines are no wider than a picture, broken between words where there are any."""
    lines = [
        [textwrap.wrap(line, _LETTERS, break_on_hyphens=False) or [""] for line in text.split("\n")] for text in texts
    ]
    return ["\n".join(chain.from_iterable(each)) for each in lines]


def _n_lines(texts):
    return max((text.count("\n") + 1 for text in texts), default=0)


def grid_size(pictures, n_columns, captions=None, label_width=0.0):
    """The size in inches of a new figure for pictures in a grid, with captions below them."""
    n_lines = 0 if captions is None else _n_lines(wrapped(captions))
    rows = -(-len(pictures) // n_columns)
    height = _PICTURE * pictures.shape[1] / pictures.shape[2] + _LINE * n_lines
    return n_columns * _PICTURE * 1.1 + label_width + 0.2, rows * height * 1.08 + 0.4


def draw_grid(ax, pictures, n_columns, *, cells=None, captions=None, row_labels=(), column_labels=(), imshow_kw=None):
    """Draw pictures side by side on one axes, row after row.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its ticks and frame are removed.
    pictures : ndarray of shape (n, h, w) or (n, h, w, channels)
        NaN leaves a cell blank.
    n_columns : int
        Pictures per row.
    cells : sequence of int, default=None
        The cell of each picture in the grid, counted row by row, if there are rows that are not full.
    captions, row_labels, column_labels : sequence of str
        Texts below each picture (None: no captions), left of each row, above each column.
    imshow_kw : dict, default=None
        Keyword arguments for ``imshow``.

    Returns
    -------
    images : list of matplotlib.image.AxesImage
        The pictures, in order.
    texts : list of matplotlib.text.Text
        The captions, in order.
    """
    height, width = pictures.shape[1:3]
    captions, row_labels = None if captions is None else wrapped(captions), wrapped(row_labels)
    # A line of text is as high, relative to a picture, as in a new figure.
    text_height = _LINE / _PICTURE * width * _n_lines(captions or ())
    step_x, step_y = 1.1 * width, 1.08 * (height + text_height)
    ax = own_limits(ax)
    imshow_kw = {"origin": "upper", "aspect": "equal", **(imshow_kw or {})}
    images, texts = [], []
    cells = range(len(pictures)) if cells is None else cells
    for position, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        row, column = divmod(int(cell), n_columns)
        left, top = column * step_x, row * step_y
        images.append(ax.imshow(picture, extent=(left, left + width, top + height, top), **imshow_kw))
        if captions is not None:
            x, y = left + width / 2, top + height + 0.04 * width
            texts.append(_write(ax, x, y, captions[position], ha="center", va="top", fontsize=8, linespacing=1.0))
    for row, label in enumerate(row_labels):
        _write(ax, -0.15 * width, row * step_y + height / 2, label, ha="right", va="center", fontsize=9)
    for column, label in enumerate(column_labels):
        _write(ax, column * step_x + width / 2, -0.08 * height, label, ha="center", va="bottom", fontsize=9)
    rows = max(cells) // n_columns + 1
    xlim, ylim = (-0.02 * width, n_columns * step_x - 0.08 * width), (rows * step_y, -0.02 * height)
    ax.set(xlim=xlim, ylim=ylim, aspect=imshow_kw["aspect"])
    ax.set_axis_off()
    return images, texts


def _write(ax, x, y, text, **text_kw):
    """Write a text as it is: a ``$`` in the name of a class begins no formula."""
    return ax.text(x, y, text, parse_math=False, **text_kw)


def unsigned_style(pictures, imshow_kw=None):
    """Return pictures and keyword arguments of ``imshow``: larger values are darker; colours as they are.

    The scale goes from 0 to 1, or to the extremes of the pictures beyond that.
    """
    low, high = min(0.0, float(np.nanmin(pictures))), max(1.0, float(np.nanmax(pictures)))
    imshow_kw = imshow_kw or {}
    if pictures.ndim == 4:  # matplotlib clips colours
        return (pictures - low) / (high - low), imshow_kw
    scale = {} if "norm" in imshow_kw else {"vmin": low, "vmax": high}
    return pictures, {"cmap": "gray_r", **scale, **imshow_kw}


def signed_style(pictures, imshow_kw=None):
    """Return signed pictures, each on its own scale, and keyword arguments of ``imshow``: red above zero, blue below.

    Colour images are brighter where they are positive, and grey at zero.
    """
    largest = np.abs(pictures).reshape(len(pictures), -1).max(axis=1)
    pictures = pictures / np.where(largest == 0, 1, largest).reshape(-1, *[1] * (pictures.ndim - 1))
    imshow_kw = imshow_kw or {}
    if pictures.ndim == 4:
        return (1 + pictures) / 2, imshow_kw
    return pictures, {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, **imshow_kw}

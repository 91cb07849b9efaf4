"""The layout of images in rows: how arrays of any shape become rows, and rows images."""

import math
import re
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skfashion._image_rows import ImageRows

# How many channels a trailing or leading axis may have to be taken for the channels of an image: grey, grey and
# transparency, RGB, RGBA.
_CHANNELS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Layout:
    """How the values of one row of X are arranged.

    `shape` is always (channels, height, width); `channels_last` says that a row runs through height, width, channels.
    """

    shape: tuple
    channels_last: bool = False

    @property
    def n_features(self):
        return math.prod(self.shape)

    @property
    def row_shape(self):
        """The shape that a row has as an image, in the order in which it runs through the image."""
        channels, height, width = self.shape
        return (height, width, channels) if self.channels_last else self.shape

    def pixel_names(self):
        """A name for each value of a row: ``pixel_y_x``, with the colour or the number of the channel if it has one."""
        channels, height, width = self.shape
        pixels = [f"pixel_{row}_{column}" for row in range(height) for column in range(width)]
        if channels == 1:
            return pixels
        colors = ("red", "green", "blue") if channels == 3 else range(channels)
        if self.channels_last:
            return [f"{pixel}_{color}" for pixel in pixels for color in colors]
        return [f"{pixel}_{color}" for color in colors for pixel in pixels]

    def rows(self, images):
        """The rows of a tensor of images (n, channels, height, width)."""
        return (images.permute(0, 2, 3, 1) if self.channels_last else images).flatten(1)

    def images(self, rows):
        """The images (n, channels, height, width) of an array of rows; a view."""
        images = rows.reshape(-1, *self.row_shape)
        return np.moveaxis(images, -1, 1) if self.channels_last else images


def rows_of(X, layout):
    """Return X as a 2-D array of rows, the layout that its shape shows, and the shape of an image in it.

    Layout and shape are None if X is 2-D already; the layout is known of rows that know their images, and of frames
    whose columns are named after pixels.

    Parameters
    ----------
    X : array-like
        2-D rows are returned untouched, if they are not sparse. (n, h, w), (n, c, h, w) and (n, h, w, c) are flattened.
    layout : Layout or None
        How rows have to be arranged, if that is known already.
    """
    X = as_array(X)
    if isinstance(X, ImageRows) and X.image_shape is not None:
        known = Layout(X.image_shape, X.channels_last)
        rows, shown, _ = rows_of(np.asarray(X).reshape(-1, *known.row_shape), layout or known)
        return rows, shown, None
    if hasattr(X, "columns") and (layout is None or layout.shape[0] > 1):
        named = _layout_of_names(X.columns)
        if named is None or layout is None or named == layout or named.shape != layout.shape:
            return X, named, None
        return *rows_of(np.asarray(X).reshape(-1, *named.row_shape), layout)[:2], None
    if getattr(X, "ndim", 2) <= 2:
        return X, None, None
    X = _array(X)
    if X.ndim > 4:
        raise ValueError(
            f"Found array with dim {X.ndim}, of shape {X.shape}: X must be 2-D rows, grey images (n, h, w) or colour "
            "images (n, c, h, w) or (n, h, w, c)."
        )
    shape = X.shape[1:]
    if X.ndim == 3:  # grey: no axis can be mistaken for channels
        X = X[:, None]
        layout = layout or Layout(X.shape[1:])
    shown = _layout_of_images(X.shape[1:], layout)
    if layout is not None and shown.channels_last != layout.channels_last:
        X = np.moveaxis(X, *((-1, 1) if shown.channels_last else (1, -1)))
    return X.reshape(len(X), shown.n_features), shown, shape


def laid_out(X, layout=None):
    """Return X as a 2-D array of numbers, and the layout of its rows.

    That is `layout` if it is known, else what the shape of X shows, else what the length of its rows suggests.
    """
    X, shown, _ = rows_of(X, layout)
    X = check_array(X, dtype="numeric", input_name="X")
    return X, check_layout(layout or shown or inferred_layout(X.shape[1]), X.shape[1])


def as_shown(rows, layout, shape):
    """Undo :func:`rows_of`: return rows as images of `shape`, which X had after its first axis."""
    if len(shape) == 3 and _layout_of_images(shape, layout).channels_last != layout.channels_last:
        images = rows.reshape(-1, *layout.row_shape)
        return np.moveaxis(images, *((1, -1) if layout.channels_last is False else (-1, 1)))
    return rows.reshape(-1, *shape)


def as_array(X):
    """Return X, or any other argument of a fit, as a dense numpy array; frames keep the names of their columns.

    Sequences of images, sparse matrices and the tensors of other libraries are converted.
    """
    if any(base.__module__.startswith("torch.utils.data") for base in type(X).__mro__):
        raise TypeError(
            f"A torch {'DataLoader' if type(X).__name__ == 'DataLoader' else 'Dataset'} ({type(X).__name__}) is not an "
            "array: pass its images as one array or tensor X, and its labels as y."
        )
    if issparse(X):
        return X.toarray()
    X = in_memory(X)
    if hasattr(X, "columns"):  # a frame of any library
        return _column_of_images(_dense_frame(X))
    if hasattr(X, "detach"):
        return _tensor_as_array(X)
    if isinstance(X, (list, tuple)):
        return _array([_element(each) for each in X] if any(hasattr(each, "detach") for each in X) else X)
    if isinstance(X, (np.ndarray, memoryview)) or hasattr(X, "__array__") or hasattr(X, "__array_interface__"):
        return _stacked(X if isinstance(X, np.ndarray) else _array(X))
    if hasattr(X, "__len__") and hasattr(X, "__getitem__") and not isinstance(X, (str, bytes, dict)):
        return as_array(list(X))  # a lazy sequence of images
    return X


def in_memory(X):
    """A frame whose values are there, of one that computes them when it is asked to; anything else as it is."""
    cls = type(X)  # not X: a column may be called "compute"
    for load in ("compute", "collect"):  # of Dask, and of a LazyFrame of polars
        if hasattr(cls, "columns") and hasattr(cls, load):
            return getattr(X, load)()
    return X


def _tensor_as_array(tensor):
    """A tensor of torch, which may be part of a graph, on a GPU, sparse, or in a type that numpy does not have."""
    try:
        dense = tensor.detach().cpu().to_dense()
        return (dense.float() if dense.is_floating_point() and dense.dtype.itemsize < 4 else dense).numpy()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise TypeError(
            f"A tensor of {tensor.dtype} on the device {tensor.device} cannot be read as an array: {error}"
        ) from error


def _dense_frame(frame):
    """A frame none of whose columns is sparse, as those of pandas may be."""
    if not hasattr(frame, "iloc"):
        return frame
    sparse = {name: dtype.subtype for name, dtype in frame.dtypes.items() if hasattr(dtype, "fill_value")}
    if len(sparse) == frame.shape[1]:
        return frame.sparse.to_dense()  # several times as fast
    return frame.astype(sparse) if sparse else frame


def _column_of_images(frame):
    """Return a frame as it is or, if its only column holds images, these as one array."""
    if frame.shape[1] != 1:
        return frame
    column = np.asarray(frame).ravel()
    return _stacked(column) if _holds_images(column) else frame


def _stacked(X):
    """Return an array as it is or, if its elements are images, these stacked as one array."""
    if not _holds_images(X):
        return X
    images = [_element(each) for each in X]
    for number, image in enumerate(images):
        if not _is_image(image):
            raise ValueError(f"Element {number} is {image!r}, where others are images.")
    return _array(images)


def _holds_images(X):
    return X.dtype == object and X.ndim == 1 and any(map(_is_image, X))


def _is_image(element):
    is_scalar = isinstance(element, (str, int, float, np.generic))  # of labels there are many
    return not is_scalar and np.ndim(_element(element)) > 0


def _element(image):
    """An image in a sequence: a tensor, an array, a picture of Pillow, or nested lists."""
    if hasattr(image, "detach"):
        return _tensor_as_array(image)
    holds_values = isinstance(image, (list, tuple)) or hasattr(image, "__array_interface__")
    return np.asarray(image) if holds_values else image


def _array(X):
    try:
        return np.asarray(X)
    except ValueError as error:  # ragged
        raise ValueError(f"X must be rows or images of one size: {error}") from error


def _layout_of_names(names):
    """The layout in which columns have the names of :meth:`Layout.pixel_names`, or None."""
    last = re.match(r"(.*__)?pixel_(\d+)_(\d+)", names[-1]) if len(names) and isinstance(names[-1], str) else None
    if last is None:
        return None
    prefix = last[1] or ""  # of a ColumnTransformer or a FeatureUnion
    height, width = (int(number) + 1 for number in last.groups()[1:])
    if len(names) % (height * width):
        return None
    layouts = (Layout((len(names) // (height * width), height, width), is_last) for is_last in (False, True))
    return next((each for each in layouts if [prefix + name for name in each.pixel_names()] == list(names)), None)


def _layout_of_images(shape, layout):
    """Tell (c, h, w) from (h, w, c)."""
    first, last = Layout(shape), Layout((shape[-1], *shape[:-1]), channels_last=True)
    if layout is not None:
        for guess in (last, first) if layout.channels_last else (first, last):
            if guess.shape == layout.shape:
                return guess
        raise ValueError(f"X holds images of shape {shape}, but images of (c, h, w) = {layout.shape} are expected.")
    channels_last = _has_channels_last(shape)
    if channels_last is None:
        raise ValueError(
            f"Images of shape {shape} can be (c, h, w) or (h, w, c): say which one by the parameter "
            "image_shape where there is one, or pass rows of shape (n_samples, n_features)."
        )
    return last if channels_last else first


def _has_channels_last(shape):
    """Whether an image of this shape is (h, w, c) and not (c, h, w); None if it may be either.

    A small number of channels decides; failing that, whether only one of both readings gives a square image.
    """
    few_first, few_last = shape[0] in _CHANNELS, shape[-1] in _CHANNELS
    if few_first != few_last:
        return few_last
    square_first, square_last = shape[1] == shape[2], shape[0] == shape[1]
    if few_first or square_first == square_last:
        return None
    return square_last


def declared_layout(image_shape):
    """The layout that a parameter `image_shape` states or is; None for ``"auto"``.

    (channels, height, width) takes precedence where three numbers may be either that or (height, width, channels).
    """
    if isinstance(image_shape, Layout):
        return image_shape
    if isinstance(image_shape, str):
        return None
    if len(image_shape) not in (2, 3) or not all(map(is_size, image_shape)):
        raise ValueError(
            "The 'image_shape' parameter must be 'auto', (height, width), (channels, height, width) or "
            f"(height, width, channels) in positive ints. Got {image_shape!r} instead."
        )
    shape = tuple(int(size) for size in image_shape)
    if len(shape) == 2:
        return Layout((1, *shape))
    if _has_channels_last(shape):
        return Layout((shape[-1], *shape[:-1]), channels_last=True)
    return Layout(shape)


def is_size(value):
    """Whether a value is a positive int: a number of pixels, channels or units."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value > 0


def inferred_layout(n_features):
    """A square length is a grey image, three times a square a colour image (c, h, w), any other length one row."""
    for n_channels in (1, 3):
        side = math.isqrt(n_features // n_channels)
        if n_channels * side * side == n_features:
            return Layout((n_channels, side, side))
    return Layout((1, 1, n_features))


def check_layout(layout, n_features):
    """Raise a ValueError if a row of `n_features` values is not an image of `layout`."""
    if layout.n_features != n_features:
        raise ValueError(
            f"X has {n_features} features, but image_shape {layout.shape}, read as (channels, height, width), has "
            f"{layout.n_features} values."
        )
    return layout

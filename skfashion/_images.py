"""Images in: how arrays of any shape become rows, and what every estimator checks of them."""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skfashion._pixels import PixelScale

# How many channels a trailing or leading axis may have to be taken for the channels of an image: grey, grey and
# transparency, RGB, RGBA.
_CHANNELS = (1, 2, 3, 4)

# The address of an API page, in which scikit-learn replaces {estimator_module} and {estimator_name}. It is empty until
# the documentation is published; scikit-learn then shows no link, which is better than a dead one.
_API_PAGE = ""


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

    def rows(self, images):
        """The rows of a tensor of images (n, channels, height, width)."""
        return (images.permute(0, 2, 3, 1) if self.channels_last else images).reshape(len(images), -1)

    def images(self, rows):
        """The images (n, channels, height, width) of an array of rows; a view."""
        images = rows.reshape(-1, *self.row_shape)
        return np.moveaxis(images, -1, 1) if self.channels_last else images


def rows_of(X, layout):
    """Return X as a 2-D array of rows, the layout that its shape shows, and the shape of an image in it.

    Layout and shape are None if X is 2-D already.

    Parameters
    ----------
    X : array-like
        2-D rows are returned untouched, if they are not sparse. (n, h, w), (n, c, h, w) and (n, h, w, c) are flattened.
    layout : Layout or None
        How rows have to be arranged, if that is known already.
    """
    X = as_array(X)
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
            f"A torch {'DataLoader' if type(X).__name__ == 'DataLoader' else 'Dataset'} ({type(X).__name__}) is no "
            "array: pass its images as one array or tensor X, and its labels as y."
        )
    if issparse(X):
        return X.toarray()
    if isinstance(X, np.ndarray) or hasattr(X, "columns"):  # a frame of any library
        return X
    if hasattr(X, "__array__") or hasattr(X, "__array_interface__") or isinstance(X, (list, tuple)):
        return _array(X)
    if hasattr(X, "__len__") and hasattr(X, "__getitem__") and not isinstance(X, (str, bytes, dict)):
        return _array(list(X))  # a lazy sequence of images
    return X


def _array(X):
    try:
        return np.asarray(X)
    except ValueError as error:  # ragged
        raise ValueError(f"X must be rows or images of one size: {error}") from error


def _layout_of_images(shape, layout):
    """Tell (c, h, w) from (h, w, c)."""
    first, last = Layout(shape), Layout((shape[-1], *shape[:-1]), channels_last=True)
    if layout is not None:
        for guess in (last, first) if layout.channels_last else (first, last):
            if guess.shape == layout.shape:
                return guess
        raise ValueError(f"X holds images of shape {shape}; expected are images of (c, h, w) = {layout.shape}.")
    channels_last = _has_channels_last(shape)
    if channels_last is None:
        raise ValueError(
            f"Images of shape {shape} can be (c, h, w) or (h, w, c): say which one by the parameter "
            "image_shape where there is one, or pass rows of shape (n_samples, n_features)."
        )
    return last if channels_last else first


def _has_channels_last(shape):
    """Whether an image of this shape is (h, w, c) and not (c, h, w); None if it may be either.

    Few channels tell, or else a square that only one of both makes of height and width.
    """
    few_first, few_last = shape[0] in _CHANNELS, shape[-1] in _CHANNELS
    if few_first != few_last:
        return few_last
    square_first, square_last = shape[1] == shape[2], shape[0] == shape[1]
    if few_first or square_first == square_last:
        return None
    return square_last


def declared_layout(image_shape):
    """The layout that a parameter `image_shape` states; None for ``"auto"``.

    (channels, height, width) goes first where three numbers may be that or (height, width, channels).
    """
    if isinstance(image_shape, str):
        return None
    if len(image_shape) not in (2, 3) or not all(isinstance(size, Integral) and size > 0 for size in image_shape):
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
            f"image_shape {layout.shape} (channels, height, width) makes {layout.n_features} features, but X has "
            f"{n_features} features."
        )
    return layout


class ImageInput:
    """Base class of all estimators of images: validation of rows and images, and their layout and scale after a fit."""

    _doc_link_module = "skfashion"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _doc_link_template(self):
        return _API_PAGE

    def as_images(self, X, *, image_shape=None, rescale=True):
        """Return X as the images that this estimator sees.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images, or other arrays with a value per pixel, such as weights.

        image_shape : tuple of int or "auto", default=None
            The shape of an image, if it is not that of the fit. None and ``"auto"`` stand for `image_shape_`.

        rescale : bool, default=True
            Whether to read the values on the scale of the fit, as all other methods do. With False they stay as they
            are, as weights and differences of images must.

        Returns
        -------
        ndarray of shape (n_samples, channels, height, width)
            With `rescale`, uint8 stands for levels from 0 to 255, and any other dtype for numbers as they are. A view
            where that is possible.
        """
        check_is_fitted(self)
        layout = None if image_shape is None else declared_layout(image_shape)
        X, layout = laid_out(X, layout or self._layout)
        return layout.images(self._pixels.read(X, type(self).__name__) if rescale else X)

    def _declared_layout(self):
        """The layout of the images that parameters state, or None."""
        return declared_layout(getattr(self, "image_shape", "auto"))

    def _check_images(self, X, y="no_validation", *, reset, **checks):
        """Validate X and, if given, y; return X as a 2-D array on the scale of the fit (see PixelScale), and y.

        In that array uint8 stands for levels from 0 to 255, any other dtype for numbers as they are.
        """
        X, y = self._validate_images(X, y, reset=reset, **checks)
        if reset:
            self._pixels = PixelScale.of(X)
        return self._pixels.read(X, type(self).__name__), y

    def _validate_images(self, X, y="no_validation", *, reset, **checks):
        """Validate X and, if given, y; return X as a 2-D array in its own dtype, and y.

        `checks` are handed to :func:`sklearn.utils.validation.validate_data`.
        """
        layout = self._declared_layout() if reset else self._layout
        X, shown, shape = rows_of(X, layout)
        if not reset and shape is None and np.shape(X) == layout.shape[1:] != (1, layout.n_features):
            raise ValueError(f"X is one image of shape {np.shape(X)}: pass images, such as X[None] for one of them.")
        y = y if isinstance(y, str) or y is None else as_array(y)
        validated = validate_data(self, X, y, reset=reset, order="C", estimator=self, **checks)
        X, y = validated if isinstance(validated, tuple) else (validated, None)
        check_float32(X, type(self).__name__)
        if reset:
            n_features = X.shape[1]
            self._layout = check_layout(layout or shown or inferred_layout(n_features), n_features)
            self._shown_shape = shape or (n_features,)
            self.image_shape_ = self._layout.shape
        return X, y


def check_float32(X, name, input_name="X"):
    """Raise a ValueError for what float32, in which networks compute, cannot hold."""
    if X.dtype.kind not in "biuf":
        raise ValueError(f"{name} needs numbers, but {input_name} has dtype {X.dtype}.")
    if X.dtype.kind == "f" and X.dtype.itemsize > 4 and X.size:
        largest = np.finfo(np.float32).max
        if X.max() > largest or X.min() < -largest:
            raise ValueError(
                f"Input {input_name} contains infinity or a value too large for dtype('float32'), in which {name} "
                "computes."
            )


def draw_seed(random_state):
    """An int from a `random_state`; None gives a new one without touching numpy's global generator."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(check_random_state(random_state).randint(2**31 - 1))


@contextmanager
def all_or_nothing(estimator):
    """Let a fit that fails leave the estimator as it was."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def draw_generator(random_state):
    """A numpy generator from a `random_state`."""
    return np.random.default_rng(draw_seed(random_state))

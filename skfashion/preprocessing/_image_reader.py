"""A transformer from photos of any kind and size to rows of pixels."""

import math
import os
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin, clone

from skfashion._image_rows import ImageRows
from skfashion._layout import Layout, in_memory
from skfashion._private_sklearn import Interval, StrOptions, _fit_context
from skfashion._version import Versioned
from skfashion.preprocessing._decoding import (
    COLORS,
    RESIZES,
    UnreadableImage,
    checked_size,
    decoded,
    load_pillow,
    no_bomb_warnings,
    source_name,
)

# How many unreadable images a message names.
_N_NAMED = 10


class ImageReader(Versioned, TransformerMixin, BaseEstimator):
    """Read photos as rows of pixels: the first step of a Pipeline that starts from files.

    Photos are rotated according to their EXIF data. Palettes, CMYK and 16 bits become levels from 0 to 255, transparent
    pixels show the `background`, and only the first frame of an animation is read.

    The step after it gets rows of ``uint8``. Estimators of skfashion know the shape of these images, whatever it
    is, as long as no step in between creates a new array. StandardScaler, for one, does:
    :class:`~skfashion.preprocessing.PixelScaler` does not, ``set_output(transform="pandas")`` keeps the shape in the
    names of the columns, and networks have a parameter `image_shape`.

    Needs Pillow: ``pip install "skfashion[images]"``.

    Parameters
    ----------
    image_shape : tuple of int, default=(28, 28)
        (height, width) of all images.

    color : {"grey", "rgb"}, default="grey"
        ``"rgb"`` gives rows of three channels, one after the other.

    resize : {"fit", "crop", "stretch"}, default="fit"
        How an image of another aspect ratio is resized to `image_shape`: ``"fit"`` shows all of it, padded with
        background; ``"crop"`` fills the shape, and crops the excess; ``"stretch"`` changes the aspect ratio.

    background : int, default=255
        The level, from 0 (black) to 255 (white), behind transparent pixels and beside images that do not fill the
        shape.

    n_jobs : int or None, default=None
        Number of threads that read images in parallel.

    Attributes
    ----------
    image_shape_ : tuple of int
        (channels, height, width) of an image in a row.

    See Also
    --------
    skfashion.datasets.load_image_folder : Reads folders of classes.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from PIL import Image
    >>> from sklearn.pipeline import make_pipeline
    >>> from skfashion.neural_network import CNNClassifier
    >>> from skfashion.preprocessing import ImageReader
    >>> photos = [Image.new("RGB", (40 + n, 60), color) for n in range(20) for color in ("red", "blue")]
    >>> model = make_pipeline(ImageReader((24, 16), color="rgb"), CNNClassifier(batch_size=8, random_state=0))
    >>> model.fit(photos, ["red", "blue"] * 20).predict([Image.new("RGB", (100, 100), "blue")]).item()
    'blue'
    """

    _parameter_constraints = {
        "image_shape": [tuple, list],
        "color": [StrOptions(set(COLORS))],
        "resize": [StrOptions(set(RESIZES))],
        "background": [Interval(Integral, 0, 255, closed="both")],
        "n_jobs": [Integral, None],
    }

    def __init__(self, image_shape=(28, 28), *, color="grey", resize="fit", background=255, n_jobs=None):
        self.image_shape = image_shape
        self.color = color
        self.resize = resize
        self.background = background
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False  # a row of numbers is no photo
        tags.requires_fit = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters; nothing is learned from images.

        Parameters
        ----------
        X, y : object
            Ignored.

        Returns
        -------
        self : object
            The reader.
        """
        height, width = checked_size(self.image_shape)
        self.image_shape_ = (3 if self.color == "rgb" else 1, height, width)
        return self

    def transform(self, X):
        """Read images.

        Parameters
        ----------
        X : sequence of length n_samples
            Paths, contents of files as bytes, open files, images of Pillow, arrays of pixels (h, w), (h, w, c) or
            (c, h, w) of any sizes, or dicts with ``"path"`` or ``"bytes"`` as Hugging Face's datasets hold them; also a
            column of a frame, or a frame of one column. Pixels are ``uint8``, levels from 0 to 65,535 as ``uint16``,
            other whole numbers from 0 to 255, floats in [0, 1] or booleans.

        Returns
        -------
        ndarray of shape (n_samples, n_channels * height * width), dtype uint8
            Each row holds the channels one after the other.

        Raises
        ------
        ValueError
            If images cannot be read; the first ten are named, with the reasons.
        """
        reader = clone(self).fit(X)  # by the parameters as they are now
        sources = as_sources(X)
        rows = np.empty((len(sources), math.prod(reader.image_shape_)), dtype=np.uint8)
        broken = read_into(rows, sources, reader)
        if broken:
            raise ValueError(said_of(broken, len(sources)))
        return ImageRows(rows, reader.image_shape_)

    def get_feature_names_out(self, input_features=None):
        """Return a name for each value of a row: ``pixel_y_x``, or ``pixel_y_x_red`` and so on in colour.

        Parameters
        ----------
        input_features : object
            Ignored.

        Returns
        -------
        ndarray of shape (n_channels * height * width,), dtype object
            The names, as str.
        """
        return np.array(Layout(clone(self).fit(None).image_shape_).pixel_names(), dtype=object)


def as_sources(X):
    """A list of images from whatever holds them."""
    if isinstance(X, dict) and not {"path", "bytes"} & set(X):
        raise ValueError(f"X has the columns {list(X)}: pass the one that holds images.")
    if isinstance(X, (str, bytes, os.PathLike, dict)) or hasattr(X, "read") or _is_picture(X):
        raise ValueError(f"X is one image ({source_name(X)}): pass a list, such as [X] for one of them.")
    X = in_memory(X)
    if hasattr(X, "columns"):
        if len(X.columns) != 1:
            raise ValueError(f"X has the columns {list(X.columns)}: pass the one that holds images.")
        X = X[X.columns[0]]
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUS":
            X = X[:, 0]
        if X.ndim == 2 or X.ndim == 0:
            raise ValueError(
                f"X has shape {X.shape}: pass paths, or images of shape (h, w) or (h, w, c); X[None] for one image."
            )
    return list(X)


def _is_picture(X):
    """Whether X is one image of Pillow, or the pixels of one in colour: grey images are not as narrow as that."""
    shape = getattr(X, "shape", None)
    if shape is None:
        return hasattr(X, "__array_interface__")
    return len(shape) == 3 and shape[-1] in (3, 4)


def read_into(rows, sources, reader, progress=None):
    """Read images into an array of rows; return a dict from the indices of broken ones to their names and reasons.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features), dtype uint8
        Where they go; rows of broken images are left as they are.
    sources : list
        As in :meth:`ImageReader.transform`.
    reader : ImageReader
        Fitted; says how.
    progress : callable, default=None
        Called as tqdm is, with an iterable and the number `total` of its elements.
    """
    load_pillow()
    broken = {}

    def read(index):
        try:
            image = decoded(sources[index], reader.image_shape_[1:], reader.color, reader.resize, reader.background)
        except UnreadableImage as error:
            broken[index] = f"{source_name(sources[index])} (index {index}): {error}"
        else:
            rows[index] = image.ravel()

    with no_bomb_warnings():
        done = Parallel(n_jobs=reader.n_jobs, backend="threading", return_as="generator_unordered")(
            delayed(read)(index) for index in range(len(sources))
        )
        for _ in done if progress is None else progress(done, total=len(sources)):
            pass
    return dict(sorted(broken.items()))


def said_of(broken, n):
    """What a message says of broken images."""
    named = "\n".join(list(broken.values())[:_N_NAMED])
    more = f"\nand {len(broken) - _N_NAMED} more" if len(broken) > _N_NAMED else ""
    return f"{len(broken)} of {n} images cannot be read:\n{named}{more}"

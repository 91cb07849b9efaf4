"""Histograms of oriented gradients of whole batches of images."""

from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._layout import is_size
from skfashion._pixels import extremes, scaled
from skfashion._private_sklearn import Interval, StrOptions, _fit_context

# Memory for the votes of all pixels of the images that are transformed at a time.
_BLOCK_BYTES = 2**22

# Keeps the norm of a block without gradients from being zero. Far less than a gradient of one level of 255.
_EPSILON = 1e-5

# The largest value in a block of norm 1 before it is normalised once more, as Lowe chose it for SIFT.
_CLIP = 0.2

# Sums of squares of larger values may be beyond float32.
_LARGE = 1e15

# Channels differ in the strength of a gradient by more than this share, or by rounding alone.
_TIE = 1e-4


class HOGTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ImageInput, BaseEstimator):
    """Histograms of oriented gradients, which describe the edges in each part of an image.

    Each pixel votes for the direction of its gradient in the histogram of its cell, with the strength of the gradient.
    Cells are grouped into overlapping blocks, and each block is normalised, so that contrast and illumination have
    little effect. For colour images, the channel with the strongest gradient votes at each pixel.

    Parameters
    ----------
    orientations : int, default=8
        Number of bins of a histogram, over 360 degrees, or over 180 if gradients are not `signed`.

    pixels_per_cell : int or tuple of int, default=4
        (height, width) of a cell, or the side of a square one; at most the size of the image. Cells are centred
        in images that they do not fill.

    cells_per_block : int or tuple of int, default=2
        (height, width) of a block in cells, or the side of a square one; at most all cells. Neighbouring
        blocks are offset by one cell.

    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L1-sqrt"
        How the values v of a block are normalised: v / ||v||_1, its square root, v / ||v||_2, or the latter clipped at
        0.2 and normalised once more.

    signed : bool, default=True
        Whether gradients from dark to bright and from bright to dark count as different directions.

    interpolate : bool, default=True
        Whether a vote is shared by the two nearest bins and the four nearest cells, in proportion to their proximity,
        so that small shifts and rotations change little. Otherwise it goes to one bin of one cell, as in scikit-image,
        and rounding decides for directions on the border of two bins, such as 45 degrees with 8 bins.

    image_shape : tuple of int or "auto", default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the images in rows of X. ``"auto"``
        takes the shape of X, else square grey or colour images.

    Attributes
    ----------
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    skfashion.baselines.make_hog_svc : A support vector machine on these features.

    References
    ----------
    Navneet Dalal and Bill Triggs, `Histograms of oriented gradients for human detection
    <https://doi.org/10.1109/CVPR.2005.177>`_, 2005.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.preprocessing import HOGTransformer
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> HOGTransformer().fit_transform(X).shape  # 6 x 6 blocks of 2 x 2 cells of 8 orientations
    (1000, 1152)
    >>> model = make_pipeline(HOGTransformer(), RidgeClassifier()).fit(X[:800], y[:800])
    >>> model.score(X[800:], y[800:]) > 0.7
    True
    """

    _parameter_constraints = {
        "orientations": [Interval(Integral, 2, None, closed="left")],
        "pixels_per_cell": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "cells_per_block": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "block_norm": [StrOptions({"L1", "L1-sqrt", "L2", "L2-Hys"})],
        "signed": ["boolean"],
        "interpolate": ["boolean"],
        "image_shape": [StrOptions({"auto"}), tuple, list],
    }

    def __init__(
        self,
        orientations=8,
        *,
        pixels_per_cell=4,
        cells_per_block=2,
        block_norm="L1-sqrt",
        signed=True,
        interpolate=True,
        image_shape="auto",
    ):
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.signed = signed
        self.interpolate = interpolate
        self.image_shape = image_shape

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32", "float64"]
        return tags

    @property
    def _n_features_out(self):
        _, _, n_cells, cells_per_block = self._grid()
        n_blocks = [n - size + 1 for n, size in zip(n_cells, cells_per_block, strict=True)]
        return int(np.prod([*n_blocks, *cells_per_block, self.orientations]))

    def _grid(self):
        """Height and width of an image and of a cell in pixels, of all cells, and of a block in cells."""
        size = self._layout.shape[1:]
        cell = np.minimum(_pair("pixels_per_cell", self.pixels_per_cell), size)
        n_cells = size // cell
        return size, cell, n_cells, np.minimum(_pair("cells_per_block", self.cells_per_block), n_cells)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape and the scale of the images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels, which are scaled to [0, 1].

        y : object
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with all_or_nothing(self):
            self._check_images(X, reset=True)
            self._grid()
        return self

    def transform(self, X):
        """Return the histograms of images.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float32 or float64
            float64 if X holds numbers whose dtype does not fit into float32; levels from 0 to 255 of any dtype give
            float32.

            A row runs through the rows of blocks, their columns, the rows of cells in a block, their columns, and the
            orientations.
        """
        check_is_fitted(self)
        X, _ = self._check_images(X, reset=False)
        dtype = exact = np.result_type(X.dtype, np.float32).type
        if max(map(abs, extremes(X))) > _LARGE:
            dtype = np.float64
        size, cell, n_cells, cells_per_block = self._grid()
        shares = [_shares(*axis, self.interpolate).astype(dtype) for axis in zip(size, cell, n_cells, strict=True)]
        features = np.empty((len(X), self._n_features_out), dtype=exact)
        n_together = max(1, _BLOCK_BYTES // (dtype(0).itemsize * int(np.prod(size)) * self.orientations))
        for start in range(0, len(X), n_together):
            some = slice(start, start + n_together)
            histograms = self._histograms(self._layout.images(scaled(X[some], dtype)), *shares)
            blocks = sliding_window_view(histograms, tuple(cells_per_block), axis=(1, 2))
            blocks = np.moveaxis(blocks, 3, 5).reshape(*blocks.shape[:3], -1)
            features[some] = _NORMS[self.block_norm](blocks).reshape(len(blocks), -1)
        return features

    def _histograms(self, images, rows, columns):
        """The mean vote of the pixels of each cell: (n, cells in a column, cells in a row, orientations)."""
        along_y, along_x = _strongest_gradients(images)
        strength = np.sqrt(along_x**2 + along_y**2)
        position = np.arctan2(along_y, along_x) * (self.orientations / ((2 if self.signed else 1) * np.pi))
        votes = _votes(position, strength, self.orientations, self.interpolate)
        n, height, width, _ = votes.shape
        votes = (rows @ votes.reshape(n, height, -1)).reshape(-1, width, self.orientations)
        return (columns @ votes).reshape(n, len(rows), len(columns), self.orientations)


def _strongest_gradients(images):
    """Central differences along both axes, zero at the border, of the channel where they are largest."""
    along_y, along_x = np.zeros_like(images), np.zeros_like(images)
    along_y[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    along_x[..., 1:-1] = images[..., 2:] - images[..., :-2]
    if images.shape[1] == 1:
        return along_y[:, 0], along_x[:, 0]
    squares = along_y**2 + along_x**2
    strongest = (squares >= (1 - _TIE) * squares.max(axis=1, keepdims=True)).argmax(axis=1)[:, None]
    return tuple(np.take_along_axis(each, strongest, axis=1)[:, 0] for each in (along_y, along_x))


def _votes(position, strength, orientations, interpolate):
    """Votes of pixels for bins, (n, height, width, orientations): bin k is from k to k + 1, and as far once around."""
    if interpolate:
        position -= position.dtype.type(0.5)  # the centre of a bin is half a bin behind where it begins
    lower = np.floor(position)
    bins = lower.astype(np.intp) % orientations
    votes = np.zeros((*position.shape, orientations), dtype=position.dtype)
    flat, first = votes.reshape(-1), np.arange(0, votes.size, orientations).reshape(position.shape)
    if not interpolate:
        flat[first + bins] = strength
        return votes
    share = (position - lower) * strength
    flat[first + bins] = strength - share
    bins += 1
    bins[bins == orientations] = 0
    flat[first + bins] = share
    return votes


def _shares(size, cell, n_cells, interpolate):
    """How much a pixel of an axis counts in each cell, (n_cells, size); a cell of full weight sums to 1."""
    first = (size - n_cells * cell) // 2
    centres = first + (np.arange(n_cells)[:, None] + 0.5) * cell
    distance = np.abs(np.arange(size) + 0.5 - centres) / cell
    return (np.maximum(1 - distance, 0) if interpolate else distance < 0.5) / cell


def _l1(blocks):
    return blocks / (blocks.sum(axis=-1, keepdims=True) + _EPSILON)


def _l2(blocks):
    return blocks / np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + _EPSILON**2)


_NORMS = {
    "L1": _l1,
    "L1-sqrt": lambda blocks: np.sqrt(_l1(blocks)),
    "L2": _l2,
    "L2-Hys": lambda blocks: _l2(np.minimum(_l2(blocks), _CLIP)),
}


def _pair(name, value):
    """(height, width) as ints of at least 1, or a ValueError."""
    pair = (value, value) if isinstance(value, Integral) else tuple(value)
    if len(pair) != 2 or not all(map(is_size, pair)):
        raise ValueError(
            f"The {name!r} parameter must be an int of at least 1 or (height, width) in such ints. "
            f"Got {value!r} instead."
        )
    return np.array(pair, dtype=np.intp)

"""The scale of pixels: levels from 0 to 255, brightness in [0, 1], or other numbers."""

import warnings
from dataclasses import dataclass

import numpy as np

WHITE = 255

# Whole numbers that do not exceed this may be anything: masks of 0 and 1, digits of four bits, images of seven
# bits, counts, ages.
_HALF = 127

# Levels reach beyond that in at least this share of the values: one large count makes no image.
_LIT = 1e-4

# Single values of images in [0, 1] may be brighter than white, but not by as much.
BRIGHT = WHITE / 8

# By how much rounding may carry brightness out of [0, 1], or a level away from a whole number.
ROUNDING = 1e-3

# What is beyond is far from [0, 1].
FAR = -1, 2

# A share of values that does not say on which scale the others are.
FEW = 0.01

# The typical values of images on one scale differ by less than `_FACTOR`, if there are at least `_SOME` images.
_FACTOR, _SOME = 8, 8

# Number of rows that are sampled to estimate the typical value.
_SAMPLE = 256

# Rows that are looked at, or converted, together: no copy of all images as floats is ever made.
_BLOCK = 1024


class _SomeRows:
    """Some rows of an array, which are copied block by block: a copy of all may not fit into memory."""

    def __init__(self, X, rows):
        self.X, self.rows = X, rows
        self.dtype = X.dtype
        self.size = X[0].size * len(rows)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, where):
        return self.X[self.rows[where]]

    def min(self):
        return min(block.min() for block in _blocks(self))

    def max(self):
        return max(block.max() for block in _blocks(self))


def _of_rows(X, rows):
    return X if rows is None or len(rows) == len(X) else _SomeRows(X, rows)


@dataclass(frozen=True)
class PixelScale:
    """The scale of the images of a fit, which decides how all images that come later are read.

    A dtype says little about it: the same pictures come as uint8 from a file, as int64 from a CSV, as float64 from a
    data frame. So the values decide:

    - ``"levels"``: whole numbers from 0 to 255, more than a few of them above 127. They are kept as uint8, which stands
      for a brightness in [0, 1] wherever this library computes: levels are divided by 255, batch by batch.
    - ``"brightness"``: values in [0, 1], up to rounding; masks of 0 and 1 are among them.
    - ``"numbers"``: all others, taken as they are.

    Attributes
    ----------
    kind : {"levels", "brightness", "numbers"}
        What the values are.
    largest : float
        The largest absolute value.
    typical : float
        The mean absolute value, in which single extreme pixels are clipped.
    whole : bool
        Whether all values are whole numbers.
    """

    kind: str
    largest: float
    typical: float
    whole: bool

    @classmethod
    def of(cls, X, rows=None):
        """The scale of an array without missing values, or of some of its rows, given by their indices."""
        X = _of_rows(X, rows)
        low, high = extremes(X)
        whole = _is_whole(X)
        if within_unit_interval(low, high):
            kind = "brightness"
        elif _may_be_levels(low, high) and whole and share_beyond(X, _HALF) > _LIT:
            kind = "levels"
        else:
            kind = "numbers"
        return cls(kind, max(-low, high), _typical(X), whole)

    def read(self, X, name="this estimator", rows=None):
        """Return images of any dtype as this scale reads them: uint8 if they are levels, else numbers as they are.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The images; returned without a copy where that is possible.
        name : str
            The estimator that a warning names.
        rows : ndarray of int, default=None
            The indices of the rows that count; what the others hold decides nothing, and is not kept. None stands for
            all.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            uint8 stands for levels, any other dtype for numbers.

        Warns
        -----
        UserWarning
            If X seems to be on another scale, and it is unclear how the two compare.
        """
        read = {"levels": self._read_beside_levels, "brightness": self._read_beside_brightness}
        some = _of_rows(X, rows)
        return read.get(self.kind, self._read_beside_numbers)(X, some, *extremes(some), name)

    def _read_beside_levels(self, X, some, low, high, name):
        integers = X.dtype.kind in "iu"
        if not integers and within_unit_interval(low, high):
            may_be_levels = X.dtype.kind == "f" and high == 1 and len(some) >= _SOME and _is_whole(some)
            if may_be_levels and self._is_unlike(WHITE * _typical(some)):
                self._warn(X, low, high, name, "taken for brightness, so 1 is white")
            return X
        if _may_be_levels(low, high) and _is_whole(some):
            if high == 1:
                self._warn(X, low, high, name, "taken for levels from 0 to 255, so almost black")
            return _levels(X)
        if integers or (max(-low, high) > BRIGHT and _is_far_from_brightness(some, low, high)):
            # Levels with noise, blurred or resized.
            if low < -WHITE or high > 2 * WHITE:
                self._warn(X, low, high, name, "divided by 255")
            return X.astype(np.float32) / np.float32(WHITE)
        self._warn(X, low, high, name, "taken as they are")
        return X

    def _read_beside_brightness(self, X, some, low, high, name):
        if within_unit_interval(low, high):
            if X.dtype.kind in "iu" and high == 1 and not self.whole:
                self._warn(X, low, high, name, "taken for brightness, so 1 is white")
            return _numbers(X)
        if _may_be_levels(low, high) and _is_whole(some):
            # One dark image is read like any other; a batch of dark images only may be on another scale.
            dark = len(some) >= _SOME and share_beyond(some, _HALF) <= _LIT
            if dark or (self.whole and self.largest > 0):
                self._warn(X, low, high, name, "divided by 255")
            return _levels(X)
        if _is_far_from_brightness(some, low, high):
            self._warn(X, low, high, name, "taken as they are")
        return _numbers(X)

    def _read_beside_numbers(self, X, some, low, high, name):
        if len(some) >= _SOME and high > low and self._is_unlike(_typical(some)):
            self._warn(X, low, high, name, "taken as they are")
        return _numbers(X)

    def _is_unlike(self, typical):
        """Whether a typical value is far from that of the fit."""
        return typical > _FACTOR * self.typical or self.typical > _FACTOR * typical

    def _warn(self, X, low, high, name, taken):
        seen = {
            "levels": "whole numbers from 0 to 255, which are divided by 255",
            "brightness": "values in [0, 1]",
            "numbers": f"values up to {self.largest:g}, which were taken as they are",
        }
        warnings.warn(
            f"{name} is given {X.dtype} values from {low:g} to {high:g}, {taken}, but was fitted on "
            f"{seen[self.kind]}. Pass both on one scale, for instance all as uint8, or all divided by 255.",
            UserWarning,
            stacklevel=2,
        )


def scaled(X, dtype=np.float64):
    """X as floats: uint8 stands for levels, which become brightness in [0, 1]; numbers stay as they are."""
    return X.astype(dtype) / dtype(WHITE) if X.dtype == np.uint8 else X.astype(dtype)


def extremes(X):
    """The smallest and the largest value of an array as floats."""
    return float(X.min()), float(X.max())


def within_unit_interval(low, high):
    """Whether values between these lie in [0, 1], up to rounding."""
    return low >= -ROUNDING and high <= 1 + ROUNDING


def share_beyond(X, bound):
    """The share of the values whose absolute value is greater than `bound`."""
    n_beyond = sum(int((block > bound).sum()) for block in _blocks(X))
    if X.dtype.kind in "if":  # numpy 2.2.0 may crash where unsigned integers are compared with a negative one
        n_beyond += sum(int((block < -bound).sum()) for block in _blocks(X))
    return n_beyond / X.size


def _is_far_from_brightness(X, low, high):
    """Whether more than a few values are far from [0, 1]: single pixels may be absurd, or unlike those of the fit."""
    if low >= FAR[0] and high <= FAR[1]:
        return False
    n_far = sum(int((block > FAR[1]).sum()) for block in _blocks(X))
    if X.dtype.kind in "if":  # see share_beyond
        n_far += sum(int((block < FAR[0]).sum()) for block in _blocks(X))
    return n_far > FEW * X.size


def _typical(X):
    """The mean absolute value of some rows, in which single absurd pixels count as the largest of the others."""
    values = np.abs(X[:: -(-len(X) // _SAMPLE)].astype(np.float64))
    return float(np.minimum(values, np.quantile(values, 1 - FEW)).mean())


def _may_be_levels(low, high):
    return low >= -ROUNDING and high <= WHITE + ROUNDING


def _is_whole(X):
    if X.dtype.kind != "f":
        return True
    return all(np.abs(block - np.rint(block)).max() <= ROUNDING for block in _blocks(X))


def _levels(X):
    if X.dtype == np.uint8:
        return X
    levels = np.empty(X.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore"):  # in rows that do not count
        for block, source in zip(_blocks(levels), _blocks(X), strict=True):
            block[...] = np.rint(source)
    return levels


def _blocks(X):
    return (X[start : start + _BLOCK] for start in range(0, len(X), _BLOCK))


def _numbers(X):
    """X in a dtype that is not uint8, which stands for levels."""
    if X.dtype != np.uint8:
        return X
    return X.view(np.int8) if X.max() < 128 else X.astype(np.int16)


def warn_of_large_numbers(name, X, rows):
    """Warn if a network is going to be trained on rows of numbers that are far larger than its weights expect."""
    X = _of_rows(X, rows)
    if X.dtype != np.uint8 and share_beyond(X, _HALF) > FEW:
        largest = max(map(abs, extremes(X)))
        warnings.warn(
            f"{name} is fitted on {X.dtype} values up to {largest:g}, which are taken as they are: networks learn "
            "badly from numbers this large. Divide images by their largest possible value (such as 4095 or 65535), or "
            "standardise the columns.",
            UserWarning,
            stacklevel=2,
        )

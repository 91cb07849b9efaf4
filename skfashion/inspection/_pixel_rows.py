"""Images as rows of pixels that can be changed and handed back to an estimator in the form in which they came."""

from numbers import Number

import numpy as np
from sklearn.utils import check_array

from skfashion._layout import as_array
from skfashion._pixels import PixelScale, extremes, within_unit_interval
from skfashion.inspection._pictures import arranged


class PixelRows:
    """The values of images in rows, and where each of them lies in its image.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
        The images. Values keep their dtype and their scale, and the order in which they run through an image.
    image_shape : tuple of int, default=None
        As in the estimators; None takes what the estimator knows, or infers it.
    estimator : estimator, default=None
        The estimator for which the images are.

    Attributes
    ----------
    rows : ndarray of shape (n_samples, n_values)
        The values.
    columns : ndarray of shape (channels, height, width)
        The column of each pixel.
    """

    def __init__(self, X, image_shape=None, estimator=None):
        given = as_array(X)
        self._frame = given if hasattr(given, "columns") else None
        values = check_array(np.asarray(given), allow_nd=True, dtype="numeric", input_name="X")
        self.rows = values.reshape(len(values), -1)
        self._shape = values.shape[1:]
        self._image_shape, self._estimator = image_shape, estimator
        columns = np.arange(self.rows.shape[1]).reshape(1, *self._shape)
        if self._frame is None:  # an array that knows its images
            like = np.empty_like(given[:1], dtype=np.intp)
            like[...] = columns
            columns = like
        self.columns = arranged(columns, image_shape, estimator)[0]

    def __len__(self):
        return len(self.rows)

    def as_given(self, rows):
        """Rows in the form of X: as images of its shape, or as a frame with its columns."""
        if self._frame is None:
            return rows.reshape(-1, *self._shape)
        return type(self._frame)(dict(zip(self._frame.columns, rows.T, strict=True)))

    def baseline(self, value):
        """The row of the image that stands for "nothing is there", on the scale of X.

        Parameters
        ----------
        value : None, number, "mean" or array-like
            Zeros, a constant, the mean of X, or one image in any of the forms of X.

        Returns
        -------
        ndarray of shape (n_values,)
            In the dtype of X if that is one of integers.
        """
        if isinstance(value, str):
            if value != "mean":
                raise ValueError(f"baseline must be None, a number, 'mean' or an image. Got {value!r} instead.")
            row = self.rows.mean(axis=0, dtype=np.float64)
            return self._on_the_scale(np.rint(row) if self._are_levels() else row, value)
        if value is None or isinstance(value, Number):
            return self._on_the_scale(np.full(self.rows.shape[1], value or 0, dtype=np.float64), value)
        return self._on_the_scale(self._row_of(value), "the image that is given")

    def _row_of(self, image):
        image = np.asarray(as_array(image))
        expected = f"one image of {self.columns.shape} (c, h, w) or a row of {self.columns.size} values"
        try:
            images = arranged(image[None], self._image_shape, self._estimator)
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(f"baseline must be {expected}, all of them numbers: {error}") from error
        if images.shape != (1, *self.columns.shape):
            raise ValueError(f"baseline must be {expected}. Got an array of shape {image.shape} instead.")
        row = np.empty(self.columns.size)
        row[self.columns] = images[0]
        return row

    def _on_the_scale(self, row, name):
        if not np.isfinite(row).all():
            raise ValueError(f"baseline must be finite. Got {name} instead.")
        low, high = extremes(row)
        kind = self.rows.dtype.kind
        if kind in "bui":
            limits = (0, 1) if kind == "b" else (np.iinfo(self.rows.dtype).min, np.iinfo(self.rows.dtype).max)
            if low < limits[0] or high > limits[1] or (row != np.rint(row)).any():
                raise ValueError(
                    f"X is {self.rows.dtype}, so baseline must hold whole numbers from {limits[0]} to {limits[1]}, on "
                    f"the scale of X. Got {name}, with values from {low:g} to {high:g}."
                )
            return row.astype(self.rows.dtype)
        if within_unit_interval(*extremes(self.rows)) and not within_unit_interval(low, high):
            raise ValueError(
                f"X holds values in [0, 1], so baseline must, too. Got {name}, with values from {low:g} to {high:g}."
            )
        return row.astype(self.rows.dtype)

    def _are_levels(self):
        """Whether all values are whole numbers, among which a mean has to be one as well: it shows the scale."""
        return self.rows.dtype.kind in "bui" or PixelScale.of(self.rows).kind == "levels"

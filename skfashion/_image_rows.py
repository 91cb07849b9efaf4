"""Rows of pixels that know the shape of their images."""

import math

import numpy as np


def _has_rows_of(array, image_shape):
    return isinstance(array, np.ndarray) and array.ndim == 2 and array.shape[1] == math.prod(image_shape)


class ImageRows(np.ndarray):
    """A 2-D array of rows that tells the next step of a Pipeline which images they are.

    To everything else it is an array. Selected rows, and what arithmetic makes of them, know their images too.

    Attributes
    ----------
    image_shape : tuple of int or None
        (channels, height, width); None if the array no longer holds one such image per row.
    channels_last : bool
        Whether a row runs through height, width, channels, and not through channels, height, width.
    """

    def __new__(cls, rows, image_shape, *, channels_last=False):
        self = np.asarray(rows).view(cls)
        self._image_shape, self._channels_last = tuple(image_shape), channels_last
        return self

    def __array_finalize__(self, other):
        """Rows that were selected are rows of the same images; after a reshape nothing is known."""
        kept = isinstance(other, ImageRows) and self.ndim == other.ndim == 2 and self.shape[1] == other.shape[1]
        self._image_shape = other._image_shape if kept else None
        self._channels_last = kept and other._channels_last

    def __array_wrap__(self, array, context=None, return_scalar=False):
        """Results of the same shape are rows of the same images; sums and products are arrays as any other."""
        array = np.asarray(array)
        if return_scalar:
            return array[()]
        is_product = context is not None and context[0].signature is not None  # of matrices
        if is_product or array.shape != self.shape or self.image_shape is None:
            return array
        return ImageRows(array, self.image_shape, channels_last=self.channels_last)

    def __array_function__(self, function, types, args, kwargs):
        """What is joined from rows of the same images, or chosen value by value, are rows of such images too."""
        result = super().__array_function__(function, types, args, kwargs)
        if function is np.concatenate:
            parts = args[0]  # all of them: rows from elsewhere may be other images
        elif function is np.where:
            parts = [part for part in args if isinstance(part, ImageRows)]  # a number stands for any image
        else:
            return result
        kinds = {(getattr(part, "image_shape", None), getattr(part, "channels_last", False)) for part in parts}
        shape, channels_last = next(iter(kinds)) if len(kinds) == 1 else (None, False)
        if shape is None or not _has_rows_of(result, shape) or kwargs.get("out") is not None:
            return result
        return ImageRows(result, shape, channels_last=channels_last)

    def __getitem__(self, index):
        """Selected rows; a selection of columns is no image, even if it has as many."""
        found = super().__getitem__(index)
        if isinstance(found, ImageRows) and isinstance(index, tuple) and len(index) > 1:
            is_whole = index[1] is Ellipsis or (isinstance(index[1], slice) and index[1] == slice(None))
            found._image_shape = found._image_shape if is_whole else None
        return found

    @property
    def T(self):
        return self.transpose()

    def transpose(self, *axes):
        """A plain array: columns of pixels are no images."""
        return np.asarray(self).transpose(*axes)

    def swapaxes(self, axis1, axis2):
        """A plain array, as of :meth:`transpose`."""
        return np.asarray(self).swapaxes(axis1, axis2)

    @property
    def image_shape(self):
        known = self._image_shape is not None and self.ndim == 2 and self.shape[1] == math.prod(self._image_shape)
        return self._image_shape if known else None

    @property
    def channels_last(self):
        return self._channels_last

    def __reduce__(self):
        build, arguments, state = super().__reduce__()
        return build, arguments, (state, self._image_shape, self._channels_last)

    def __setstate__(self, state):
        state, self._image_shape, self._channels_last = state
        super().__setstate__(state)

"""Occlusion: how far the score of a class falls when a part of the image is covered."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

# Values of images that are covered and scored together.
_BLOCK = 2**22


def patches_of(shape, patch_size, stride):
    """The squares that are covered one after the other; together they reach every pixel.

    Parameters
    ----------
    shape : tuple of int
        (height, width) of an image.
    patch_size : int or None
        Their side; None is a seventh of the shorter side of the image.
    stride : int or None
        The step from one to the next; None is half of their side. The last ones end where the image does.

    Returns
    -------
    tops, lefts : ndarray of int of shape (n_patches,)
        Their first rows and columns.
    patch_size : int
        Their side.
    """
    if patch_size is None:
        patch_size = max(1, round(min(shape) / 7))
    check_scalar(patch_size, "patch_size", Integral, min_val=1, max_val=min(shape))
    if stride is None:
        stride = max(1, patch_size // 2)
    check_scalar(stride, "stride", Integral, min_val=1, max_val=patch_size)
    starts = [np.unique([*range(0, size - patch_size, stride), size - patch_size]) for size in shape]
    tops, lefts = (grid.ravel() for grid in np.meshgrid(*starts, indexing="ij"))
    return tops, lefts, int(patch_size)


class Occlusion:
    """Maps of how much the score of a class falls where an image is covered by a baseline.

    The value of a pixel is the mean over all patches that cover it.

    Parameters
    ----------
    scores : callable
        From images as they were given to scores (n, n_classes).
    pixels : PixelRows
        The images.
    baseline : ndarray of shape (n_values,)
        What covers them.
    patch_size, stride : int or None
        As in :func:`patches_of`.
    """

    def __init__(self, scores, pixels, baseline, patch_size=None, stride=None):
        self._scores, self._pixels, self._baseline = scores, pixels, baseline
        self._tops, self._lefts, self._size = patches_of(pixels.columns.shape[1:], patch_size, stride)
        steps = np.arange(self._size)
        down, right = self._tops[:, None, None] + steps[:, None], self._lefts[:, None, None] + steps
        self._columns = np.moveaxis(pixels.columns[:, down, right], 0, 1).reshape(len(self._tops), -1)

    @property
    def n_images_at_once(self):
        """How many images one call of :meth:`maps` should be given."""
        return max(1, _BLOCK // (len(self._tops) * self._baseline.size))

    def maps(self, index, targets):
        """Explain some of the images.

        Parameters
        ----------
        index : slice
            Which images.
        targets : ndarray of int of shape (n,)
            For each of them the column of its class.

        Returns
        -------
        maps : ndarray of shape (n, h, w)
            How much the score falls.
        scores : ndarray of shape (n,)
            The score of the images as they are.
        errors : None
            There is nothing to compare with.
        """
        rows = self._pixels.rows[index]
        whole = self._scores_of(rows, targets)
        n_patches = len(self._tops)
        covered = np.empty(len(rows) * n_patches)
        step = max(1, _BLOCK // rows.shape[1])
        for start in range(0, len(covered), step):
            image, patch = np.divmod(np.arange(start, min(start + step, len(covered))), n_patches)
            changed = rows[image]
            columns = self._columns[patch]
            np.put_along_axis(changed, columns, self._baseline[columns], axis=1)
            covered[start : start + step] = self._scores_of(changed, targets[image])
        return self._spread(whole[:, None] - covered.reshape(-1, n_patches)), whole, None

    def baseline_scores(self, targets):
        """The score of the baseline for each of these classes."""
        return self._scores(self._pixels.as_given(self._baseline[None]))[0][targets]

    def _scores_of(self, rows, targets):
        return self._scores(self._pixels.as_given(rows))[np.arange(len(rows)), targets]

    def _spread(self, falls):
        """The mean of the falls (n, n_patches) of all patches that cover a pixel."""
        maps = np.zeros((len(falls), *self._pixels.columns.shape[1:]))
        n_patches = np.zeros(maps.shape[1:])
        for fall, top, left in zip(falls.T, self._tops, self._lefts, strict=True):
            window = slice(top, top + self._size), slice(left, left + self._size)
            maps[:, *window] += fall[:, None, None]
            n_patches[window] += 1
        return maps / n_patches

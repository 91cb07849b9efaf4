"""Pictures from images: rows or images of any dtype, on the scale that counts for all displays."""

import math

import numpy as np
from sklearn.utils import check_array

from skfashion._layout import as_array, check_layout, declared_layout, inferred_layout, rows_of
from skfashion._pixels import WHITE, PixelScale, scaled
from skfashion.inspection._estimators import steps_of


class Images:
    """Images that a display is given, read on one scale: that of the estimator's fit, or their own.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
        All images, not only those to be drawn: few of them may not show the scale.
    image_shape : tuple of int, default=None
        As in the estimators; None takes what the estimator knows, or infers it.
    estimator : estimator, default=None
        What the images are for, if anything.
    """

    def __init__(self, X, image_shape=None, estimator=None):
        self._read_before = estimator is not None and reads_pixels(estimator)
        rows, self._layout = _laid_out(X, image_shape, estimator)
        first = steps_of(estimator)[0] if self._read_before else None
        self._scale = PixelScale.of(rows) if first is None else first._pixels
        self._name = "The display" if first is None else type(first).__name__
        self._rows = self._scale.read(rows, self._name)

    def pictures(self, which=slice(None)):
        """Pictures of some images: those at the places `which`."""
        return _as_pictures(self._rows[which], self._layout)

    def pictures_beside(self, pictures, others, image_shape=None, estimator=None):
        """Pictures of what was made of some of these images, on their scale.

        An estimator that reads pixels as this library does gives brightness; from others levels come back as levels,
        or as brightness where they are scaled on one way only: the nearer scale is right.

        Parameters
        ----------
        pictures : ndarray of shape (n, h, w) or (n, h, w, channels)
            The images that it was made of.
        others : array-like
            What was made of them, for instance reconstructions.
        image_shape, estimator
            As in the class.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        rows, layout = _laid_out(others, image_shape, estimator)
        made = _as_pictures(rows if rows.dtype.kind == "f" else self._scale.read(rows, self._name), layout)
        if made.shape != pictures.shape:
            raise ValueError(f"The images have shape {pictures.shape}, their reconstructions {made.shape}.")
        return self.on_their_scale(pictures, made)

    def on_their_scale(self, pictures, made):
        """Pictures that were made of some of these images as brightness, if they may be levels; as they are if not."""
        if self._read_before or self._rows.dtype != np.uint8:
            return made
        return min(made, made / WHITE, key=lambda each: np.square(each - pictures, dtype=np.float64).sum())


def pictures_made_by(estimator, X, image_shape=None, *, signed=False):
    """Pictures of what an estimator makes: samples and centroids, or directions and weights, which have a sign."""
    rows, layout = _laid_out(X, image_shape, estimator)
    return _as_pictures(rows if signed or reads_pixels(estimator) else PixelScale.of(rows).read(rows), layout)


def reads_pixels(estimator):
    """Whether an estimator of this library is the first to see the images, so that what comes back is brightness."""
    return hasattr(steps_of(estimator)[0], "_pixels")


def _laid_out(X, image_shape, estimator):
    """X as a 2-D array of numbers, and the layout of its rows."""
    X = as_array(X)
    layout = None if image_shape is None else declared_layout(image_shape)
    if layout is None and estimator is not None:
        layout = _known_layout(estimator, math.prod(np.shape(X)[1:]))
    X, shown, _ = rows_of(X, layout)
    X = check_array(X, dtype="numeric", input_name="X")
    return X, check_layout(layout or shown or inferred_layout(X.shape[1]), X.shape[1])


def _known_layout(estimator, n_features):
    """How rows of so many values run through images, as far as a step of the estimator was told."""
    layouts = (getattr(step, "_layout", None) for step in steps_of(estimator))  # of estimators of this library
    return next((layout for layout in layouts if layout is not None and layout.n_features == n_features), None)


def _as_pictures(rows, layout):
    """Rows as pictures of shape (n, h, w), or (n, h, w, channels) in colour, in float; levels over 255."""
    channels = layout.shape[0]
    if channels not in (1, 3, 4):
        raise ValueError(f"Pictures have 1, 3 or 4 channels, but the images are of (c, h, w) = {layout.shape}.")
    rows = rows if rows.dtype in (np.float32, np.float64) else scaled(rows, np.float32)
    pictures = rows.reshape(-1, *layout.row_shape)
    pictures = pictures if layout.channels_last else np.moveaxis(pictures, 1, -1)
    return pictures[..., 0] if channels == 1 else pictures

"""Pictures from arrays of any shape and dtype, on the scale that counts for all displays."""

import math

import numpy as np

from skfashion._images import scale_of_all
from skfashion._layout import as_array, declared_layout, laid_out
from skfashion._nested import steps_of
from skfashion._pixels import WHITE, PixelScale, scaled
from skfashion.inspection._back_to_pixels import inverse_transformed
from skfashion.inspection._protocols import ImageEstimator

# Images that are decoded to learn the scale of what an estimator gives back.
_N_DECODED = 20


class Images:
    """Images that a display is given, read on one scale: that of the estimator's fit, or their own.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
        All images, not only those to be drawn: few of them may not show the scale.
    image_shape : tuple of int, default=None
        As in the estimators; None takes what the estimator knows, or infers it.
    estimator : estimator, default=None
        The estimator for which the images are, if any.
    others : sequence of array-like, default=()
        Other images of the same display, which are on the same scale.
    """

    def __init__(self, X, image_shape=None, estimator=None, others=()):
        self._reader, self.scale = _reader_of(estimator), None
        if self._reader is None:
            images = arranged(X, image_shape, estimator)
            self.scale = scale_of_all(images, *(arranged(other, image_shape, estimator) for other in others))
            self._images = self.scale.read(images, "The display")
        else:
            self._images = self._reader.as_images(X, image_shape=image_shape)

    def pictures(self, index=slice(None)):
        """Pictures of the images at these positions."""
        return _as_pictures(self._images[index])

    def pictures_beside(self, pictures, outputs, image_shape=None, estimator=None):
        """Pictures of what an estimator made of some of these images, on their scale.

        An estimator that reads pixels as this library does returns brightness; from others levels come back as levels,
        or as brightness where they are scaled in one direction only: the nearer scale is right.

        Parameters
        ----------
        pictures : ndarray of shape (n, h, w) or (n, h, w, channels)
            Pictures of the inputs.
        outputs : array-like
            The outputs, for instance reconstructions.
        image_shape, estimator
            As in the class.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        images = arranged(outputs, image_shape, estimator)
        if images.dtype.kind != "f":
            if self._reader is None:
                images = self.scale.read(images, "The display")
            else:
                images = self._reader.as_images(outputs, image_shape=image_shape)
        outputs = _as_pictures(images)
        if outputs.shape != pictures.shape:
            raise ValueError(f"The images have shape {pictures.shape}, their reconstructions {outputs.shape}.")
        return self.on_their_scale(pictures, outputs)

    def on_their_scale(self, pictures, outputs):
        """Outputs as brightness, if the images are levels and that is nearer to their pictures; else as they are."""
        return outputs / self.white_of(pictures, outputs)

    def white_of(self, pictures, outputs):
        """What stands for a brightness of 1 in the outputs of an estimator: 255 if it gives levels back as levels."""
        if self._reader is not None or self._images.dtype != np.uint8:
            return 1
        return min(1, WHITE, key=lambda white: np.square(outputs / white - pictures, dtype=np.float64).sum())


def decoded_pictures(estimator, points, labels, X, codes, others=()):
    """Pictures of latent codes, on the scale of images X: the decoded codes of X show which scale the decoder gives.

    Parameters
    ----------
    estimator : estimator
        With ``inverse_transform``.
    points : ndarray of shape (n_points, n_dimensions)
        Latent codes.
    labels : array-like of shape (n_points,), a single label, or None
        Their classes, for a conditional decoder.
    X : array-like, as in :class:`Images`
        Images.
    codes : ndarray of shape (n_samples, n_dimensions)
        Their latent codes.
    others : sequence of array-like, default=()
        As in :class:`Images`.
    """
    images, few = Images(X, None, estimator, others), slice(0, _N_DECODED)
    pairs = (points, labels), (codes[few], None if labels is None else np.ravel(labels)[0])
    outputs, back = (
        _as_pictures(arranged(inverse_transformed(steps_of(estimator), *pair), None, estimator)) for pair in pairs
    )
    return outputs / images.white_of(images.pictures(few), back)


def pictures_made_by(estimator, X, image_shape=None, *, signed=False, scale=None):
    """Pictures of what an estimator makes: samples and centroids, or directions and weights, which have a sign.

    `scale` is that of the images which it has seen; None stands for that of X.
    """
    images = arranged(X, image_shape, estimator)
    if not signed and _reader_of(estimator) is None:  # a reader returns brightness
        images = (scale or PixelScale.of(images)).read(images, "The display")
    return _as_pictures(images)


def _reader_of(estimator):
    """The first step of an estimator, which sees the images, if it reads them as this library does; else None."""
    first = None if estimator is None else steps_of(estimator)[0]
    return first if isinstance(first, ImageEstimator) else None


def arranged(X, image_shape, estimator):
    """X as images (n, channels, height, width), with its values as they are.

    If no shape is given, the first step that was fitted on images of this size decides.
    """
    layout = None if image_shape is None else declared_layout(image_shape)
    X = as_array(X)
    if layout is None and estimator is not None:
        n_features = math.prod(np.shape(X)[1:])
        for step in steps_of(estimator):
            if isinstance(step, ImageEstimator) and math.prod(step.image_shape_) == n_features:
                return step.as_images(X, rescale=False)
    X, layout = laid_out(X, layout)
    return layout.images(X)


def _as_pictures(images):
    """Images (n, channels, height, width) as pictures (n, h, w), or (n, h, w, channels) in colour, in float."""
    channels = images.shape[1]
    if channels not in (1, 3, 4):
        raise ValueError(f"Pictures have 1, 3 or 4 channels, but the images are of (c, h, w) = {images.shape[1:]}.")
    images = images if images.dtype in (np.float32, np.float64) else scaled(images, np.float32)
    return images[:, 0] if channels == 1 else np.moveaxis(images, 1, -1)


def mean_picture(pictures):
    """The mean of pictures, summed in float64: float32 loses digits in sums of many."""
    return pictures.mean(axis=0, dtype=np.float64)

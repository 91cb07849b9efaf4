"""Protocols of estimators that displays recognise."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class ImageEstimator(Protocol):
    """A fitted estimator that knows the shape of the images in its rows and the scale of their pixels.

    All estimators of images in this library follow this protocol once they are fitted; ``ImageReader`` and the searches
    do not. Displays draw the images of others by the shape and the values of X alone; one of your own with this
    attribute and this method is drawn as ours are.

    Attributes
    ----------
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from skfashion.baselines import KNNClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ImageEstimator
    >>> X, y = make_garments(100, random_state=0, return_X_y=True)
    >>> isinstance(KNNClassifier().fit(X, y), ImageEstimator)
    True
    >>> isinstance(PCA(2, random_state=0).fit(X), ImageEstimator)
    False
    """

    image_shape_: tuple

    def as_images(self, X, *, image_shape=None, rescale=True):
        """Return X as images of shape (n_samples, channels, height, width).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images, or other arrays with a value per pixel, such as weights.

        image_shape : tuple of int or "auto", default=None
            The shape of an image, if it is not `image_shape_`.

        rescale : bool, default=True
            Whether to read the values on the scale of the fit. With False they stay as they are.

        Returns
        -------
        ndarray of shape (n_samples, channels, height, width)
            With `rescale`, uint8 stands for levels from 0 to 255, and any other dtype for numbers as they are.
        """


@runtime_checkable
class DifferentiableEstimator(ImageEstimator, Protocol):
    """A fitted estimator that is a torch module, through which gradients flow from predictions to pixels."""

    def as_module(self):
        """Return a module with the attributes `predictor`, which maps images to predictions, and `outputs`.

        Where `outputs` are ``"classes"``, `predictor` maps images to probabilities, and has a method `scores` that
        turns them into logits.
        """

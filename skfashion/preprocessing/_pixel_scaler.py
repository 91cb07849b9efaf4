"""Pixels on the scale of the fit, for estimators that take numbers as they are."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._exported import ModuleExport
from skfashion._image_rows import ImageRows
from skfashion._images import ImageInput
from skfashion._layout import as_array, rows_of
from skfashion._pixels import scaled


class PixelScaler(OneToOneFeatureMixin, TransformerMixin, ModuleExport, ImageInput, BaseEstimator):
    """Pixels on one scale, whatever their dtype: the first step of a Pipeline of scikit-learn on images.

    Estimators of scikit-learn take numbers as they are, so images that were uint8 in ``fit`` and are floats in [0, 1]
    in ``predict`` look like different images to them. All estimators of images in this library read pixels on the scale
    of the fit; this transformer does the same for others, and changes nothing else.

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
    sklearn.preprocessing.MinMaxScaler : Scales each pixel by itself, by its range in the training images.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.preprocessing import PixelScaler
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> model = make_pipeline(PixelScaler(), RidgeClassifier()).fit(X[:500], y[:500])
    >>> model.score(X[500:], y[500:]) == model.score(X[500:] / 255, y[500:]) > 0.5
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32", "float64"]
        return tags

    def fit(self, X, y=None):
        """Learn the scale of the images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels.

        y : object
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with all_or_nothing(self):
            self._knows_images = rows_of(X, None)[1] is not None
            self._check_images(X, reset=True)
        return self

    def transform(self, X):
        """Return levels from 0 to 255 as brightness in [0, 1], and other numbers as they are.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32 or float64
            float64 if X holds numbers whose dtype does not fit into float32; levels from 0 to 255 of any dtype give
            float32. The next step learns the shape of the images if X showed it.
        """
        check_is_fitted(self)
        X, _ = self._check_images(X, reset=False)
        X = scaled(X, np.result_type(X.dtype, np.float32).type)
        if not self._knows_images:
            return X
        return ImageRows(X, self._layout.shape, channels_last=self._layout.channels_last)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            As in :class:`~sklearn.preprocessing.MinMaxScaler`.

        Returns
        -------
        ndarray of str objects
            Those of the fit; if it was on images, a name for each pixel, from which the next step learns their shape.
        """
        check_is_fitted(self)
        if input_features is None and self._knows_images and not hasattr(self, "feature_names_in_"):
            return np.array(self._layout.pixel_names(), dtype=object)
        return super().get_feature_names_out(input_features)

    def inverse_transform(self, X):
        """Return rows unchanged: like all estimators of images here, it gives brightness back, and not levels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows as from :meth:`transform`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32 or float64
            The rows.

        Raises
        ------
        ValueError
            If rows have another length than those of the fit.
        """
        check_is_fitted(self)
        X = check_array(as_array(X), dtype=[np.float64, np.float32])
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but PixelScaler is expecting {self.n_features_in_} features as input."
            )
        return X

    def _as_predictor(self):
        from skfashion.modules._predictions import Rows  # late, as it needs torch

        return Rows(self._layout), "numbers"

"""The base of outlier detectors: a score for each image, and the threshold that separates outliers."""

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._private_sklearn import _fit_context
from skfashion._weights import weighted_rows
from skfashion.neural_network._clones import CloneMark
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._inner_network import fit_of_an_inner_network
from skfashion.neural_network._per_image import check_finite

# The share of training images that are taken for outliers if nobody says how many there are.
_SHARE = 0.05

# By how much float32 may move a score, which is a logarithm.
_ROUNDING = 1e-4


@estimator
class BaseOutlierDetector(OutlierMixin, CloneMark, ImageInput, CallbackSupportMixin, BaseEstimator, ABC):
    """An estimator that learns what images look like, and finds those that look different.

    A final class says what it learns (:meth:`_learn`), and by how much an image differs (:meth:`_scores`).
    """

    contamination: float | Literal["auto"] = parameter(
        "auto",
        """
        The share of outliers in X, which decides on `offset_`. ``"auto"`` is for X without outliers, or with few:
        the lowest five percent of its scores are below the threshold.""",
        number(float, 0, 0.5, closed="right"),
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        """
        Seeds the network, unless that has a `random_state` of its own. Pass an int for the same model in every
        call.""",
        "random_state",
    )

    _fitted_attributes = {
        "offset_ : float": "The score below which an image is an outlier.",
        "interrupted_ : bool": "Whether Ctrl-C cut the training of the network short.",
        "n_features_in_ : int": "Values in a row of X.",
        "feature_names_in_ : ndarray of str": "Names of the columns, if X was a DataFrame with names.",
        "image_shape_ : tuple of int": "(channels, height, width) of an image.",
    }

    @abstractmethod
    def _learn(self, given, X, sample_weight, fitting):
        """Learn what images look like: as they were `given`, and on the scale of the fit; weights are 1 on average.

        `fitting` makes a context manager of a network, in which that is to be fitted.
        """

    @abstractmethod
    def _scores(self, X, *, alone):
        """Logarithms of how usual images on the scale of the fit are, the higher the more usual.

        `alone` says whether that must not depend on the images beside an image, not even in the last digit.
        """

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None):
        """Learn what the images look like, and below which score an image is an outlier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels, which are scaled to
            [0, 1].

        y : Ignored
            Not used, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not as described, or if the training diverges. The estimator is then as it
            was before.
        """
        with fit_of_an_inner_network(self, X, None, sample_weight) as fitting, all_or_nothing(self):
            given = X
            X, _ = self._validate_images(X, reset=True)
            X, weight = _weighted(X, sample_weight)
            read = self._on_the_scale(X, reset=True)
            self._learn(given, read, weight, fitting)
            scores = self._scores(read, alone=X.dtype == np.float64)
            self.offset_ = _threshold(scores, weight, self.contamination)
            self._unmark()
        return self

    def score_samples(self, X):
        """Return how usual each image is; low values indicate outliers.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), dtype float64
            Scores without a unit: their order is what matters.
        """
        check_is_fitted(self)
        X, _ = self._validate_images(X, reset=False)
        scores = self._scores(self._pixels.read(X, type(self).__name__), alone=X.dtype == np.float64)
        return check_finite(scores, X, type(self).__name__)

    def decision_function(self, X):
        """Return by how much the score of each image exceeds `offset_`; negative values are outliers.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), dtype float64
            ``score_samples(X) - offset_``.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """Return which images are outliers.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), dtype int64
            -1 for outliers, 1 for inliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)


def _weighted(X, sample_weight):
    """The rows with a positive weight, and their weights, which are 1 on average."""
    if sample_weight is None:
        return X, np.ones(len(X))
    rows, weight = weighted_rows(sample_weight, X)
    weight /= weight.max()
    # A copy of X, which may be a memory map, only where there is something to leave out.
    return X if len(rows) == len(X) else X[rows], weight / weight.mean()


def _threshold(scores, weight, contamination):
    """The score that separates a share of outliers from the others, in the middle between the two nearest to it."""
    share = _SHARE if contamination == "auto" else contamination
    order = np.argsort(scores, kind="stable")
    cumulated = np.cumsum(weight[order]) / weight.sum()
    n_outliers = np.searchsorted(cumulated, share * (1 + 1e-9), side="right")
    nearest = scores[order[max(0, n_outliers - 1) : n_outliers + 1]]
    # Equal images are on one side, whatever is rounded when they are looked at again.
    return float(nearest.mean() - (_ROUNDING if np.ptp(nearest) < _ROUNDING else 0))

"""The base of outlier detectors: a score for each image, and the threshold that separates outliers."""

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._images import ImageInput
from skfashion._layout import as_array
from skfashion._private_sklearn import _check_sample_weight, _fit_context
from skfashion.neural_network._parameters import estimator, number, parameter

# The share of training images that are taken for outliers if nobody says how many there are.
_SHARE = 0.05


@estimator
class BaseOutlierDetector(OutlierMixin, ImageInput, BaseEstimator, ABC):
    """An estimator that learns what images look like, and finds those that look otherwise.

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
        "n_features_in_ : int": "Values in a row of X.",
        "feature_names_in_ : ndarray of str": "Names of the columns, if X was a DataFrame with names.",
        "image_shape_ : tuple of int": "(channels, height, width) of an image.",
    }

    @abstractmethod
    def _learn(self, given, X, sample_weight):
        """Learn what images look like: as they were `given`, and checked as X; weights are None if all are 1."""

    @abstractmethod
    def _scores(self, X):
        """How usual each image is: numbers whose differences matter, the higher the more usual."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None):
        """Learn what the images look like, and from which score on one is an outlier.

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
        with all_or_nothing(self):
            given = X
            X, _ = self._check_images(X, reset=True)
            weight = None
            if sample_weight is not None:
                weight = _check_sample_weight(as_array(sample_weight), X, dtype=np.float64, ensure_non_negative=True)
            self._learn(given, X, weight)
            scores = self._scores(given)
            counts = np.ones(len(scores)) if weight is None else weight
            self.offset_ = _threshold(scores[counts > 0], counts[counts > 0], self.contamination)
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
        return self._scores(X)

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
            -1 for outliers, 1 for all others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)


def _threshold(scores, weight, contamination):
    """The score that separates a share of outliers from the others, in the middle between the two nearest to it."""
    share = _SHARE if contamination == "auto" else contamination
    order = np.argsort(scores, kind="stable")
    cumulated = np.cumsum(weight[order]) / weight.sum()
    n_outliers = np.searchsorted(cumulated, share * (1 + 1e-9), side="right")
    return float(scores[order[max(0, n_outliers - 1) : n_outliers + 1]].mean())

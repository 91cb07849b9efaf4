"""Subspace classifier: one linear subspace per class."""

from numbers import Integral

import numpy as np
from scipy.linalg import eigh
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.extmath import svd_flip
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._exported import ModuleExport
from skfashion._images import ImageInput
from skfashion._labels import check_classes
from skfashion._pixels import scaled
from skfashion._private_sklearn import Interval, _fit_context
from skfashion._weights import weighted_rows
from skfashion.modules._predictions import SubspaceProbabilities

# Memory for the values that are converted to float64 at a time.
_BLOCK_BYTES = 2**25


class SubspaceClassifier(ClassifierMixin, ModuleExport, ImageInput, BaseEstimator):
    """Subspace classifier: assigns an image to the class with the nearest linear subspace.

    For each class a truncated singular value decomposition gives the subspace of `n_components` dimensions that is
    nearest to its training images; a new image gets the class whose subspace leaves the smallest residual.

    Parameters
    ----------
    n_components : int, default=32
        Dimensions of each subspace; at most the rank of the images of the class, and a quarter of the values of an
        image (pixels times channels): larger subspaces contain nearly every image, and leave no residual by which
        classes differ. For images of fewer than four values this limit may be 0, which gives the nearest mean.

    center : bool, default=True
        Whether subspaces go through the mean of their class, or through the origin.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    means_ : ndarray of shape (n_classes, n_features)
        A point of each subspace; levels from 0 to 255 are on the scale of [0, 1].
    components_ : list of ndarray of shape (n_components, n_features)
        An orthonormal basis of each subspace, the directions of most variance first.
    scale_ : float
        The mean squared distance of training images from the subspace of their own class.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    KNNClassifier : Looks at single images instead.

    References
    ----------
    S. Wold, `Pattern recognition by means of disjoint principal components models
    <https://doi.org/10.1016/0031-3203(76)90014-5>`_, 1976.

    Examples
    --------
    >>> from skfashion.baselines import SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> subspaces = SubspaceClassifier(n_components=10).fit(X[:800], y[:800])
    >>> subspaces.score(X[800:], y[800:]) > 0.5
    True
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "center": ["boolean"],
    }

    def __init__(self, n_components=32, *, center=True):
        self.n_components = n_components
        self.center = center

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit one subspace per class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels, which are scaled to
            [0, 1].

        y : array-like of shape (n_samples,)
            The labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            X, y = self._validate_images(X, y, reset=True)
            check_classes(y)
            rows, weight = weighted_rows(sample_weight, X)
            X = self._on_the_scale(X, rows, reset=True)
            weight /= weight.max()
            classes, codes = np.unique(y[rows], return_inverse=True)
            members = [codes == code for code in range(len(classes))]
            subspaces = [self._subspace(X, rows[is_member], weight[is_member]) for is_member in members]
            self.classes_ = classes
            self.means_ = np.array([mean for mean, _, _ in subspaces])
            self.components_ = [components for _, components, _ in subspaces]
            self.scale_ = float(sum(residual for _, _, residual in subspaces) / weight.sum())
        return self

    def _subspace(self, X, rows, weight):
        """The mean of some rows of weights, the basis of their subspace, and the weighted sum of their residuals.

        Directions are the eigenvectors of ``A^T A``, the Gram matrix of the features, with A the centered rows times
        the roots of their weights; or, where images are fewer than pixels, come from those of the smaller ``A A^T``.
        """
        n_features = X.shape[1]
        largest = weight.max()
        weight = weight / largest  # a class may weigh so little that sums over it would be zero
        mean = _mean(X, rows, weight) if self.center else np.zeros(n_features)
        k = min(self.n_components, max(n_features // 4, not self.center), len(rows))
        few = len(rows) < n_features
        gram = (_gram_of_rows if few else _gram_of_features)(X, rows, weight, mean)
        if k == 0:
            return mean, np.zeros((0, n_features)), largest * np.trace(gram)
        values, vectors = eigh(gram, subset_by_index=[len(gram) - k, len(gram) - 1])
        # Less than that is rounding: of the products, and of the mean.
        eps = np.finfo(np.float64).eps
        rounding = n_features * max(values[-1] * eps, 16 * weight.sum() * (mean**2).sum() * eps**2)
        spans = values > rounding
        # In the usual order of memory, which a copy of the model has too: the last digit of products depends on it.
        values, components = values[spans][::-1], np.ascontiguousarray(vectors.T[spans][::-1])
        residual = largest * max(0.0, np.trace(gram) - values.sum())
        if few:
            components = _rows_to_features(X, rows, weight, mean, components)
        return mean, svd_flip(None, components, u_based_decision=False)[1], residual

    def _residuals(self, X):
        """The squared distance of each image from each subspace."""
        check_is_fitted(self)
        X, _ = self._check_images(X, reset=False)
        residuals = np.empty((len(X), len(self.classes_)), dtype=np.float64)
        for block in _blocks(len(X), X.shape[1]):
            values = scaled(X[block])  # float32 would lose small residuals to cancellation
            for code, (mean, components) in enumerate(zip(self.means_, self.components_, strict=True)):
                centered = values - mean
                inside = (centered @ components.T) ** 2
                residuals[block, code] = (centered**2).sum(axis=1) - inside.sum(axis=1)
        return residuals.clip(0)

    def decision_function(self, X):
        """Return the negative squared distance of each image from each subspace.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes, that of the second class minus that of the first.
        """
        residuals = self._residuals(X)
        return residuals[:, 0] - residuals[:, 1] if len(self.classes_) == 2 else -residuals

    def predict_proba(self, X):
        """Return probabilities: a softmax of minus the squared distances over `scale_`; they are not calibrated.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        residuals = self._residuals(X)
        return softmax(-residuals / self._unit(), axis=1)

    def _unit(self):
        """The squared distance that counts as 1."""
        return max(self.scale_, float(np.finfo(np.float32).tiny))

    def _as_predictor(self):
        module = SubspaceProbabilities(self.means_, self.components_, self._unit(), self._layout)
        return module, "classes"

    def predict(self, X):
        """Return the class of the nearest subspace.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, in the dtype of the y that was fitted.
        """
        best = self._residuals(X).argmin(axis=1)
        return self.classes_[best]


def _mean(X, rows, weight):
    total = np.zeros(X.shape[1])
    for block in _blocks(len(rows), X.shape[1]):
        total += weight[block] @ scaled(X[rows[block]])
    return total / weight.sum()


def _gram_of_features(X, rows, weight, mean):
    gram = np.zeros((X.shape[1], X.shape[1]))
    for block in _blocks(len(rows), X.shape[1]):
        centered = (scaled(X[rows[block]]) - mean) * np.sqrt(weight[block])[:, None]
        gram += centered.T @ centered
    return gram


def _gram_of_rows(X, rows, weight, mean):
    gram = np.zeros((len(rows), len(rows)))
    for _, centered in _columns(X, rows, weight, mean):
        gram += centered @ centered.T
    return gram


def _rows_to_features(X, rows, weight, mean, vectors):
    """Orthonormal directions of pixels that belong to directions of rows."""
    directions = np.empty((X.shape[1], len(vectors)))
    for block, centered in _columns(X, rows, weight, mean):
        directions[block] = centered.T @ vectors.T
    basis, triangle = np.linalg.qr(directions)  # they are at right angles but for rounding
    return (basis * np.sign(np.diag(triangle))).T


def _columns(X, rows, weight, mean):
    """Yield slices of columns, and the values of the centered and weighted rows there."""
    for block in _blocks(X.shape[1], len(rows)):
        yield block, (scaled(X[rows, block]) - mean[block]) * np.sqrt(weight)[:, None]


def _blocks(n, width):
    """Slices of n rows or columns with this many values each."""
    size = max(1, _BLOCK_BYTES // (8 * width))
    return (slice(start, min(start + size, n)) for start in range(0, n, size))

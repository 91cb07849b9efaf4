"""k-nearest-neighbours classifier."""

from numbers import Integral

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._device import resolve_device
from skfashion._images import ImageInput
from skfashion._labels import check_classes
from skfashion._private_sklearn import Interval, StrOptions, _fit_context
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._nearest import IntegerSearch, int8_is_exact, links_to, nearest

_METRICS = ("cosine", "euclidean", "sqeuclidean")


class KNNClassifier(ClassifierMixin, ImageInput, BaseEstimator):
    """Exact k-nearest-neighbours classifier, fast enough for all of Fashion-MNIST.

    Distances are matrix products on the device. The neighbours are those of an exhaustive search in float64; rows at
    the same distance come in the order of their index. Blocks bound the memory: there is never a distance matrix of all
    pairs.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours that vote.

    weights : {"uniform", "distance"} or callable, default="uniform"
        The weights of the votes: uniform, or inverse to the distance (a neighbour at distance 0 outvotes the others). A
        callable gets the distances (n, k) and returns weights of the same shape.

    metric : {"euclidean", "sqeuclidean", "cosine"}, default="euclidean"
        The metric. For others, which are not matrix products, use :class:`sklearn.neighbors.KNeighborsClassifier`.

    device : str or torch.device, default="auto"
        The device of the products: ``"cpu"``, or ``"cuda"`` for a GPU by NVIDIA or AMD; ``"auto"`` takes the GPU if
        there is one. Other kinds of devices, such as ``"mps"`` and ``"xpu"``, are refused: nothing was ever tested on
        them.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    n_samples_fit_ : int
        The number of training rows.
    image_shape_ : tuple of int
        (channels, height, width) of an image.

    See Also
    --------
    sklearn.neighbors.KNeighborsClassifier : Scikit-learn's own, with more metrics.

    Notes
    -----
    Levels from 0 to 255 are kept as uint8, and distances are on the scale of [0, 1] per pixel. They are searched by
    products of int8, which are exact and several times faster than those of float32, where the processor has them. All
    other numbers are searched in float32; near ties are resolved, and distances returned, in float64.

    What would slow a search down is searched separately: copies as one row, and rows far from all others among
    themselves. Where float32 cannot tell rows apart (clusters that are much smaller than their distances from each
    other), float64 does so at about the cost of scikit-learn's search. Only where float64 cannot do so either (more
    than ten decimal digits are equal) every distance is computed from its differences, which takes several times as
    long.

    A model that was fitted on uint8 and is queried with other numbers converts the training images to float32 at the
    first such query, and keeps these too, though not in its pickle.

    A model that is loaded by ``joblib.load(path, mmap_mode="r")`` shares its training images with the other processes
    that did so. Where they are searched in float32, they are then converted at each call, block by block, instead of
    being kept in float32 by each process.

    References
    ----------
    T. Cover and P. Hart, `Nearest neighbor pattern classification <https://doi.org/10.1109/TIT.1967.1053964>`_, 1967.

    Examples
    --------
    >>> from skfashion.baselines import KNNClassifier
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> knn = KNNClassifier(n_neighbors=3).fit(X[:800], y[:800])
    >>> knn.score(X[800:], y[800:]) > 0.5
    True
    >>> distance, index = knn.kneighbors(X[:1])
    >>> print(distance[0, 0], index[0, 0])
    0.0 0
    """

    _parameter_constraints = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "weights": [StrOptions({"uniform", "distance"}), callable],
        "metric": [str],
        "device": [str, torch.device],
    }

    _metric = None  # of the fit; in older files only the parameter says it

    def __init__(self, n_neighbors=5, *, weights="uniform", metric="euclidean", device="auto"):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.metric = metric
        self.device = device

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Remember the images X and their labels y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        y : array-like of shape (n_samples,)
            The labels.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with all_or_nothing(self):
            if self.metric not in _METRICS:
                raise ValueError(
                    f"The 'metric' parameter of KNNClassifier must be one of {_METRICS}, which are matrix products. "
                    f"Got {self.metric!r} instead; sklearn.neighbors.KNeighborsClassifier has others, for instance "
                    "'manhattan'."
                )
            device = resolve_device(self.device)
            X, y = self._check_images(X, y, reset=True)
            check_classes(y)
            self.classes_, self._codes = np.unique(y, return_inverse=True)
            self.n_samples_fit_, self._metric = len(X), self.metric
            if IntegerSearch.suits(X, self.metric, device):
                self._search = IntegerSearch(X)
            else:  # a copy, as what the caller does to X later must not change the model
                self._search = FloatSearch(X.copy(), self.metric, device)
        return self

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """Find the nearest training rows.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`, default=None
            The queries; None queries the training rows, without counting a row as its own neighbour.

        n_neighbors : int, default=None
            Number of neighbours; by default the parameter of the estimator.

        return_distance : bool, default=True
            Whether to return distances too.

        Returns
        -------
        distance : ndarray of shape (n_queries, n_neighbors), float64
            Distances in ascending order; only if `return_distance`.
        index : ndarray of shape (n_queries, n_neighbors), int64
            Indices of the training rows; ties are ordered by index.
        """
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        check_scalar(k, "n_neighbors", Integral, min_val=1)
        others = self.n_samples_fit_ - (X is None)
        if k > others:
            raise ValueError(f"n_neighbors={k}, but there are {others} training samples to choose from.")
        if X is None:
            distance, index = without_self(*self._nearest(self.training_rows(), k + 1))
        else:
            distance, index = self._nearest(self._check_images(X, reset=False)[0], k)
        return (distance, index) if return_distance else index

    def training_rows(self, index=None):
        """Return the training images as rows: levels from 0 to 255 as uint8, other numbers in their own dtype.

        Parameters
        ----------
        index : array-like of int, default=None
            Which of them, as :meth:`kneighbors` gives them; None stands for all.

        Returns
        -------
        ndarray of shape (n_samples_fit, n_features), or (n_index, n_features)
            A copy, or a view that must not be written to.
        """
        check_is_fitted(self)
        return self._search.training_rows(slice(None) if index is None else np.asarray(index))

    def _nearest(self, X, k):
        search, metric = self._search, self._metric or self.metric
        if isinstance(search, IntegerSearch) and (X.dtype != np.uint8 or not int8_is_exact()):
            if search.in_floats is None:
                search.in_floats = FloatSearch(search.training_rows(), metric, search.device)
            search = search.in_floats
        distance, index = nearest(search, X, k)
        return distance**2 if metric == "sqeuclidean" else distance, index

    def kneighbors_graph(self, X=None, n_neighbors=None, mode="connectivity"):
        """Return the neighbours as a sparse matrix.

        Parameters
        ----------
        X, n_neighbors
            As in :meth:`kneighbors`.

        mode : {"connectivity", "distance"}, default="connectivity"
            Whether entries are ones or distances.

        Returns
        -------
        scipy.sparse.csr_array of shape (n_queries, n_samples_fit)
            A row holds the neighbours of a query.
        """
        if mode not in ("connectivity", "distance"):
            raise ValueError(f"mode must be 'connectivity' or 'distance'. Got {mode!r} instead.")
        distance, index = self.kneighbors(X, n_neighbors)
        values = distance if mode == "distance" else np.ones_like(distance)
        return links_to(index, values.ravel(), self.n_samples_fit_)

    def predict_proba(self, X):
        """Return the share of the votes of each class.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            In the order of `classes_`.
        """
        distance, index = self.kneighbors(X)
        votes = self._votes(distance)
        shares = np.zeros((len(index), len(self.classes_)))
        np.add.at(shares, (np.arange(len(index))[:, None], self._codes[index]), votes)
        totals = shares.sum(axis=1, keepdims=True)
        if not (totals > 0).all():
            raise ValueError("The weights of all neighbours of a sample are zero: there is no vote.")
        return shares / totals

    def _votes(self, distance):
        if self.weights == "uniform":
            return np.ones_like(distance)
        if self.weights == "distance":
            with np.errstate(divide="ignore", over="ignore"):
                votes = 1 / distance
            same = np.isinf(votes)
            return np.where(same.any(axis=1, keepdims=True), same, votes)
        votes = np.asarray(self.weights(distance), dtype=np.float64)
        if votes.shape != distance.shape or not np.isfinite(votes).all() or (votes < 0).any():
            raise ValueError(
                f"The 'weights' callable must turn distances of shape {distance.shape} into finite weights of the same "
                f"shape that are not negative. Got {votes!r} instead."
            )
        return votes

    def predict(self, X):
        """Return the class with the most votes; ties go to the first in `classes_`.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, in the dtype of the y that was fitted.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


def without_self(distance, index):
    """Drop each row from its own neighbours; if duplicates came before it, the last one instead."""
    n, k = index.shape
    drop = index == np.arange(n)[:, None]
    drop[~drop.any(axis=1), -1] = True
    return distance[~drop].reshape(n, k - 1), index[~drop].reshape(n, k - 1)

"""What compiled code relies on: it follows the numbers of a fitted model without looking where they lead."""

import numpy as np
from scipy.sparse import issparse
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from skfashion._private_sklearn_state import BaseDecisionTree
from skfashion.baselines import KNNClassifier
from skfashion.baselines._nearest import IntegerSearch, pad_to_group
from skfashion.persistence._kind import check

_FORESTS = (ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor)
_KERNELS = ("linear", "poly", "rbf", "sigmoid", "precomputed")
_MOST_THREADS = 1024

# Names of features are made where an estimator is shown.
_MOST_FEATURES = 2**24


def check_shapes(value):
    """Raise a ValueError if the arrays of a fitted estimator, or of a part of one, do not fit together."""
    for name in ("n_features_in_", "_n_features_out"):
        n = vars(value).get(name, 0)
        check(isinstance(n, (int, np.integer)) and 0 <= n <= _MOST_FEATURES, f"{name} is out of range")
    if "_fit_X" in vars(value):
        _check_neighbors(value)
    for kinds, attribute, look in _CHECKS:
        if isinstance(value, kinds) and attribute in vars(value):
            look(value)


def _check_neighbors(estimator):
    """Scikit-learn's neighbours: rows to search, and the index of the class of each."""
    n = _check_rows(estimator._fit_X, estimator.n_features_in_)
    check(n == estimator.n_samples_fit_, "lost rows")
    check(estimator._fit_method in ("brute", "kd_tree", "ball_tree"), "another way to search")
    for name in ("effective_metric_", "metric", "algorithm"):
        check(type(getattr(estimator, name)) is str, f"{name} is not text")
    check(type(estimator.effective_metric_params_) is dict, "invalid parameters of a metric")
    check(
        not any(callable(each) for each in estimator.effective_metric_params_.values()), "a metric that is a function"
    )
    if hasattr(estimator, "_y"):
        check(isinstance(estimator._y, np.ndarray) and len(estimator._y) == n, "another number of labels")
    if isinstance(estimator, KNeighborsClassifier):
        classes = estimator.classes_ if estimator.outputs_2d_ else [estimator.classes_]
        columns = estimator._y.reshape(n, -1).T
        check(len(classes) == len(columns), "another number of labels")
        check(all(_reaches(each, len(known)) for each, known in zip(columns, classes, strict=True)), "unknown classes")


def _check_knn(estimator):
    rows = estimator.training_rows()
    n = _check_rows(rows, estimator.n_features_in_)
    check(n == estimator.n_samples_fit_ == len(estimator._codes), "lost rows")
    check(_reaches(estimator._codes, len(estimator.classes_)), "unknown classes")


def _check_rows(rows, n_features):
    """Return the number of rows: among none there is no nearest."""
    is_table = (isinstance(rows, np.ndarray) or issparse(rows)) and rows.ndim == 2 and rows.dtype.kind in "biuf"
    check(is_table and rows.shape[0] > 0 and rows.shape[1] == n_features, "rows of another shape")
    return rows.shape[0]


def _check_search(search):
    """As its products read them: rows of int8 up to a whole number of groups, of which the last ones are far away."""
    rows, squares = search.rows, search.squares
    check(0 < search.n <= search.width == pad_to_group(search.n), "a search of another width")
    check(rows.dtype == np.int8 and rows.ndim == 2 and len(rows) == search.width, "rows of another shape")
    check(rows.shape[1] >= 4 and rows.flags.c_contiguous, "rows of another shape")
    check(squares.dtype == np.int32 and squares.shape == (search.width,), "squares of another shape")


def _check_tree(estimator):
    n_features = estimator.tree_.n_features
    check(n_features == estimator.n_features_in_, f"trees of {n_features} features in place of others")


def _check_forest(estimator):
    """A forest hands rows to its trees as they are, without a look at their width."""
    members = estimator.estimators_
    check(type(members) is list and all(isinstance(member, BaseDecisionTree) for member in members), "no trees")
    for tree in members:
        n_features = tree.tree_.n_features
        check(n_features == estimator.n_features_in_, f"trees of {n_features} features in place of others")


def _check_centers(estimator):
    centers = estimator.cluster_centers_
    is_table = centers.ndim == 2 and centers.dtype.kind == "f" and len(centers) > 0
    check(is_table and centers.shape[1] == estimator.n_features_in_, f"centers of shape {centers.shape}")
    check(getattr(estimator, "_counts", centers[:, 0]).shape == (len(centers),), "counts of other centers")
    check(1 <= getattr(estimator, "_n_threads", 1) <= _MOST_THREADS, "absurd numbers of threads")


def _check_support_vectors(estimator):
    """As libsvm has them: the vectors of one class after those of the other, with a row of coefficients per rival."""
    check(estimator._sparse is False, "a support vector machine of sparse rows")
    check(type(estimator.kernel) is str and estimator.kernel in _KERNELS, "an unknown kernel")
    classifies = isinstance(estimator, (SVC, NuSVC))
    vectors, n_support, n = estimator.support_vectors_, estimator._n_support, len(estimator.support_)
    n_classes = len(n_support) if classifies else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    expected = (0, 0) if estimator.kernel == "precomputed" else (n, estimator.n_features_in_)
    check(vectors.shape == expected and vectors.dtype == np.float64, "vectors of another shape")
    counts = n_support.shape == (n_classes,) and n_support.dtype == np.int32 and (n_support >= 0).all()
    check(counts and (n_support.sum() == n if classifies else (n_support == n).all()), "lost vectors")
    check(_reaches(estimator.support_, estimator.shape_fit_[0]), "support vectors out of range")
    for name in ("dual_coef_", "_dual_coef_"):
        check(getattr(estimator, name).shape == (n_classes - 1, n), "coefficients of another shape")
    check(estimator._intercept_.shape == (n_pairs,), "constants of another shape")
    for name in ("_probA", "_probB"):
        check(getattr(estimator, name).shape in ((0,), (n_pairs,)), "probabilities of another shape")


def _reaches(indices, n):
    return indices.dtype.kind in "iu" and ((indices >= 0) & (indices < n)).all()


# Classes, the attribute that they have once they are fitted, and what looks at them.
_CHECKS = (
    ((KMeans, MiniBatchKMeans), "cluster_centers_", _check_centers),
    ((SVC, NuSVC, SVR, NuSVR, OneClassSVM), "support_vectors_", _check_support_vectors),
    (BaseDecisionTree, "tree_", _check_tree),
    (_FORESTS, "estimators_", _check_forest),
    (KNNClassifier, "_search", _check_knn),
    (IntegerSearch, "rows", _check_search),
)

"""What compiled code relies on: it follows the numbers of a fitted model without looking where they lead."""

import numpy as np
from scipy.sparse import issparse
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.ensemble import IsolationForest
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from skfashion._private_sklearn_state import BaseDecisionTree
from skfashion.baselines import KNNClassifier
from skfashion.baselines._nearest import IntegerSearch, pad_to_group
from skfashion.persistence._kind import check

_LEAF = -1
_MOST_THREADS = 1024

# Names of features are made where an estimator is shown.
_MOST_FEATURES = 2**24


def check_shapes(estimator):
    """Raise a ValueError if the arrays of a fitted estimator, or of a part of one, do not fit together."""
    for name in ("n_features_in_", "_n_features_out"):
        n = vars(estimator).get(name, 0)
        check(isinstance(n, (int, np.integer)) and 0 <= n <= _MOST_FEATURES, f"{name}={n!r:.50}")
    if hasattr(estimator, "_fit_X"):
        _check_rows(estimator._fit_X, estimator.n_features_in_)
    if isinstance(estimator, KNNClassifier) and hasattr(estimator, "_search"):
        _check_rows(estimator.training_rows(), estimator.n_features_in_)
        check(len(estimator.training_rows()) == estimator.n_samples_fit_, "lost rows")
    if isinstance(estimator, IntegerSearch):
        _check_search(estimator)
    elif isinstance(estimator, (KMeans, MiniBatchKMeans)) and hasattr(estimator, "cluster_centers_"):
        _check_centers(estimator)
    elif isinstance(estimator, (SVC, NuSVC, SVR, NuSVR, OneClassSVM)) and hasattr(estimator, "support_vectors_"):
        _check_support_vectors(estimator)
    elif isinstance(estimator, BaseDecisionTree) and hasattr(estimator, "tree_"):
        _check_features(estimator, [estimator])
    elif isinstance(getattr(estimator, "estimators_", None), (list, np.ndarray)):
        members = np.ravel(estimator.estimators_).tolist()
        if all(isinstance(member, BaseDecisionTree) for member in members):
            _check_features(estimator, members)


def check_tree(columns, values, n_classes, n_features, n_outputs):
    """Raise a ValueError unless all ways through a tree end at leaves, and pass features that there are."""
    sizes = all(type(size) is int and size > 0 for size in (n_features, n_outputs))
    arrays = all(isinstance(array, np.ndarray) for array in (*columns.values(), values, n_classes))
    check(sizes and arrays, "a tree without sizes or arrays")
    n = len(values)
    check(n > 0 and all(column.shape == (n,) for column in columns.values()), "columns of different lengths")
    check(n_classes.shape == (n_outputs,) and n_classes.dtype.kind == "i" and (n_classes > 0).all(), "no classes")
    check(values.dtype == np.float64 and values.shape == (n, n_outputs, n_classes.max()), "values of another shape")
    place, left, right = np.arange(n), columns["left_child"], columns["right_child"]
    is_leaf = (left == _LEAF) & (right == _LEAF)
    for child in (left, right):
        check(child.dtype.kind == "i" and (is_leaf | ((place < child) & (child < n))).all(), "children that are none")
    feature = columns["feature"]
    check(feature.dtype.kind == "i" and (is_leaf | ((feature >= 0) & (feature < n_features))).all(), "unknown features")


def _check_features(estimator, trees):
    n_features = estimator.n_features_in_
    for tree in trees:
        seen = n_features
        if isinstance(estimator, IsolationForest) or hasattr(estimator, "estimators_features_"):
            seen = tree.n_features_in_  # each tree has features of its own, which its predictions validate
        check(tree.tree_.n_features == seen, f"trees of {tree.tree_.n_features} features instead of {seen}")


def _check_rows(rows, n_features):
    """Among no rows there is no nearest."""
    is_table = (isinstance(rows, np.ndarray) or issparse(rows)) and rows.ndim == 2 and rows.dtype.kind in "biuf"
    check(is_table and rows.shape[0] > 0 and rows.shape[1] == n_features, "rows of another shape")


def _check_search(search):
    """As its products read them: rows of int8 up to a whole number of groups, of which the last ones are far away."""
    rows, squares = search.rows, search.squares
    check(0 < search.n <= search.width == pad_to_group(search.n), "a search of another width")
    check(rows.dtype == np.int8 and rows.ndim == 2 and len(rows) == search.width, "rows of another shape")
    check(rows.shape[1] >= 4 and rows.flags.c_contiguous, "rows of another shape")
    check(squares.dtype == np.int32 and squares.shape == (search.width,), "squares of another shape")


def _check_centers(estimator):
    centers = estimator.cluster_centers_
    expected = (estimator.n_clusters, estimator.n_features_in_)
    check(centers.dtype.kind == "f" and centers.shape == expected, f"centers of shape {centers.shape}")
    check(1 <= getattr(estimator, "_n_threads", 1) <= _MOST_THREADS, "absurd numbers of threads")


def _check_support_vectors(estimator):
    """As libsvm has them: the vectors of one class after those of the other, with a row of coefficients per rival."""
    check(not estimator._sparse, "a support vector machine of sparse rows")
    vectors, n_support = estimator.support_vectors_, estimator._n_support
    n_classes = len(n_support) if isinstance(estimator, (SVC, NuSVC)) else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    n, precomputed = len(estimator.support_), estimator.kernel == "precomputed"
    check(vectors.shape == ((0, 0) if precomputed else (n, estimator.n_features_in_)), "vectors of another shape")
    check(precomputed or vectors.dtype == np.float64, "vectors that are no floats")
    check((n_support >= 0).all() and (n_support.sum() == n or not isinstance(estimator, (SVC, NuSVC))), "lost vectors")
    for name in ("dual_coef_", "_dual_coef_"):
        check(getattr(estimator, name).shape == (n_classes - 1, n), "coefficients of another shape")
    check(estimator._intercept_.shape == (n_pairs,), "constants of another shape")
    for name in ("_probA", "_probB"):
        check(getattr(estimator, name).shape in ((0,), (n_pairs,)), "probabilities of another shape")
    check(not precomputed or _reaches(estimator.support_, estimator.shape_fit_[0]), "vectors that are none")


def _reaches(places, n):
    return places.dtype.kind == "i" and ((places >= 0) & (places < n)).all()

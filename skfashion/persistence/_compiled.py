"""Objects of compiled code in estimators of scikit-learn: left out of files, and made again."""

from sklearn.neighbors import BallTree, KDTree

_INDICES = {"kd_tree": KDTree, "ball_tree": BallTree}


def without_compiled_parts(state):
    """The state of an estimator without objects of compiled code that can be made again."""
    if isinstance(state.get("_tree"), tuple(_INDICES.values())):
        state = {**state, "_tree": None}
    return {name: value for name, value in state.items() if name != "_loss_function_"}


def with_compiled_parts(estimator):
    """Make again what :func:`without_compiled_parts` has left out, as scikit-learn's own ``fit`` does."""
    method = getattr(estimator, "_fit_method", None)
    if method in _INDICES and estimator._tree is None:
        metric = {"metric": estimator.effective_metric_, **estimator.effective_metric_params_}
        estimator._tree = _INDICES[method](estimator._fit_X, estimator.leaf_size, **metric)

"""What fitted estimators of scikit-learn hold that can be made again: objects of compiled code, and references back."""

from sklearn.neighbors import BallTree, KDTree

from skfashion._private_sklearn_state import MetadataRequest, MethodMetadataRequest

_INDICES = {"kd_tree": KDTree, "ball_tree": BallTree}


def without_compiled_parts(value, state):
    """The state of an object without parts that can be made again."""
    if isinstance(state.get("_tree"), tuple(_INDICES.values())):
        state = {**state, "_tree": None}
    if isinstance(value, (MetadataRequest, MethodMetadataRequest)):  # it belongs to the estimator that holds it
        state = {**state, "owner": None}
    return {name: each for name, each in state.items() if name != "_loss_function_"}


def with_compiled_parts(value):
    """Make again what :func:`without_compiled_parts` has left out, as scikit-learn does."""
    method = getattr(value, "_fit_method", None)
    if type(method) is str and method in _INDICES and value._tree is None:
        metric = {"metric": value.effective_metric_, **value.effective_metric_params_}
        value._tree = _INDICES[method](value._fit_X, value.leaf_size, **metric)
    request = vars(value).get("_metadata_request")
    if isinstance(request, MetadataRequest):
        for each in (request, *vars(request).values()):
            if isinstance(each, (MetadataRequest, MethodMetadataRequest)):
                each.owner = value

"""What a saved model needs of the state of scikit-learn's estimators beyond their public API.

Last tried with scikit-learn 1.9.0 and 1.9.1.

Imported from here:

- `AdamOptimizer`, `SGDOptimizer`: where the training of scikit-learn's own networks goes on
- `BaseDecisionTree`: what all trees are, alone and in forests
- `MetadataRequest`, `MethodMetadataRequest`: what ``set_fit_request`` and its like have set
- `_PassthroughScorer`: how a search scores by the estimator's own method
- `_CalibratedClassifier`, `_SigmoidCalibration`, `_TemperatureScaling`: the parts of a CalibratedClassifierCV
- `Tree`: the nodes of a decision tree, an object of compiled code

Reached through objects, where they are used:

- `_dual_coef_`, `_intercept_`, `_n_support`, `_probA`, `_probB`, `_sparse`: what support vector machines hand to libsvm
- `_fit_X`, `_fit_method`, `_tree`: the rows among which neighbours are searched, how, and the index that speeds it up
- `_loss_function_`: the compiled loss of a linear model, which every training makes anew
- `_n_threads`: how many threads k-means uses
"""

from sklearn.calibration import _CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling
from sklearn.metrics._scorer import _PassthroughScorer
from sklearn.neighbors import BallTree, KDTree
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree
from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest

__all__ = ["PRIVATE_CLASSES", "BaseDecisionTree", "Tree", "without_compiled_parts", "with_compiled_parts"]

PRIVATE_CLASSES = {
    f"sklearn.{each.__name__}": each
    for each in (
        *(AdamOptimizer, SGDOptimizer, _PassthroughScorer),
        *(MetadataRequest, MethodMetadataRequest),
        *(_CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling),
    )
}

_INDICES = {"kd_tree": KDTree, "ball_tree": BallTree}


def without_compiled_parts(estimator, state):
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

"""What an estimator consists of when it is exported, and what cannot be."""

from sklearn.base import BaseEstimator, is_classifier, is_clusterer, is_outlier_detector, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from skfashion._nested import steps_of
from skfashion.persistence._protocols import ModuleEstimator

CAN_BE = (
    "What can be exported: the networks and SubspaceClassifier of skfashion, estimators of scikit-learn that skl2onnx "
    "knows, Pipelines of these, and fitted searches and FrozenEstimators around them."
)

# Why others of ours cannot be.
_REASONS = {
    "CentroidSampler": "it draws images at random, and predicts nothing for given ones",
    "ClusterClassifier": "any clusterer may be in it, and its label need not be the most probable class",
    "HOGTransformer": "it computes in numpy, which cannot become a graph: export the steps after it",
    "ImageReader": "it reads files of images, and an ONNX graph takes their pixels: export the steps after it",
    "KNNClassifier": "it searches all training images and decides near ties in float64; scikit-learn's can be",
    "NeighborSampler": "it draws images at random, and predicts nothing for given ones",
    "SpectralClusterer": "it searches all training images, and decides near ties in float64",
}


# Whose parts are all part of the graph.
_CONTAINERS = (
    *(ColumnTransformer, FeatureUnion),
    *(StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor),
)


def exportable_steps(estimator):
    """The fitted estimators that rows pass in order, without what is only wrapped around them.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If one of them is not fitted.
    TypeError
        If one of them cannot be exported.
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"to_onnx exports a fitted estimator. Got {estimator!r} instead. {CAN_BE}")
    steps = steps_of(estimator)
    if isinstance(steps[-1], Pipeline):
        raise TypeError(f"The Pipeline has no step that does anything: there is nothing to export. {CAN_BE}")
    for step in steps:
        check_is_fitted(step)
        _refuse(step)
        if isinstance(step, _CONTAINERS):
            for part in step.get_params().values():
                if isinstance(part, BaseEstimator):
                    _refuse(part, f", in {type(step).__name__},")
    _check_last(steps[-1])
    return steps


def _is_ours(step):
    return type(step).__module__.startswith("skfashion.")


def _refuse(step, where=""):
    """Raise a TypeError if a step is one of those that no graph can stand for."""
    name = type(step).__name__
    if is_outlier_detector(step):
        reason = "it is an outlier detector, whose threshold is not part of its network"
    elif _is_ours(step) and not isinstance(step, ModuleEstimator):
        reason = _REASONS.get(name, "it has no as_module()")
    elif hasattr(step, "sample") and not hasattr(step, "transform") and not hasattr(step, "predict"):
        reason = "it draws samples, and predicts nothing for given ones"
    else:
        return
    raise TypeError(f"{name}{where} cannot be exported: {reason}. {CAN_BE}")


def _check_last(step):
    if is_clusterer(step):
        reason = "it is a clusterer, whose labels and distances are two kinds of outputs"
    elif not (is_classifier(step) or is_regressor(step) or hasattr(step, "transform")):
        reason = "it is not a classifier, regressor or transformer"
    else:
        return
    raise TypeError(f"{type(step).__name__} cannot be exported as the last step: {reason}. {CAN_BE}")

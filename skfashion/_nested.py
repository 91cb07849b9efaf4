"""Which estimator is inside of a Pipeline, a search or a FrozenEstimator."""

import copy

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline


def unwrapped(estimator):
    """The estimator itself, the best one of a search, or the one that is frozen, however these are nested."""
    if isinstance(estimator, FrozenEstimator):
        return unwrapped(estimator.estimator)
    if hasattr(estimator, "best_estimator_"):
        return unwrapped(estimator.best_estimator_)
    if hasattr(estimator, "cv_results_") and getattr(estimator, "refit", None) is False:
        raise NotFittedError(f"This {type(estimator).__name__} holds no fitted estimator: fit it with refit=True.")
    return estimator


def steps_of(estimator):
    """The fitted estimators that images pass, in order; an estimator that is not a Pipeline is its only step."""
    estimator = unwrapped(estimator)
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = (step for _, step in estimator.steps if step is not None and not isinstance(step, str))  # "passthrough"
    return [inner for step in steps for inner in steps_of(step)] or [estimator]


def search_of(estimator):
    """The search itself, one that is frozen, or one at the end of a Pipeline; else the innermost estimator."""
    while not hasattr(estimator, "cv_results_"):
        if isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        else:
            break
    return estimator


def last_step(estimator):
    """The estimator itself, or the one in which a Pipeline ends."""
    return last_step(estimator.steps[-1][1]) if hasattr(estimator, "steps") else estimator


def with_last_step(estimator, last):
    """The Pipeline with another last step; its other steps are the same objects, as fitted as they are."""
    if not hasattr(estimator, "steps"):
        return last
    whole = copy.copy(estimator)
    name, step = whole.steps[-1]
    whole.steps = [*whole.steps[:-1], (name, with_last_step(step, last))]
    return whole


def path_to_last_step(estimator):
    """The names of the steps that lead to it, from the outermost Pipeline on."""
    if not hasattr(estimator, "steps"):
        return []
    name, step = estimator.steps[-1]
    return [name, *path_to_last_step(step)]

"""What a classifier predicts: classes, and the numbers by which it chooses one."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skfashion._nested import steps_of, unwrapped

RESPONSES = ("auto", "probability", "decision", "logit")


def classifier_in(estimator):
    """The fitted classifier that an estimator is or holds; a TypeError if there is none."""
    estimator = unwrapped(estimator)
    check_is_fitted(estimator)
    if not is_classifier(estimator):
        raise TypeError(f"{type(estimator).__name__} is not a classifier: it has no classes.")
    return estimator


def probabilistic_classifier_in(estimator):
    """As :func:`classifier_in`; a TypeError if it has no probabilities."""
    estimator = classifier_in(estimator)
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(f"{type(estimator).__name__} has no predict_proba: it gives no confidence.")
    return estimator


def single_labels(estimator, X):
    """The predicted classes of a classifier, one for each image; a ValueError if these are several."""
    predicted = estimator.predict(X)
    if np.ndim(predicted) != 1 or isinstance(estimator.classes_, list):
        raise ValueError(
            f"{type(estimator).__name__} predicts several labels for an image, but one label per image is needed."
        )
    return predicted


def confidences_of(estimator, X, predicted):
    """The probabilities of predicted classes, which need not be the most probable ones: a threshold may decide."""
    columns = np.searchsorted(estimator.classes_, predicted)
    return np.asarray(estimator.predict_proba(X))[np.arange(len(predicted)), columns]


def class_scores(estimator, response):
    """Return a function from images to a score for each class, and which of RESPONSES it gives.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier, unwrapped.
    response : {"auto", "probability", "decision"}
        ``"auto"`` are probabilities where there are any, else decision values.

    Returns
    -------
    scores : callable
        From images to float64 (n_samples, n_classes).
    response : {"probability", "decision"}
        What it gives.
    """
    has_probability, has_decision = (hasattr(estimator, name) for name in ("predict_proba", "decision_function"))
    name = type(steps_of(estimator)[-1]).__name__
    if not has_probability and not has_decision:
        raise TypeError(f"{name} has neither predict_proba nor decision_function: there is no score to explain.")
    if response == "auto":
        response = "probability" if has_probability else "decision"
    if response == "probability":
        if not has_probability:
            raise TypeError(f"{name} has no predict_proba: use response='decision'.")
        return (lambda X: np.asarray(estimator.predict_proba(X), dtype=np.float64)), response
    if not has_decision:
        raise TypeError(f"{name} has no decision_function: use response='probability'.")
    return (lambda X: _decisions(estimator, X, name)), response


def _decisions(estimator, X, name):
    """Decision values with a column for each class; of two classes one is the negative of the other."""
    values = np.asarray(estimator.decision_function(X), dtype=np.float64)
    if values.ndim == 1:
        return np.column_stack([-values, values])
    pairs = getattr(steps_of(estimator)[-1], "decision_function_shape", "ovr") == "ovo"
    if pairs or values.shape[1] != len(estimator.classes_):
        raise ValueError(
            f"{name} has a decision value for each pair of classes, not for each class: use "
            "decision_function_shape='ovr'."
        )
    return values

"""Metrics of a fitted estimator on test images, with confidence intervals."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor
from sklearn.metrics import (
    adjusted_rand_score,
    mean_absolute_error,
    normalized_mutual_info_score,
    r2_score,
    roc_auc_score,
)
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.multiclass import is_multilabel

from skfashion._layout import as_array
from skfashion._nested import steps_of
from skfashion.inspection._labels import labels_of
from skfashion.metrics import Interval, accuracy_interval, clustering_accuracy_score, most_confused_pairs
from skfashion.metrics._comparison import proportion_interval

_CONFIDENCE = 0.95
_N_RESAMPLES = 1000


@dataclass(frozen=True)
class ClassMetrics:
    """Recall and precision of a class, on its `n_images` images; None where they are not defined."""

    label: object
    n_images: int
    recall: Interval | None
    precision: Interval | None


@dataclass(frozen=True)
class CardEvaluation:
    """What was measured.

    Attributes
    ----------
    n_images : int
        Test images.
    metrics : dict of str to Interval
        Estimates and their 95 % confidence intervals, whose ends are NaN where there is none.
    classes : list of ClassMetrics
        A row for each class.
    confusion : ndarray of shape (n_classes, n_classes) or None
        The confusion matrix of a classifier of one label per image: true classes in rows.
    confused : list of ConfusedPair
        Its most confused pairs, by the indices of both classes.
    """

    n_images: int
    metrics: dict
    classes: list = field(default_factory=list)
    confusion: np.ndarray | None = None
    confused: list = field(default_factory=list)


def is_autoencoder(estimator):
    """Whether the last step gives back images."""
    return hasattr(steps_of(estimator)[-1], "reconstruct")


def is_conditional(autoencoder):
    """Whether the last step needs the classes of images to reconstruct them."""
    return get_tags(steps_of(autoencoder)[-1]).target_tags.required


def evaluate(estimator, X, y):
    """Measure a fitted estimator, on the targets `y` where it needs any."""
    kinds = (
        (is_outlier_detector, _of_an_outlier_detector),
        (is_classifier, _of_a_classifier),
        (is_regressor, _of_a_regressor),
        (_assigns_clusters, _of_a_clusterer),
        (is_autoencoder, _of_an_autoencoder),
    )
    measure = next((measure for is_kind, measure in kinds if is_kind(estimator)), None)
    if measure is None:
        raise ValueError(
            f"{type(steps_of(estimator)[-1]).__name__} neither predicts nor reconstructs: there is nothing to measure "
            "on X_test. Leave it out."
        )
    if y is None and measure in (_of_a_classifier, _of_a_regressor, _of_a_clusterer):
        raise ValueError(
            "X_test was given without y_test, which the metrics of classifiers, regressors and clusterers need."
        )
    return measure(estimator, X, y)


def _assigns_clusters(estimator):
    """Whether it is a clusterer that assigns new images too, unlike DBSCAN."""
    return is_clusterer(estimator) and hasattr(estimator, "predict")


def _of_a_classifier(estimator, X, y):
    predicted = estimator.predict(X)
    if isinstance(estimator.classes_, list):
        return _of_targets(check_array(as_array(y), dtype=None, input_name="y_test"), predicted)
    if np.ndim(predicted) == 2:
        return _of_labels(check_array(as_array(y), input_name="y_test"), predicted)
    y, classes = labels_of(y), estimator.classes_
    check_consistent_length(y, predicted)
    metrics = {"Accuracy": accuracy_interval(y, predicted, confidence_level=_CONFIDENCE)}
    unknown = set(y.tolist()) - set(classes.tolist())
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise ValueError(f"y_test holds classes that the estimator was not trained on: {names}.")
    columns, predicted_columns = np.searchsorted(classes, y), np.searchsorted(classes, predicted)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (columns, predicted_columns), 1)
    metrics["Balanced accuracy"] = _balanced_accuracy(confusion)
    if hasattr(estimator, "predict_proba"):
        metrics["Log loss"] = _bootstrap(np.mean, _log_losses(estimator.predict_proba(X), columns))
    rows = [
        ClassMetrics(label, int((y == label).sum()), *_recall_and_precision(y == label, predicted == label))
        for label in classes.tolist()
    ]
    return CardEvaluation(len(y), metrics, rows, confusion, most_confused_pairs(columns, predicted_columns))


def _of_targets(y, predicted):
    """Several targets per image, each with classes of its own: the columns of `y`."""
    if y.shape != predicted.shape:
        raise ValueError(f"y_test must have the shape of the predictions, {predicted.shape}. Got {y.shape}.")
    equal = y == predicted
    metrics = {"Accuracy (all targets of an image right)": _share(equal.all(axis=1))}
    metrics |= {f"Accuracy of target {index}": _share(column) for index, column in enumerate(equal.T)}
    return CardEvaluation(len(y), metrics)


def _of_labels(y, predicted):
    """Several labels per image: the columns of indicator matrices."""
    check_consistent_length(y, predicted)
    if not is_multilabel(predicted) or y.shape != predicted.shape:
        raise ValueError(
            f"y_test must be an indicator matrix of shape {predicted.shape}, as the predictions are. Got {y.shape}."
        )
    y, predicted = y.astype(bool), predicted.astype(bool)
    equal = y == predicted
    metrics = {
        "Accuracy (all labels of an image right)": _share(equal.all(axis=1)),
        "Hamming loss": _bootstrap(np.mean, 1 - equal.mean(axis=1)),
    }
    rows = [
        ClassMetrics(label, int(y[:, label].sum()), *_recall_and_precision(y[:, label], predicted[:, label]))
        for label in range(y.shape[1])
    ]
    return CardEvaluation(len(y), metrics, rows)


def _of_a_regressor(estimator, X, y):
    y = check_array(as_array(y), ensure_2d=False, dtype=np.float64, input_name="y_test")
    predicted = estimator.predict(X)
    check_consistent_length(y, predicted)
    metrics = {"Mean absolute error": _bootstrap(mean_absolute_error, y, predicted)}
    if len(y) > 1:
        metrics = {"R2": _bootstrap(r2_score, y, predicted), **metrics}
    return CardEvaluation(len(y), metrics)


def _of_a_clusterer(estimator, X, y):
    clusters, y = estimator.predict(X), labels_of(y)
    check_consistent_length(y, clusters)
    scores = {
        "Clustering accuracy": clustering_accuracy_score,
        "Normalised mutual information": normalized_mutual_info_score,
        "Adjusted Rand index": adjusted_rand_score,
    }
    # No intervals: clusters are matched to classes on the same images, which flatters them, most of all on few images.
    return CardEvaluation(
        len(y), {name: Interval(float(score(y, clusters)), np.nan, np.nan) for name, score in scores.items()}
    )


def _of_an_autoencoder(estimator, X, y):
    condition = (y,) if is_conditional(estimator) else ()
    if y is None or condition:
        *before, autoencoder = steps_of(estimator)
        for step in before:  # a Pipeline tells no classes
            X = step.transform(X)
        errors = -np.asarray(autoencoder.score_samples(X, *condition), dtype=np.float64)
        return CardEvaluation(len(errors), {"Reconstruction error (MSE per pixel)": _bootstrap(np.mean, errors)})
    if np.shape(y) != np.shape(X):
        raise ValueError(
            "y_test of an autoencoder must be None, or images of the shape of X_test without their noise. "
            f"Got shapes {np.shape(y)} and {np.shape(X)}."
        )
    error = Interval(-float(estimator.score(X, y)), np.nan, np.nan)
    return CardEvaluation(len(y), {"Denoising error (MSE per pixel)": error})


def _of_an_outlier_detector(estimator, X, y):
    found = estimator.predict(X) == -1
    if y is None:
        return CardEvaluation(len(found), {"Share taken for outliers": _share(found)})
    y = labels_of(y)
    check_consistent_length(y, found)
    if not set(y.tolist()) <= {-1, 1}:
        raise ValueError("y_test of an outlier detector must be -1 for outliers and 1 for all other images.")
    outliers = y == -1
    metrics = {}
    if outliers.any() and not outliers.all():
        metrics["ROC AUC"] = Interval(float(roc_auc_score(~outliers, estimator.score_samples(X))), np.nan, np.nan)
    if outliers.any():
        metrics["True positive rate (outliers)"] = _share(found[outliers])
    if not outliers.all():
        metrics["False positive rate"] = _share(found[~outliers])
    return CardEvaluation(len(y), metrics)


def _share(hits):
    """The share of True, with Wilson's interval."""
    return proportion_interval(hits.sum(), len(hits), _CONFIDENCE)


def _recall_and_precision(true, predicted):
    """Shares of the images of a class that are found, and of those taken for it that are right."""
    return tuple(_share(each) if len(each) else None for each in (predicted[true], true[predicted]))


def _log_losses(proba, columns):
    """The log loss of each image, as scikit-learn counts it; it has none for a single class."""
    proba = np.clip(proba, np.finfo(proba.dtype).eps, 1 - np.finfo(proba.dtype).eps if proba.shape[1] > 1 else 1)
    return -np.log(proba[np.arange(len(columns)), columns].astype(np.float64))


def _balanced_accuracy(confusion):
    """The mean recall of the classes that have test images, by a bootstrap within each class."""
    counts = confusion.sum(axis=1)
    present = counts > 0
    counts, recall = counts[present], np.diag(confusion)[present] / counts[present]
    drawn = np.random.default_rng(0).binomial(counts, recall, (_N_RESAMPLES, len(counts))) / counts
    return Interval(float(recall.mean()), *_ends(drawn.mean(axis=1)))


def _bootstrap(statistic, *arrays):
    """A statistic of the images, with its interval by the bootstrap; one image has none."""
    n_images = len(arrays[0])
    estimate = float(statistic(*arrays))
    if n_images < 2:
        return Interval(estimate, np.nan, np.nan)
    rng = np.random.default_rng(0)
    samples = (rng.integers(n_images, size=n_images) for _ in range(_N_RESAMPLES))
    return Interval(estimate, *_ends([statistic(*(array[rows] for array in arrays)) for rows in samples]))


def _ends(values):
    tail = (1 - _CONFIDENCE) / 2
    return tuple(np.quantile(values, (tail, 1 - tail)).tolist())

"""A table of classifiers on the same test images: how good, how sure that is, how large and how fast."""

import pickle
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import check_is_fitted

from skfashion._extras import imported
from skfashion.metrics._checks import check_confidence_level, check_labels
from skfashion.metrics._comparison import accuracy_interval, mcnemar_test
from skfashion.metrics._corrections import holm, holm_of_pairs


class ClassifierComparison(NamedTuple):
    """The result of comparing classifiers on the same test images.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each classifier, the most accurate one first: ``accuracy`` with its interval, ``low`` and ``high``;
        ``pvalue`` of McNemar's test against the first row, by Holm's correction; and for estimators ``fit_seconds``
        (NaN if it was fitted before), ``predict_seconds``, ``size_mb``, the megabytes of its pickle (NaN
        if it cannot be pickled).
    pvalues : pandas.DataFrame
        P-values of McNemar's tests between all pairs, with Holm's correction for all of them.

    Examples
    --------
    >>> from skfashion.metrics import compare_classifiers
    >>> comparison = compare_classifiers({"all": [1, 1, 0], "none": [0, 0, 1]}, y_test=[1, 1, 0])
    >>> comparison.table.accuracy.tolist()
    [1.0, 0.0]
    """

    table: object
    pvalues: object


def compare_classifiers(classifiers, X_test=None, y_test=None, *, X_train=None, y_train=None, confidence_level=0.95):
    """Compare classifiers on the same test images, by paired tests.

    Needs pandas: ``pip install "skfashion[pandas]"``.

    Parameters
    ----------
    classifiers : dict of str to estimator or array-like of shape (n_samples,)
        Classifiers, or predicted labels, by their names; at least two.
    X_test : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c), default=None
        Images that no classifier was trained on; not needed for predicted labels.
    y_test : array-like of shape (n_samples,)
        Their labels.
    X_train, y_train : array-like, default=None
        If given, a clone of each classifier is fitted to them, and timed; else classifiers have to be fitted.
    confidence_level : float in (0, 1), default=0.95
        Level of the intervals.

    Returns
    -------
    ClassifierComparison
        ``table`` and ``pvalues``, two DataFrames, which have ``to_latex``, ``to_markdown`` and the like.

    Raises
    ------
    ValueError
        If there are fewer than two, or no labels, or images are missing, or training images come without labels.
    TypeError
        If one is neither a classifier nor labels, or if `classifiers` is not a dict.
    sklearn.exceptions.NotFittedError
        If one is not fitted, and there are no training images.

    Notes
    -----
    Times are those of a single call, one classifier after the other, on a machine that may do something else too. Tests
    are about these test images: other seeds and other training images are another source of differences.

    References
    ----------
    `A Simple Sequentially Rejective Multiple Test Procedure <https://www.jstor.org/stable/4615733>`_, by S. Holm, 1979;
    `Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms
    <https://doi.org/10.1162/089976698300017197>`_, by T. Dietterich, 1998.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skfashion.baselines import SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.metrics import compare_classifiers
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> models = {"subspaces": SubspaceClassifier(5), "nearest mean": SubspaceClassifier(1)}
    >>> comparison = compare_classifiers(models, X[400:], y[400:], X_train=X[:400], y_train=y[:400])
    >>> list(comparison.table.index)
    ['subspaces', 'nearest mean']
    """
    pandas = imported("pandas", extra="pandas", needed_by="compare_classifiers")
    if not isinstance(classifiers, Mapping):
        raise TypeError(f"classifiers must be a dict of names and classifiers. Got {classifiers!r} instead.")
    if len(classifiers) < 2:
        raise ValueError(f"At least two classifiers are needed for a comparison. Got {list(classifiers)}.")
    if (X_train is None) != (y_train is None):
        raise ValueError("X_train and y_train belong together: pass both, or neither for classifiers that are fitted.")
    if y_test is None:
        raise ValueError("y_test is needed, the labels of the test images.")
    check_confidence_level(confidence_level)
    measured = {name: _measured(name, each, X_test, X_train, y_train) for name, each in classifiers.items()}
    predictions = {name: check_labels(y_test, labels)[1] for name, (labels, _) in measured.items()}
    intervals = {
        name: accuracy_interval(y_test, labels, confidence_level=confidence_level)
        for name, labels in predictions.items()
    }
    names = sorted(predictions, key=lambda name: -intervals[name].estimate)
    pvalues = holm_of_pairs(len(names), lambda one, other: _test(y_test, predictions, names[one], names[other]))
    against_the_best = holm(np.array([_test(y_test, predictions, names[0], name) for name in names[1:]]))
    table = pandas.DataFrame(
        {
            "accuracy": [intervals[name].estimate for name in names],
            "low": [intervals[name].low for name in names],
            "high": [intervals[name].high for name in names],
            "pvalue": [np.nan, *against_the_best],
            **{key: [measured[name][1].get(key, np.nan) for name in names] for key in _MEASURES},
        },
        index=pandas.Index(names, name="classifier"),
    )
    return ClassifierComparison(table, pandas.DataFrame(pvalues, index=names, columns=names))


_MEASURES = ("fit_seconds", "predict_seconds", "size_mb")


def _measured(name, classifier, X_test, X_train, y_train):
    """Predicted labels, and what was measured of a classifier."""
    if not hasattr(classifier, "predict"):
        if np.ndim(classifier) == 0:  # such as a search with refit=False
            raise TypeError(
                f"{name!r} is neither a classifier that predicts nor an array of labels but {classifier!r}."
            )
        return classifier, {}
    if not is_classifier(classifier):
        raise TypeError(f"{name!r} is not a classifier but {type(classifier).__name__}.")
    if X_test is None:
        raise ValueError(f"{name!r} is a classifier: X_test is needed, the images to predict.")
    measures = {}
    if X_train is not None:
        start = time.perf_counter()
        classifier = clone(classifier).fit(X_train, y_train)
        measures["fit_seconds"] = time.perf_counter() - start
    check_is_fitted(classifier)
    start = time.perf_counter()
    labels = classifier.predict(X_test)
    measures["predict_seconds"] = time.perf_counter() - start
    return labels, {**measures, "size_mb": _size_mb(classifier)}


def _size_mb(classifier):
    """The megabytes of its pickle; NaN if it cannot be pickled, as with a function of a notebook."""
    try:
        return len(pickle.dumps(classifier)) / 1e6
    except (pickle.PicklingError, AttributeError, TypeError):
        return np.nan


def _test(y_test, predictions, one, other):
    return mcnemar_test(y_test, predictions[one], predictions[other]).pvalue

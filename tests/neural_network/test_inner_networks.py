"""Estimators that train a network of their own lose nothing of it: callbacks, names, validation, attributes."""

import io
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.frozen import FrozenEstimator

from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    EncoderClassifier,
    MLPClassifier,
    SelfSupervisedOutlierDetector,
    SemiSupervisedClassifier,
)
from skfashion.persistence import load, save

INNER = {
    "estimator_": SemiSupervisedClassifier(MLPClassifier((8,), max_epochs=2), random_state=0),
    "autoencoder_": AutoencoderOutlierDetector(Autoencoder(2, (8,), max_epochs=2), random_state=0),
    "classifier_": SelfSupervisedOutlierDetector(MLPClassifier((8,), max_epochs=2), random_state=0),
}


class Tasks:
    """A callback that writes down the tasks that end, with their estimators; searches and wrappers hand it on."""

    max_propagation_depth = None

    def __init__(self):
        self.setups, self.teardowns, self.tasks = 0, 0, []

    def setup(self, estimator, context):
        self.setups += 1

    def teardown(self, estimator, context):
        self.teardowns += 1

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.tasks.append((type(estimator).__name__, context.task_name))
        if context.task_name == "epoch":
            self.last = fitted_estimator


@pytest.fixture
def few_labels(tiny):
    X, y = tiny
    return X, np.where(np.arange(len(y)) % 2, y, -1)


@pytest.mark.parametrize("name", INNER)
def test_callbacks_reach_the_network(few_labels, name):
    tasks, model = Tasks(), clone(INNER[name])
    model.set_callbacks(tasks).fit(*few_labels)
    inner, outer = type(getattr(model, name)).__name__, type(model).__name__
    # Scikit-learn merges the task of the wrapper that fits the network with the fit of the network.
    assert tasks.tasks == [(inner, "epoch"), (inner, "epoch"), (inner, "fit"), (outer, "fit")]
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(np.full(few_labels[0].shape, np.nan), few_labels[1])
    assert tasks.setups == tasks.teardowns == 2
    assert not [attribute for attribute in vars(getattr(model, name)) if "callback" in attribute]


def test_callbacks_reach_the_encoder_before_the_classifier(tiny):
    """Where it is fitted: by ``fit``, but not by one that goes on, and not if it is given as fitted."""
    X, y = tiny
    tasks, model = Tasks(), EncoderClassifier(Autoencoder(2, (8,), max_epochs=3), max_epochs=2, random_state=0)
    model.set_callbacks(tasks).fit(X, y)
    classifier = [("EncoderClassifier", "epoch")] * 2 + [("EncoderClassifier", "fit")]
    assert tasks.tasks == [("Autoencoder", "epoch")] * 3 + [("Autoencoder", "fit")] + classifier
    assert not [attribute for attribute in vars(model.encoder_) if "callback" in attribute]
    fitted = clone(model).set_params(encoder=FrozenEstimator(model.encoder_))
    for each in (model.set_params(warm_start=True), fitted):
        tasks.tasks.clear()
        each.fit(X, y)
        assert tasks.tasks == classifier


@pytest.mark.parametrize("name", INNER)
def test_what_callbacks_get_is_a_network_of_its_own(few_labels, name):
    """Not one that still looks at the images of the wrapper; it can be saved while the fit is going on."""
    tasks, (X, y) = Tasks(), few_labels
    model = clone(INNER[name]).set_callbacks(tasks).fit(X, y)
    save(tasks.last, file := io.BytesIO())
    file.seek(0)
    saved, expected = load(file), clone(getattr(model, name))
    half = np.arange(len(X) // 2)
    for each in (saved, tasks.last.set_callbacks(), expected):
        each.fit(X[half], y[half])
    answer = "predict_proba" if hasattr(expected, "predict_proba") else "transform"
    for each in (saved, tasks.last):
        np.testing.assert_array_equal(getattr(each, answer)(X), getattr(expected, answer)(X))


def test_scores_are_monitored(few_labels):
    monitor = ScoringMonitor(scoring="accuracy")
    clone(INNER["estimator_"]).set_callbacks(monitor).fit(*few_labels)
    assert monitor.get_logs()


@pytest.mark.parametrize("name", INNER)
def test_names_of_columns_reach_the_network(few_labels, name):
    X, y = few_labels
    frame = pd.DataFrame(X, columns=[f"pixel {index}" for index in range(X.shape[1])])
    inner = getattr(clone(INNER[name]).fit(frame, y), name)
    answer = inner.predict if hasattr(inner, "predict") else inner.transform
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = answer(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_array_equal(answer(X), expected)


def test_a_wrapper_with_all_labels_has_the_attributes_of_its_network(tiny):
    """Also with weighted validation images."""
    X, y = tiny
    inner = MLPClassifier((8,), max_epochs=3, early_stopping=True, augmentation=None, random_state=0)
    validation = {"X_val": X[:40], "y_val": y[:40], "sample_weight_val": np.arange(40) % 3}
    expected = clone(inner).fit(X, y, **validation)
    model = SemiSupervisedClassifier(inner).fit(X, y, **validation)
    fitted = [name for name in vars(expected) if name.endswith("_") and not name.startswith("_") and name != "net_"]
    assert len(fitted) > 10
    for name in fitted:
        if name != "history_":  # which holds seconds
            np.testing.assert_equal(getattr(model, name), getattr(expected, name), err_msg=name)
    assert [row["valid_loss"] for row in model.history_] == [row["valid_loss"] for row in expected.history_]

"""Spaces: of one dict of parameters or of several, with choices of any kind."""

import numpy as np
import optuna
import pytest
from scipy.stats import randint, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from skfashion.inspection import ParallelCoordinatesDisplay
from skfashion.model_selection import OptunaSearchCV


class Anything(ClassifierMixin, BaseEstimator):
    """Takes any `x`."""

    def __init__(self, x=None):
        self.x = x

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def search(space, n_trials, estimator=None, **parameters):
    parameters = {"cv": 2, "pruner": None, "random_state": 0, **parameters}
    return OptunaSearchCV(Anything() if estimator is None else estimator, space, n_trials=n_trials, **parameters)


PIPELINE = Pipeline([("scale", "passthrough"), ("model", KNeighborsClassifier())])
TWO = [
    {"model": [KNeighborsClassifier()], "model__n_neighbors": [1, 3, 5], "scale": ["passthrough", MinMaxScaler()]},
    {"model": [LogisticRegression()], "model__C": uniform(0.1, 1)},
]


@pytest.mark.parametrize("in_a_database", [False, True])
def test_several_dicts(tiny, tmp_path, in_a_database):
    kept = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"} if in_a_database else {}
    for n_trials in (4, 12):
        found = search(TWO, n_trials, PIPELINE, **kept).fit(*tiny)
    results = found.cv_results_
    kinds = {type(params["model"]) for params in results["params"]}
    assert kinds == {KNeighborsClassifier, LogisticRegression}
    for row, params in enumerate(results["params"]):
        of_neighbors = isinstance(params["model"], KNeighborsClassifier)
        assert set(params) == {"model", *(("model__n_neighbors", "scale") if of_neighbors else ("model__C",))}
        assert results["param_model__C"].mask[row] == of_neighbors
    assert type(found.best_estimator_["model"]) is type(found.best_params_["model"])
    assert len(found.study_.trials) == 12
    assert len(ParallelCoordinatesDisplay.from_estimator(found).lines_) == 12


def test_settings_of_several_dicts_are_tried_first(tiny):
    settings = [
        {"model": LogisticRegression(), "model__C": 0.5},
        {"model": KNeighborsClassifier(), "model__n_neighbors": 3, "scale": MinMaxScaler()},
        {"model__n_neighbors": 5},
    ]
    first, second, third = search(TWO, 3, PIPELINE, initial_params=settings).fit(*tiny).cv_results_["params"]
    assert (type(first["model"]), first["model__C"]) == (LogisticRegression, 0.5)
    assert (type(second["scale"]), second["model__n_neighbors"]) == (MinMaxScaler, 3)
    assert third["model__n_neighbors"] == 5
    mixed = {"model": LogisticRegression(), "model__n_neighbors": 3}
    with pytest.raises(ValueError, match="is not in the space"):
        search(TWO, 3, PIPELINE, initial_params=mixed).fit(*tiny)


def test_a_list_of_one_dict_is_that_dict(tiny):
    space = {"x": [1, 2, 3], "scale": [None]}
    one, other = (
        search(s, 5, Pipeline([("scale", None), ("a", Anything())]))
        for s in ({"a__x": space["x"]}, [{"a__x": space["x"]}])
    )
    assert one.fit(*tiny).cv_results_["params"] == other.fit(*tiny).cv_results_["params"]
    assert other.study_.trials[0].params.keys() == {"a__x"}


CHOICES = [
    [None, "None", np.nan, "nan", 1, 1.0, True, "1", np.float32(2), np.int64(3), b"1"],
    [None, np.nan, 0.5],
    ["(1,)", (1,), [1]],
    [lambda x: x, lambda x: x],
    np.array([1, 2, 4]),
    ("a", "b"),
    optuna.distributions.CategoricalDistribution(["a", None, 1]),
]


@pytest.mark.slow
@pytest.mark.parametrize("choices", CHOICES)
@pytest.mark.parametrize("in_a_database", [False, True])
def test_choices_come_back_as_they_were(tiny, tmp_path, choices, in_a_database):
    kept = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"} if in_a_database else {}
    values = list(getattr(choices, "choices", choices))
    settings = [{"x": value} for value in values]
    found = search({"x": choices}, len(values), initial_params=settings, **kept).fit(*tiny)
    for value, params in zip(values, found.cv_results_["params"], strict=True):
        assert type(params["x"]) is type(value)
        assert params["x"] is value or params["x"] == value  # nan is not equal, an element of an array not the same


def test_ranges(tiny):
    space = {"x": randint(1, 4)}
    found = search(space, 12).fit(*tiny)
    assert {params["x"] for params in found.cv_results_["params"]} == {1, 2, 3}
    space = {"x": optuna.distributions.FloatDistribution(0.0, 1.0, step=0.25)}
    found = search(space, 30).fit(*tiny)
    assert {params["x"] for params in found.cv_results_["params"]} == {0.0, 0.25, 0.5, 0.75, 1.0}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "param_distributions is an empty list"),
        ([{"x": [1]}, {"x": 3}], r"param_distributions\['x'\] must be a list"),
        ({"x": {"a": 1}}, r"param_distributions\['x'\] must be a list"),
    ],
)
def test_what_is_no_space(tiny, space, message):
    with pytest.raises(ValueError, match=message):
        search(space, 1).fit(*tiny)

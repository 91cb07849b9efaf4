"""Displays of searches and of studies."""

import numpy as np
import pytest
from pictures import texts
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skfashion.baselines import KNNClassifier
from skfashion.inspection import (
    CriticalDifferenceDisplay,
    ParallelCoordinatesDisplay,
    TrialScoresDisplay,
)
from skfashion.inspection._trials import candidates_of_search
from skfashion.metrics import compare_ranks


@pytest.fixture(scope="module")
def search(garments):
    grid = {"n_neighbors": [1, 10, 300], "metric": ["cosine", "euclidean"]}
    return GridSearchCV(KNNClassifier(), grid, cv=2).fit(*garments)


def test_parallel_coordinates_of_a_search(search):
    display = ParallelCoordinatesDisplay.from_estimator(search)
    assert display.axes_names_ == ["metric", "n_neighbors"]
    np.testing.assert_array_equal(display.scores, search.cv_results_["mean_test_score"])
    for line, setting in zip(display.lines_, search.cv_results_["params"], strict=True):
        metric, neighbors = line.get_ydata()
        assert metric == ["cosine", "euclidean"].index(setting["metric"])
        assert neighbors == pytest.approx(np.log(setting["n_neighbors"]) / np.log(300))  # spans more than 100
    assert {"cosine", "euclidean", "1", "10", "300"} <= set(texts(display.ax_))


def test_settings_without_a_parameter_pass_over_it():
    params = [{"a": 1, "c": True}, {"a": 2, "b": "x", "c": False}, {"a": 3, "c": True}]
    display = ParallelCoordinatesDisplay.from_trials(params, [0.1, np.nan, 0.3])
    assert len(display.lines_) == 2
    assert display.axes_names_ == ["a", "c"]
    display = ParallelCoordinatesDisplay.from_trials(params, [0.1, 0.2, 0.3])
    assert [line.get_xdata().tolist() for line in display.lines_] == [[0, 2], [0, 1, 2], [0, 2]]


class _Named:
    def __init__(self, name):
        self.name = name


class _Trial:
    def __init__(self, params, value, state):
        self.params, self.value, self.state = params, value, _Named(state)


class _Study:
    """What displays read of an Optuna study."""

    direction = _Named("MINIMIZE")
    trials = [
        _Trial({"lr": 0.1}, 3.0, "COMPLETE"),
        _Trial({"lr": 0.2}, 0.5, "PRUNED"),
        _Trial({"lr": 0.3}, None, "FAIL"),
        _Trial({"lr": 0.4}, 1.0, "COMPLETE"),
        _Trial({"lr": 0.5}, 2.0, "COMPLETE"),
    ]


def test_trials_of_a_study():
    display = TrialScoresDisplay.from_study(_Study())
    assert display.points_.get_ydata().tolist() == [3, 1, 2]
    assert display.best_.get_ydata().tolist() == [3, 1, 1]
    assert len(ParallelCoordinatesDisplay.from_study(_Study()).lines_) == 3


def test_trials_of_a_search(search):
    display = TrialScoresDisplay.from_estimator(search)
    assert display.best_.get_ydata()[-1] == search.best_score_


def test_a_search_that_names_its_only_score(garments):
    search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 3]}, cv=2, scoring="accuracy", refit="accuracy")
    display = TrialScoresDisplay.from_estimator(search.fit(*garments))
    np.testing.assert_array_equal(display.scores, search.cv_results_["mean_test_score"])


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1023, 1024, 1568], {"1023", "1024", "1568"}),
        ([0.12345, 0.12346], {"0.12345", "0.12346"}),
        ([1e-4, 3e-3], {"0.0001", "0.003"}),
    ],
)
def test_ticks_can_be_told_apart(values, labels):
    params = [{"x": value, "y": 0} for value in values]
    display = ParallelCoordinatesDisplay.from_trials(params, np.arange(len(values)))
    assert labels <= set(texts(display.ax_))


def test_a_metric_may_be_called_score(garments):
    scoring = {"score": "accuracy", "f1": "f1_macro"}
    search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 30]}, cv=2, scoring=scoring, refit="f1").fit(*garments)
    np.testing.assert_array_equal(TrialScoresDisplay.from_estimator(search).scores, search.cv_results_["mean_test_f1"])


@pytest.fixture(scope="module")
def halving(garments):
    """Successive halving whose last rung has lower scores than the others, as it happens on few images."""
    grid = {"n_neighbors": [1, 2, 3, 5, 8, 13]}
    search = HalvingGridSearchCV(KNNClassifier(), grid, factor=2, cv=2, min_resources=40, random_state=0).fit(*garments)
    scores = search.cv_results_["mean_test_score"]
    scores[search.cv_results_["iter"] == search.n_iterations_ - 1] -= 0.5
    search.best_score_ = scores[search.best_index_]
    return search


def test_rungs_of_a_search_are_not_compared(halving):
    assert halving.cv_results_["mean_test_score"].max() > halving.best_score_
    display = TrialScoresDisplay.from_estimator(halving)
    np.testing.assert_array_equal(display.scores, halving.cv_results_["mean_test_score"])
    assert display.best_.get_ydata()[-1] == halving.best_score_
    assert np.isnan(display.best_.get_ydata()).sum() == halving.n_iterations_ - 1


def test_candidates_of_a_search_are_drawn_with_their_last_score(halving):
    display = ParallelCoordinatesDisplay.from_estimator(halving)
    results = halving.cv_results_
    numbers = [setting["n_neighbors"] for setting in results["params"]]
    drawn = [setting["n_neighbors"] for setting in display.params]
    last = dict(zip(numbers, results["mean_test_score"], strict=True))
    assert dict(zip(drawn, display.scores, strict=True)) == last
    assert len(display.lines_) == 6


def test_a_resource_among_the_parameters_tells_no_candidates_apart(garments):
    search = HalvingGridSearchCV(
        KNeighborsClassifier(), {"p": [1, 2, 3]}, resource="n_neighbors", max_resources=9, cv=2, random_state=0
    ).fit(*(each[:120] for each in garments))
    display = ParallelCoordinatesDisplay.from_estimator(search)
    assert sorted(setting["p"] for setting in display.params) == [1, 2, 3]
    assert display.axes_names_ == ["n_neighbors", "p"]


def test_a_diagram_of_ranks_passes_on_how_they_are_compared():
    rng = np.random.default_rng(0)
    errors = {name: rng.normal(mean, 1, 12) for name, mean in (("a", 0), ("b", 0.8), ("c", 1.5), ("d", 1.6))}
    for how in ({"test": "wilcoxon"}, {"alpha": 0.2}, {"greater_is_better": False}):
        drawn = CriticalDifferenceDisplay.from_scores(errors, **how).comparison
        expected, default = compare_ranks(errors, **how), compare_ranks(errors)
        assert (drawn.ranks, drawn.groups) == (expected.ranks, expected.groups)
        np.testing.assert_array_equal(drawn.pvalues, expected.pvalues)
        np.testing.assert_equal(drawn.critical_difference, expected.critical_difference)
        assert (expected.ranks, expected.critical_difference) != (default.ranks, default.critical_difference)


def test_searches_without_rungs_are_drawn_whole(garments):
    X, y = garments
    overlapping = [{"n_neighbors": [1, 3]}, {"n_neighbors": [3, 5]}]
    search = GridSearchCV(KNNClassifier(), overlapping, cv=2).fit(X, y)
    assert len(ParallelCoordinatesDisplay.from_estimator(search).lines_) == 4
    steps = make_pipeline(FunctionTransformer(), KNNClassifier())
    functions = {"functiontransformer__func": [lambda X: X, lambda X: X // 2]}
    search = HalvingGridSearchCV(steps, functions, cv=2, factor=2, min_resources=100, random_state=0).fit(X, y)
    assert [setting["functiontransformer__func"](8) for setting in candidates_of_search(search)[0]] in ([8, 4], [4, 8])

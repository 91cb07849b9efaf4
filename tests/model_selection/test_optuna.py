"""Searches by Optuna: what they find, what they keep, and what survives failures and interruptions."""

import textwrap

import numpy as np
import optuna
import pytest
from processes import start_python
from scipy.stats import loguniform, randint, uniform
from searches import Anything, Parabola, search
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.gaussian_process.kernels import RationalQuadratic
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skfashion.neural_network import MLPClassifier


def test_finds_the_best_and_learns(problem):
    found = search({"x": uniform(-10, 20), "kind": ["good", "bad"]}, 60).fit(*problem)
    assert found.best_params_["x"] == pytest.approx(3, abs=0.5)
    assert found.best_params_["kind"] == "good"
    assert found.best_estimator_.x == found.best_params_["x"]
    distance = np.abs([params["x"] - 3 for params in found.cv_results_["params"]])
    assert np.median(distance[-20:]) < np.median(distance[:20]) / 2


def test_one_seed_gives_the_same_trials(problem):
    space = {"x": uniform(-10, 20), "kind": ["good", "bad"]}
    one, two, other = (search(space, random_state=seed).fit(*problem).cv_results_["params"] for seed in (0, 0, 1))
    assert one == two != other


def test_results_are_those_of_cross_validation(problem):
    X, y = problem
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    found = search({"logisticregression__C": loguniform(1e-4, 1)}, 4, model, cv=cv, scoring="neg_log_loss").fit(X, y)
    results = found.cv_results_
    for row, params in enumerate(results["params"]):
        scores = cross_val_score(clone(model).set_params(**params), X, y, cv=cv, scoring="neg_log_loss")
        np.testing.assert_allclose([results[f"split{fold}_test_score"][row] for fold in range(3)], scores)
        assert results["mean_test_score"][row] == pytest.approx(scores.mean())
        assert results["std_test_score"][row] == pytest.approx(scores.std())
    assert found.best_index_ == results["mean_test_score"].argmax()
    assert results["rank_test_score"][found.best_index_] == 1
    refitted = clone(model).set_params(**found.best_params_).fit(X, y)
    np.testing.assert_allclose(found.predict_proba(X), refitted.predict_proba(X))
    assert found.score(X, y) == found.scorer_(refitted, X, y)


def test_choices_of_any_kind_come_back_as_they_were(problem):
    X, y = problem
    space = {"mlp": ["passthrough"], "minmaxscaler": [MinMaxScaler(), StandardScaler()]}
    pipeline = make_pipeline(MinMaxScaler(), LogisticRegression())
    found = search({"minmaxscaler": space["minmaxscaler"]}, 4, pipeline).fit(X, y)
    assert {type(params["minmaxscaler"]) for params in found.cv_results_["params"]} <= {MinMaxScaler, StandardScaler}
    assert not hasattr(found.best_params_["minmaxscaler"], "scale_")  # it was cloned
    sizes = [(4,), (4, 3)]
    model = MLPClassifier(max_epochs=1, random_state=0)
    found = search({"hidden_layer_sizes": sizes, "batch_size": randint(10, 12)}, 12, model).fit(X, y)
    assert {params["hidden_layer_sizes"] for params in found.cv_results_["params"]} == set(sizes)
    assert {params["batch_size"] for params in found.cv_results_["params"]} <= {10, 11, 12}


# --- failures and interruptions


def test_a_failed_trial_does_not_end_the_search(problem):
    with pytest.warns(FitFailedWarning, match="'kind': 'broken'.*out of order") as warned:
        found = search({"x": uniform(0, 6), "kind": ["good", "broken"]}, 12).fit(*problem)
    assert warned[0].filename == __file__
    results = found.cv_results_
    failed = np.array([params["kind"] == "broken" for params in results["params"]])
    assert 0 < failed.sum() < 12
    assert (results["state"][failed] == "fail").all()
    assert (results["state"][~failed] == "complete").all()
    assert np.isnan(results["mean_test_score"][failed]).all()
    assert found.best_params_["kind"] == "good"
    with pytest.raises(RuntimeError, match="out of order"):
        search({"kind": ["broken"]}, error_score="raise").fit(*problem)


def test_no_success_raises(problem):
    with pytest.raises(ValueError, match=r"None of the 3 trials came to an end.*out of order") as raised:
        search({"kind": ["broken"]}, 3).fit(*problem)
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_a_search_goes_on_where_it_was(problem, tmp_path):
    space = {"x": uniform(-10, 20)}
    storage = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}
    first = search(space, 3, **storage).fit(*problem)
    second = search(space, 5, **storage).fit(*problem)
    assert second.cv_results_["params"][:3] == first.cv_results_["params"]
    np.testing.assert_array_equal(second.cv_results_["split1_test_score"][:3], first.cv_results_["split1_test_score"])
    assert len(second.cv_results_["params"]) == 5
    third = search(space, 5, **storage).fit(*problem)
    assert len(third.study_.trials) == 5
    assert third.best_params_ == second.best_params_


class Broken(Parabola):
    """Raises `error` as long as it is one."""

    error = None

    def fit(self, X, y):
        if Broken.error is not None:
            raise Broken.error
        return super().fit(X, y)


def test_an_interrupted_search_keeps_its_trials(problem, tmp_path, monkeypatch):
    storage = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}
    space = {"x": uniform(-10, 20)}
    search(space, 4, Broken(), pruner=None, **storage).fit(*problem)
    monkeypatch.setattr(Broken, "error", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        search(space, 6, Broken(), **storage).fit(*problem)
    monkeypatch.setattr(Broken, "error", None)
    state = search(space, 7, Broken(), pruner=None, **storage).fit(*problem).cv_results_["state"]
    assert state.tolist() == ["complete"] * 4 + ["interrupted"] + ["complete"] * 3


def test_a_search_that_failed_is_tried_again(problem, monkeypatch):
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}
    space = {"x": uniform(-10, 20)}
    monkeypatch.setattr(Broken, "error", OSError("no such disk"))
    with pytest.raises(ValueError, match=r"3 failed, 0 were pruned.*trial 2 with.*no such disk"):
        search(space, 3, Broken(), **kept).fit(*problem)
    monkeypatch.setattr(Broken, "error", None)
    found = search(space, 3, Broken(), pruner=None, **kept).fit(*problem)  # warns of nothing: nothing failed this time
    assert found.cv_results_["state"].tolist() == ["fail"] * 3 + ["complete"] * 3


def test_a_sampler_may_end_the_search(problem):
    grid = {"x": [1.0, 2.0]}
    found = search(grid, 5, sampler=optuna.samplers.GridSampler(grid)).fit(*problem)
    assert sorted(params["x"] for params in found.cv_results_["params"]) == [1.0, 2.0]
    assert found.best_params_ == {"x": 2.0}


@pytest.mark.slow
def test_processes_share_a_fresh_storage(tmp_path):
    code = textwrap.dedent(f"""
        import os, sys
        from scipy.stats import loguniform
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from skfashion.model_selection import OptunaSearchCV
        search = OptunaSearchCV(
            LogisticRegression(max_iter=500), {{"C": loguniform(0.1, 10)}}, n_trials=3, cv=2, pruner=None,
            storage="sqlite:///{tmp_path / "study.db"}", study_name="x", random_state=int(os.environ["SEED"]),
        )
        sys.stdin.readline()
        search.fit(*load_iris(return_X_y=True))
    """)
    processes = [start_python(code, SEED=str(seed)) for seed in range(3)]
    failures = [process.communicate("go\n")[1] for process in processes]
    assert failures == [""] * 3
    assert len(optuna.load_study(storage=f"sqlite:///{tmp_path / 'study.db'}", study_name="x").trials) >= 3


def test_several_jobs_share_the_trials(problem):
    found = search({"x": uniform(-10, 20)}, 12, n_jobs=3).fit(*problem)
    assert len(found.cv_results_["params"]) == 12


def test_max_seconds_end_a_search(problem):
    found = search({"x": uniform(-10, 20)}, 10_000, max_seconds=2.0).fit(*problem)
    assert 0 < len(found.cv_results_["params"]) < 10_000


def test_a_search_that_goes_on_tries_new_settings(problem, tmp_path):
    storage = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}
    for n_trials in (3, 6):
        found = search({"x": uniform(-10, 20)}, n_trials, **storage).fit(*problem)
    assert len({params["x"] for params in found.cv_results_["params"]}) == 6


def test_what_is_built_anew_is_the_same_search(problem):
    """Objects that show their address in memory, and X in another container."""
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x", "pruner": None}
    for n_trials in (2, 4):
        choices = [RationalQuadratic(), FunctionTransformer(lambda x: x), object(), object()]
        found = search({"x": choices}, n_trials, Anything(kind=object()), scoring=Zero(), **kept).fit(*problem)
    assert len(found.study_.trials) == 4


class Zero:
    def __call__(self, estimator, X, y):
        return 0.0


def test_an_interrupted_trial_is_told_so(problem):
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}
    with pytest.raises(KeyboardInterrupt):
        search({"kind": ["interrupted"]}, 2, **kept).fit(*problem)
    (trial,) = optuna.load_study(**kept).trials
    assert trial.state.name == "FAIL"

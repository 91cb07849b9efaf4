"""Trials of OptunaSearchCV whose folds run by a backend of joblib that the user has chosen."""

import os

import joblib
import optuna
import pytest
from scipy.stats import loguniform, uniform
from searches import Parabola, search
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.neural_network import MLPClassifier

MLP = MLPClassifier((8,), max_epochs=4, batch_size=16, lr_schedule=None, random_state=0)


class PruneSome(optuna.pruners.BasePruner):
    """Prunes trials at their second report, an epoch, at their fifth, a fold, or never."""

    def prune(self, study, trial):
        return len(trial.intermediate_values) == (9, 2, 5)[trial.number % 3]


class Unportable(Exception):
    """An error that cannot be made from its arguments."""

    def __init__(self, what, where):
        super().__init__(f"{what} {where}")


class Broken(Parabola):
    def fit(self, X, y):
        raise Unportable("no lamp", "here")


def told(found):
    """All that the study has been told."""
    return [
        (trial.params, trial.state, trial.intermediate_values, trial.value, len(trial.user_attrs["folds"]))
        for trial in found.study_.trials
    ]


@pytest.mark.parametrize("piped", [False, True])
def test_trials_are_pruned_where_they_would_have_been(problem, piped):
    """One job of loky runs here: the order of things is that of other processes."""
    model = make_pipeline(StandardScaler(), MLP) if piped else MLP
    space = {f"{'mlpclassifier__' if piped else ''}learning_rate": loguniform(1e-4, 0.03)}
    settings = {"n_trials": 6, "cv": 3, "pruner": PruneSome(), "refit": False, "estimator": model}
    expected = search(space, **settings).fit(*problem)
    with joblib.parallel_config("loky", n_jobs=1):
        found = search(space, **settings).fit(*problem)
    assert told(found) == told(expected)
    assert expected.cv_results_["state"].tolist() == ["complete", "pruned", "pruned"] * 2


def test_several_scores_lead_as_they_do_here(problem):
    settings = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss", "pruner": PruneSome()}
    space = {"learning_rate": loguniform(1e-4, 0.03)}
    expected = search(space, 3, MLP, **settings).fit(*problem)
    with joblib.parallel_config("loky", n_jobs=1):
        found = search(space, 3, MLP, **settings).fit(*problem)
    assert told(found) == told(expected)
    assert found.best_score_ == expected.best_score_


def test_errors_come_with_their_text(problem):
    with joblib.parallel_config("loky", n_jobs=1):
        with pytest.raises(ValueError, match=r"2 failed.*Unportable\('no lamp here'\)"):
            search({"x": uniform()}, 2, Broken()).fit(*problem)
        with pytest.raises(RuntimeError, match="out of order") as raised:
            search({"kind": ["broken"]}, 2, error_score="raise").fit(*problem)
    assert "in fit" in raised.value.__notes__[0]


def test_ctrl_c_ends_all_trials(problem):
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}
    with joblib.parallel_config("loky", n_jobs=1), pytest.raises(KeyboardInterrupt):
        search({"kind": ["interrupted"]}, 5, **kept).fit(*problem)
    (trial,) = optuna.load_study(**kept).trials
    assert trial.state.name == "FAIL"


@pytest.mark.slow
def test_processes_give_the_same_trials_every_time(problem):
    def process(estimator, X, y):
        return {"accuracy": estimator.score(X, y), "pid": os.getpid()}

    settings = {"scoring": process, "refit": "accuracy", "n_jobs": 2, "pruner": None}
    space = {"C": loguniform(1e-3, 1)}
    with joblib.parallel_config("loky"):
        one, other = (search(space, 12, LogisticRegression(), **settings).fit(*problem) for _ in range(2))
    assert [trial.params for trial in one.study_.trials] == [trial.params for trial in other.study_.trials]
    pids = {pid for fold in range(2) for pid in one.cv_results_[f"split{fold}_test_pid"]}
    assert os.getpid() not in pids

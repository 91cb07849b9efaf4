"""Trials of OptunaSearchCV while they run: pruned at an epoch or a fold, and seen by callbacks."""

from collections import Counter

import numpy as np
import optuna
import pytest
from scipy.stats import uniform
from searches import search
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.neural_network import MLPClassifier


class PruneAfter(optuna.pruners.BasePruner):
    """Prunes every trial but the first as soon as it has reported `n` times."""

    def __init__(self, n):
        self.n = n

    def prune(self, study, trial):
        return trial.number > 0 and len(trial.intermediate_values) == self.n


MLP = MLPClassifier((8,), max_epochs=4, batch_size=16, lr_schedule=None, random_state=0)


@pytest.mark.parametrize("piped", [False, True, "with a memory"])
def test_epochs_are_reported_and_pruned(problem, piped, tmp_path):
    X, y = problem
    memory = str(tmp_path) if piped == "with a memory" else None
    model = make_pipeline(StandardScaler(), MLP, memory=memory) if piped else MLP
    space = {f"{'mlpclassifier__' if piped else ''}learning_rate": [0.003]}
    cv = StratifiedKFold(2)
    found = search(space, 3, model, pruner=PruneAfter(2), cv=cv).fit(X, y)
    assert found.cv_results_["state"].tolist() == ["complete", "pruned", "pruned"]
    complete, pruned, _ = found.study_.trials
    train, test = next(cv.split(X, y))
    for epoch, reported in enumerate(list(complete.intermediate_values.values())[:4], 1):
        name = "mlpclassifier__max_epochs" if piped else "max_epochs"
        alone = clone(model).set_params(**{name: epoch, next(iter(space)): 0.003}).fit(X[train], y[train])
        assert reported == alone.score(X[test], y[test])
    assert list(complete.intermediate_values) == [1, 2, 3, 4, 8]  # epochs of the first fold, then those of both
    assert complete.intermediate_values[8] == complete.value
    assert list(pruned.intermediate_values) == [1, 2]
    assert np.isnan(found.cv_results_["mean_test_score"][1])


def test_folds_are_pruned_where_there_are_no_epochs(problem):
    found = search({"x": uniform(-10, 20)}, 5, cv=4, pruner=PruneAfter(2)).fit(*problem)
    assert found.cv_results_["state"].tolist() == ["complete"] + ["pruned"] * 4
    assert np.isfinite(found.cv_results_["split1_test_score"]).all()
    assert np.isnan(found.cv_results_["split2_test_score"][1:]).all()


def test_nothing_is_pruned_without_a_pruner(problem):
    found = search({"x": uniform(-10, 20)}, 20, pruner=None).fit(*problem)
    assert (found.cv_results_["state"] == "complete").all()


def test_callbacks_of_the_estimator_are_called_too(problem):
    class Count:
        epochs = 0

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            Count.epochs += context.task_name == "epoch"

    model = clone(MLP).set_callbacks(Count())
    search({"learning_rate": [0.003]}, 2, model, refit=False).fit(*problem)
    assert Count.epochs == 2 * 2 * 4


class Tasks:
    """Collects what ended, of the search and of all that it fits."""

    max_propagation_depth = None

    def __init__(self):
        self.ended = Counter()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.ended["teardown"] += 1

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.ended[f"{context.estimator_name} {context.task_name}"] += 1


def test_callbacks_of_a_search_see_its_trials(problem):
    tasks = Tasks()
    search({"learning_rate": [0.003]}, 3, MLP, pruner=PruneAfter(2), n_jobs=2).set_callbacks(tasks).fit(*problem)
    assert tasks.ended["OptunaSearchCV trial"] == 3
    assert tasks.ended["MLPClassifier epoch"] >= 2 * 4 + 4  # of two folds, and of the last fit; two trials are pruned
    assert tasks.ended["OptunaSearchCV fit"] == tasks.ended["teardown"] == 1


def test_callbacks_reach_a_search_inside_of_others(problem):
    inner = search({"C": [0.1, 1.0]}, 2, LogisticRegression(), pruner=None)
    outer = {
        "grid": GridSearchCV(inner, {"n_trials": [1]}, cv=2, error_score="raise"),
        "pipeline": make_pipeline(StandardScaler(), inner),
    }
    for model in outer.values():
        tasks = Tasks()
        model.set_callbacks(tasks).fit(*problem)
        assert tasks.ended["OptunaSearchCV trial"] == 2 + (model is outer["grid"])
        assert tasks.ended["teardown"] == 1


def test_scores_of_epochs_get_their_metadata(problem):
    def weighted(y_true, y_pred, *, cost):
        return float((cost * (y_true == y_pred)).mean())

    X, y = problem
    cost = np.linspace(0, 1, len(y))
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(weighted).set_score_request(cost=True)
        found = search({"learning_rate": [0.003]}, 1, MLP, scoring=scorer).fit(X, y, cost=cost)
        theirs = GridSearchCV(MLP, {"learning_rate": [0.003]}, scoring=scorer, cv=2).fit(X, y, cost=cost)
    assert found.best_score_ == pytest.approx(theirs.best_score_)
    reported = list(found.study_.trials[0].intermediate_values.values())
    assert reported[3] == found.cv_results_["split0_test_score"][0]  # the last epoch is the whole fit

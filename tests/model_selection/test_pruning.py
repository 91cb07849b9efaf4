"""What trials are compared by: epochs of one course in the first fold, and folds."""

import numpy as np
import optuna
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skfashion.datasets import make_garments
from skfashion.model_selection import OptunaSearchCV
from skfashion.neural_network import CNNClassifier, MLPClassifier

MLP = MLPClassifier((8,), max_epochs=3, batch_size=16, lr_schedule=None, random_state=0)
RATES = [0.003, 0.01]


def search(estimator, space, n_trials=2, **parameters):
    return OptunaSearchCV(estimator, space, n_trials=n_trials, **{"cv": 2, "random_state": 0, **parameters})


class Never(optuna.pruners.BasePruner):
    def prune(self, study, trial):
        return False


class AtOnce(optuna.pruners.BasePruner):
    """Prunes whenever it is asked."""

    def prune(self, study, trial):
        return True


PIPED = Pipeline([("scale", StandardScaler()), ("net", MLP)])
EPOCHS, FOLDS = [1, 2, 3, 6], [1, 2]


@pytest.mark.parametrize(
    ("estimator", "space", "steps"),
    [
        (MLP, {"learning_rate": RATES}, EPOCHS),
        (MLP, {"batch_size": [16, 32], "hidden_layer_sizes": [(4,), (8,)]}, EPOCHS),
        (MLP, {"max_epochs": [2, 3], "learning_rate": RATES}, FOLDS),
        (MLP, {"lr_schedule": [None, "onecycle"]}, FOLDS),
        (MLP, {"early_stopping": [False, True]}, FOLDS),
        (MLP, {"net_params": [None, {"callbacks": []}]}, FOLDS),
        (MLP, [{"learning_rate": RATES}, {"max_epochs": [3]}], FOLDS),
        (PIPED, {"net__learning_rate": RATES}, EPOCHS),
        (PIPED, {"scale": [StandardScaler(), MinMaxScaler()]}, EPOCHS),
        (PIPED, {"net__max_epochs": [2, 3]}, FOLDS),
        (PIPED, {"net": [MLP, clone(MLP).set_params(max_epochs=2)]}, FOLDS),
        (PIPED, {"steps": [PIPED.steps]}, FOLDS),
        (GridSearchCV(MLP, {"max_epochs": [1, 2]}, cv=2), {"estimator__learning_rate": RATES}, FOLDS),
    ],
)
def test_only_epochs_of_one_course_are_reported(tiny, estimator, space, steps):
    found = search(estimator, space, pruner=Never()).fit(*tiny)
    for trial in found.study_.trials:
        assert list(trial.intermediate_values) == steps
        assert trial.intermediate_values[steps[-1]] == trial.value


def test_long_trainings_are_not_pruned_beside_short_ones():
    X, y = make_garments(400, random_state=0, return_X_y=True)
    net, epochs = MLPClassifier((32,), batch_size=64, random_state=0), [2, 3, 30]
    known = [{"max_epochs": value} for value in (2, 3, 2, 3, 2, 30, 30, 30)]
    # The settings are enqueued, since equal ones would be tried once.
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="x", direction="maximize")
    for setting in known:
        study.enqueue_trial(setting)
    found = search(net, {"max_epochs": epochs}, 8, storage=storage, study_name="x").fit(X, y)
    assert found.best_params_ == {"max_epochs": 30}
    assert (found.cv_results_["state"] == "complete").all()


def test_pruners_of_optuna_count_in_epochs():
    X, y = make_garments(200, random_state=0, return_X_y=True)
    net = MLPClassifier((16,), batch_size=100, max_epochs=27, lr_schedule=None, random_state=0)
    space, sampler = {"learning_rate": [1e-5, 1e-4, 0.003, 0.01]}, optuna.samplers.RandomSampler(seed=0)
    settings = {"n_trials": 10, "refit": False, "sampler": sampler}
    study = search(net, space, pruner=optuna.pruners.SuccessiveHalvingPruner(), **settings).fit(X, y).study_
    ended = [len(trial.intermediate_values) for trial in study.trials if trial.state.name == "PRUNED"]
    assert min(ended) < 9
    study = search(net, space, pruner=optuna.pruners.HyperbandPruner(), **settings).fit(X, y).study_
    assert study.pruner._max_resource == 2 * 27 + 1
    assert study.pruner._n_brackets == 4


def test_a_pruned_training_stops_and_its_fold_does_not_count(tiny):
    class Epochs:
        seen = 0

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            Epochs.seen += context.task_name == "epoch"

    model = clone(MLP).set_callbacks(Epochs())
    with pytest.raises(ValueError, match="None of the 2 trials came to an end: 0 failed, 2 were pruned"):
        search(model, {"learning_rate": RATES}, pruner=AtOnce()).fit(*tiny)
    assert Epochs.seen == 2
    Epochs.seen = 0
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}
    study = optuna.create_study(direction="maximize", **kept)
    found = search(model, {"learning_rate": RATES}, 1, pruner=Never(), refit=False, **kept).fit(*tiny)
    more = search(model, {"learning_rate": RATES}, 2, pruner=AtOnce(), refit=False, **kept).fit(*tiny)
    assert Epochs.seen == 2 * 3 + 1
    assert more.cv_results_["state"].tolist() == ["complete", "pruned"]
    assert np.isnan(more.cv_results_["split0_test_score"][1])
    assert more.best_score_ == found.best_score_
    assert len(study.trials) == 2


def test_one_fold_that_is_done_is_not_pruned(tiny):
    class AtTheEnd(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return trial.last_step >= 3

    split = ShuffleSplit(1, test_size=0.5, random_state=0)
    found = search(MLP, {"learning_rate": RATES}, 1, pruner=AtTheEnd(), cv=split).fit(*tiny)
    assert found.cv_results_["state"].tolist() == ["complete"]
    (trial,) = found.study_.trials
    assert list(trial.intermediate_values) == [1, 2, 3]
    assert trial.value == found.cv_results_["split0_test_score"][0]


def test_a_score_of_the_whole_pipeline(tiny):
    """A score sees at an epoch what it sees at the end: the Pipeline, and samples that no step has transformed."""
    X, y = tiny

    def score(model, X, y):
        assert isinstance(model, Pipeline)
        np.testing.assert_allclose(model[0].transform(X), (X - model[0].mean_) / model[0].scale_, rtol=1e-4)
        return model["mlpclassifier"].score(model[:-1].transform(X), y)

    model = make_pipeline(StandardScaler(), MLP)
    found = search(model, {"mlpclassifier__learning_rate": RATES}, scoring=score).fit(X, y)
    assert (found.cv_results_["state"] == "complete").all()
    for trial, first in zip(found.study_.trials, found.cv_results_["split0_test_score"], strict=True):
        assert trial.intermediate_values[3] == first


def test_a_network_of_a_closure_is_pruned_too(tiny):
    import torch

    def linear():
        return lambda shape, n_outputs: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, n_outputs))

    model = CNNClassifier(linear(), max_epochs=3, random_state=0)
    found = search(model, {"batch_size": [16, 32]}, pruner=Never()).fit(*tiny)
    assert list(found.study_.trials[0].intermediate_values) == EPOCHS


def test_early_stopping_shortens_what_is_reported(tiny):
    net = clone(MLP).set_params(max_epochs=50, early_stopping=True, n_iter_no_change=1, tol=1.0)
    found = search(net, {"learning_rate": RATES}, 1, pruner=Never()).fit(*tiny)
    (trial,) = found.study_.trials
    *epochs, first, both = trial.intermediate_values
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) < 50
    assert (first, both) == (50, 100)
    assert trial.intermediate_values[50] == found.cv_results_["split0_test_score"][0]

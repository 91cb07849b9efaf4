"""Several scores in one search, and what leads it."""

import pickle

import numpy as np
import optuna
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

from skfashion.model_selection import OptunaSearchCV
from skfashion.neural_network import MLPClassifier

SPACE = {"C": [1e-4, 1e-3, 0.01, 0.1]}
BOTH = ["neg_log_loss", "accuracy"]


def both(estimator, X, y):
    """A callable that gives the scores by their names."""
    return {
        "neg_log_loss": -float(np.mean(-np.log(estimator.predict_proba(X)[np.arange(len(y)), y]))),
        "accuracy": accuracy_score(y, estimator.predict(X)),
    }


def regularized(results):
    """The row of the smallest C."""
    return int(np.argmin(results["param_C"]))


def search(estimator, space, **parameters):
    return OptunaSearchCV(estimator, space, **{"n_trials": 4, "cv": 2, "pruner": None, "random_state": 0, **parameters})


def by_grid(space):
    return optuna.samplers.GridSampler(space, seed=0)


@pytest.mark.parametrize("refit", ["accuracy", "neg_log_loss", regularized, False])
@pytest.mark.parametrize("scoring", [BOTH, {"neg_log_loss": "neg_log_loss", "accuracy": "accuracy"}, both])
def test_as_a_grid_search_has_them(tiny, scoring, refit):
    X, y = tiny
    settings = {"cv": 2, "scoring": scoring, "refit": refit}
    model = LogisticRegression()
    theirs = GridSearchCV(model, SPACE, **settings).fit(X, y)
    ours = search(model, SPACE, initial_params=[{"C": C} for C in SPACE["C"]], **settings).fit(X, y)
    assert set(ours.cv_results_) == {*theirs.cv_results_, "state"}
    for name, values in theirs.cv_results_.items():
        if "time" not in name and name != "params":
            np.testing.assert_allclose(ours.cv_results_[name].astype(float), values.astype(float))
    assert ours.multimetric_
    assert set(ours.scorer_) == set(BOTH) if scoring is not both else ours.scorer_ is both
    for name in ("best_params_", "best_score_"):
        assert getattr(ours, name, None) == pytest.approx(getattr(theirs, name, None))
    if isinstance(refit, str):
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y))
    if refit:
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict(X), theirs.predict(X))


@pytest.mark.parametrize(
    ("refit", "leads"), [("accuracy", "accuracy"), (False, "neg_log_loss"), (regularized, "neg_log_loss")]
)
def test_one_of_them_leads(tiny, refit, leads):
    found = search(LogisticRegression(), SPACE, scoring=BOTH, refit=refit).fit(*tiny)
    values = [trial.value for trial in found.study_.trials]
    np.testing.assert_allclose(values, found.cv_results_[f"mean_test_{leads}"])


def test_a_callable_finds_the_best_of_one_score(tiny):
    found = search(LogisticRegression(), SPACE, refit=regularized).fit(*tiny)
    assert found.best_params_["C"] == min(found.cv_results_["param_C"])
    assert not hasattr(found, "best_score_")
    assert not found.multimetric_


@pytest.mark.parametrize("refit", [True, "recall"])
@pytest.mark.parametrize("scoring", [BOTH, both])
def test_refit_has_to_name_one_of_them(tiny, scoring, refit):
    with pytest.raises(ValueError, match="refit must be set to a scorer key"):
        search(LogisticRegression(), SPACE, scoring=scoring, refit=refit).fit(*tiny)


def test_without_refit_there_is_nothing_to_predict_with(tiny):
    found = search(LogisticRegression(), SPACE, scoring=BOTH, refit=False).fit(*tiny)
    with pytest.raises(AttributeError):
        found.predict(tiny[0])
    assert not hasattr(found, "best_index_")


def test_a_search_of_several_scores_goes_on(tiny, tmp_path):
    kept = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}
    settings = {"scoring": BOTH, "refit": "accuracy", **kept}
    first = search(LogisticRegression(), SPACE, n_trials=2, **settings).fit(*tiny)
    second = search(LogisticRegression(), SPACE, n_trials=4, **settings).fit(*tiny)
    for name in BOTH:
        scores = [each.cv_results_[f"split1_test_{name}"] for each in (first, second)]
        np.testing.assert_array_equal(scores[0], scores[1][:2])
    third = search(LogisticRegression(), SPACE, n_trials=4, **settings).fit(*tiny)  # of which no trial is left
    assert third.best_params_ == second.best_params_


class Pruner(optuna.pruners.BasePruner):
    """Prunes every trial but the first."""

    def prune(self, study, trial):
        return trial.number > 0


def test_the_leading_score_of_epochs_is_reported(tiny):
    net = MLPClassifier((8,), max_epochs=3, batch_size=16, random_state=0)
    settings = {"scoring": BOTH, "refit": "neg_log_loss", "pruner": Pruner()}
    found = search(net, {"learning_rate": [0.003]}, n_trials=2, **settings).fit(*tiny)
    complete, pruned = found.study_.trials
    assert complete.intermediate_values[3] == found.cv_results_["split0_test_neg_log_loss"][0]
    assert list(pruned.intermediate_values) == [1]
    for name in BOTH:
        assert np.isnan(found.cv_results_[f"split0_test_{name}"][1])


def test_a_score_that_fails_is_a_failed_trial(tiny):
    def broken(estimator, X, y):
        if estimator.C > 0.01:
            raise OSError("no such disk")
        return 0.5

    scoring = {"accuracy": "accuracy", "broken": broken}
    settings = {"scoring": scoring, "refit": "accuracy", "sampler": by_grid(SPACE)}
    with pytest.warns(FitFailedWarning, match="1 trials failed.*no such disk"):
        found = search(LogisticRegression(), SPACE, **settings).fit(*tiny)
    assert sorted(found.cv_results_["state"]) == ["complete"] * 3 + ["fail"]
    with pytest.raises(OSError, match="no such disk"):
        search(LogisticRegression(), SPACE, error_score="raise", **settings).fit(*tiny)


def test_a_score_that_does_not_lead_may_be_nan(tiny):
    scoring = {"accuracy": "accuracy", "undefined": make_scorer(lambda y_true, y_pred: np.nan)}
    found = search(LogisticRegression(), SPACE, scoring=scoring, refit="accuracy").fit(*tiny)
    assert np.isnan(found.cv_results_["mean_test_undefined"]).all()
    assert (found.cv_results_["state"] == "complete").all()
    with pytest.raises(ValueError, match="The score of fold 0 is nan"):
        search(LogisticRegression(), SPACE, scoring=scoring, refit="undefined").fit(*tiny)


def test_an_estimator_without_predict_and_without_labels(tiny):
    found = search(KernelDensity(), {"bandwidth": [0.1, 1.0, 5.0]}).fit(tiny[0])
    assert found.best_params_["bandwidth"] == 1.0
    assert not hasattr(found, "predict")
    assert found.score_samples(tiny[0]).shape == (60,)

"""VectorizedHalvingGridSearchCV trains as GridSearchCV does, but only the best candidates to the end."""

import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping

from skfashion.model_selection import VectorizedHalvingGridSearchCV
from skfashion.neural_network import Autoencoder, CNNClassifier, EncoderClassifier, MLPClassifier

X, Y = load_digits(return_X_y=True)
X, Y = X[:300].astype(np.float32) / 16, np.array([f"digit {label}" for label in Y[:300]])
RATES = {"learning_rate": [0.0001, 0.001, 0.003, 0.01, 0.03]}


def mlp(**parameters):
    return MLPClassifier(
        **{"hidden_layer_sizes": (16,), "max_epochs": 6, "batch_size": 32, "random_state": 0} | parameters
    )


def halving(estimator, grid=RATES, **parameters):
    return VectorizedHalvingGridSearchCV(estimator, grid, **{"cv": 3, "factor": 2, "n_jobs": 1, **parameters})


class StopAfter(Callback):
    """Ends a training after some epochs, as skorch's callbacks do."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.n_epochs:
            raise KeyboardInterrupt


class StopsAfter(EarlyStopping, StopAfter):
    """One whose KeyboardInterrupt is heard as a wish to stop."""

    def __init__(self, n_epochs):
        StopAfter.__init__(self, n_epochs)

    on_epoch_end = StopAfter.on_epoch_end

    def on_train_begin(self, net, **kwargs):
        pass

    on_train_end = on_train_begin


def assert_rungs_are_those_of_full_trainings(search, estimator, y=Y, prefix=""):
    """Each row holds the scores of its candidate's full training, as of the epoch at which the rung ends."""
    results = search.cv_results_
    for row, parameters in enumerate(results["params"]):
        candidate = clone(estimator).set_params(**parameters)
        candidate.set_params(**{f"{prefix}net_params": {"callbacks": [StopsAfter(results["n_resources"][row])]}})
        expected = cross_validate(candidate, X, y, cv=3, return_train_score=search.return_train_score)
        for split in range(3):
            for part in ["test", "train"] if search.return_train_score else ["test"]:
                found = results[f"split{split}_{part}_score"][row]
                assert found == pytest.approx(expected[f"{part}_score"][split], abs=1e-6)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scores_are_those_of_the_full_trainings_so_far(n_jobs):
    search = halving(mlp(dropout=0.2), return_train_score=True, n_jobs=n_jobs).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([1, 3, 6], [5, 3, 2])
    assert (search.n_iterations_, search.n_remaining_candidates_) == (3, 1)
    assert (search.min_resources_, search.max_resources_) == (1, 6)
    assert search.cv_results_["iter"].tolist() == [0] * 5 + [1] * 3 + [2] * 2
    assert search.cv_results_["vectorized"].all()
    assert_rungs_are_those_of_full_trainings(search, mlp(dropout=0.2))


def test_the_winner_is_the_model_of_a_grid_search():
    search, grid = halving(mlp()).fit(X, Y), GridSearchCV(mlp(), RATES, cv=3).fit(X, Y)
    assert search.best_params_ == grid.best_params_
    assert search.best_score_ == pytest.approx(grid.best_score_, abs=1e-6)
    assert search.cv_results_["iter"][search.best_index_] == 2
    np.testing.assert_allclose(search.predict_proba(X), grid.predict_proba(X), atol=1e-6)


def test_no_epoch_is_trained_twice():
    epochs = []

    class Counts(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(net.history[-1]["epoch"])

    halving(mlp(net_params={"callbacks": [Counts()]}), refit=False).fit(X, Y)
    assert [epochs.count(epoch) / 3 for epoch in range(1, 7)] == [5, 3, 3, 2, 2, 2]


def test_better_candidates_go_on():
    search = halving(mlp()).fit(X, Y)
    results = search.cv_results_
    for number in range(1, search.n_iterations_):
        before = results["iter"] == number - 1
        order = np.argsort(-results["mean_test_score"][before], kind="stable")
        best = [results["params"][index] for index in np.flatnonzero(before)[order][: search.n_candidates_[number]]]
        now = [results["params"][index] for index in np.flatnonzero(results["iter"] == number)]
        assert sorted(map(str, best)) == sorted(map(str, now))


def test_networks_that_are_trained_alone_halve_too():
    grid = {"learning_rate": [0.0001, 0.003, 0.01]}
    model = CNNClassifier(max_epochs=4, random_state=0, image_shape=(8, 8), precision="float32")
    search = halving(model, grid).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([1, 2, 4], [3, 2, 1])
    assert not search.cv_results_["vectorized"].any()
    assert_rungs_are_those_of_full_trainings(search, model)


def test_a_pipeline_of_pipelines_and_nets():
    """Only the last net halves; others are trained to the end, and once."""
    encoder = Autoencoder(4, (16,), max_epochs=2, batch_size=32, random_state=0)
    model = Pipeline([("code", encoder), ("head", make_pipeline(StandardScaler(), mlp()))])
    search = halving(model, {"head__mlpclassifier__learning_rate": [0.0001, 0.003, 0.01]}).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([1, 3, 6], [3, 2, 1])
    assert_rungs_are_those_of_full_trainings(search, model, prefix="head__mlpclassifier__")


def test_steps_and_shapes_may_be_searched():
    grid = [
        {"model": [mlp()], "model__hidden_layer_sizes": [(8,), (16,)]},
        {"model": [EncoderClassifier(Autoencoder(4, (16,), max_epochs=1), (8,), max_epochs=6, random_state=0)]},
    ]
    search = halving(Pipeline([("scale", "passthrough"), ("model", mlp())]), grid).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([1, 3, 6], [3, 2, 1])


def test_autoencoders_and_several_scores():
    search = halving(Autoencoder(4, (16,), max_epochs=4, random_state=0), cv=2).fit(X)
    assert search.n_resources_ == [1, 2, 4]
    scoring = {"accuracy": "accuracy", "loss": "neg_log_loss"}
    several = halving(mlp(), scoring=scoring, refit="loss").fit(X, Y)
    last = several.cv_results_["iter"] == 2
    assert several.best_score_ == several.cv_results_["mean_test_loss"][last].max()
    with pytest.raises(ValueError, match="refit has to name the one"):
        halving(mlp(), scoring=scoring, refit=False).fit(X, Y)


def test_own_scorers_see_the_pipeline():
    def score(estimator, X, y):
        assert estimator.named_steps["mlpclassifier"].n_features_in_ == 64
        return accuracy_score(y, estimator.predict(X))

    model = make_pipeline(StandardScaler(), mlp())
    grid = {"mlpclassifier__learning_rate": [0.0001, 0.003]}
    found, usual = halving(model, grid, scoring=score).fit(X, Y), halving(model, grid).fit(X, Y)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], usual.cv_results_["mean_test_score"])


def test_early_stopping_within_and_after_a_rung():
    model = mlp(early_stopping=True, n_iter_no_change=1, max_epochs=8)
    search = halving(model, {"learning_rate": [0.00001, 0.01, 0.03]}, min_epochs=4).fit(X, Y)
    assert search.n_resources_ == [4, 8]
    grid = GridSearchCV(model, RATES | {"learning_rate": [0.01, 0.03]}, cv=3).fit(X, Y)
    assert search.best_score_ == pytest.approx(grid.best_score_, abs=1e-6)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_candidate_that_diverges_ends_first():
    grid = {"learning_rate": [1e30, 0.01, 0.1], "optimizer": ["sgd"]}
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 9"):
        search = halving(mlp(), grid).fit(X, Y)
    assert search.n_candidates_ == [3, 2, 1]
    assert np.isnan(search.cv_results_["mean_test_score"][0])
    assert [row["learning_rate"] for row in search.cv_results_["params"][3:5]] == [0.01, 0.1]
    with pytest.raises(ValueError, match="diverged"):
        halving(mlp(), grid, error_score="raise").fit(X, Y)


@pytest.mark.parametrize("error_score", ["raise", 0.0])
@pytest.mark.filterwarnings("ignore:Scoring failed")
def test_a_score_that_fails_in_a_rung(error_score):
    def fails(y, predicted):
        raise RuntimeError("no score today")

    search = halving(mlp(), scoring=make_scorer(fails), error_score=error_score)
    if error_score == "raise":
        with pytest.raises(RuntimeError, match="no score today"):
            search.fit(X, Y)
    else:
        assert (search.fit(X, Y).cv_results_["mean_test_score"] == 0).all()


def test_min_epochs_and_factor():
    search = halving(mlp(), factor=4, min_epochs=1).fit(X, Y)
    assert (search.n_resources_, search.n_candidates_) == ([1, 6], [5, 2])
    late = halving(mlp(), factor=4, min_epochs=5).fit(X, Y)  # leaves less than a factor for the last rung
    assert (late.n_resources_, late.n_candidates_) == ([5, 6], [5, 2])
    alone = halving(mlp(), {"learning_rate": [0.01]}).fit(X, Y)
    assert (alone.n_resources_, alone.n_candidates_) == ([6], [1])
    with pytest.raises(ValueError, match="min_epochs=7 is more than max_epochs=6"):
        halving(mlp(), min_epochs=7).fit(X, Y)
    for wrong in ({"factor": 1}, {"min_epochs": 0}, {"min_epochs": "smallest"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            halving(mlp(), **wrong).fit(X, Y)


@pytest.mark.parametrize("factor", [1.01, 1.5, 1.9])
def test_small_factors_drop_one_candidate_at_least(factor):
    search = halving(mlp(), factor=factor).fit(X, Y)
    assert search.n_candidates_ == sorted(set(search.n_candidates_), reverse=True)
    assert search.n_resources_ == sorted(set(search.n_resources_))
    assert search.n_resources_[-1] == 6


def test_candidates_are_scored_once_in_each_rung():
    scored = []

    def score(estimator, X, y):
        scored.append(estimator)
        return accuracy_score(y, estimator.predict(X))

    search = halving(mlp(), scoring=score, refit=False).fit(X, Y)
    assert len(scored) == 3 * sum(search.n_candidates_)


@pytest.mark.parametrize(
    ("model", "grid", "message"),
    [
        (mlp(), [], "holds no candidates"),
        (mlp(max_epochs="many"), RATES, "max_epochs of the candidates must be an int"),
    ],
)
def test_what_cannot_be_searched(model, grid, message):
    with pytest.raises(ValueError, match=message):
        halving(model, grid).fit(X, Y)


@pytest.mark.parametrize("name", ["max_epochs", "lr_schedule", "early_stopping"])
def test_courses_must_agree(name):
    values = {"max_epochs": [3, 6], "lr_schedule": ["cosine", None], "early_stopping": [True, False]}[name]
    with pytest.raises(ValueError, match=f"must have the same .*{name}"):
        halving(mlp(), {name: values}).fit(X, Y)


def test_other_estimators_have_no_epochs():
    with pytest.raises(ValueError, match=r"Got LogisticRegression\(C=1\) instead"):
        halving(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1, 2]}).fit(X, Y)
    with pytest.raises(ValueError, match="Got 'passthrough' instead"):
        halving(make_pipeline(StandardScaler(), mlp()), {"mlpclassifier": [mlp(), "passthrough"]}).fit(X, Y)


def test_max_seconds_ends_after_a_rung():
    search = halving(mlp(), max_seconds=1e-9).fit(X, Y)
    assert (search.n_resources_, search.n_iterations_, search.n_remaining_candidates_) == ([1], 1, 3)
    assert search.best_estimator_.n_epochs_ == 6


def test_splits_that_change_from_call_to_call_are_those_of_the_first_rung():
    seen = {}

    def scoring(estimator, X, y):
        seen.setdefault(estimator.learning_rate, []).append(float(X.sum()))
        return accuracy_score(y, estimator.predict(X))

    folds = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    search = halving(mlp(), cv=folds, scoring=scoring).fit(X, Y)
    assert search.n_candidates_ == [5, 3, 2]
    assert sorted(map(len, seen.values())) == [3, 3, 6, 9, 9]
    assert {frozenset(sums) for sums in seen.values()} == {frozenset(next(iter(seen.values())))}


class Interrupts(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 4:
            raise KeyboardInterrupt


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_nothing_goes_on_after_the_search(n_jobs):
    """No thread waits for ever, whether a search ended well or not."""
    n_threads = threading.active_count()
    halving(mlp(), n_jobs=n_jobs).fit(X, Y)
    with pytest.raises(KeyboardInterrupt):
        halving(mlp(net_params={"callbacks": [Interrupts()]}), n_jobs=n_jobs).fit(X, Y)
    assert threading.active_count() <= n_threads


def test_copies_pickles_and_callbacks(capsys):
    search = halving(mlp(), verbose=1).set_callbacks(ProgressBar()).fit(X, Y)
    assert "Rung 2 of 3: 3 candidates to epoch 3" in capsys.readouterr().out
    again = pickle.loads(pickle.dumps(clone(search).set_params(verbose=0).fit(X, Y)))
    assert again.best_params_ == search.best_params_
    assert (again.predict(X) == search.predict(X)).all()


def test_times_grow_from_rung_to_rung():
    search = halving(mlp()).fit(X, Y)
    results = search.cv_results_
    times = {}
    for parameters, seconds in zip(results["params"], results["mean_fit_time"], strict=True):
        times.setdefault(str(parameters), []).append(seconds)
    assert all(each == sorted(each) and each[0] > 0 for each in times.values())


@pytest.mark.parametrize(
    ("max_epochs", "factor", "min_epochs", "rungs"),
    [(6, 1.5, 1, [1, 2, 3, 6]), (10, 1.3, 2, [2, 3, 4, 5, 10]), (20, 1.5, "exhaust", [3, 5, 8, 13, 20])],
)
def test_each_rung_ends_later_than_the_last_one(max_epochs, factor, min_epochs, rungs):
    rates = {"learning_rate": [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]}
    search = halving(mlp(max_epochs=max_epochs), rates, factor=factor, min_epochs=min_epochs, cv=2).fit(X, Y)
    assert search.n_resources_ == rungs
    assert search.best_estimator_.n_epochs_ == max_epochs

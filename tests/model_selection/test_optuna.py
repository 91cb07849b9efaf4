"""Searches by Optuna: what they find, what they keep, and what survives failures and interruptions."""

import pickle
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from scipy.stats import loguniform, norm, randint, uniform
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import FitFailedWarning
from sklearn.gaussian_process.kernels import RationalQuadratic
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import skfashion.baselines
import skfashion.neural_network
from skfashion.inspection import ParallelCoordinatesDisplay
from skfashion.model_selection import SEARCH_SPACES, OptunaSearchCV
from skfashion.neural_network import MLPClassifier

ROOT = Path(__file__).parents[2]


class Parabola(ClassifierMixin, BaseEstimator):
    """Its score is greatest at x = 3 of the kind "good"; it fails for "broken" and is stopped for "interrupted"."""

    def __init__(self, x=0.0, kind="good"):
        self.x = x
        self.kind = kind

    def fit(self, X, y):
        if self.kind == "broken":
            raise RuntimeError("out of order")
        if self.kind == "interrupted":
            raise KeyboardInterrupt
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        return -((self.x - 3) ** 2) - (self.kind != "good")


class Anything(Parabola):
    """Takes any x."""

    def score(self, X, y):
        return 0.5


def search(space, n_trials=10, estimator=None, **parameters):
    estimator = Parabola() if estimator is None else estimator
    return OptunaSearchCV(estimator, space, n_trials=n_trials, **{"cv": 2, "random_state": 0, **parameters})


@pytest.fixture
def problem(tiny):
    return tiny


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


def test_results_are_those_of_cross_validation(garments):
    X, y = garments
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
    model = MLPClassifier(max_epochs=1)
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
    assert state.tolist() == ["complete"] * 4 + ["fail"] + ["complete"] * 3


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


def test_processes_share_a_fresh_storage(tmp_path):
    code = textwrap.dedent(f"""
        import sys
        from scipy.stats import loguniform
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from skfashion.model_selection import OptunaSearchCV
        search = OptunaSearchCV(
            LogisticRegression(max_iter=500), {{"C": loguniform(0.1, 10)}}, n_trials=3, cv=2, pruner=None,
            storage="sqlite:///{tmp_path / "study.db"}", study_name="x", random_state=int(sys.argv[1]),
        )
        sys.stdin.readline()
        search.fit(*load_iris(return_X_y=True))
    """)
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen([sys.executable, "-c", code, str(seed)], **pipes) for seed in range(3)]
    failures = [process.communicate("go\n")[1] for process in processes]
    assert failures == [""] * 3
    assert len(optuna.load_study(storage=f"sqlite:///{tmp_path / 'study.db'}", study_name="x").trials) >= 3


def test_several_jobs_share_the_trials(problem):
    found = search({"x": uniform(-10, 20)}, 12, n_jobs=3).fit(*problem)
    assert len(found.cv_results_["params"]) == 12


def test_time_is_up(problem):
    found = search({"x": uniform(-10, 20)}, 10_000, timeout=0.5).fit(*problem)
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


# --- pruning


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


# --- manners


def test_equal_choices_are_different_ones(problem):
    X, y = problem
    choices = [1, 1.0, True, np.mean, np.median, None]
    found = search({"x": choices}, 40, Anything(), pruner=None).fit(X, y)
    tried = [params["x"] for params in found.cv_results_["params"]]
    for choice in choices:
        assert any(type(x) is type(choice) and x == choice for x in tried)


def test_groups_and_weights_go_where_they_belong(garments):
    X, y = garments
    groups, weight = np.arange(600) // 6, np.r_[np.zeros(300), np.ones(300)]
    space, model = {"C": [0.01]}, LogisticRegression(max_iter=500)
    for params in ({"groups": groups}, {"groups": groups, "sample_weight": weight + 0.1}):
        ours = search(space, 1, model, cv=GroupKFold(2)).fit(X / 255, y, **params)
        theirs = GridSearchCV(model, space, cv=GroupKFold(2)).fit(X / 255, y, **params)
        assert ours.best_score_ == pytest.approx(theirs.best_score_)


def test_threads_see_the_configuration(problem):
    frame = pd.DataFrame(problem[0], columns=list("abcdef"))
    columns = make_column_transformer((StandardScaler(), ["a", "b"]))
    model = make_pipeline(StandardScaler(), columns, LogisticRegression())
    with config_context(transform_output="pandas"):
        found = search({"logisticregression__C": uniform(1, 2)}, 2, model, n_jobs=2).fit(frame, problem[1])
    assert list(found.feature_names_in_) == list("abcdef")


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # of check_cv, for y of nan
@parametrize_with_checks(
    [
        OptunaSearchCV(
            LogisticRegression(), {"C": loguniform(0.1, 1)}, n_trials=2, cv=2, error_score="raise", random_state=0
        )
    ]
)
def test_as_scikit_learn_wants_it(estimator, check):
    check(estimator)


def test_in_worker_processes(problem):
    X, y = problem
    model = search({"C": loguniform(0.01, 1)}, 2, LogisticRegression())
    alone = cross_val_score(model, X, y, cv=2, error_score="raise")
    np.testing.assert_array_equal(cross_val_score(model, X, y, cv=2, error_score="raise", n_jobs=2), alone)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).fit(X, y).predict(X), model.fit(X, y).predict(X))


def test_nested_pickled_and_drawn(problem):
    X, y = problem
    model = search({"C": loguniform(0.01, 1)}, 3, LogisticRegression())
    assert cross_val_score(model, X, y, cv=2, error_score="raise").min() > 0.5
    found = model.fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).predict(X), found.predict(X))
    display = ParallelCoordinatesDisplay.from_study(found.study_)
    np.testing.assert_array_equal(display.scores, found.cv_results_["mean_test_score"])
    assert len(ParallelCoordinatesDisplay.from_estimator(found).lines_) == 3


def test_results_are_those_of_other_searches_and_more(problem):
    space = {"C": loguniform(0.01, 1), "solver": ["lbfgs"]}
    ours = search(space, 2, LogisticRegression(), pruner=None).fit(*problem).cv_results_
    theirs = RandomizedSearchCV(LogisticRegression(), space, n_iter=2, cv=2).fit(*problem).cv_results_
    assert set(ours) == {*theirs, "state"}
    for name in theirs:
        assert np.shape(ours[name]) == np.shape(theirs[name])
        assert getattr(ours[name], "dtype", None) == getattr(theirs[name], "dtype", None)
    assert (ours["mean_fit_time"] > 0).all()


def test_a_pickled_search_needs_no_storage(problem, tmp_path):
    X, y = problem
    kept = {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}
    found = search({"C": loguniform(0.01, 1)}, 2, LogisticRegression(), **kept).fit(X, y)
    pickled = pickle.dumps(found)
    (tmp_path / "study.db").unlink()
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    assert [trial.params for trial in again.study_.trials] == found.cv_results_["params"]
    assert not (tmp_path / "study.db").exists()


def test_without_labels_and_without_refit(problem):
    X, _ = problem
    model = skfashion.neural_network.Autoencoder(2, (4,), max_epochs=1, random_state=0)
    found = search({"latent_dim": randint(1, 3)}, 2, model, refit=False).fit(X)
    assert set(found.best_params_) == {"latent_dim"}
    assert not hasattr(found, "best_estimator_")


def test_optuna_keeps_its_voice(problem, capfd):
    before = optuna.logging.get_verbosity()
    search({"x": uniform(0, 6)}, 2).fit(*problem)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")
    search({"x": uniform(0, 6)}, 2, verbose=1).fit(*problem)
    assert [line.split(":")[0] for line in capfd.readouterr().out.splitlines()] == ["trial 0", "trial 1"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"param_distributions": {"x": 3}}, r"param_distributions\['x'\] must be a list"),
        ({"param_distributions": {"x": []}}, r"param_distributions\['x'\] must be a list"),
        ({"param_distributions": {"x": norm(0, 1)}}, "is a norm distribution"),
        ({"param_distributions": {"z": [1, 2]}, "error_score": "raise"}, "Invalid parameter 'z'"),
        ({"n_trials": 0}, "n_trials"),
        ({"error_score": 0.0}, "error_score"),
        ({"pruner": "best"}, "pruner"),
        ({"storage": "sqlite://"}, "needs a study_name"),
        ({"cv": iter([])}, "gives no splits"),
        ({"timeout": 1e-9}, "No trial began within the timeout"),
    ],
)
def test_bad_parameters(problem, parameters, message):
    with pytest.raises(ValueError, match=message):
        search({"x": uniform(0, 6)}).set_params(**parameters).fit(*problem)


def test_without_optuna_the_error_names_the_extra():
    code = textwrap.dedent("""
        import sys
        sys.modules["optuna"] = None
        from sklearn.linear_model import LogisticRegression
        from skfashion.model_selection import OptunaSearchCV
        try:
            OptunaSearchCV(LogisticRegression(), {"C": [1, 2]}).fit([[0], [1]], [0, 1])
        except ImportError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "OptunaSearchCV needs optuna: pip install 'skfashion[search]' brings it.\n"


# --- spaces


@pytest.mark.parametrize("family", SEARCH_SPACES)
def test_spaces_hold_what_the_estimators_take(garments, family):
    estimator = getattr(skfashion.neural_network, family, None) or getattr(skfashion.baselines, family)
    X, y = garments
    epochs = {"max_epochs": 1} if "max_epochs" in estimator().get_params() else {}
    for params in ParameterSampler(SEARCH_SPACES[family], 3, random_state=0):
        estimator().set_params(**params, **epochs).fit(X[:60], y[:60])

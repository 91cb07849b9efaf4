"""OptunaSearchCV among the rest of scikit-learn: metadata, configuration, processes, pickles, errors."""

import pickle
import textwrap
from functools import partial

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
from processes import run_python
from scipy.stats import loguniform, norm, randint, uniform
from searches import Anything, search
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skfashion.baselines
import skfashion.model_selection
import skfashion.neural_network
from skfashion.inspection import ParallelCoordinatesDisplay
from skfashion.preprocessing import ImageReader


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
        np.testing.assert_allclose(ours.predict_proba(X / 255), theirs.predict_proba(X / 255), atol=1e-6)


def test_threads_see_the_configuration(problem):
    frame = pd.DataFrame(problem[0], columns=list("abcdef"))
    columns = make_column_transformer((StandardScaler(), ["a", "b"]))
    model = make_pipeline(StandardScaler(), columns, LogisticRegression())
    with config_context(transform_output="pandas"):
        found = search({"logisticregression__C": uniform(1, 2)}, 2, model, n_jobs=2).fit(frame, problem[1])
    assert list(found.feature_names_in_) == list("abcdef")


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
    theirs = RandomizedSearchCV(LogisticRegression(), space, n_iter=2, cv=2, random_state=0).fit(*problem).cv_results_
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


def test_fit_restores_the_verbosity_of_optuna_and_prints_nothing(problem, capfd):
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
        ({"max_seconds": 1e-9}, "No trial began within 1e-09 s"),
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
    assert run_python(code) == 'OptunaSearchCV needs optuna: pip install "skfashion[search]" brings it.\n'


def same_study(storage, X, y, **parameters):
    """Whether a search goes on with the study of the one before."""
    space = {"n_neighbors": [1, 3]}
    arguments = {"cv": 2, "n_trials": 1, "storage": storage, "study_name": "study", "pruner": None, **parameters}
    model = skfashion.baselines.KNNClassifier()
    found = skfashion.model_selection.OptunaSearchCV(model, space, random_state=0, **arguments).fit(X, y)
    return found.study_.study_name == "study"


def test_equal_tensors_are_the_same_samples(garments):
    storage, (X, y) = optuna.storages.InMemoryStorage(), garments
    for _ in range(2):
        assert same_study(storage, torch.tensor(X[:100]), torch.tensor(y[:100]))
    assert not same_study(storage, torch.tensor(X[:100]) + 1, torch.tensor(y[:100]))


def accuracy(y, predicted):
    return float(np.mean(y == predicted))


def percentage(y, predicted):
    return 100 * float(np.mean(y == predicted))


percentage.__name__ = percentage.__qualname__ = "accuracy"  # as it is after an edit of the script


def score_by(metric, estimator, X, y):
    return metric(y, estimator.predict(X))


@pytest.mark.parametrize("as_scorer", [make_scorer, lambda metric: partial(score_by, metric)])
def test_a_metric_that_was_edited_is_another_one(garments, as_scorer, monkeypatch):
    """Also within the objects of other projects, which pickle holds by its name."""
    storage, (X, y) = optuna.storages.InMemoryStorage(), garments
    for _ in range(2):
        assert same_study(storage, X[:100], y[:100], scoring=as_scorer(accuracy))
    monkeypatch.setattr(f"{__name__}.accuracy", percentage)
    assert not same_study(storage, X[:100], y[:100], scoring=as_scorer(percentage))


def test_samples_may_be_images_of_any_sizes(garments):
    storage, y = optuna.storages.InMemoryStorage(), garments[1][:40]
    images = [image.reshape(28, 28)[: 20 + number % 8] for number, image in enumerate(garments[0][:40])]
    space = {"kneighborsclassifier__n_neighbors": [1, 3]}
    model = make_pipeline(ImageReader((28, 28)), KNeighborsClassifier())
    arguments = {"cv": 2, "n_trials": 1, "storage": storage, "study_name": "study", "pruner": None}
    for number in (1, 2):
        search = skfashion.model_selection.OptunaSearchCV(model, space, random_state=0, **arguments).fit(images, y)
        assert (search.study_.study_name, len(search.study_.trials)) == ("study", 1), number


def test_fingerprints_are_the_same_in_every_process():
    code = """
        from skfashion.model_selection._fingerprint import fingerprint
        class Metric:
            def __init__(self):
                self.names, self.function = frozenset("abcdefgh"), lambda x: x
        print(fingerprint([Metric(), {"of": Metric()}]))
    """
    found = {run_python(textwrap.dedent(code), PYTHONHASHSEED=str(seed)) for seed in range(3)}
    assert len(found) == 1


@pytest.mark.parametrize(
    ("distribution", "value"),
    [
        (randint(1, 10), 2.7),
        (optuna.distributions.IntDistribution(1, 9, step=2), 4),
        (optuna.distributions.FloatDistribution(0.5, 2.0, step=0.5), 0.7),
    ],
)
def test_initial_params_between_two_steps_are_not_in_the_space(problem, distribution, value):
    with pytest.raises(ValueError, match=f"The setting .*{value}.* is not in the space"):
        search({"x": distribution}, 1, Anything(), initial_params={"x": value}).fit(*problem)
    found = search({"x": distribution}, 1, Anything(), initial_params={"x": 1}).fit(*problem)
    assert found.best_params_ == {"x": 1}

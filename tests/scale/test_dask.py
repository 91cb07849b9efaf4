"""Searches on a Dask cluster of two processes, by joblib's backend."""

import contextlib
import copy
import itertools
import os
import warnings

import joblib
import numpy as np
import optuna
import pytest
from clusters import GRID, MLP, Broken, Counted, Mortal, OutOfOrder, Unportable, about_the_process, scores_of
from processes import ROOT, start_python
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from torch.nn import Flatten, Linear, Sequential

from skfashion.model_selection import OptunaSearchCV, VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.modules import conv, pool
from skfashion.neural_network import CNNClassifier
from skfashion.preprocessing import ImageReader
from skfashion.training._together import train_together

with warnings.catch_warnings():  # it changes the filters when it is imported
    warnings.simplefilter("ignore")
    distributed = pytest.importorskip("distributed")
    import dask
    from dask.base import tokenize

# What other projects deprecate among themselves is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@contextlib.contextmanager
def two_workers():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client(kept_environment):
    with two_workers() as client:
        yield client


def grid_search(estimator=MLP, grid=GRID, **parameters):
    return GridSearchCV(estimator, grid, **{"cv": 2, "refit": False, "error_score": "raise", **parameters})


def n_arrivals(client, size):
    """How often each worker got an array of this size from the other one."""

    def count(dask_worker):
        return sum(size in entry["keys"].values() for entry in dask_worker.transfer_incoming_log)

    return np.array(list(client.run(count).values()))


@pytest.mark.parametrize("scattered", [True, False])
def test_scores_are_those_of_one_process(client, garments, one_thread, scattered):
    X, y = garments
    model = make_pipeline(CNNClassifier((conv(4, 5), pool(4)), max_epochs=2, random_state=0))
    grid = {"cnnclassifier__learning_rate": [0.001, 0.003]}
    expected = cross_val_score(MLP, X, y, cv=2), scores_of(grid_search(model, grid).fit(X, y))
    with joblib.parallel_config("dask", scatter=[X, y] if scattered else None):
        found = cross_val_score(MLP, X, y, cv=2), scores_of(grid_search(model, grid).fit(X, y))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_workers_compute_on_one_thread_each(client, garments):
    X, y = garments
    with joblib.parallel_config("dask"):
        search = grid_search(scoring=about_the_process).fit(X, y)
    assert (scores_of(search, "threads") == 1).all()
    workers = set(client.run(os.getpid).values())
    assert set(scores_of(search, "pid").ravel()) <= workers
    assert os.getpid() not in workers


@pytest.mark.parametrize("scattered", [True, False])
def test_images_reach_each_worker_once(client, garments, monkeypatch, scattered):
    X, y = garments[0].view(Counted), garments[1]
    monkeypatch.setattr(Counted, "n_sent", 0)
    before = n_arrivals(client, X.nbytes)
    with joblib.parallel_config("dask", scatter=[X, y] if scattered else None):
        grid_search(cv=4).fit(X, y)  # twelve tasks
    assert Counted.n_sent <= 2
    assert (n_arrivals(client, X.nbytes) - before <= 1).all()
    with joblib.parallel_config("dask"):  # where it is not found, it goes along with every task
        assert sum(joblib.Parallel()(joblib.delayed(len)([X]) for _ in range(4))) == Counted.n_sent == 4


@pytest.mark.slow
@pytest.mark.parametrize("scattered", [True, False])
def test_all_of_fashion_mnist_does_not_hang(scattered):
    """Arrays far above the size from which joblib scatters by itself: https://github.com/joblib/joblib/issues/961."""
    process = start_python(
        f"""
        import distributed, joblib
        import numpy as np
        from clusters import GRID, MLP, Counted
        from sklearn.model_selection import GridSearchCV

        if __name__ == "__main__":
            images = np.zeros((60_000, 784), np.uint8)
            y = np.arange(60_000) % 10
            images[:, :10] = 255 * (y[:, None] == np.arange(10))
            X = images.view(Counted)
            model = MLP.set_params(max_epochs=1, batch_size=1000)
            cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
            with cluster, distributed.Client(cluster):
                with joblib.parallel_config("dask", scatter=[X, y] if {scattered} else None):
                    search = GridSearchCV(model, GRID, cv=2, refit=False, error_score="raise").fit(X, y)
            print(len(search.cv_results_["params"]), Counted.n_sent <= 2)
        """,
        PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}",
    )
    try:
        printed, errors = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert printed.split() == ["3", "True"]


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(own_environment, garments, one_thread, tmp_path):
    """As the user guide says: what only one worker holds is lost with it, be it the indices of a fold."""
    X, y = garments
    model, splits = Mortal(graves=tmp_path), list(StratifiedKFold(2).split(X, y))
    with (
        dask.config.set({"distributed.scheduler.active-memory-manager.start": False}),
        two_workers(),
        joblib.parallel_config("dask", scatter=[X, y, *itertools.chain(*splits)]),
    ):
        found = scores_of(grid_search(model, cv=splits).fit(X, y))
    assert int((tmp_path / "0.003").read_text()) != os.getpid()
    np.testing.assert_array_equal(found, scores_of(grid_search(model).fit(X, y)))


def test_an_error_arrives_as_it_is(client, garments):
    with joblib.parallel_config("dask"), pytest.raises(OutOfOrder, match="no lamp"):
        grid_search(Broken(), {"arguments": [("no lamp",)]}).fit(*garments)


def test_progress_is_seen(client, garments, capsys):
    with joblib.parallel_config("dask"):
        grid_search(verbose=1).set_callbacks(ProgressBar()).fit(*garments)
    printed = capsys.readouterr().out
    assert "totalling 6 fits" in printed
    bars = [line for line in printed.splitlines() if "MLPClassifier - fit" in line]
    assert len(bars) == 6
    assert all("100%" in bar for bar in bars)


def optuna_search(estimator=MLP, space=None, **parameters):
    space = {"learning_rate": loguniform(1e-5, 0.03)} if space is None else space
    settings = {"n_trials": 8, "cv": 2, "n_jobs": 1, "random_state": 0, "refit": False, "error_score": "raise"}
    return OptunaSearchCV(estimator, space, **{**settings, **parameters})


def told(search):
    """All that the study has been told."""
    return [(trial.params, trial.state, trial.intermediate_values, trial.value) for trial in search.study_.trials]


class PruneSome(optuna.pruners.BasePruner):
    """Prunes trials at their second report, or at their fourth, which is a fold, and some never."""

    def prune(self, study, trial):
        return len(trial.intermediate_values) == (9, 2, 4, 9)[trial.number % 4]


@pytest.mark.parametrize("pruner", [None, PruneSome()])
def test_trials_one_at_a_time_are_those_of_one_process(client, garments, one_thread, pruner):
    expected = optuna_search(pruner=pruner).fit(*garments)
    with joblib.parallel_config("dask", scatter=list(garments)):
        found = optuna_search(pruner=pruner).fit(*garments)
    assert told(found) == told(expected)
    assert found.best_params_ == expected.best_params_
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))


def test_folds_of_trials_run_on_the_workers(client, garments, one_thread):
    X, y = garments[0].view(Counted), garments[1]
    Counted.n_sent = 0
    scoring = {"scoring": about_the_process, "refit": "accuracy", "n_jobs": None, "n_trials": 6}
    with joblib.parallel_config("dask", scatter=[X, y]):
        found = optuna_search(**scoring, pruner=None).fit(X, y)
        again = optuna_search(**scoring, pruner=None).fit(X, y)
    assert Counted.n_sent <= 2
    assert set(scores_of(found, "pid").ravel()) == set(client.run(os.getpid).values())
    assert (scores_of(found, "threads") == 1).all()
    np.testing.assert_array_equal(scores_of(found, "accuracy"), scores_of(again, "accuracy"))


@pytest.mark.parametrize(("n_jobs", "n_at_a_time"), [(1, 1), (3, 3), (None, 2), (-1, 2)])
def test_as_many_trials_at_a_time_as_are_asked_for(client, garments, n_jobs, n_at_a_time):
    with joblib.parallel_config("dask"):
        trials = optuna_search(n_trials=4, n_jobs=n_jobs, pruner=None).fit(*garments).study_.trials
    first_end = min(trial.datetime_complete for trial in trials)
    assert sum(trial.datetime_start < first_end for trial in trials) == n_at_a_time


def test_a_trial_that_fails_does_not_end_the_search(client, garments):
    failing = {"error_score": np.nan, "pruner": None}
    kept = {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}
    space = {"error": [OutOfOrder, Unportable], "arguments": [("no lamp", "here")]}
    with joblib.parallel_config("dask"):
        with pytest.raises(ValueError, match=r"OutOfOrder.*no lamp.*Unportable.*no lamp here"):
            optuna_search(Broken(), space, **failing).fit(*garments)
        with pytest.raises(OutOfOrder, match="no lamp") as raised:
            optuna_search(Broken(), {"arguments": [("no lamp",)]}, n_jobs=2, **kept).fit(*garments)
    assert "clusters.py" in raised.value.__notes__[0]
    assert [trial.state.name for trial in optuna.load_study(**kept).trials] == ["FAIL", "FAIL"]


@pytest.mark.slow
@pytest.mark.parametrize("deadly", [(0.003,), (0.003, 0.0031)], ids=["one", "both"])
def test_killed_workers_change_no_trial(own_environment, garments, one_thread, tmp_path, deadly):
    """If both die, all copies of the images are gone."""
    model, space = Mortal(graves=tmp_path, deadly=deadly), {"learning_rate": [0.001, 0.003, 0.0031]}
    first = [{"learning_rate": rate} for rate in (0.003, 0.0031)]
    settings = {"n_trials": 4, "n_jobs": 2, "pruner": None, "initial_params": first}
    with two_workers(), joblib.parallel_config("dask", scatter=list(garments)):
        found = optuna_search(model, space, **settings).fit(*garments)
        assert len(list(tmp_path.iterdir())) == len(deadly)
        again = optuna_search(model, space, **settings).fit(*garments)
    assert told(found) == told(again)


def test_callbacks_see_trials_and_folds(client, garments, capsys):
    with joblib.parallel_config("dask"):
        optuna_search(n_trials=2, pruner=None).set_callbacks(ProgressBar()).fit(*garments)
    printed = capsys.readouterr().out
    assert printed.count("OptunaSearchCV - trial") == 2
    assert printed.count("OptunaSearchCV - fold | MLPClassifier - fit") == 4


def test_a_search_within_a_task(client, garments, one_thread):
    nested = optuna_search(n_trials=2, refit=True, pruner=None)
    expected = cross_val_score(nested, *garments, cv=2)
    with joblib.parallel_config("dask"):
        np.testing.assert_array_equal(cross_val_score(nested, *garments, cv=2, error_score="raise"), expected)


@pytest.mark.parametrize("search", [VectorizedGridSearchCV, VectorizedHalvingGridSearchCV])
def test_vectorized_searches_stay_in_their_process(client, garments, one_thread, monkeypatch, search):
    """On as many threads as `n_jobs` says, and not on one for each worker: a cluster may have hundreds."""
    n_threads = []

    def train(fits, n_jobs):
        n_threads.append(n_jobs)
        return train_together(fits, n_jobs)

    monkeypatch.setattr("skfashion.model_selection._vectorized.train_together", train)
    expected = search(MLP, GRID, cv=2).fit(*garments)
    with joblib.parallel_config("dask", scatter=list(garments)):
        found = search(MLP, GRID, cv=2).fit(*garments)
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))
    assert found.cv_results_["vectorized"].all()
    assert set(n_threads) == {1}


def test_images_are_read_in_threads(client, tmp_path):
    image = pytest.importorskip("PIL.Image")
    names = [str(tmp_path / f"{number}.png") for number in range(4)]
    for number, name in enumerate(names):
        image.fromarray(np.full((8, 8), 50 * number, np.uint8)).save(name)
    expected = ImageReader((8, 8)).fit_transform(names)
    with joblib.parallel_config("dask"):
        np.testing.assert_array_equal(ImageReader((8, 8), n_jobs=2).fit_transform(names), expected)


def test_models_of_equal_parameters_are_told_apart(garments):
    """Two fits with equal parameters are two models, though dask looks at nothing but the fields of a dataclass."""
    X, y = garments
    model = CNNClassifier(lambda shape, n: Sequential(Flatten(), Linear(784, n)), max_epochs=1, random_state=0)
    one, other = (clone(model).fit(X[rows], y[rows]) for rows in (slice(None), slice(100)))
    assert tokenize(one) != tokenize(other)
    assert tokenize(one) != tokenize(model)
    assert tokenize(one) == tokenize(copy.deepcopy(one))

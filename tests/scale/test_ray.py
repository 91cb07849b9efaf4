"""Searches on a local Ray cluster of two processes, by its backend for joblib."""

import os
import secrets
import warnings

import joblib
import numpy as np
import pytest
from clusters import GRID, MLP, Broken, Counted, Mortal, OutOfOrder, about_the_process, scores_of
from joblib.pool import PicklingPool
from processes import ROOT
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, cross_val_score

from skfashion.model_selection import OptunaSearchCV, VectorizedGridSearchCV

with warnings.catch_warnings():  # it changes the filters when it is imported
    warnings.simplefilter("ignore")
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

# What other projects deprecate among themselves, and leave open in their processes, is not ours to mend. Every call of
# joblib starts processes of its own, which takes seconds.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

# Without these arguments a process that dies ends the search.
RESTARTS = {"max_restarts": -1, "max_task_retries": -1}


@pytest.fixture(scope="module")
def cluster(kept_environment):
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # else one is written to the home directory
    os.environ["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"  # for the workers
    bases = PicklingPool.__bases__  # the backend replaces them, and with them joblib's "multiprocessing"
    ray.init(num_cpus=2, include_dashboard=False)
    register_ray()
    yield
    ray.shutdown()
    PicklingPool.__bases__ = bases


@pytest.fixture
def on_ray(cluster):
    with joblib.parallel_config("ray", n_jobs=-1):
        yield


def grid_search(estimator=MLP, grid=GRID, **parameters):
    return GridSearchCV(estimator, grid, **{"cv": 2, "refit": False, "error_score": "raise", **parameters})


def test_scores_are_those_of_one_process(cluster, garments, one_thread):
    X, y = garments
    expected = cross_val_score(MLP, X, y, cv=2), scores_of(grid_search().fit(X, y))
    with joblib.parallel_config("ray", n_jobs=-1):
        found = cross_val_score(MLP, X, y, cv=2), scores_of(grid_search().fit(X, y))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_workers_compute_on_one_thread_each(on_ray, garments):
    search = grid_search(scoring=about_the_process).fit(*garments)
    assert (scores_of(search, "threads") == 1).all()
    pids = set(scores_of(search, "pid").ravel())
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_images_go_along_with_every_task(on_ray, garments, monkeypatch):
    """As the user guide says: Ray keeps arrays for all tasks where it knows joblib's batches, which joblib now wraps.

    Workers read them in the memory of Ray's object store, and cannot write there.
    """
    X, y = garments[0].view(Counted), garments[1]
    monkeypatch.setattr(Counted, "n_sent", 0)
    grid_search(cv=4).fit(X, y)  # twelve tasks
    assert Counted.n_sent == 12
    seen = joblib.Parallel()(joblib.delayed(flags_of)(garments[0].copy()) for _ in range(2))
    assert seen == [(False, False)] * 2


def flags_of(array):
    return array.flags.writeable, array.flags.owndata


def test_all_of_fashion_mnist_does_not_hang(on_ray):
    X, y = np.zeros((60_000, 784), np.uint8), np.arange(60_000) % 10
    X[:, :10] = 255 * (y[:, None] == np.arange(10))
    model = clone(MLP).set_params(max_epochs=1, batch_size=1000)
    assert np.isfinite(scores_of(grid_search(model).fit(X, y))).all()


def test_a_worker_that_is_killed_changes_nothing(cluster, garments, one_thread, tmp_path):
    X, y = garments
    model = Mortal(graves=tmp_path)
    with joblib.parallel_config("ray", n_jobs=2, ray_remote_args=RESTARTS):
        found = scores_of(grid_search(model).fit(X, y))
    assert int((tmp_path / "0.003").read_text()) != os.getpid()
    np.testing.assert_array_equal(found, scores_of(grid_search(model).fit(X, y)))


def test_a_worker_that_is_killed_ends_the_search_without_restarts(on_ray, garments, tmp_path):
    """As the user guide says; if this no longer holds, the arguments can go there and here."""
    with pytest.raises(ray.exceptions.ActorDiedError):
        grid_search(Mortal(graves=tmp_path)).fit(*garments)


def test_an_error_arrives_as_it_is(on_ray, garments):
    with pytest.raises(OutOfOrder, match="no lamp"):
        grid_search(Broken(), {"arguments": [("no lamp",)]}).fit(*garments)


def test_progress_is_seen(on_ray, garments, capsys):
    grid_search(verbose=1).set_callbacks(ProgressBar()).fit(*garments)
    printed = capsys.readouterr().out
    assert "totalling 6 fits" in printed
    bars = [line for line in printed.splitlines() if "MLPClassifier - fit" in line]
    assert len(bars) == 6
    assert all("100%" in bar for bar in bars)


def test_folds_of_trials_run_on_the_workers(on_ray, garments, one_thread):
    space = {"learning_rate": loguniform(1e-5, 0.03)}
    settings = {"n_trials": 6, "cv": 2, "random_state": 0, "pruner": None, "scoring": about_the_process}
    search = OptunaSearchCV(MLP, space, n_jobs=2, refit=False, **settings)
    search.set_params(refit="accuracy").fit(*garments)
    pids = set(scores_of(search, "pid").ravel())
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert (scores_of(search, "threads") == 1).all()


def test_vectorized_searches_stay_in_their_process(cluster, garments, one_thread):
    expected = VectorizedGridSearchCV(MLP, GRID, cv=2, n_jobs=1).fit(*garments)
    with joblib.parallel_config("ray", n_jobs=1):
        found = VectorizedGridSearchCV(MLP, GRID, cv=2).fit(*garments)
    np.testing.assert_array_equal(scores_of(found), scores_of(expected))
    assert found.cv_results_["vectorized"].all()

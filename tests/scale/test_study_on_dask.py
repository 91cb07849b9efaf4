"""Studies whose runs are made by the workers of a Dask cluster."""

import re
import sys
from types import SimpleNamespace

import pytest
from processes import ROOT
from sklearn.base import clone

from benchmarks import evidence, reproduce, shards
from benchmarks.studies import Row
from skfashion.datasets import make_garments
from skfashion.neural_network import MLPClassifier


@pytest.fixture
def study_on_dask(own_environment, tmp_path, monkeypatch):
    """Run a study on a cluster of two workers, which some rows kill; return rows and what has failed."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(evidence, "RESULTS", tmp_path / "results")
    (tmp_path / "preload.py").write_text(WORKER.format(mark=str(tmp_path / "killed")))

    def run(rows, *options):
        study = SimpleNamespace(TITLE="A study", SEEDS=3, GROUPS={"All": rows})
        monkeypatch.setattr(reproduce, "load_study", lambda name: study)
        kinds = {"n_workers": 2, "threads_per_worker": 1, "preload": [str(tmp_path / "preload.py")]}
        with distributed.LocalCluster(dashboard_address=None, **kinds) as cluster:
            address = cluster.scheduler_address
            monkeypatch.setattr(sys, "argv", ["reproduce", "fcn-ablation", "--dask", address, *options])
            failed = ""
            try:
                reproduce.main()
            except SystemExit as ended:
                failed = str(ended)
        return shards.known_rows("fcn-ablation"), failed

    return run


# What a worker runs when it starts: it has no images of its own.
WORKER = """
import os, pathlib, signal
from benchmarks import reproduce
from skfashion.datasets import make_garments

def garments(subset="train", return_X_y=True):
    return make_garments(200, random_state=0 if subset == "train" else 1, return_X_y=True)

def run(row, seed, run=reproduce.run, mark=pathlib.Path({mark!r}), **how):
    if row.name == "deadly" and seed == 0 or row.name == "deadly once" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(row, seed, **how)

reproduce.FETCH = {{"fashion_mnist": garments}}
reproduce.run = run
"""


def test_a_study_on_dask_is_the_same_and_goes_on_after_failures(study_on_dask):
    model = MLPClassifier((8,), max_epochs=1, batch_size=50)
    broken = clone(model).set_params(optimizer_params={"no such": 1})
    some = [Row("broken", broken, accuracy=1.0), Row("sound", model, accuracy=1.0)]
    rows, failed = study_on_dask(some)
    assert failed.count("broken, seed") == 3
    assert "sound" not in failed
    X, y = make_garments(200, random_state=0, return_X_y=True)
    X_test, y_test = make_garments(200, random_state=1, return_X_y=True)
    expected = [clone(model).set_params(random_state=seed).fit(X, y).score(X_test, y_test) for seed in range(3)]
    assert [run["accuracy"] for run in rows["sound"]["runs"]] == pytest.approx([100 * score for score in expected])
    rows, failed = study_on_dask(some, "--seeds", "5", "--only", "sound", "--shard", "2/2")
    assert not failed
    assert [run["seed"] for run in rows["sound"]["runs"]] == [0, 1, 2, 3]


def test_a_worker_that_dies_does_not_end_a_study(study_on_dask, tmp_path):
    model = MLPClassifier((8,), max_epochs=1, batch_size=50)
    rows, failed = study_on_dask([Row("deadly once", model, accuracy=1.0), Row("sound", model, accuracy=1.0)])
    assert (tmp_path / "killed").exists()
    assert not failed
    assert {name: len(row["runs"]) for name, row in rows.items()} == {"deadly once": 3, "sound": 3}


def test_a_run_that_kills_its_workers_does_not_end_a_study(study_on_dask):
    """Dask may blame it on what its worker had at hand besides; that is told, too, and made by the next call."""
    dask = pytest.importorskip("dask")
    model = MLPClassifier((8,), max_epochs=1, batch_size=50)
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):  # one death is enough
        rows, failed = study_on_dask([Row("deadly", model, accuracy=1.0), Row("sound", model, accuracy=1.0)])
    told = {(name, int(seed)) for name, seed in re.findall(r"of 6: (\w+), seed (\d)", failed)}
    done = {(name, run["seed"]) for name, row in rows.items() for run in row["runs"]}
    assert ("deadly", 0) in told
    assert len(done) >= 3
    assert not told & done
    assert told | done == {(name, seed) for name in ("deadly", "sound") for seed in range(3)}


def test_dask_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit, match=r"pip install .*dask"):
        next(reproduce.done_by_dask("tcp://localhost:1", [], {}, {}))

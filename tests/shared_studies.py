"""Processes that run trials of one study."""

import json

import numpy as np
from processes import ROOT, start_python
from scipy.stats import uniform
from searches import Parabola, search

X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
SPACE = {"x": uniform(-10, 20)}

_WORKER = """
    import json, sys, time
    import optuna
    from searches import Parabola, search
    from shared_studies import SPACE, X, y
    from skfashion.model_selection import _heartbeat

    class Worker(Parabola):
        def fit(self, X, y):
            time.sleep(0.02)
            if {hangs}:
                print("in the middle", flush=True)
                time.sleep(600)
            return super().fit(X, y)

    _heartbeat._SECONDS_BETWEEN, _heartbeat._SECONDS_OF_GRACE = 0.3, {grace}
    found = search(SPACE, {n_trials}, Worker(), pruner=None, storage={storage}, study_name="x")
    print("ready", flush=True)
    sys.stdin.read(1)
    results = found.fit(X, y).cv_results_
    print(json.dumps([results["state"].tolist(), [params["x"] for params in results["params"]], found.best_params_]))
"""


class Worker(Parabola):
    """What the processes fit, by the name that it has there: a search of the same goes on in this process."""


# The class is known by its module and name, which in the code of a process is "__main__".
Worker.__module__ = "__main__"


def start_worker(storage, n_trials, hangs=False, grace=30.0):
    """Start a process that waits for `begin` and then works on the study in a storage, which is given as code.

    One that hangs stays in its first trial for ever.
    """
    code = _WORKER.format(storage=storage, n_trials=n_trials, hangs=hangs, grace=grace)
    return start_python(code, PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}")


def begin(*workers):
    for worker in workers:
        assert worker.stdout.readline() == "ready\n", worker.stderr.read()
    for worker in workers:
        worker.stdin.write("x")
        worker.stdin.flush()


def results_of(worker):
    """States, settings and the best setting of all trials, as a process has them at its end."""
    printed, errors = worker.communicate(timeout=300)
    assert worker.returncode == 0, errors
    return json.loads(printed)


def four_at_once(storage):
    """Four processes that begin a study at the same time run as many trials as one would, and find the same."""
    workers = [start_worker(storage, 12) for _ in range(4)]
    begin(*workers)
    first, *others = [results_of(worker) for worker in workers]
    assert others == [first] * 3, (first, others)
    states, settings, _ = first
    assert states == ["complete"] * 12, first
    assert len(set(settings)) == 12  # in spite of one random_state


def one_is_killed(storage):
    """The trial of a process that was killed is told from others, and run again by one of them."""
    killed, *workers = [start_worker(storage, 8, hangs=hangs, grace=3.0) for hangs in (True, False, False, False)]
    begin(killed)
    assert killed.stdout.readline() == "in the middle\n"
    begin(*workers)
    killed.kill()
    killed.communicate()
    first, *others = [results_of(worker) for worker in workers]
    assert others == [first] * 2, (first, others)
    states, settings, _ = first
    assert states == ["interrupted"] + ["complete"] * 8, first
    assert settings.count(settings[0]) == 2, settings
    assert len(set(settings)) == 8, settings
    return settings


def goes_on(storage, settings):
    """A later search takes over all trials."""
    found = search(SPACE, 10, Worker(), pruner=None, storage=storage, study_name="x").fit(X, y)
    assert found.cv_results_["state"].tolist() == ["interrupted"] + ["complete"] * 10
    assert [params["x"] for params in found.cv_results_["params"]][:9] == settings

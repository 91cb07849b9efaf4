"""One grid search on workers: joblib's own processes, and those of local Dask and Ray clusters.

Four learning rates, three batch sizes and three folds of an MLP 784-256-128 on images of Fashion-MNIST; each worker has
one thread. Each program is a process of its own, in which a small search has warmed up the workers. Programs take
turns, and medians count. Traffic is what passed the loopback device meanwhile. All scores must be equal.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

import joblib
from sklearn.model_selection import GridSearchCV

from benchmarks.bench_ranks import loopback_mb
from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import MLPClassifier

GRID = {"learning_rate": [0.0003, 0.001, 0.003, 0.01], "batch_size": [64, 128, 256]}
MODEL = MLPClassifier((256, 128), max_epochs=8, device="cpu", random_state=0)
PROGRAMS = ("serial, 1", "loky, 2", "dask, 2", "ray, 2")  # joblib gives nothing to a cluster of one worker


@contextlib.contextmanager
def backend(engine, n_workers, arrays):
    """Let joblib run its tasks on workers of one thread; `arrays` are sent to them beforehand where that is needed."""
    if engine == "serial":
        yield
    elif engine == "loky":
        with joblib.parallel_config("loky", n_jobs=n_workers, inner_max_num_threads=1):
            yield
    elif engine == "dask":
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster), joblib.parallel_config("dask", scatter=arrays):
            yield
    else:
        import ray
        from ray.util.joblib import register_ray

        register_ray()
        with ray.init(num_cpus=n_workers, include_dashboard=False), joblib.parallel_config("ray", n_jobs=n_workers):
            yield


def measure(engine, n_workers, n_images):
    """Print the seconds of a search, its traffic in MB, and its mean scores."""
    X, y = (part[:n_images] for part in fetch_fashion_mnist(return_X_y=True))
    with backend(engine, n_workers, [X, y]):
        GridSearchCV(MODEL, {"max_epochs": [1, 1]}, cv=3, refit=False).fit(X[:300], y[:300])
        start, sent = time.perf_counter(), loopback_mb()
        search = GridSearchCV(MODEL, GRID, cv=3, refit=False, error_score="raise").fit(X, y)
        seconds, traffic = time.perf_counter() - start, loopback_mb() - sent
    scores = search.cv_results_["mean_test_score"].tolist()
    print(json.dumps({"seconds": round(seconds, 2), "traffic_mb": round(traffic), "scores": scores}))


def in_a_process(program, n_images):
    command = [sys.executable, "-m", "benchmarks.bench_workers", "--images", str(n_images), "--measure", program]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def compare(n_images, repetitions):
    runs = {program: [] for program in PROGRAMS}
    for _ in range(repetitions):
        for program, found in runs.items():
            found.append(in_a_process(program, n_images))
            print(program, found[-1]["seconds"], "s", found[-1]["traffic_mb"], "MB", flush=True)
    scores = [run.pop("scores") for found in runs.values() for run in found]
    assert all(each == scores[0] for each in scores), "scores differ between workers"
    return {
        program: {"seconds": statistics.median(run["seconds"] for run in found), "runs": found}
        for program, found in runs.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--measure", help="measure one program in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        engine, n_workers = arguments.measure.split(", ")
        measure(engine, int(n_workers), arguments.images)
    else:
        programs = compare(arguments.images, arguments.repetitions)
        write_for_processor("workers", {"images": arguments.images, "programs": programs})


if __name__ == "__main__":
    main()

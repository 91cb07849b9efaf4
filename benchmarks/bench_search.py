"""Two workers against one: a grid search over a Pipeline with a network, on 10,000 images of Fashion-MNIST.

Times are medians of interleaved repetitions, each in a process of its own, so that the start of the workers counts. One
worker runs once at one thread, as each of two workers does (equal thread counts: the scores must be equal), and once at
all threads of the machine, which two workers at one thread each can hardly beat where it has two cores.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from benchmarks.evidence import write

SEARCH = """
import json, sys, time
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import {model}
X, y = fetch_fashion_mnist(return_X_y=True)
X, y = X[:10_000], y[:10_000]
pipeline = Pipeline([("scale", "passthrough"), ("model", {model}(random_state=0, max_epochs={epochs}))])
grid = {{"model__learning_rate": [0.0005, 0.001, 0.002, 0.004]}}
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=int(sys.argv[1]))
start = time.perf_counter()
search.fit(X, y)
print(json.dumps([time.perf_counter() - start, search.cv_results_["mean_test_score"].tolist()]))
"""

# Epochs of each fit, and repetitions.
MODELS = {"MLPClassifier": (20, 3), "CNNClassifier": (4, 1)}

SETTINGS = {
    "n_jobs=1, all threads": (1, {}),
    "n_jobs=1, one thread": (1, {"OMP_NUM_THREADS": "1"}),
    "n_jobs=2, one thread each": (2, {"OMP_NUM_THREADS": "1"}),
}


def run(model, epochs, n_jobs, **environment):
    code = SEARCH.format(model=model, epochs=epochs)
    done = subprocess.run(
        [sys.executable, "-c", code, str(n_jobs)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the models whose name holds this text")
    arguments = parser.parse_args()
    results = {}
    for model, (epochs, repetitions) in MODELS.items():
        if arguments.only not in model:
            continue
        times, scores = {name: [] for name in SETTINGS}, {}
        for _ in range(repetitions):
            for name, (n_jobs, environment) in SETTINGS.items():
                seconds, scores[name] = run(model, epochs, n_jobs, **environment)
                times[name].append(round(seconds, 2))
                print(model, f"{name}: {seconds:.1f} s", flush=True)
        all_threads, one, two = (statistics.median(times[name]) for name in SETTINGS)
        results[model] = {
            "epochs": epochs,
            "fits": 13,
            "seconds": times,
            "speed_up_at_equal_threads": round(one / two, 2),
            "speed_up_over_all_threads": round(all_threads / two, 2),
            "equal_scores_at_equal_threads": scores["n_jobs=1, one thread"] == scores["n_jobs=2, one thread each"],
        }
        print(model, results[model], flush=True)
        write("search", {"models": results})


if __name__ == "__main__":
    main()

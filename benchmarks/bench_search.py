"""Two workers against one: a grid search over a Pipeline with a network, on 10,000 images of Fashion-MNIST.

Times are medians of interleaved repetitions, each in a process of its own, so that the start of the workers counts. For
the comparison of scores both run at one thread a worker.
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

MODELS = {"MLPClassifier": 20, "CNNClassifier": 4}


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
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    results = {}
    for model, epochs in MODELS.items():
        times = {1: [], 2: []}
        for _ in range(arguments.repetitions):
            for n_jobs, values in times.items():
                seconds, _ = run(model, epochs, n_jobs)
                values.append(round(seconds, 2))
                print(model, f"n_jobs={n_jobs}: {seconds:.1f} s", flush=True)
        scores = [run(model, epochs, n_jobs, OMP_NUM_THREADS="1")[1] for n_jobs in (1, 2)]
        medians = {n_jobs: statistics.median(values) for n_jobs, values in times.items()}
        results[model] = {
            "epochs": epochs,
            "fits": 13,
            "seconds": times,
            "speed_up": round(medians[1] / medians[2], 2),
            "equal_scores_at_one_thread": scores[0] == scores[1],
        }
        print(model, results[model], flush=True)
    write("search", {"models": results})


if __name__ == "__main__":
    main()

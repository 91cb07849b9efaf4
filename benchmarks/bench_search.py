"""A grid search of four learning rates and three folds with a perceptron: ours, scikit-learn's and stock skorch.

10,000 images of Fashion-MNIST, MLP 784-128-64-10, batch 128, 20 epochs, Adam, the best candidate refitted. Each search
runs in a process of its own, so that what its workers take to start counts; the programs are interleaved, and times are
medians. Our networks see uint8, those of others floats in [0, 1] that were made beforehand.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from benchmarks.evidence import write_for_processor

RATES = [0.0005, 0.001, 0.002, 0.004]

COMMON = """
import json, sys, time, warnings
warnings.simplefilter("ignore")  # a perceptron of scikit-learn says that it has not converged
import numpy as np
from sklearn.model_selection import GridSearchCV
from skfashion.datasets import fetch_fashion_mnist
n_jobs, epochs, rates = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
X, y = fetch_fashion_mnist(return_X_y=True)
X, y = X[:10_000], y[:10_000]
{search}
start = time.perf_counter()
search.fit(X, y)
seconds = time.perf_counter() - start
scores = search.cv_results_["mean_test_score"].tolist()
(best,) = search.best_params_.values()
print(json.dumps([seconds, scores, search.refit_time_, best]))
"""

OURS = """
from skfashion.model_selection import VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.neural_network import MLPClassifier
model = MLPClassifier(batch_size=128, max_epochs=epochs, random_state=0)
search = {search}(model, {{"learning_rate": rates}}, cv=3, n_jobs=n_jobs{arguments})
"""

SCIKIT_LEARN = """
from sklearn.neural_network import MLPClassifier
X = (X / np.float32(255)).astype(np.float32)
model = MLPClassifier((128, 64), batch_size=128, max_iter=epochs, n_iter_no_change=epochs, random_state=0)
search = GridSearchCV(model, {"learning_rate_init": rates}, cv=3, n_jobs=n_jobs)
"""

SKORCH = """
import torch
from skorch import NeuralNetClassifier
from skfashion.modules import MLP
X = (X / np.float32(255)).astype(np.float32)
model = NeuralNetClassifier(
    MLP,
    module__n_features=784, module__n_outputs=10, module__hidden_layer_sizes=(128, 64),
    module__activation=("relu", "relu"), module__dropout=(0.0, 0.0), module__batch_norm=False, module__init="pytorch",
    criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, batch_size=128, max_epochs=epochs,
    train_split=None, iterator_train__shuffle=True, verbose=0,
)
search = GridSearchCV(model, {"lr": rates}, cv=3, n_jobs=n_jobs)
"""

PROGRAMS = {
    "skfashion, VectorizedGridSearchCV": OURS.format(search="VectorizedGridSearchCV", arguments=""),
    "skfashion, VectorizedHalvingGridSearchCV": OURS.format(
        search="VectorizedHalvingGridSearchCV", arguments=", factor=4, min_epochs=1"
    ),
    "skfashion, GridSearchCV": OURS.format(search="GridSearchCV", arguments=""),
    "scikit-learn's MLPClassifier, GridSearchCV": SCIKIT_LEARN,
    "skorch, GridSearchCV": SKORCH,
}

# What the ratios are over.
REFERENCE = "scikit-learn's MLPClassifier, GridSearchCV, n_jobs=2"


def run(program, n_jobs, epochs):
    """Seconds of the search, scores of its candidates, seconds of the last fit, and the best learning rate."""
    code = COMMON.format(search=program)
    arguments = [sys.executable, "-c", code, str(n_jobs), str(epochs), json.dumps(RATES)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}  # of workers too
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    settings = {f"{name}, n_jobs={n_jobs}": (code, n_jobs) for name, code in PROGRAMS.items() for n_jobs in (2, 1)}
    times, scores, refits, best = ({name: [] for name in settings} for _ in range(4))
    for _ in range(arguments.repetitions):
        for name, (code, n_jobs) in settings.items():
            seconds, scores[name], refit, best[name] = run(code, n_jobs, arguments.epochs)
            times[name].append(round(seconds, 2))
            refits[name].append(round(refit, 2))
            print(f"{name}: {seconds:.1f} s, of which the last fit {refit:.1f} s", flush=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    results = {
        name: {
            "seconds": times[name],
            "median": medians[name],
            "seconds_of_the_last_fit": refits[name],
            "time_over_scikit_learn": round(medians[name] / medians[REFERENCE], 3),
            "mean_test_scores": [round(score, 4) for score in scores[name]],
            "best_learning_rate": best[name],
        }
        for name in settings
    }
    write_for_processor("search", {"epochs": arguments.epochs, "learning_rates": RATES, "programs": results})
    for name, row in results.items():
        print(f"{name:55}{row['median']:7.1f} s {row['time_over_scikit_learn']:6.2f}")


if __name__ == "__main__":
    main()

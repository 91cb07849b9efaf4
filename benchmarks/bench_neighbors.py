"""Exact 5-nearest-neighbours on Fashion-MNIST: 10,000 queries against 60,000 images, beside its peers if installed.

scikit-learn's brute force, scikit-learn-intelex, FAISS (flat index) and ours, interleaved in one run at one number of
threads; the first repetition is a warm-up, reported are medians. Fitting is part of it. The setting of the best
accuracy is chosen by cross-validation on the training images (``--choose``).
"""

import argparse
import statistics
import time

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import NearestNeighbors

from benchmarks.evidence import write
from skfashion.baselines import KNNClassifier
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import accuracy_interval

K = 5


def ours(X, queries):
    model = KNNClassifier(K, device="cpu").fit(X, np.zeros(len(X), dtype=int))
    return model.kneighbors(queries)[1]


def ours_float32(X, queries):
    return ours(_float(X), _float(queries))


def scikit_learn(X, queries):
    return NearestNeighbors(n_neighbors=K, algorithm="brute").fit(_float(X)).kneighbors(_float(queries))[1]


def faiss_flat(X, queries):
    import faiss

    faiss.omp_set_num_threads(torch.get_num_threads())
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(_float(X))
    return index.search(_float(queries), K)[1]


def intelex(X, queries):
    from sklearnex.neighbors import NearestNeighbors as Intelex

    return Intelex(n_neighbors=K, algorithm="brute").fit(_float(X)).kneighbors(_float(queries))[1]


def _float(X):
    return X.astype(np.float32)  # pixels as integers: products in float32 are then nearly exact for all


PROGRAMS = {
    "skfashion, uint8": ours,
    "skfashion, float32": ours_float32,
    "scikit-learn brute": scikit_learn,
    "FAISS flat": faiss_flat,
    "scikit-learn-intelex": intelex,
}


def installed(program):
    try:
        program(np.eye(K + 1, dtype=np.uint8), np.eye(K + 1, dtype=np.uint8))
    except ImportError:
        return False
    return True


def compare(X, queries, repetitions):
    programs = {name: program for name, program in PROGRAMS.items() if installed(program)}
    times, neighbors = {name: [] for name in programs}, {}
    for repetition in range(repetitions + 1):
        for name, program in programs.items():
            start = time.perf_counter()
            neighbors[name] = program(X, queries)
            elapsed = time.perf_counter() - start
            if repetition:
                times[name].append(elapsed)
            print(f"{name}: {elapsed:.2f} s{'' if repetition else ' (warm-up)'}", flush=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    expected = neighbors["skfashion, uint8"]
    return {
        name: {
            "seconds": [round(value, 3) for value in times[name]],
            "median": round(median, 3),
            "time_over_scikit_learn": round(median / medians["scikit-learn brute"], 3),
            "same_neighbors": round(float((neighbors[name] == expected).mean()), 6),
        }
        for name, median in medians.items()
    }


def choose(X, y):
    """The best setting by cross-validation on training images."""
    grid = [{"n_neighbors": [3, 4, 5, 6], "weights": ["uniform", "distance"], "metric": ["euclidean", "cosine"]}]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    search = GridSearchCV(KNNClassifier(), grid, cv=folds).fit(X, y)
    return search.best_params_, round(100 * search.best_score_, 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    programs = compare(X[: arguments.images], X_test[: arguments.queries], arguments.repetitions)
    best, validated = choose(X, y)
    accuracy, low, high = accuracy_interval(y_test, KNNClassifier(**best).fit(X, y).predict(X_test))
    chosen = {
        "setting": best,
        "cross_validated_accuracy": validated,
        "test_accuracy": round(100 * accuracy, 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
    }
    print(chosen)
    sizes = {"images": arguments.images, "queries": arguments.queries, "n_neighbors": K}
    write("neighbors", {**sizes, "programs": programs, "best": chosen})


if __name__ == "__main__":
    main()

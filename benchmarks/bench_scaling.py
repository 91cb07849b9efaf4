"""How cost grows in one process: with the number of images, their size, and the candidates of a search.

Real images of Fashion-MNIST, over and over where there are not enough, in a memory map; of other sizes by leaving out
pixels, or by repeating them. Each measurement is a fresh process that fits 500 images
first, so that nothing is imported while it is measured. Memory is what the process takes for itself: pages of a memory
map are not counted.

The exponents are slopes in the logarithms of all measurements but the smallest, where what is paid once still shows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from benchmarks.evidence import write_for_processor
from skfashion.baselines import KNNClassifier
from skfashion.datasets import fetch_fashion_mnist
from skfashion.model_selection import VectorizedGridSearchCV
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

EPOCH = {"max_epochs": 1, "device": "cpu", "random_state": 0}

MODELS = {
    "MLPClassifier": MLPClassifier(**EPOCH),
    "CNNClassifier": CNNClassifier(**EPOCH),
    "ResNetClassifier": ResNetClassifier(**EPOCH),
    "KNNClassifier": KNNClassifier(device="cpu"),
}
SEARCHES = {"GridSearchCV": GridSearchCV, "VectorizedGridSearchCV": VectorizedGridSearchCV}

N_IMAGES = {
    "MLPClassifier": (1_000, 10_000, 100_000, 1_000_000),
    "CNNClassifier": (1_000, 10_000, 100_000),
    "ResNetClassifier": (1_000, 10_000, 100_000),
    "KNNClassifier": (1_000, 10_000, 100_000, 1_000_000),
}
SIDES = (14, 28, 56, 112)
N_IMAGES_OF_SIDES = 2_000
N_CANDIDATES = (1, 2, 4, 8, 16, 32)
N_IMAGES_OF_SEARCHES = 3_000
N_QUERIES = 1_000


def images(n, side=28):
    """Images (n, side * side) and their classes."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    rows = np.arange(n) % len(X)
    squares = X[rows].reshape(-1, 28, 28)
    if side < 28:
        squares = squares[:, :: 28 // side, :: 28 // side]
    elif side > 28:
        squares = squares.repeat(side // 28, axis=1).repeat(side // 28, axis=2)
    return squares.reshape(n, -1), y[rows]


def written(folder, n):
    """A memory map of images, written some at a time."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    target = np.lib.format.open_memmap(folder / "X.npy", mode="w+", dtype=np.uint8, shape=(n, X.shape[1]))
    for start in range(0, n, len(X)):
        target[start : start + len(X)] = X[: n - start]
    target.flush()
    return np.load(folder / "X.npy", mmap_mode="r"), y[np.arange(n) % len(y)]


class Memory:
    """The memory that a process takes for itself beyond what it has, at most, in MB."""

    def __enter__(self):
        self.before = self.peak = own_memory()
        self.ended = threading.Event()
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.watcher.join()
        self.added = self.peak - self.before

    def _watch(self):
        while not self.ended.wait(0.005):
            self.peak = max(self.peak, own_memory())


def own_memory():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024


def timed(function):
    """Seconds, and MB of memory, that a call takes."""
    start = time.perf_counter()
    with Memory() as memory:
        function()
    return {"seconds": round(time.perf_counter() - start, 4), "memory_mb": round(memory.added)}


def measure_fit(name, n, side):
    """An epoch; for neighbours, the classes of some images, as there is nothing to train."""
    model = MODELS[name]
    clone(model).fit(*images(500, side)).predict(images(500, side)[0])
    with tempfile.TemporaryDirectory() as folder:
        X, y = written(Path(folder), n) if side == 28 else images(n, side)
        if name == "KNNClassifier":
            queries = fetch_fashion_mnist(subset="test", return_X_y=True)[0][:N_QUERIES]
            model.fit(X, y)
            return timed(lambda: model.predict(queries))
        return timed(lambda: model.fit(X, y))


def measure_search(name, n_candidates):
    X, y = images(N_IMAGES_OF_SEARCHES)
    model = MLPClassifier((128, 64), batch_size=64, **(EPOCH | {"max_epochs": 3}))
    clone(model).fit(X[:500], y[:500])
    grid = {"learning_rate": np.geomspace(3e-4, 3e-3, n_candidates).tolist()}
    return timed(lambda: SEARCHES[name](model, grid, cv=3, refit=False).fit(X, y))


def in_a_process(repetitions, *arguments):
    """The measurement with the median time of several processes."""
    command = [sys.executable, "-m", "benchmarks.bench_scaling", "--threads", str(torch.get_num_threads()), "--measure"]
    found = []
    for _ in range(repetitions):
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    middle = sorted(found, key=lambda each: each["seconds"])[repetitions // 2]
    print(*arguments, middle, flush=True)
    return middle


def exponent(sizes, runs):
    """The power of the size by which time grows."""
    seconds = [run["seconds"] for run in runs]
    return round(float(np.polyfit(np.log(sizes[1:]), np.log(seconds[1:]), 1)[0]), 2)


def curve(sizes, runs):
    return {"sizes": list(sizes), "runs": runs, "exponent": exponent(sizes, runs)}


def compare(repetitions):
    return {
        "images": {
            name: curve(sizes, [in_a_process(repetitions, "fit", name, n, 28) for n in sizes])
            for name, sizes in N_IMAGES.items()
        },
        "sides": {
            name: curve(SIDES, [in_a_process(repetitions, "fit", name, N_IMAGES_OF_SIDES, side) for side in SIDES])
            for name in ("MLPClassifier", "CNNClassifier", "ResNetClassifier")
        },
        "candidates": {
            name: curve(N_CANDIDATES, [in_a_process(repetitions, "search", name, n) for n in N_CANDIDATES])
            for name in SEARCHES
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--measure", nargs="+", help="measure one point in this process")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.measure:
        kind, name, *sizes = arguments.measure
        measure = {"fit": measure_fit, "search": measure_search}[kind]
        print(json.dumps(measure(name, *map(int, sizes))))
    else:
        settings = {"images_of_sides": N_IMAGES_OF_SIDES, "images_of_searches": N_IMAGES_OF_SEARCHES}
        write_for_processor("scaling", {**settings, "queries": N_QUERIES, **compare(arguments.repetitions)})


if __name__ == "__main__":
    main()

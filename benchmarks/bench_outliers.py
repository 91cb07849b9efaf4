"""Outlier detectors: trained on the images of one class, asked which of the test images are of another.

The mean over the ten classes of Fashion-MNIST of the area under the ROC curve, over seeds. Scikit-learn's detectors and
the reconstruction error of PCA stand beside ours, on the same images in one run; they get pixels in [0, 1]. With
``--validate`` the last 10,000 training images are scored, and the others are trained on: settings are chosen there.
"""

import argparse
import statistics
import time

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import Autoencoder, AutoencoderOutlierDetector, SelfSupervisedOutlierDetector

_PIXELS = np.float32(1 / 255)


class _NearestDistance:
    """Minus the mean distance of the five nearest training images, as a score."""

    def fit(self, X):
        self.neighbors = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(X)
        return self

    def score_samples(self, X):
        return -self.neighbors.kneighbors(X)[0].mean(axis=1)


class _ReconstructionError:
    """Minus the squared error of a decomposition or an autoencoder, as a score."""

    def __init__(self, model):
        self.model = model

    def fit(self, X):
        self.model.fit(X)
        return self

    def score_samples(self, X):
        return -((X * (1 if X.dtype != np.uint8 else _PIXELS) - self._reconstructed(X)) ** 2).mean(axis=1)

    def _reconstructed(self, X):
        if hasattr(self.model, "reconstruct"):
            return self.model.reconstruct(X)
        return self.model.inverse_transform(self.model.transform(X))


def detectors(seed):
    """By name: the detector, and whether it takes levels."""
    return {
        "IsolationForest()": (IsolationForest(random_state=seed), False),
        "OneClassSVM(nu=0.1)": (OneClassSVM(nu=0.1), False),
        "OneClassSVM(nu=0.5)": (OneClassSVM(nu=0.5), False),
        "distance of the 5 nearest training images": (_NearestDistance(), False),
        "LocalOutlierFactor(novelty=True)": (LocalOutlierFactor(novelty=True), False),
        "squared error of PCA(32)": (_ReconstructionError(PCA(32, random_state=seed)), False),
        "squared error of Autoencoder(64, (512, 256), max_epochs=30)": (
            _ReconstructionError(Autoencoder(64, (512, 256), max_epochs=30, random_state=seed)),
            True,
        ),
        "AutoencoderOutlierDetector()": (AutoencoderOutlierDetector(random_state=seed), True),
        "SelfSupervisedOutlierDetector()": (SelfSupervisedOutlierDetector(random_state=seed), True),
    }


def measure(detector, X, X_test, is_inlier):
    """The area under the ROC curve, and seconds of the fit."""
    start = time.perf_counter()
    detector.fit(X)
    seconds = time.perf_counter() - start
    return round(float(roc_auc_score(is_inlier, detector.score_samples(X_test))), 4), round(seconds, 2)


def images(validate):
    train = fetch_fashion_mnist()
    if validate:
        return train.data[:-10_000], train.target[:-10_000], train.data[-10_000:], train.target[-10_000:]
    test = fetch_fashion_mnist(subset="test")
    return train.data, train.target, test.data, test.target


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--validate", action="store_true")
    arguments = parser.parse_args()
    X, y, X_test, y_test = images(arguments.validate)
    rows = {name: {"auc": [], "fit_seconds": []} for name in detectors(0)}
    for seed in range(arguments.seeds):
        areas = {name: [] for name in rows}
        for label in range(arguments.classes):
            for name, (detector, takes_levels) in detectors(seed).items():
                scale = np.uint8(1) if takes_levels else _PIXELS
                one = clone(detector) if hasattr(detector, "get_params") else detector
                auc, seconds = measure(one, X[y == label] * scale, X_test * scale, y_test == label)
                areas[name].append(auc)
                rows[name]["fit_seconds"].append(seconds)
                print(f"seed {seed}, class {label}, {name}: {auc:.4f}, {seconds} s", flush=True)
        for name, values in areas.items():
            rows[name]["auc"].append(values)
    for row in rows.values():
        means = [statistics.mean(values) for values in row["auc"]]
        row["mean_auc"] = round(statistics.mean(means), 4)
        row["mean_auc_of_each_seed"] = [round(mean, 4) for mean in means]
        row["median_fit_seconds"] = statistics.median(row["fit_seconds"])
    settings = {"seeds": arguments.seeds, "classes": arguments.classes, "test_images": len(X_test)}
    name = "outliers_validation" if arguments.validate else "outliers"
    write_for_processor(name, {**settings, "rows": rows})


if __name__ == "__main__":
    main()

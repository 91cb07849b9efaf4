"""Several labels for an image: which two of ten garments are shown side by side?

Pairs are drawn from 50,000 training images and, for the test, from the 10,000 test images of Fashion-MNIST. The share
of images in which the set of labels is right, and the mean F1 of the ten classes, over seeds. Scikit-learn's
``MLPClassifier`` of the same layers and its nearest neighbours stand beside ours, all in one run.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier


def pairs(images, target, n, seed):
    """Rows of two images side by side, of 28 x 56 pixels, and an indicator matrix."""
    left, right = np.random.default_rng(seed).integers(0, len(images), (2, n))
    X = np.concatenate([images[left], images[right]], axis=2).reshape(n, -1)
    Y = np.zeros((n, 10), dtype=int)
    Y[np.arange(n), target[left]] = Y[np.arange(n), target[right]] = 1
    return X, Y


def models(epochs):
    shape = {"image_shape": (28, 56)}
    return {
        "KNeighborsClassifier(1)": KNeighborsClassifier(1),
        "scikit-learn's MLPClassifier((128, 64))": SklearnMLPClassifier((128, 64), batch_size=128, max_iter=epochs),
        "MLPClassifier((128, 64))": MLPClassifier((128, 64), max_epochs=epochs),
        "CNNClassifier()": CNNClassifier(max_epochs=epochs, **shape),
        "ResNetClassifier(16, augmentation=None)": ResNetClassifier(16, max_epochs=epochs, augmentation=None, **shape),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's perceptron says that it has not converged
    train, test = fetch_fashion_mnist(), fetch_fashion_mnist(subset="test")
    X, Y = pairs(train.images[:50_000], train.target[:50_000], arguments.images, seed=0)
    X_test, Y_test = pairs(test.images, test.target, 10_000, seed=1)
    rows = {name: {"both_right": [], "macro_f1": [], "fit_seconds": []} for name in models(arguments.epochs)}
    for seed in range(arguments.seeds):
        for name, model in models(arguments.epochs).items():
            ours = type(model).__module__.startswith("skfashion")
            scale = np.uint8(1) if ours else np.float32(1 / 255)
            seeded = clone(model).set_params(random_state=seed) if "random_state" in model.get_params() else model
            start = time.perf_counter()
            seeded.fit(X * scale, Y)
            row = rows[name]
            row["fit_seconds"].append(round(time.perf_counter() - start, 2))
            predicted = seeded.predict(X_test * scale)
            row["both_right"].append(round(100 * accuracy_score(Y_test, predicted), 2))
            row["macro_f1"].append(round(f1_score(Y_test, predicted, average="macro"), 4))
            print(f"{name}, seed {seed}: { ({name: values[-1] for name, values in row.items()}) }", flush=True)
    for row in rows.values():
        row["mean_both_right"] = round(statistics.mean(row["both_right"]), 2)
        row["mean_macro_f1"] = round(statistics.mean(row["macro_f1"]), 4)
        row["median_fit_seconds"] = statistics.median(row["fit_seconds"])
    settings = {"images": len(X), "test_images": len(X_test), "epochs": arguments.epochs, "seeds": arguments.seeds}
    write_for_processor("multilabel", {**settings, "rows": rows})


if __name__ == "__main__":
    main()

"""Regressors on a real target: by how many degrees is a digit of MNIST turned?

Every image is turned by a random angle of up to 45 degrees to either side. 20,000 training images, 10,000 test images
of the official split, the mean absolute error in degrees over seeds. Scikit-learn's ``MLPRegressor`` of the same layers
and its ``Ridge`` stand beside ours, all in one run; neural networks see the same number of epochs.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
from scipy.ndimage import rotate
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_mnist
from skfashion.neural_network import CNNRegressor, MLPRegressor, ResNetRegressor


def turned(images, seed):
    """Images (n, 784) of uint8, each turned by an angle, and the angles in degrees."""
    angles = np.random.default_rng(seed).uniform(-45, 45, len(images))
    pairs = zip(images.reshape(-1, 28, 28), angles, strict=True)
    X = np.stack([rotate(image, angle, reshape=False, order=1) for image, angle in pairs])
    return X.reshape(len(X), -1), angles


def models(epochs):
    return {
        "Ridge": Ridge(alpha=100.0),
        "scikit-learn's MLPRegressor((128, 64))": SklearnMLPRegressor(
            hidden_layer_sizes=(128, 64), batch_size=128, max_iter=epochs
        ),
        "MLPRegressor((128, 64))": MLPRegressor((128, 64), max_epochs=epochs),
        "CNNRegressor()": CNNRegressor(max_epochs=epochs),
        "ResNetRegressor(16)": ResNetRegressor(16, max_epochs=epochs),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's perceptron says that it has not converged
    X, y = turned(fetch_mnist().data[: arguments.images], seed=0)
    X_test, y_test = turned(fetch_mnist(subset="test").data, seed=1)
    rows = {name: {"mean_absolute_error": [], "fit_seconds": []} for name in models(arguments.epochs)}
    for seed in range(arguments.seeds):
        for name, model in models(arguments.epochs).items():
            ours = type(model).__module__.startswith("skfashion")
            scale = np.uint8(1) if ours else np.float32(1 / 255)
            start = time.perf_counter()
            fitted = clone(model).set_params(random_state=seed).fit(X * scale, y)
            rows[name]["fit_seconds"].append(round(time.perf_counter() - start, 2))
            error = np.abs(fitted.predict(X_test * scale) - y_test).mean()
            rows[name]["mean_absolute_error"].append(round(float(error), 3))
            print(f"{name}, seed {seed}: {error:.2f} degrees, {rows[name]['fit_seconds'][-1]} s", flush=True)
    for row in rows.values():
        row["mean"] = round(statistics.mean(row["mean_absolute_error"]), 3)
        row["median_fit_seconds"] = statistics.median(row["fit_seconds"])
    settings = {"images": len(X), "test_images": len(X_test), "epochs": arguments.epochs, "seeds": arguments.seeds}
    write_for_processor("regression", {**settings, "degrees": 45, "rows": rows})


if __name__ == "__main__":
    main()

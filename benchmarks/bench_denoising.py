"""Denoising: the squared error per pixel between cleaned images and what they were before noise was added.

Normal noise is added to Fashion-MNIST in [0, 1], which is then clipped. A median filter, a Gaussian filter and the
best linear map from noisy to clean images stand beside denoising autoencoders; the sizes of filters are chosen on the
last 10,000 training images, and everything is measured on the test images, over seeds.
"""

import argparse
import statistics
import time

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import Autoencoder, ConvAutoencoder

_SIDE = 28


def noisy(clean, deviation, seed):
    noise = np.random.default_rng(seed).normal(0, deviation, clean.shape)
    return (clean + noise).clip(0, 1).astype(np.float32)


def filtered(X, size, function):
    return function(X.reshape(-1, _SIDE, _SIDE), (0, size, size) if function is gaussian_filter else (1, size, size))


def error(images, clean):
    return float(((images.reshape(clean.shape) - clean) ** 2).mean(dtype=np.float64))


def filters(train, validation):
    """Functions from noisy to clean images: filters, which know no garment, and a linear map, with their settings."""
    X_val, clean_val = validation
    sizes = {size: filtered(X_val, size, median_filter) for size in (3, 5, 7)}
    size = min(sizes, key=lambda size: error(sizes[size], clean_val))
    widths = {width: filtered(X_val, width, gaussian_filter) for width in (0.5, 0.75, 1.0, 1.25, 1.5)}
    width = min(widths, key=lambda width: error(widths[width], clean_val))
    linear = LinearRegression()
    start = time.perf_counter()
    linear.fit(*train)
    seconds = round(time.perf_counter() - start, 1)
    return {
        f"median filter of {size} x {size} pixels": (lambda X: filtered(X, size, median_filter), 0.0),
        f"Gaussian filter of {width} pixels": (lambda X: filtered(X, width, gaussian_filter), 0.0),
        "LinearRegression()": (linear.predict, seconds),
    }


def autoencoders(epochs):
    return {
        "Autoencoder(64)": Autoencoder(64, max_epochs=epochs),
        "ConvAutoencoder(64, 16, hidden_layer_sizes=())": ConvAutoencoder(
            64, 16, hidden_layer_sizes=(), max_epochs=epochs
        ),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deviation", type=float, default=0.4)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    clean = (fetch_fashion_mnist().data / np.float32(255)).astype(np.float32)
    clean_test = (fetch_fashion_mnist(subset="test").data / np.float32(255)).astype(np.float32)
    X, X_test = noisy(clean, arguments.deviation, 0), noisy(clean_test, arguments.deviation, 1)
    split = -10_000
    rows = {"nothing": {"squared_error": [round(error(X_test, clean_test), 5)], "fit_seconds": [0.0]}}
    for name, (function, seconds) in filters((X[:split], clean[:split]), (X[split:], clean[split:])).items():
        rows[name] = {"squared_error": [round(error(function(X_test), clean_test), 5)], "fit_seconds": [seconds]}
    for seed in range(arguments.seeds):
        for name, model in autoencoders(arguments.epochs).items():
            start = time.perf_counter()
            fitted = clone(model).set_params(random_state=seed).fit(X[:split], clean[:split])
            row = rows.setdefault(name, {"squared_error": [], "fit_seconds": []})
            row["fit_seconds"].append(round(time.perf_counter() - start, 1))
            row["squared_error"].append(round(error(fitted.reconstruct(X_test), clean_test), 5))
            print(f"{name}, seed {seed}: {row['squared_error'][-1]}, {row['fit_seconds'][-1]} s", flush=True)
    for name, row in rows.items():
        row["mean"] = round(statistics.mean(row["squared_error"]), 5)
        row["median_fit_seconds"] = round(statistics.median(row["fit_seconds"]), 1)
        print(name, row["mean"])
    settings = {"noise": arguments.deviation, "epochs": arguments.epochs, "seeds": arguments.seeds}
    write_for_processor("denoising", {**settings, "images": len(X) + split, "test_images": len(X_test), "rows": rows})


if __name__ == "__main__":
    main()

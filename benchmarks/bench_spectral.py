"""Clusters of all 70,000 images of Fashion-MNIST, without a label: graphs of neighbours against k-means.

Training and test images are clustered together, as publications do; labels are only used to measure. A row for each
clusterer and seed is written as soon as it is done; rows that are there are skipped.
"""

import argparse
import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.pipeline import make_pipeline

from benchmarks.evidence import evidence, read, write
from skfashion.baselines import SpectralClusterer, make_hog_clusterer, make_hog_features
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import clustering_accuracy_score
from skfashion.neural_network import Autoencoder, ConvAutoencoder
from skfashion.preprocessing import HOGTransformer


def on_edges(clusterer, seed):
    return make_pipeline(HOGTransformer(), PCA(64, random_state=seed), clusterer)


def on_codes(clusterer, seed):
    return make_pipeline(ConvAutoencoder(16, 16, random_state=seed), clusterer)


def on_codes_of_edges(clusterer, seed):
    autoencoder = Autoencoder(16, (512, 256), random_state=seed)
    return make_pipeline(make_hog_features(random_state=seed), autoencoder, clusterer)


def with_eigenvectors(n_eigenvectors, seed):
    return make_hog_clusterer(random_state=seed).set_params(cluster__n_eigenvectors=n_eigenvectors)


# What to fit, by the seed, and how many seeds.
CLUSTERERS = {
    "make_hog_clusterer()": (lambda seed: make_hog_clusterer(random_state=seed), 10),
    "make_hog_clusterer(), with n_eigenvectors=12": (lambda seed: with_eigenvectors(12, seed), 1),
    "make_hog_clusterer(), with n_eigenvectors=13": (lambda seed: with_eigenvectors(13, seed), 1),
    "SpectralClusterer() on pixels": (lambda seed: SpectralClusterer(random_state=seed), 1),
    "SpectralClusterer() on ConvAutoencoder(16, 16)": (
        lambda seed: on_codes(SpectralClusterer(random_state=seed), seed),
        1,
    ),
    "make_hog_features(), Autoencoder(16, (512, 256)), SpectralClusterer()": (
        lambda seed: on_codes_of_edges(SpectralClusterer(random_state=seed), seed),
        10,
    ),
    "make_hog_features(), Autoencoder(16, (512, 256)), KMeans(10)": (
        lambda seed: on_codes_of_edges(KMeans(10, n_init=10, random_state=seed), seed),
        1,
    ),
    "KMeans(10) on pixels": (lambda seed: KMeans(10, n_init=10, random_state=seed), 10),
    "KMeans(10) on HOG and PCA": (lambda seed: on_edges(KMeans(10, n_init=10, random_state=seed), seed), 10),
    "KMeans(10) on ConvAutoencoder(16, 16)": (lambda seed: on_codes(KMeans(10, n_init=10, random_state=seed), seed), 1),
}


def run(clusterer, X, y, clock=time.perf_counter):
    """Fit a clusterer: how its clusters agree with the classes, and how long it takes."""
    start = clock()
    labels = np.asarray(clusterer.fit_predict(X))
    seconds = clock() - start
    return {
        "clustering_accuracy": round(100 * clustering_accuracy_score(y, labels), 2),
        "nmi": round(float(normalized_mutual_info_score(y, labels)), 4),
        "ari": round(float(adjusted_rand_score(y, labels)), 4),
        "fit_seconds": round(seconds, 1),
        "evidence": evidence(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the clusterers whose name holds this text")
    parser.add_argument("--seeds", type=int, help="seeds of each clusterer, instead of its own number")
    arguments = parser.parse_args()
    parts = [fetch_fashion_mnist(subset=subset, return_X_y=True) for subset in ("train", "test")]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    scaled = (X / np.float32(255)).astype(np.float32)
    rows = read("spectral").get("rows", {})
    for name, (make, n_seeds) in CLUSTERERS.items():
        for seed in range(arguments.seeds or n_seeds):
            key = f"{name}, seed {seed}"
            if arguments.only not in name or key in rows:
                continue
            rows[key] = run(make(seed), scaled if "pixels" in name else X, y)
            write("spectral", {"images": len(X), "rows": rows})
            print(f"{key:60}", {name: value for name, value in rows[key].items() if name != "evidence"}, flush=True)


if __name__ == "__main__":
    main()

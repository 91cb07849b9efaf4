"""Clusterers on 5,000 training images of Fashion-MNIST: on pixels, principal components and codes of an autoencoder.

Each runs through :class:`ClusterClassifier`. Accuracy is that of the best one-to-one matching; WCSS and silhouette are
of the representation that was clustered. The autoencoder has seen the 60,000 training images, PCA the 5,000.
"""

import argparse
import time

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from benchmarks.evidence import write
from skfashion.baselines import ClusterClassifier
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import clustering_accuracy_score, silhouette_interval, wcss_score
from skfashion.neural_network import ConvAutoencoder


def clusterers(X):
    """The clusterers, and the radius of DBSCAN from the distances in X: half of the images have 10 others within it."""
    radius = float(np.median(NearestNeighbors(n_neighbors=11).fit(X).kneighbors(X)[0][:, -1]))
    return {
        "KMeans": KMeans(10, n_init=10),
        "MiniBatchKMeans": MiniBatchKMeans(10, n_init=10),
        "AgglomerativeClustering": AgglomerativeClustering(10),
        "GaussianMixture": GaussianMixture(10, covariance_type="diag", reg_covar=1e-4),
        "DBSCAN": DBSCAN(eps=radius, min_samples=10),
        "HDBSCAN": HDBSCAN(min_cluster_size=25, min_samples=5, copy=True),
    }


def run(clusterer, X, y):
    start = time.perf_counter()
    model = ClusterClassifier(clusterer, random_state=0).fit(X, y)
    seconds = time.perf_counter() - start
    labels = model.labels_
    several = len(np.unique(labels)) > 1
    return {
        "clustering_accuracy": round(100 * clustering_accuracy_score(y, labels), 2),
        "nmi": round(normalized_mutual_info_score(y, labels), 4),
        "ari": round(adjusted_rand_score(y, labels), 4),
        "wcss": round(wcss_score(X, labels), 1),
        "silhouette": round(silhouette_interval(X, labels, sample_size=len(X)).estimate, 4) if several else None,
        "clusters": len(model.clusters_),
        "noise": round(float((labels < 0).mean()), 4),
        "fit_seconds": round(seconds, 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(return_X_y=True)
    autoencoder = ConvAutoencoder(random_state=0).fit(X)
    X, y = X[: arguments.images], y[: arguments.images]
    pixels = (X / np.float32(255)).astype(np.float32)
    components = PCA(14, random_state=0).fit_transform(pixels)
    representations = {"pixels": pixels, "14 components": components, "14 codes": autoencoder.transform(X)}
    rows = {}
    for representation, values in representations.items():
        for name, clusterer in clusterers(values).items():
            rows[f"{name} on {representation}"] = run(clusterer, values, y)
            print(f"{name} on {representation}", rows[f"{name} on {representation}"], flush=True)
    write("clusters", {"images": arguments.images, "random_state": 0, "rows": rows})


if __name__ == "__main__":
    main()

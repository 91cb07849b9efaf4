"""Deep clusterers of ClustPy against ours, on the 10,000 test images of Fashion-MNIST and without a label.

ClustPy's have its defaults, N2D the UMAP of its paper, and pixels that are standardised as in its README. They need an
environment of their own, with ``clustpy``, ``umap-learn`` and the torchvision that fits torch. Seconds are those of a
processor core. A row for each clusterer and seed is written as soon as it is done; rows that are there are skipped.

References
----------
J. Xie, R. Girshick and A. Farhadi, `Unsupervised Deep Embedding for Clustering Analysis
<https://arxiv.org/abs/1511.06335>`_, 2016.

R. McConville et al., `N2D: (Not Too) Deep Clustering via Clustering the Local Manifold of an Autoencoded Embedding
<https://arxiv.org/abs/1908.05968>`_, 2019.
"""

import argparse
import time

import numpy as np
from sklearn.cluster import KMeans

from benchmarks.bench_spectral import on_codes_of_edges, run
from benchmarks.evidence import read, write
from skfashion.baselines import SpectralClusterer, make_hog_clusterer
from skfashion.datasets import fetch_fashion_mnist


def dec(seed):
    from clustpy.deep import DEC

    return DEC(10, random_state=seed)


def idec(seed):
    from clustpy.deep import IDEC

    return IDEC(10, random_state=seed)


def n2d(seed):
    from clustpy.deep import N2D
    from umap import UMAP

    manifold = {"n_components": 10, "n_neighbors": 20, "min_dist": 0.0, "random_state": seed, "n_jobs": 1}
    return N2D(10, manifold_class=UMAP, manifold_params=manifold, random_state=seed)


CLUSTERERS = {
    "make_hog_features(), Autoencoder(16, (512, 256)), SpectralClusterer()": lambda seed: on_codes_of_edges(
        SpectralClusterer(random_state=seed), seed
    ),
    "make_hog_clusterer()": lambda seed: make_hog_clusterer(random_state=seed),
    "KMeans(10) on pixels": lambda seed: KMeans(10, n_init=10, random_state=seed),
    "ClustPy's DEC": dec,
    "ClustPy's IDEC": idec,
    "ClustPy's N2D with UMAP": n2d,
}


def images_for(name, X):
    """Levels for ours, which scale them; floats for scikit-learn's and ClustPy's."""
    floats = X.astype(np.float32) / 255
    if name.startswith("ClustPy"):
        return (floats - floats.mean()) / floats.std()
    return floats if "pixels" in name else X


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the clusterers whose name holds this text")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(subset="test", return_X_y=True)
    for seed in range(arguments.seeds):
        for name, make in CLUSTERERS.items():
            rows = read("deep_clusters").get("rows", {})
            key = f"{name}, seed {seed}"
            if arguments.only not in name or key in rows:
                continue
            row = run(make(seed), images_for(name, X), y, clock=time.process_time)  # so that no other program counts
            write("deep_clusters", {"images": len(X), "rows": {**read("deep_clusters").get("rows", {}), key: row}})
            print(f"{key:80}", {name: value for name, value in row.items() if name != "evidence"}, flush=True)


if __name__ == "__main__":
    main()

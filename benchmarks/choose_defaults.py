"""Evidence for the defaults: settings on held-out training images of Fashion-MNIST, over seeds."""

import argparse

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from benchmarks.evidence import read, write
from skfashion.baselines import make_hog_svc, make_pca_svc
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import CNNClassifier, MLPClassifier

SCHEDULES = [
    {"lr_schedule": schedule, "learning_rate": rate}
    for schedule, rates in ((None, (0.0005, 0.001)), ("cosine", (0.001, 0.003)), ("onecycle", (0.001, 0.003)))
    for rate in rates
]
KERNELS = [
    {},
    {"root": "passthrough"},
    {"pca__n_components": 200},
    {"pca__n_components": 400},
    {"svc__C": 5.0},
    {"svc__C": 20.0},
]

HISTOGRAMS = [
    {},
    {"features__pixels": "drop"},
    {"features__edges": "drop"},
    {"features__edges__hog__interpolate": False},
    {"features__edges__hog__signed": False},
    {"features__edges__hog__block_norm": "L2-Hys"},
    {"features__edges__hog__orientations": 12},
    {"features__edges__hog__pixels_per_cell": 3},
    {"features__edges__hog__pixels_per_cell": 7},
    {"features__edges__hog__cells_per_block": 1},
    {"pca__n_components": 300},
    {"svc__C": 10.0},
    {"svc__gamma": 3.0},
]

# The model, over how many seeds, on how many images, and which settings of it.
MODELS = {
    "MLPClassifier()": (MLPClassifier(), 5, 50_000, SCHEDULES),
    'CNNClassifier("compact")': (CNNClassifier("compact"), 2, 50_000, SCHEDULES),
    "make_pca_svc()": (make_pca_svc(), 1, 50_000, KERNELS),
    "make_hog_svc()": (make_hog_svc(), 1, 10_000, HISTOGRAMS),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the models whose name holds this text")
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X, y, test_size=10_000, stratify=y, random_state=0)
    models = read("defaults").get("models", {})
    for name, (model, n_seeds, n_train, settings) in MODELS.items():
        if arguments.only not in name:
            continue
        models[name] = []
        seeds = [name for name in model.get_params() if name.endswith("random_state")]
        for setting in settings:
            fits = (
                clone(model).set_params(**dict.fromkeys(seeds, seed), **setting).fit(X[:n_train], y[:n_train])
                for seed in range(n_seeds)
            )
            scores = [round(100 * fit.score(X_val, y_val), 2) for fit in fits]
            spread = {"sd": round(float(np.std(scores, ddof=1)), 2)} if n_seeds > 1 else {}
            row = {"n_train": n_train, **setting, "mean": round(float(np.mean(scores)), 2), **spread}
            models[name].append({**row, "validation_accuracy": scores})
            print(name, models[name][-1], flush=True)
            write("defaults", {"n_validation": len(y_val), "models": models})


if __name__ == "__main__":
    main()

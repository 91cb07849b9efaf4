"""Test accuracy of the neural classifiers on Fashion-MNIST: the last epoch of default settings, over seeds.

The test set is used once for each fit, at the end; settings were chosen on held-out training images.
"""

import argparse
import time

import numpy as np

from benchmarks.evidence import evidence, read, write
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

MODELS = {
    "MLPClassifier()": (MLPClassifier(), 3),
    'CNNClassifier("compact")': (CNNClassifier("compact"), 3),
    'CNNClassifier("compact", lr_schedule=None, learning_rate=0.001)': (
        CNNClassifier("compact", lr_schedule=None, learning_rate=0.001),
        3,
    ),
    "ResNetClassifier()": (ResNetClassifier(), 1),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the models whose name holds this text")
    parser.add_argument("--seeds", type=int, help="seeds per model, instead of its own number")
    arguments = parser.parse_args()
    train, test = (fetch_fashion_mnist(subset=subset, return_X_y=True) for subset in ("train", "test"))
    models = read("accuracy").get("models", {})
    for name, (model, n_seeds) in MODELS.items():
        if arguments.only in name:
            runs = [run(model, seed, train, test) for seed in range(arguments.seeds or n_seeds)]
            accuracy = [row["accuracy"] for row in runs]
            models[name] = {
                "accuracy_mean": round(float(np.mean(accuracy)), 2),
                "accuracy_sd": round(float(np.std(accuracy, ddof=1)), 2) if len(runs) > 1 else None,
                "n_test": len(test[1]),
                "evidence": evidence(),  # a model can be run again alone
                "runs": runs,
            }
            write("accuracy", {"models": models})
            print(name, models[name]["accuracy_mean"], "±", models[name]["accuracy_sd"], accuracy, flush=True)


def run(model, seed, train, test):
    model.set_params(random_state=seed)
    start = time.perf_counter()
    model.fit(*train)
    fitted = time.perf_counter()
    accuracy = 100 * model.score(*test)
    return {
        "seed": seed,
        "accuracy": round(accuracy, 2),
        "fit_seconds": round(fitted - start, 1),
        "predict_seconds": round(time.perf_counter() - fitted, 2),
        "epochs": model.n_epochs_,
        "parameters": sum(parameter.numel() for parameter in model.module_.parameters()),
    }


if __name__ == "__main__":
    main()

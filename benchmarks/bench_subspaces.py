"""Accuracy of the subspace classifier over its number of components, on Fashion-MNIST.

The number is chosen on 10,000 training images that are held out; the test accuracies of all are there for the curve.
"""

import time

from sklearn.model_selection import train_test_split

from benchmarks.evidence import write
from skfashion.baselines import SubspaceClassifier
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import accuracy_interval

N_COMPONENTS = (1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96)


def main():
    X, y = fetch_fashion_mnist(return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    X_rest, X_val, y_rest, y_val = train_test_split(X, y, test_size=10_000, stratify=y, random_state=0)
    curve = []
    for n_components in N_COMPONENTS:
        model = SubspaceClassifier(n_components)
        validated = model.fit(X_rest, y_rest).score(X_val, y_val)
        start = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - start
        accuracy, low, high = accuracy_interval(y_test, model.predict(X_test))
        curve.append(
            {
                "n_components": n_components,
                "validation_accuracy": round(100 * validated, 2),
                "test_accuracy": round(100 * accuracy, 2),
                "interval": [round(100 * low, 2), round(100 * high, 2)],
                "fit_seconds": round(seconds, 2),
            }
        )
        print(curve[-1], flush=True)
    chosen = max(curve, key=lambda row: row["validation_accuracy"])
    write("subspaces", {"n_validation": len(y_val), "chosen": chosen, "curve": curve})


if __name__ == "__main__":
    main()

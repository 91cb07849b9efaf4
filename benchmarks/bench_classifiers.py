"""One table of classifiers on one split of Fashion-MNIST: those of the house and scikit-learn's usual ones.

Accuracy with its interval, time of fit and predict, peak memory that both add, and the size of the pickled model. Each
row runs in a process of its own, and is written as soon as it is done; rows that are there are skipped. ``--quick``
trains on 10,000 images, and takes minutes; the full table trains on all 60,000. Predicted labels are kept beside the
rows; ``--predictions`` fits rows again that have none, and takes nothing but labels and accuracy from the new fit.
"""

import argparse
import json
import pickle
import subprocess
import sys
import time

from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC

from benchmarks.bench_training import peak_mb
from benchmarks.evidence import evidence, read, write
from benchmarks.predictions import keep_predictions, stored_predictions
from skfashion.baselines import ClusterClassifier, KNNClassifier, SubspaceClassifier, make_hog_svc, make_pca_svc
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import accuracy_interval
from skfashion.neural_network import (
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
)


def scaled(model):
    return make_pipeline(MinMaxScaler(), model)


CLASSIFIERS = {
    "MLPClassifier()": MLPClassifier(random_state=0),
    "CNNClassifier()": CNNClassifier(random_state=0),
    "ResNetClassifier()": ResNetClassifier(random_state=0),
    "EncoderClassifier()": EncoderClassifier(ConvAutoencoder(16, 16), (256, 128), random_state=0),
    "KNNClassifier(4, weights='distance')": KNNClassifier(4, weights="distance"),
    "SubspaceClassifier()": SubspaceClassifier(),
    "ClusterClassifier(KMeans(200))": ClusterClassifier(KMeans(200, n_init=1), random_state=0),
    "make_hog_svc()": make_hog_svc(random_state=0),
    "make_pca_svc()": make_pca_svc(random_state=0),
    "scikit-learn LogisticRegression": scaled(LogisticRegression(C=0.1, max_iter=300)),
    "scikit-learn LinearSVC": scaled(LinearSVC(C=0.01)),
    "scikit-learn SVC": scaled(SVC(C=10)),
    "scikit-learn RandomForestClassifier": RandomForestClassifier(200, n_jobs=-1, random_state=0),
    "scikit-learn HistGradientBoostingClassifier": HistGradientBoostingClassifier(
        max_iter=100, early_stopping=False, random_state=0
    ),
    "scikit-learn MLPClassifier": scaled(SklearnMLP((128, 64), max_iter=20, random_state=0)),
    "scikit-learn KNeighborsClassifier": scaled(KNeighborsClassifier(4, weights="distance")),
}


def run(name, n_train):
    """Fit and score one classifier in this process; its row, and the predicted labels."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    X, y = X[:n_train], y[:n_train]
    model = CLASSIFIERS[name]
    before, start = peak_mb(), time.perf_counter()
    model.fit(X, y)
    fitted = time.perf_counter()
    predicted = model.predict(X_test)
    end = time.perf_counter()
    accuracy, low, high = accuracy_interval(y_test, predicted)
    row = {
        "accuracy": round(100 * accuracy, 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
        "fit_seconds": round(fitted - start, 2),
        "predict_seconds": round(end - fitted, 2),
        "peak_memory_added_mb": round(peak_mb() - before),
        "model_mb": round(len(pickle.dumps(model)) / 1e6, 2),
        "n_train": n_train,
        "n_test": len(y_test),
        "evidence": evidence(),
    }
    return {"row": row, "predicted": predicted.tolist()}


def run_apart(name, *, quick):
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_classifiers", "--one", name, *(["--quick"] if quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def keep(table, rows, name, result):
    """Write a row, and what it predicts."""
    rows[name] = result["row"]
    write(table, {"rows": rows})
    keep_predictions(table, name, result["predicted"], test_labels())


def keep_predictions_of(table, rows, name, result):
    """Keep what a classifier predicts that was fitted again, and its accuracy; costs stay those of the first fit.

    Another processor rounds otherwise, and gives another network; but seconds are compared on one processor.
    """
    row, now = rows[name], result["row"]
    if any(row[key] != now[key] for key in ("n_train", "n_test")):
        raise ValueError(f"The row of {name!r} is of {row['n_train']:,} and {row['n_test']:,} images.")
    rows[name] = {
        **row,
        "accuracy": now["accuracy"],
        "interval": now["interval"],
        "evidence_of_predictions": now["evidence"],
    }
    write(table, {"rows": rows})
    keep_predictions(table, name, result["predicted"], test_labels())


def test_labels():
    return fetch_fashion_mnist(subset="test", return_X_y=True)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="train on 10,000 images")
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    parser.add_argument("--again", action="store_true", help="run rows that have a result already")
    parser.add_argument("--predictions", action="store_true", help="fit rows again that have no predictions")
    parser.add_argument("--one", choices=CLASSIFIERS, help="print the result of one classifier as JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run(arguments.one, 10_000 if arguments.quick else 60_000)))
        return
    table = "classifiers_quick" if arguments.quick else "classifiers"
    rows = read(table).get("rows", {})
    predictions = stored_predictions(table)[1]
    for name in CLASSIFIERS:
        if arguments.only not in name:
            continue
        if arguments.predictions and name in rows and name not in predictions:
            before = rows[name]["accuracy"]
            keep_predictions_of(table, rows, name, run_apart(name, quick=arguments.quick))
            print(f"{name:45}{rows[name]['accuracy']:7.2f} %, {before:.2f} % before", flush=True)
        elif arguments.again or name not in rows:
            keep(table, rows, name, run_apart(name, quick=arguments.quick))
            print(f"{name:45}{rows[name]['accuracy']:7.2f} % {rows[name]['fit_seconds']:8.1f} s", flush=True)


if __name__ == "__main__":
    main()

"""Keras itself on the rows of the reproduced studies that differ from the published ones without a reason.

Each network is trained as the reports describe it, with batches of two sizes: the reports give none, Keras takes 32,
we take 128. A row is written as soon as it is done; rows that are there are skipped. It needs ``keras`` and
``KERAS_BACKEND=torch``, which no extra installs.
"""

import argparse
from functools import partial

import keras
import numpy as np
from sklearn.model_selection import StratifiedKFold

from benchmarks.evidence import evidence, read, write
from skfashion.datasets import fetch_fashion_mnist

BATCH_SIZES = (32, 128)


def network(hidden, dropout, optimizer):
    layers = [keras.Input((784,))]
    for n_units in hidden:
        layers += [keras.layers.Dense(n_units, activation="relu"), keras.layers.Dropout(dropout)]
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer(learning_rate=0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def accuracy(build, n_epochs, batch_size, train, test):
    """Train once: accuracy in percent on the test part."""
    model = build()
    model.fit(*train, batch_size=batch_size, epochs=n_epochs, verbose=0)
    return round(100 * model.evaluate(*test, verbose=0)[1], 2)


def on_test(build, n_epochs, batch_size, seed, train, test):
    """One accuracy on the test images."""
    keras.utils.set_random_seed(seed)
    return accuracy(build, n_epochs, batch_size, train, test)


def cross_validated(build, n_epochs, batch_size, seed, train, test):
    """The mean accuracy over three folds of the training images, those of our study."""
    keras.utils.set_random_seed(seed)
    X, y = train
    folds = StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)
    scores = [accuracy(build, n_epochs, batch_size, (X[fit], y[fit]), (X[held], y[held])) for fit, held in folds]
    return round(float(np.mean(scores)), 2)


FCN = partial(network, (500, 50), 0.0, keras.optimizers.RMSprop)
PERCEPTRON = partial(network, (128,), 0.2, keras.optimizers.Adam)

# By the names of the rows of the studies: what to measure, and for how many seeds.
ROWS = {
    "fcn-ablation: rmsprop, 0.001": (partial(on_test, FCN, 15), 3),
    "mlp-cnn: grid search 1, its best refitted for 10 epochs": (partial(on_test, PERCEPTRON, 10), 3),
    "mlp-cnn: grid search 1, 20 epochs: 128, dropout 0.2": (partial(cross_validated, PERCEPTRON, 20), 1),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    arguments = parser.parse_args()
    parts = [fetch_fashion_mnist(subset=subset, return_X_y=True) for subset in ("train", "test")]
    train, test = ((X.astype(np.float32) / 255, y) for X, y in parts)
    for batch_size in reversed(BATCH_SIZES):
        for name, (measure, n_seeds) in ROWS.items():
            key = f"{name}, batches of {batch_size}"
            rows = read("keras").get("rows", {})
            if arguments.only in key and key not in rows:
                found = [measure(batch_size, seed, train, test) for seed in range(n_seeds)]
                write("keras", {"backend": keras.backend.backend(), "rows": {**rows, key: row(found)}})
                print(f"{key:75}", found, flush=True)


def row(found):
    return {"accuracy": found, "evidence": evidence()}


if __name__ == "__main__":
    main()

"""Two published settings that ours does not come near, in Keras itself: does the framework explain them?

Needs ``pip install tensorflow-cpu``, which nothing else here does. The reports give no size of batches: both that of
Keras and that of our study are tried.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from benchmarks.evidence import write
from skfashion.datasets import fetch_fashion_mnist

SEEDS = 3


def network(*layers, optimizer):
    """Dense layers before a softmax, as a tutorial has them."""
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def rmsprop():
    """The row "rmsprop, 0.001" of fcn-ablation."""
    layers = [keras.layers.Dense(width, activation="relu") for width in (500, 50)]
    return network(*layers, optimizer=keras.optimizers.RMSprop(0.001)), 15


def grid_search():
    """The best candidate of grid search 1 of mlp-cnn, refitted for 10 epochs."""
    layers = [keras.layers.Dense(128, activation="relu"), keras.layers.Dropout(0.2)]
    return network(*layers, optimizer=keras.optimizers.Adam(0.001)), 10


ROWS = {"fcn-ablation: rmsprop, 0.001": rmsprop, "mlp-cnn: grid search 1, its best refitted for 10 epochs": grid_search}


def main():
    X, y = fetch_fashion_mnist(return_X_y=True)
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    X, X_test = (images.astype(np.float32) / 255 for images in (X, X_test))
    rows = {}
    for name, build in ROWS.items():
        for batch_size in (32, 128):
            accuracies = []
            for seed in range(SEEDS):
                keras.utils.set_random_seed(seed)
                model, epochs = build()
                model.fit(X, y, batch_size=batch_size, epochs=epochs, verbose=0)
                accuracies.append(round(100 * model.evaluate(X_test, y_test, verbose=0)[1], 2))
            rows[f"{name}, batches of {batch_size}"] = {"accuracy": accuracies}
            write("keras", {"rows": rows})
            print(f"{name}, batches of {batch_size}: {accuracies}", flush=True)


if __name__ == "__main__":
    main()

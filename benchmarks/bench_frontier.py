"""Test accuracy over the seconds and operations of a training: ours, a loop in torch, and scikit-learn's perceptron.

Seconds are those of a processor core: with one thread, as ``OMP_NUM_THREADS=1`` sets, they are the time that a quiet
machine takes.

Each row is one training on all 60,000 images of Fashion-MNIST, from start to end of its schedule; the test images are
looked at once, at its end. Rows that are there are skipped, ``--only`` picks some. Operations are those of the products
and convolutions, forward and backward, of all epochs, as torch counts them, a multiplication and an addition as two.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.arrays import packed
from benchmarks.evidence import evidence, read, write
from skfashion.baselines import make_hog_features, make_hog_svc
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import accuracy_interval
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

COUNTED = 100  # images of the batch whose operations are counted


class TorchLoop:
    """The network of Keras's tutorial for MNIST, with the loop that one writes by hand in torch.

    References
    ----------
    F. Chollet, `Simple MNIST convnet <https://keras.io/examples/vision/mnist_convnet/>`_, 2015.
    """

    def __init__(self, max_epochs):
        self.max_epochs = max_epochs

    def fit(self, X, y):
        torch.manual_seed(0)
        self.module_ = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10),
        )  # fmt: skip
        images, classes = self._images(X), torch.from_numpy(y)
        optimizer = torch.optim.Adam(self.module_.parameters())
        for _ in range(self.max_epochs):
            for where in torch.randperm(len(images)).split(128):
                optimizer.zero_grad()
                cross_entropy(self.module_(images[where]), classes[where]).backward()
                optimizer.step()
        return self

    def predict(self, X):
        self.module_.eval()
        with torch.inference_mode():
            return np.concatenate([self.module_(part).argmax(1).numpy() for part in self._images(X).split(500)])

    @staticmethod
    def _images(X):
        return torch.from_numpy(X).float().div(255).view(-1, 1, 28, 28)


WIDE = MLPClassifier((1024, 512, 128), batch_norm=True, dropout=0.3, label_smoothing=0.1, augmentation="flip")
MIXED = MLPClassifier((1024, 512, 128), batch_norm=True, augmentation="flip+mixup")
SHIFTED = MLPClassifier((1024, 512, 128), batch_norm=True, augmentation="flip+shift+mixup")
AVERAGED = clone(SHIFTED).set_params(flip_averaging=True)
OF_FEATURES = MLPClassifier((512, 256), batch_norm=True, dropout=0.3, label_smoothing=0.1)


def lengths(name, model, *n_epochs, features=None):
    """A network trained for different numbers of epochs, on images or on features of them."""
    networks = {f"{name}, {n} epochs": clone(model).set_params(max_epochs=n, random_state=0) for n in n_epochs}
    if features is None:
        return networks
    return {each: make_pipeline(clone(features), network) for each, network in networks.items()}


MODELS = {
    **lengths("MLPClassifier()", MLPClassifier(), 5, 20),
    **lengths("MLPClassifier 1024-512-128", WIDE, 10),
    **lengths("MLPClassifier 1024-512-128, mixup", MIXED, 50),
    **lengths("MLPClassifier 1024-512-128, shift and mixup", SHIFTED, 100),
    **lengths("MLPClassifier 1024-512-128, shift and mixup, averaged over flips", AVERAGED, 200),
    **lengths("CNNClassifier()", CNNClassifier(), 3, 10, 20),
    **lengths("ResNetClassifier(8)", ResNetClassifier(8), 3, 10),
    **lengths("ResNetClassifier(16)", ResNetClassifier(16), 5, 10, 20),
    **lengths("ResNetClassifier()", ResNetClassifier(), 5, 10, 20),
    "make_hog_svc()": make_hog_svc(random_state=0),
    **lengths(
        "make_hog_features(), MLPClassifier 512-256", OF_FEATURES, 5, 20, 50, features=make_hog_features(random_state=0)
    ),
    **{f"loop in torch, Keras's convnet, {n} epochs": TorchLoop(n) for n in (5, 15)},
    "scikit-learn MLPClassifier, 20 epochs": make_pipeline(
        MinMaxScaler(), SklearnMLP((128, 64), max_iter=20, random_state=0)
    ),
}


def run(model, train, test):
    """Train and score once; the row."""
    start = time.process_time()  # of all threads, so that other programs do not count
    model.fit(*train)
    seconds = time.process_time() - start
    predicted = model.predict(test[0])
    accuracy, low, high = accuracy_interval(test[1], predicted)
    operations = operations_per_image(model, train[0][:COUNTED])
    return {
        "accuracy": round(100 * accuracy, 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
        "core_seconds": round(seconds, 1),
        "training_operations": operations and operations * len(train[0]) * model.max_epochs,
        "right": packed(predicted == test[1]),
        "evidence": evidence(),
    }


def operations_per_image(model, X):
    """The operations of a step, for each image in it; None for a model that has no network of torch."""
    if not hasattr(model, "module_"):
        return None
    images = torch.from_numpy(X).float().div(255).view(-1, 1, 28, 28)
    with FlopCounterMode(display=False) as counter:
        cross_entropy(model.module_.train()(images), torch.zeros(len(images), dtype=torch.int64)).backward()
    return counter.get_total_flops() // len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    arguments = parser.parse_args()
    train, test = (fetch_fashion_mnist(subset=subset, return_X_y=True) for subset in ("train", "test"))
    for name, model in MODELS.items():
        rows = read("frontier").get("rows", {})
        if arguments.only in name and name not in rows:
            row = run(model, train, test)
            write("frontier", {"rows": {**read("frontier").get("rows", {}), name: row}})
            print(f"{name:45}{row['accuracy']:7.2f} % {row['core_seconds']:8.1f} s", flush=True)


if __name__ == "__main__":
    main()

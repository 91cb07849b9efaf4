"""Few labels, and all other training images of Fashion-MNIST without any: who makes the most of them.

Models of the labelled images alone, label spreading on an embedding of all images, a pre-trained encoder, and
consistency training. All get the same sets of labels, as many of each class. A row for each model, number of labels and
set is written as soon as it is done, with its predicted labels for paired tests; rows that are there are skipped.
``--validate`` trains on 50,000 images and measures on the other 10,000 training images: settings are chosen there.
"""

import argparse
import time

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import LabelSpreading

from benchmarks.evidence import evidence, read, write
from benchmarks.predictions import keep_predictions
from skfashion.baselines import make_hog_spreading, make_pca_svc
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import (
    ConvAutoencoder,
    EncoderClassifier,
    ResNetClassifier,
    SemiSupervisedClassifier,
)


def alone(model):
    """Fit a model on the labelled images only."""
    return lambda X, y: model.fit(X[y != -1], y[y != -1])


def spread(X, y):
    """Scikit-learn's graph of neighbours, on the embedding of an autoencoder."""
    autoencoder = ConvAutoencoder(16, 16, random_state=0).fit(X)
    graph = LabelSpreading(kernel="knn", n_neighbors=10, n_jobs=-1)
    graph.fit(autoencoder.transform(X), y)
    return make_pipeline(autoencoder, graph)


def pretrained(X, y):
    """A classifier on an encoder that has seen all images."""
    model = EncoderClassifier(ConvAutoencoder(16, 16, random_state=0).fit(X), (64,), batch_size=16, random_state=0)
    return model.fit(X[y != -1], y[y != -1])


def consistent(width, max_epochs):
    """Consistency training, narrower than usual, so that there is time for more epochs."""
    inner = ResNetClassifier(width, max_epochs=max_epochs)
    return SemiSupervisedClassifier(inner, labelled_share=0.25, random_state=0).fit


def resnet(X, y):
    """As many steps whatever the number of labels."""
    n = int((y != -1).sum())
    return alone(ResNetClassifier(max_epochs=100_000 // n, batch_size=64, random_state=0))(X, y)


MODELS = {
    "labels alone: make_pca_svc()": alone(make_pca_svc()),
    "labels alone: ResNetClassifier(batch_size=64), 100,000 images shown": resnet,
    "make_hog_spreading()": lambda X, y: make_hog_spreading(random_state=0).fit(X, y),
    "LabelSpreading(kernel='knn') on ConvAutoencoder(16, 16)": spread,
    "EncoderClassifier(ConvAutoencoder(16, 16))": pretrained,
    "SemiSupervisedClassifier(ResNetClassifier(8, max_epochs=10), labelled_share=0.25)": consistent(8, 10),
    "SemiSupervisedClassifier(ResNetClassifier(16, max_epochs=14), labelled_share=0.25)": consistent(16, 14),
}


def data(validate):
    """Images and labels for training, and those that are measured."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    if validate:
        return X[:50_000], y[:50_000], X[50_000:], y[50_000:]
    return X, y, *fetch_fashion_mnist(subset="test", return_X_y=True)


def run(name, n_labels, seed, images):
    """Fit and measure one model with one set of labels: its row, and the predicted labels."""
    X, y, X_test, y_test = images
    labelled, _ = train_test_split(np.arange(len(X)), train_size=n_labels, stratify=y, random_state=seed)
    few = np.full(len(X), -1)
    few[labelled] = y[labelled]
    start = time.perf_counter()
    predicted = MODELS[name](X, few).predict(X_test)
    seconds = time.perf_counter() - start
    accuracy = 100 * float((predicted == y_test).mean())
    return {"accuracy": round(accuracy, 2), "seconds": round(seconds, 1), "evidence": evidence()}, predicted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the models whose name holds this text")
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 500, 1000], help="how many labels")
    parser.add_argument("--sets", type=int, nargs="+", default=[0, 1, 2], help="sets of labels, by their seeds")
    parser.add_argument("--validate", action="store_true", help="measure on held-out training images")
    arguments = parser.parse_args()
    table = "few_labels_validation" if arguments.validate else "few_labels"
    rows, images = read(table).get("rows", {}), data(arguments.validate)
    for seed in arguments.sets:
        for n_labels in arguments.labels:
            for name in MODELS:
                key = f"{name}, {n_labels} labels, set {seed}"
                if arguments.only not in name or key in rows:
                    continue
                rows[key], predicted = run(name, n_labels, seed, images)
                write(table, {"rows": rows})
                keep_predictions(table, key, predicted, images[3])
                print(f"{key:80} {rows[key]['accuracy']:.2f} % {rows[key]['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()

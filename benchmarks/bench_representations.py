"""Autoencoders on Fashion-MNIST: reconstruction error, and accuracy of kNN, k-means and a classifier on latent codes.

Every network is trained on the 60,000 training images, its settings chosen on 10,000 of them that were held out; the
test images are used once for each fit, at the end. k-means clusters the 70,000 images pooled, as is the custom.
"""

import argparse
import time
from functools import cached_property

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import normalized_mutual_info_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.evidence import evidence, read, write
from skfashion.baselines import make_hog_features
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import clustering_accuracy_score
from skfashion.neural_network import (
    Autoencoder,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    VariationalAutoencoder,
)

LARGE = ConvAutoencoder(n_channels=32, hidden_layer_sizes=(256,))

ENCODERS = {
    "ConvAutoencoder(latent_dim=14, n_channels=8)": (ConvAutoencoder(), 3),
    "ConvAutoencoder(latent_dim=14, n_channels=32, hidden_layer_sizes=(256,))": (LARGE, 1),
    "Autoencoder(latent_dim=14, hidden_layer_sizes=(512, 256))": (Autoencoder(14, (512, 256)), 1),
    "VariationalAutoencoder(latent_dim=10)": (VariationalAutoencoder(), 1),
}
# What classifies codes of edges and pixels; both were chosen on held-out training images.
HEAD = MLPClassifier((256, 256), batch_norm=True, dropout=0.1, label_smoothing=0.1, max_epochs=30)

N_COMPONENTS = (5, 10, 14, 16, 32, 64)


class Data:
    """Both parts of Fashion-MNIST; uint8."""

    def __init__(self):
        self.X, self.y = fetch_fashion_mnist(return_X_y=True)
        self.X_test, self.y_test = fetch_fashion_mnist(subset="test", return_X_y=True)

    @cached_property
    def encoder(self):
        """The encoder under the classifiers: 16 latent dimensions, trained on all training images without labels."""
        return clone(LARGE).set_params(latent_dim=16, random_state=0).fit(self.X)


def encoder(model, n_seeds, data):
    """One autoencoder over seeds: MSE per pixel of test images, and accuracies on its latent codes."""
    runs = []
    for seed in range(n_seeds):
        start = time.perf_counter()
        model.set_params(random_state=seed).fit(data.X)
        seconds = time.perf_counter() - start
        run = {"seed": seed, "epochs": model.n_epochs_, "fit_seconds": round(seconds, 1)}
        run["test_squared_error_per_pixel"] = round(-model.score(data.X_test), 5)
        run["test_squared_error_per_image"] = round(-model.score(data.X_test) * data.X.shape[1], 3)
        if hasattr(model, "elbo"):
            run["test_loss_per_image"] = round(-float(model.elbo(data.X_test, random_state=0).mean()), 3)
        runs.append(run | codes(model.transform, data))
    return summary(runs)


def pca(n_components, data):
    """PCA, a linear code of this dimension."""
    X, X_test = data.X / np.float32(255), data.X_test / np.float32(255)
    model = PCA(n_components, random_state=0).fit(X)
    error = ((model.inverse_transform(model.transform(X_test)) - X_test) ** 2).mean()
    run = {"test_squared_error_per_pixel": round(float(error), 5)}
    return summary([run | codes(lambda images: model.transform(images / np.float32(255)), data)])


def codes(transform, data):
    """The accuracy of kNN on the codes, and of k-means by the best one-to-one matching with the classes."""
    train, test = transform(data.X), transform(data.X_test)
    neighbors = KNeighborsClassifier(10, weights="distance", n_jobs=-1).fit(train, data.y)
    pooled, y = np.concatenate([train, test]), np.concatenate([data.y, data.y_test])
    clusters = KMeans(10, n_init=10, random_state=0).fit_predict(pooled)
    return {
        "knn_accuracy": round(100 * neighbors.score(test, data.y_test), 2),
        "kmeans_accuracy": round(100 * clustering_accuracy_score(y, clusters), 2),
        "kmeans_nmi": round(normalized_mutual_info_score(y, clusters), 4),
    }


def head(freeze, data):
    """A classifier of all labels on 16 latent dimensions."""
    model = EncoderClassifier(FrozenEstimator(data.encoder), (256, 128), freeze=freeze, dropout=0.1, random_state=0)
    start = time.perf_counter()
    model.fit(data.X, data.y)
    seconds = time.perf_counter() - start
    accuracy = round(100 * model.score(data.X_test, data.y_test), 2)
    return summary([{"seed": 0, "accuracy": accuracy, "fit_seconds": round(seconds, 1), "epochs": model.n_epochs_}])


def edges(n_seeds, data):
    """Codes of edges and pixels, of 16 latent dimensions, and a classifier of all labels on them."""
    runs = []
    for seed in range(n_seeds):
        start = time.perf_counter()
        model = make_pipeline(make_hog_features(random_state=seed), Autoencoder(16, (512, 256), random_state=seed)).fit(
            data.X
        )
        seconds = time.perf_counter() - start
        head = make_pipeline(StandardScaler(), clone(HEAD).set_params(random_state=seed))
        head.fit(model.transform(data.X), data.y)
        run = {"seed": seed, "fit_seconds": round(seconds, 1)} | codes(model.transform, data)
        run["accuracy"] = round(100 * head.score(model.transform(data.X_test), data.y_test), 2)
        runs.append(run)
    return summary(runs)


def few_labels(n_labels, n_seeds, data):
    """Pre-trained on all images without their labels, against the same network on the labelled images alone."""
    untrained = clone(data.encoder).set_params(max_epochs=1, learning_rate=1e-30).fit(data.X[:1000])
    runs = []
    for seed in range(n_seeds):
        X, _, y, _ = train_test_split(data.X, data.y, train_size=n_labels, stratify=data.y, random_state=seed)
        run = {"seed": seed, "n_labels": n_labels}
        for name, start, freeze in (
            ("pretrained_frozen", data.encoder, True),
            ("pretrained_fine_tuned", data.encoder, False),
            ("labels_alone", untrained, False),
        ):
            model = EncoderClassifier(start, (256, 128), freeze=freeze, batch_size=32, max_epochs=40, random_state=seed)
            run[f"{name}_accuracy"] = round(100 * model.fit(X, y).score(data.X_test, data.y_test), 2)
        runs.append(run)
    return summary(runs)


def summary(runs):
    """The runs with the mean and the standard deviation of their numbers."""
    measured = [name for name in runs[0] if name not in ("seed", "epochs", "n_labels")]
    means = {name: round(float(np.mean([run[name] for run in runs])), 5) for name in measured}
    spread = {name: round(float(np.std([run[name] for run in runs], ddof=1)), 5) for name in measured if len(runs) > 1}
    return {"mean": means, "sd": spread, "runs": runs, "evidence": evidence()}


STUDIES = {
    **{name: lambda data, args=args: encoder(*args, data) for name, args in ENCODERS.items()},
    **{f"PCA({n})": lambda data, n=n: pca(n, data) for n in N_COMPONENTS},
    "make_hog_features(), Autoencoder(16, (512, 256))": lambda data: edges(3, data),
    "EncoderClassifier, 16 dimensions, frozen": lambda data: head(True, data),
    "EncoderClassifier, 16 dimensions, fine-tuned": lambda data: head(False, data),
    "EncoderClassifier, 1000 labels": lambda data: few_labels(1000, 3, data),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    parser.add_argument("--again", action="store_true", help="run rows that have a result already")
    arguments = parser.parse_args()
    rows = read("representations").get("rows", {})
    data = Data()
    for name, study in STUDIES.items():
        if arguments.only in name and (arguments.again or name not in rows):
            rows[name] = study(data)
            write("representations", {"n_test": len(data.y_test), "rows": rows})
            print(name, rows[name]["mean"], flush=True)


if __name__ == "__main__":
    main()

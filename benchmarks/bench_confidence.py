"""How far a classifier of garments can be trusted: its calibration, and whether it knows that a digit is no garment.

Networks are trained on the first training images of Fashion-MNIST with and without label smoothing, over seeds.
Held-out training images give each a temperature; expected calibration errors are those of the test images. The area
under the ROC curve says how well a score tells the test images of Fashion-MNIST from those of MNIST, of which none has
seen any. With ``--validate`` the last 10,000 training images of both take the place of the test images: scores are
chosen there.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from scipy.special import logsumexp
from sklearn.calibration import CalibratedClassifierCV
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from benchmarks.evidence import write
from skfashion.datasets import fetch_fashion_mnist, fetch_mnist
from skfashion.metrics import expected_calibration_error
from skfashion.neural_network import AutoencoderOutlierDetector, CNNClassifier, MLPClassifier

# With defaults, but for half of the epochs where they take minutes.
_NETWORKS = {"MLPClassifier()": MLPClassifier(), "CNNClassifier(max_epochs=10)": CNNClassifier(max_epochs=10)}
_SMOOTHING = (0.0, 0.1)


def calibration(model, held_out, test):
    """Expected calibration errors and the accuracy on the test images, and the temperature."""
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(*held_out)
    X, y = test
    raw, with_temperature = (
        expected_calibration_error(y, each.predict_proba(X), labels=each.classes_) for each in (model, calibrated)
    )
    (calibrator,) = calibrated.calibrated_classifiers_[0].calibrators
    return {
        "accuracy": model.score(X, y),
        "error": raw,
        "error_with_temperature": with_temperature,
        "temperature": 1 / calibrator.beta_,
    }


def areas(model, train, images, digits):
    """How well each score of a classifier tells images of the kind that it was trained on from digits."""
    asked = np.r_[images, digits]
    known, embeddings = (model.embed(X).astype(np.float64) for X in (train[0], asked))
    distances = {
        "embedding": squared_distances(known, train[1], embeddings),
        "embedding at length 1": squared_distances(normalize(known), train[1], normalize(embeddings)),
    }
    scores = {
        "maximum softmax": model.predict_proba(asked).max(axis=1),
        "energy": logsumexp(logits_of(model, asked), axis=1),
        **{f"Gaussian per class, {name}": -values for name, values in distances.items()},
        "Gaussian per class, both": -sum(np.log(values) for values in distances.values()),
        "5 nearest training images, embedding": minus_distance_to_neighbors(known, embeddings),
        "5 nearest training images, embedding at length 1": minus_distance_to_neighbors(
            normalize(known), normalize(embeddings)
        ),
    }
    return areas_of(scores, images)


def areas_without_labels(train, images, digits, seed):
    """How well detectors that see pixels only tell images of the kind that they were trained on from digits."""
    asked = np.r_[images, digits]
    detector = AutoencoderOutlierDetector(random_state=seed).fit(train[0])
    scores = {
        "squared error of PCA(32)": minus_error_of_pca(train[0], asked),
        "AutoencoderOutlierDetector()": detector.score_samples(asked),
    }
    return areas_of(scores, images)


def areas_of(scores, images):
    is_garment = np.arange(len(next(iter(scores.values())))) < len(images)
    return {name: roc_auc_score(is_garment, score) for name, score in scores.items()}


def squared_distances(known, labels, rows):
    """The squared Mahalanobis distance to the nearest class, of classes that share a covariance."""
    classes, members = np.unique(labels, return_inverse=True)
    means = np.stack([known[members == number].mean(axis=0) for number in range(len(classes))])
    covariance = EmpiricalCovariance(assume_centered=True).fit(known - means[members])
    return np.min([covariance.mahalanobis(rows - mean) for mean in means], axis=0)


def minus_distance_to_neighbors(known, rows):
    neighbors = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(known)
    return -neighbors.kneighbors(rows)[0].mean(axis=1)


def minus_error_of_pca(known, rows):
    pca = PCA(32, random_state=0).fit(known / 255)
    return -((rows / 255 - pca.inverse_transform(pca.transform(rows / 255))) ** 2).mean(axis=1)


def logits_of(model, X):
    """The inputs of the softmax: probabilities alone do not say how large logits are."""
    last = [layer for layer in model.module_.modules() if isinstance(layer, torch.nn.Linear)][-1]
    return model.embed(X) @ last.weight.detach().numpy().T + last.bias.detach().numpy()


def images(n_train, validate):
    """Training, held-out and test garments with their labels, and test digits."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    train, held_out = (X[:n_train], y[:n_train]), (X[-20_000:-10_000], y[-20_000:-10_000])
    if validate:
        return train, held_out, (X[-10_000:], y[-10_000:]), fetch_mnist().data[-10_000:]
    return train, held_out, fetch_fashion_mnist(subset="test", return_X_y=True), fetch_mnist(subset="test").data


def measured(network, smoothing, seed, data):
    train, held_out, test, digits = data
    model = network.set_params(label_smoothing=smoothing, random_state=seed)
    start = time.perf_counter()
    model.fit(*train)
    seconds = time.perf_counter() - start
    return {**calibration(model, held_out, test), "fit_seconds": seconds}, areas(model, train, test[0], digits)


def summed_up(runs):
    """Each number of all seeds, its mean and its standard deviation."""
    columns = {name: [float(run[name]) for run in runs] for name in runs[0]}
    return {
        name: {
            "seeds": [round(value, 4) for value in values],
            "mean": round(statistics.mean(values), 4),
            "sd": round(statistics.stdev(values), 4) if len(values) > 1 else None,
        }
        for name, values in columns.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--validate", action="store_true")
    arguments = parser.parse_args()
    data = images(arguments.images, arguments.validate)
    train, _, test, digits = data
    pixels = [areas_without_labels(train, test[0], digits, seed) for seed in range(arguments.seeds)]
    rows = {"without labels": {"auc": summed_up(pixels)}}
    for name, network in _NETWORKS.items():
        for smoothing in _SMOOTHING:
            runs = []
            for seed in range(arguments.seeds):
                runs.append(measured(network, smoothing, seed, data))
                print(f"{name}, label smoothing {smoothing}, seed {seed}: {runs[-1]}", flush=True)
            confidence, kinds = zip(*runs, strict=True)
            rows[f"{name}, label smoothing {smoothing}"] = {**summed_up(confidence), "auc": summed_up(kinds)}
    settings = {"seeds": arguments.seeds, "training_images": arguments.images, "held_out_images": len(data[1][0])}
    asked = {"asked_images": len(data[2][0]), "asked_digits": len(data[3])}
    write("confidence_validation" if arguments.validate else "confidence", {**settings, **asked, "rows": rows})


if __name__ == "__main__":
    main()

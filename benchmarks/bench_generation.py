"""Images of chosen classes of Fashion-MNIST: how real they look, how many kinds there are, and which class they show.

Generators draw 1,000 images of each class: a conditional variational autoencoder; an unconditional one, whose images
belong to the class that a classifier predicts for them; normal distributions, one for each class, of the codes of a
variational autoencoder and of principal components; and the two samplers that need no network. Everything is measured
in the embedding of a CNN, class by class, against real images that neither it nor the generators have seen: the Fréchet
distance, density and coverage, and the share of images for which the CNN predicts the chosen class. As many training
images serve as a reference: no generator comes closer without copying, and their distance is that of a finite sample.

The real images are the test images; with ``--validation`` the last 10,000 training images, for choices.
"""

import argparse
import time

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.evidence import write
from skfashion.baselines import CentroidSampler, NeighborSampler
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import density_coverage, frechet_distance, nearest_train_distance
from skfashion.neural_network import CNNClassifier, VariationalAutoencoder

N_PER_CLASS = 1000
N_COPIES = 50  # images per class whose nearest training image is looked for


class NormalCodes:
    """A normal distribution of the codes of each class under a transformer, drawn from and turned back into images."""

    def __init__(self, transformer):
        self.transformer = transformer

    def fit(self, X, y):
        X = (X / np.float32(255)).astype(np.float32)
        codes = self.transformer.fit(X).transform(X).astype(np.float64)
        self.normals = {label: (codes[y == label].mean(0), np.cov(codes[y == label].T)) for label in np.unique(y)}
        return self

    def sample(self, n_samples, random_state, *, y):
        generator = np.random.default_rng(random_state)
        codes = np.empty((n_samples, len(self.normals[y[0]][0])), dtype=np.float32)
        for label, (mean, covariance) in self.normals.items():
            codes[y == label] = generator.multivariate_normal(mean, covariance, (y == label).sum())
        return self.transformer.inverse_transform(codes).clip(0, 1).astype(np.float32)


def generators(arguments):
    """The generators; the networks share all sizes and epochs."""
    shared = {
        "n_channels": (),
        "hidden_layer_sizes": (512, 256),
        "latent_dim": arguments.latent_dim,
        "loss": "bernoulli",
        "max_epochs": arguments.epochs,
        "random_state": arguments.seed,
    }
    beta, components = arguments.beta, arguments.components
    return {
        f"conditional variational autoencoder, beta={beta:g}": VariationalAutoencoder(
            conditional=True, beta=beta, **shared
        ),
        "variational autoencoder, beta=1": VariationalAutoencoder(beta=1.0, **shared),
        f"normal codes of a variational autoencoder, beta={beta:g}": NormalCodes(
            VariationalAutoencoder(beta=beta, **shared)
        ),
        f"normal distribution of {components} components": NormalCodes(PCA(components, random_state=arguments.seed)),
        "mean of 5 neighbours": NeighborSampler(5),
        "around 100 centroids": CentroidSampler(random_state=arguments.seed),
    }


def drawn(generator, asked, judge, seed):
    """Images, and the classes that they should show; for an unconditional generator, those that the judge predicts."""
    if isinstance(generator, VariationalAutoencoder) and not generator.conditional:
        images = generator.sample(len(asked), random_state=seed)
        return images, judge.predict(images)
    return generator.sample(len(asked), random_state=seed, y=asked), asked


def measured(images, shown, judge, real):
    """Numbers of each class: where fewer than a tenth of the images show it, there is none."""
    y_real, features_real = real
    features = judge.embed(images).astype(np.float64)
    seen = judge.predict(images)
    of_class = {}
    for label in judge.classes_.tolist():
        rows = np.flatnonzero(shown == label)
        if len(rows) < N_PER_CLASS // 10:
            of_class[label] = {"images": len(rows)}
            continue
        density, coverage = density_coverage(features[rows], features_real[y_real == label])
        of_class[label] = {
            "images": len(rows),
            "frechet_distance": frechet_distance(features[rows], features_real[y_real == label]),
            "density": density,
            "coverage": coverage,
            "accuracy": float((seen[rows] == label).mean()),
        }
    return {"of_class": of_class, "frechet_distance_of_all": frechet_distance(features, features_real)}


def summarised(row):
    """Means over the classes that were drawn often enough, and the numbers themselves to four digits."""
    names = ("frechet_distance", "density", "coverage", "accuracy")
    counted = [each for each in row["of_class"].values() if "density" in each]
    means = {name: float(np.mean([each[name] for each in counted])) for name in names}
    return {**row, "n_classes": len(counted), "mean": means}


def rounded(value):
    if isinstance(value, dict):
        return {str(name): rounded(each) for name, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000, help="training images of the generators")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--beta", type=float, default=0.03, help="of the conditional autoencoder")
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--components", type=int, default=200)
    parser.add_argument("--judge-images", type=int, default=20_000)
    parser.add_argument("--judge-epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true")
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(return_X_y=True)
    if arguments.validation:
        X, X_real, y, y_real = X[:-10_000], X[-10_000:], y[:-10_000], y[-10_000:]
    else:
        X_real, y_real = fetch_fashion_mnist(subset="test", return_X_y=True)
    judge = CNNClassifier(max_epochs=arguments.judge_epochs, random_state=arguments.seed)
    judge.fit(X[: arguments.judge_images], y[: arguments.judge_images])
    X, y = X[: arguments.images], y[: arguments.images]
    real = y_real, judge.embed(X_real).astype(np.float64)
    rng = np.random.default_rng(arguments.seed)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(y == label), N_PER_CLASS, replace=False) for label in judge.classes_]
    )
    results = {"training images": summarised(measured(X[rows], y[rows], judge, real))}
    asked = np.repeat(judge.classes_, N_PER_CLASS)
    for name, generator in generators(arguments).items():
        start = time.perf_counter()
        generator.fit(X, y)
        seconds = time.perf_counter() - start
        images, shown = drawn(generator, asked, judge, arguments.seed)
        row = summarised(measured(images, shown, judge, real))
        some = np.arange(0, len(images), N_PER_CLASS // N_COPIES)
        nearest = float(np.median(nearest_train_distance(images[some], X)[0]))
        results[name] = {**row, "nearest_train_distance": nearest, "fit_seconds": round(seconds, 1)}
        print(name, rounded(results[name]["mean"]), f"{seconds:.0f} s", flush=True)
    accuracy = judge.score(X_real, y_real)
    write(
        "class_generation_validation" if arguments.validation else "class_generation",
        {"settings": vars(arguments), "n_per_class": N_PER_CLASS, "judge_accuracy": accuracy, "rows": rounded(results)},
    )


if __name__ == "__main__":
    main()

"""Larger images: parameters, and images per second in training, of each estimator at several sizes.

Random images; the median of the epochs after the first. With the number of images that was trained on, because large
images take long.
"""

import argparse
import statistics

import numpy as np

from benchmarks.evidence import write_for_processor
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, MLPClassifier, ResNetClassifier

SHAPES = ((1, 28, 28), (3, 64, 64), (3, 128, 128))


def models():
    return {
        "MLPClassifier((128, 64))": MLPClassifier((128, 64)),
        "CNNClassifier()": CNNClassifier(),
        'CNNClassifier("double")': CNNClassifier("double"),
        "ResNetClassifier(16)": ResNetClassifier(16),
        "ConvAutoencoder()": ConvAutoencoder(),
    }


def measure(model, shape, n_images, epochs):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n_images, *shape), np.uint8)
    model.set_params(max_epochs=epochs, random_state=0, image_shape=shape).fit(
        X.reshape(n_images, -1), np.arange(n_images) % 10
    )
    seconds = statistics.median(epoch["duration"] for epoch in model.history_[1:])
    n_parameters = sum(parameter.numel() for parameter in model.module_.parameters())
    return {"parameters": n_parameters, "images_per_second": round(n_images / seconds), "images": n_images}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2048, help="of 28 x 28; fewer of larger ones")
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    rows = {}
    for name, model in models().items():
        for shape in SHAPES:
            n_images = max(256, arguments.images * 784 // (shape[1] * shape[2]))
            row = measure(model, shape, n_images, arguments.epochs)
            rows.setdefault(name, {})["x".join(map(str, shape))] = row
            print(name, shape, row, flush=True)
    write_for_processor("sizes", {"epochs": arguments.epochs, "rows": rows})


if __name__ == "__main__":
    main()

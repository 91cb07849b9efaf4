"""Speed of training in float32 and in bfloat16, of every network that could gain: is "auto" right on this machine?

Each network trains on the same images of Fashion-MNIST in either precision, interleaved in one process; the first
repetition is a warm-up, and times are medians. A hand-written eager loop in float32 stands beside the default CNN.
"""

import argparse
import statistics
import time

import torch
from torch import nn

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    MLPClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)
from skfashion.training._precision import resolve_precision

# Each with the share of the images that it trains on.
MODELS = {
    "MLPClassifier()": (MLPClassifier(), 4.0),
    "CNNClassifier()": (CNNClassifier(), 1.0),
    'CNNClassifier("single")': (CNNClassifier("single"), 1.0),
    'CNNClassifier("double")': (CNNClassifier("double"), 0.5),
    "ResNetClassifier()": (ResNetClassifier(), 0.4),
    "Autoencoder()": (Autoencoder(), 1.0),
    "ConvAutoencoder()": (ConvAutoencoder(), 1.0),
    "ConvAutoencoder(32, 32)": (ConvAutoencoder(32, 32), 0.5),
    "VariationalAutoencoder()": (VariationalAutoencoder(), 0.5),
}


def eager_loop(module, X, y, batch_size):
    """A hand-written loop in float32 on the module of a CNN."""
    module = module.train()
    optimizer = torch.optim.Adam(module.parameters())
    images, labels = torch.from_numpy(X).float().div(255).view(-1, 1, 28, 28), torch.from_numpy(y)

    def epoch():
        for rows in torch.randperm(len(labels)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images[rows]), labels[rows]).backward()
            optimizer.step()

    return epoch


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(model, X, y, repetitions):
    """Images per second in either precision, and of the eager loop if the model is the default CNN."""
    model.set_params(max_epochs=1, random_state=0, device="cpu")
    programs = {
        precision: lambda precision=precision: model.set_params(precision=precision).fit(X, y)
        for precision in ("float32", "bfloat16")
    }
    if isinstance(model, CNNClassifier):
        module = model.set_params(precision="float32").fit(X[:200], y[:200])._network()
        module = module.module(**module.arguments)
        programs["eager loop, float32"] = eager_loop(module, X, y, model.batch_size)
    times = {name: [] for name in programs}
    for repetition in range(repetitions + 1):
        for name, program in programs.items():
            seconds = seconds_of(program)
            if repetition:
                times[name].append(seconds)
    speeds = {name: round(len(y) / statistics.median(values), 1) for name, values in times.items()}
    gains = model._network().gains_from_bfloat16
    chosen = resolve_precision("auto", torch.device("cpu"), gains)
    other = "float32" if chosen == "bfloat16" else "bfloat16"
    row = {"images": len(y), "images_per_second": speeds, "auto": chosen}
    row["auto_over_the_other"] = round(speeds[chosen] / speeds[other], 3)
    if "eager loop, float32" in speeds:
        row["auto_over_the_eager_loop"] = round(speeds[chosen] / speeds["eager loop, float32"], 3)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", default="", help="run the networks whose name holds this text")
    arguments = parser.parse_args()
    X, y = fetch_fashion_mnist(return_X_y=True)
    rows = {}
    for name, (model, share) in MODELS.items():
        if arguments.only in name:
            n = int(arguments.images * share)
            rows[name] = compare(model, X[:n], y[:n], arguments.repetitions)
            print(name, rows[name], flush=True)
    write_for_processor("precision", {"networks": rows})


if __name__ == "__main__":
    main()

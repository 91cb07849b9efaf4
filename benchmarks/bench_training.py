"""Speed of training against a hand-written torch loop, stock skorch, scikit-learn and, if installed, Keras.

The baseline MLP (784-128-64-10, batch 128), the default dense autoencoder (batch 128), the MCNN of
``skfashion.modules.architectures`` (batch 200) and the published convolutional autoencoder (batch 128), Adam on the
training images of Fashion-MNIST. The programs run interleaved in one process at one number of threads: each repetition
trains every one of them for one epoch (an autoencoder for five, because a fit ends with one look at all codes), and the
first repetition is a warm-up. Reported are medians. Of dense networks the floor is shown too: the matrix products of
the same epoch and nothing else. Peak memory is of processes of their own (``--memory``).
"""

import argparse
import itertools
import math
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier as SklearnMLP
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.modules import AutoencoderModule, ConvNet
from skfashion.modules.architectures import ARCHITECTURES
from skfashion.neural_network import Autoencoder, CNNClassifier, ConvAutoencoder, MLPClassifier

BATCH_SIZE = {"mlp": 128, "dense autoencoder": 128, "double": 200, "autoencoder": 128}
EPOCHS = {"mlp": 1, "dense autoencoder": 5, "double": 1, "autoencoder": 5}

# Units of the layers of dense networks.
UNITS = {"mlp": (784, 128, 64, 10), "dense autoencoder": (784, 256, 128, 32, 128, 256, 784)}


def network(name):
    if name == "mlp":
        layers = (nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        return nn.Sequential(nn.Flatten(), *layers)
    layers = {"activation": "relu", "dropout": 0.0, "batch_norm": False}
    if name == "dense autoencoder":
        return AutoencoderModule((1, 28, 28), 32, hidden_layer_sizes=(256, 128), **layers)
    if name == "autoencoder":
        convolutions = {"n_channels": (8, 16, 32), "padding": (2, 1, 0), "decoder_padding": (1, 1, 0)}
        return AutoencoderModule((1, 28, 28), 14, hidden_layer_sizes=(64,), **convolutions, **layers)
    return ConvNet(ARCHITECTURES["double"], (1, 28, 28), 10)


def loop(name, X, y, *, channels_last=False, bfloat16=False, fused=None):
    """The loop that one writes by hand: float tensors, a permutation, slices of it."""
    module = network(name).train()
    if channels_last:
        module.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.001, fused=fused)
    images = torch.from_numpy(X).float().div(255).view(-1, 1, 28, 28)
    labels = torch.from_numpy(y)

    def loss_of(output, batch, rows):
        if "autoencoder" in name:
            return nn.functional.mse_loss(output.sigmoid(), batch)
        return nn.functional.cross_entropy(output, labels[rows])

    def epoch():
        for rows in torch.randperm(len(labels)).split(BATCH_SIZE[name]):
            batch = images[rows]
            if channels_last:
                batch = batch.contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                output = module(batch)
            loss = loss_of(output.float(), batch, rows)
            loss.backward()
            optimizer.step()
            loss.item()

    return lambda: [epoch() for _ in range(EPOCHS[name])]


def products(name, X, y):
    """The floor: what a step multiplies, forward and backward, and nothing else."""
    sizes, n = UNITS[name], BATCH_SIZE[name]
    weights = [torch.randn(n_outputs, n_inputs) for n_inputs, n_outputs in itertools.pairwise(sizes)]
    values = [torch.randn(n, size) for size in sizes]
    gradients = [torch.empty_like(weight) for weight in weights]

    def epoch():
        for _ in range(math.ceil(len(y) / n)):
            for x, weight in zip(values, weights, strict=False):
                torch.mm(x, weight.t())
            for index in reversed(range(len(weights))):
                torch.mm(values[index + 1].t(), values[index], out=gradients[index])
                if index > 0:  # images need no gradient
                    torch.mm(values[index + 1], weights[index])

    return lambda: [epoch() for _ in range(EPOCHS[name])]


def ours(name, X, y, **parameters):
    model = {
        "mlp": MLPClassifier(),
        "dense autoencoder": Autoencoder(),
        "double": CNNClassifier("double"),
        "autoencoder": ConvAutoencoder(),
    }[name]
    model.set_params(batch_size=BATCH_SIZE[name], device="cpu", random_state=0, max_epochs=EPOCHS[name], **parameters)
    return lambda: model.fit(X, y)


class MSEOfPixels(nn.MSELoss):
    def forward(self, scores, images):
        return super().forward(scores.sigmoid(), images)


def stock_skorch(name, X, y):
    images = (X / np.float32(255)).astype(np.float32).reshape(-1, 1, 28, 28)
    if "autoencoder" in name:
        net, criterion, y = NeuralNetRegressor, MSEOfPixels, images
    else:
        net, criterion = NeuralNetClassifier, nn.CrossEntropyLoss
    net = net(
        network(name),
        criterion=criterion,
        optimizer=torch.optim.Adam,
        lr=0.001,
        max_epochs=EPOCHS[name],
        batch_size=BATCH_SIZE[name],
        train_split=None,
        iterator_train__shuffle=True,
        warm_start=True,
        verbose=0,
    )
    return lambda: net.fit(images, y)


def scikit_learn(name, X, y):
    images = (X / np.float32(255)).astype(np.float32)
    model = SklearnMLP((128, 64), batch_size=128, max_iter=1, random_state=0)

    def epoch():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch does not converge
            model.fit(images, y)

    return epoch


def keras(name, X, y):
    import keras

    layers = keras.layers
    relu = {"padding": "same", "activation": "relu"}
    body = {
        "mlp": [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(64, "relu")],
        "double": [
            *(layers.Conv2D(32, 5, **relu), layers.Conv2D(32, 5, **relu), layers.MaxPool2D(), layers.Dropout(0.25)),
            *(layers.Conv2D(64, 3, **relu), layers.Conv2D(64, 3, **relu), layers.MaxPool2D(), layers.Dropout(0.25)),
            *(layers.Flatten(), layers.Dense(512, "relu"), layers.BatchNormalization(), layers.Dropout(0.5)),
        ],
    }[name]
    model = keras.Sequential([keras.Input((28, 28, 1)), *body, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    images = (X / np.float32(255)).astype(np.float32).reshape(-1, 28, 28, 1)
    return lambda: model.fit(images, y, batch_size=BATCH_SIZE[name], epochs=1, verbose=0)


PROGRAMS = {
    "mlp": {
        "torch loop": loop,
        "torch loop, fused Adam": lambda *a: loop(*a, fused=True),
        "skfashion": ours,
        "matrix products alone": products,
        "skorch": stock_skorch,
        "scikit-learn": scikit_learn,
        "keras": keras,
    },
    "dense autoencoder": {
        "torch loop": loop,
        "torch loop, fused Adam": lambda *a: loop(*a, fused=True),
        "skfashion": ours,
        "matrix products alone": products,
        "skorch": stock_skorch,
    },
    "double": {
        "torch loop": loop,
        "torch loop, channels_last": lambda *a: loop(*a, channels_last=True),
        "torch loop, channels_last, bfloat16": lambda *a: loop(*a, channels_last=True, bfloat16=True),
        "skfashion": ours,
        "skfashion, float32": lambda *a: ours(*a, precision="float32"),
        "skorch": stock_skorch,
        "keras": keras,
    },
    "autoencoder": {
        "torch loop": loop,
        "torch loop, channels_last": lambda *a: loop(*a, channels_last=True),
        "skfashion": ours,
        "skorch": stock_skorch,
    },
}


def has_keras():
    try:
        import keras  # noqa: F401
    except ImportError:
        return False
    return True


def compare(name, X, y, repetitions):
    programs = {k: make(name, X, y) for k, make in PROGRAMS[name].items() if k != "keras" or has_keras()}
    times = {program: [] for program in programs}
    for repetition in range(repetitions + 1):
        for program, epoch in programs.items():
            start = time.perf_counter()
            epoch()
            elapsed = (time.perf_counter() - start) / EPOCHS[name]
            if repetition:
                times[program].append(elapsed)
            print(f"{name}: {program}: {elapsed:.2f} s{'' if repetition else ' (warm-up)'}", flush=True)
    medians = {program: statistics.median(values) for program, values in times.items()}
    return {
        program: {
            "seconds_per_epoch": [round(value, 3) for value in times[program]],
            "median": round(median, 3),
            "images_per_second": round(len(y) / median),
            "time_over_torch_loop": round(median / medians["torch loop"], 3),
            "time_over_skorch": round(median / medians["skorch"], 3),
        }
        for program, median in medians.items()
    }


def memory(program):
    """Print by how many MB training for one epoch raises the peak of a fresh process that holds uint8 images."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    PROGRAMS["mlp"][program]("mlp", X[:1000].copy(), y[:1000])()  # torch's own start-up
    before = peak_mb()
    PROGRAMS["mlp"][program]("mlp", X, y)()
    print(peak_mb() - before)


def peak_mb():
    """The peak of this process image; that of getrusage would be inherited from the parent."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60_000, help="training images of the MLP")
    parser.add_argument("--cnn-images", type=int, default=10_000, help="training images of the MCNN")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--autoencoder-images", type=int, default=20_000, help="training images of the autoencoder")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, torch.get_num_threads()}))
    parser.add_argument("--only", choices=PROGRAMS, nargs="+", default=list(PROGRAMS))
    parser.add_argument("--memory", choices=PROGRAMS["mlp"], help="only measure the memory of one program")
    arguments = parser.parse_args()
    if arguments.memory:
        memory(arguments.memory)
        return
    X, y = fetch_fashion_mnist(return_X_y=True)
    images = {"mlp": arguments.images, "dense autoencoder": arguments.images}
    images |= {"double": arguments.cnn_images, "autoencoder": arguments.autoencoder_images}
    results = {}
    for n_threads in arguments.threads:
        torch.set_num_threads(n_threads)
        for name in arguments.only:
            n = images[name]
            result = results.setdefault(name, {"images": n, "batch_size": BATCH_SIZE[name], "threads": {}})
            result["threads"][n_threads] = compare(name, X[:n], y[:n], arguments.repetitions)
    if "mlp" in arguments.only:
        results["mlp"]["peak_memory_added_mb"] = {name: peak_of(name) for name in MEASURED_IN_MEMORY}
    write_for_processor("training", results)
    show(results)


MEASURED_IN_MEMORY = ("torch loop", "skfashion", "skorch", "scikit-learn")


def peak_of(program):
    command = [sys.executable, "-m", "benchmarks.bench_training", "--memory", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return round(float(done.stdout))


def show(results):
    for name, result in results.items():
        for n_threads, programs in result["threads"].items():
            print(f"\n{name}, {result['images']} images, batch {result['batch_size']}, {n_threads} threads")
            for program, row in programs.items():
                print(
                    f"{program:38}{row['median']:8.2f} s/epoch {row['images_per_second']:8} images/s "
                    f"{row['time_over_torch_loop']:6.2f} x torch loop {row['time_over_skorch']:6.2f} x skorch"
                )


if __name__ == "__main__":
    main()

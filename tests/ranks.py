"""Processes that share a training, and models that they train as one process does."""

import textwrap
import uuid

import numpy as np
from processes import ROOT, start_python
from torch import nn

from skfashion.datasets import make_garments
from skfashion.modules import batch_norm, conv, dense
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    VariationalAutoencoder,
)

N_RANKS = 2

# Processes that wait for each other for so long have met a fault.
SECONDS = 200

# Plain steps: Adam would make steps of a whole learning rate of what is nothing but rounding.
PLAIN = {
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "batch_size": 100,
    "max_epochs": 2,
    "precision": "float32",
    "random_state": 0,
    "device": "cpu",
}


def own_network(image_shape, n_outputs):
    """A network of a user, whose batch normalisation keeps plain averages."""
    channels, height, width = image_shape
    convolution = nn.Conv2d(channels, 3, 3)
    norm = nn.BatchNorm2d(3, momentum=None, affine=False)
    return nn.Sequential(convolution, norm, nn.Flatten(), nn.Linear(3 * (height - 2) * (width - 2), n_outputs))


class Unusual(nn.Module):
    """A network of a user with weights that are not used, and a layer that is used twice."""

    def __init__(self, image_shape, n_outputs):
        super().__init__()
        self.flatten, self.norm = nn.Flatten(), nn.BatchNorm1d(8)
        self.first, self.unused = nn.Linear(int(np.prod(image_shape)), 8), nn.Linear(3, 3)
        self.last = nn.Linear(8, n_outputs)

    def forward(self, images):
        hidden = self.norm(self.first(self.flatten(images)))
        return self.last(self.norm(hidden.relu()) * self.norm.weight)


MODELS = {
    "dense layers": MLPClassifier((16,), batch_norm=True, **PLAIN),
    "validation": MLPClassifier((16,), class_weight="balanced", early_stopping=True, **PLAIN),
    "convolutions": CNNClassifier((conv(4), batch_norm(), dense(8)), **PLAIN),
    "residual network": ResNetClassifier(width=4, **(PLAIN | {"augmentation": None})),
    "own network": CNNClassifier(own_network, **PLAIN),
    "unusual network": CNNClassifier(Unusual, **PLAIN),
    "two targets": MLPRegressor((16,), **PLAIN),
    "autoencoder": ConvAutoencoder(2, 4, batch_norm=True, **PLAIN),
    "fine-tuned encoder": EncoderClassifier(Autoencoder(4, (16,), **PLAIN), freeze=False, **PLAIN),
}

# What is random differs between processes.
RANDOM = {
    "dropout": MLPClassifier((16,), dropout=0.5, **PLAIN),
    "augmentation": CNNClassifier((conv(4), dense(8)), augmentation="flip+shift", **PLAIN),
    "codes": VariationalAutoencoder(2, n_channels=(), hidden_layer_sizes=(16,), **PLAIN),
}


def examples(model, n=601):
    """Images, targets and weights; a last batch of one image, and parts of different sizes in others."""
    X, y = make_garments(n, random_state=0, return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.5, 1.5, n)
    return X, np.c_[y, -y].astype(float) if isinstance(model, MLPRegressor) else y, weight


def facts(model):
    """Weights, and what was measured in each epoch, as arrays."""
    history = [{name: value for name, value in row.items() if name != "duration"} for row in model.history_]
    weights = {name: value.numpy() for name, value in model.module_.state_dict().items()}
    return {**weights, **{f"{name} in epochs": np.array([row[name] for row in history]) for name in history[0]}}


def start_ranks(code, folder, n_ranks=N_RANKS, **environment):
    """Start processes that know each other, and run `code` in each."""
    meeting = folder / uuid.uuid4().hex
    header = f"""
    import os, signal, sys
    import numpy as np
    import torch
    from pathlib import Path
    from ranks import MODELS, PLAIN, RANDOM, examples, facts
    from skfashion.neural_network import CNNClassifier, MLPClassifier
    rank, folder = int(os.environ["RANK_OF_TEST"]), Path({str(folder)!r})
    meeting = {f"file://{meeting}"!r}
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size={n_ranks})
    """
    path = f"{ROOT}:{ROOT / 'tests'}"
    return [
        start_python(
            textwrap.dedent(header) + textwrap.dedent(code), RANK_OF_TEST=str(rank), PYTHONPATH=path, **environment
        )
        for rank in range(n_ranks)
    ]


def run_ranks(code, folder, n_ranks=N_RANKS, **environment):
    """Run `code` in processes that know each other; return what each has printed."""
    end = "torch.distributed.destroy_process_group()\n"
    processes = start_ranks(textwrap.dedent(code) + end, folder, n_ranks, **environment)
    done = [process.communicate(timeout=SECONDS) for process in processes]
    for process, (_, errors) in zip(processes, done, strict=True):
        assert process.returncode == 0, errors
    return [printed for printed, _ in done]

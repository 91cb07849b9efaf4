"""Parameter counts of the published networks, as a Keras summary gives them: layer by layer and in total."""

import pytest
import torch
from layers import count_parameters
from torch import nn

from skfashion.modules import ConvNet
from skfashion.modules.architectures import ARCHITECTURES

# For every layer with parameters: its kind and its count.
PUBLISHED = {
    "plain": ["conv 640", "conv 18464", "dense 100416", "dense 650"],
    "deep": [
        *("conv 320", "conv 18496", "norm 256", "conv 73856", "conv 147584"),
        *("norm 4608", "dense 590336", "dense 5130"),
    ],
    "slim": ["conv 320", "conv 18496", "conv 73856", "norm 4608", "dense 147584", "dense 1290"],
    "compact": ["conv 320", "conv 9248", "conv 18496", "conv 73856", "norm 512", "dense 16512", "dense 1290"],
    "single": ["conv 1040", "dense 576100", "dense 1010"],
    "stacked": ["conv 480", "conv 41568", "dense 240100", "dense 1010"],
    "double": ["conv 832", "conv 25632", "conv 18496", "conv 36928", "dense 1606144", "norm 2048", "dense 5130"],
}

# The shapes after the first pooling, the last pooling, and what is flattened.
PUBLISHED_SHAPES = {
    "plain": [(64, 14, 14), (32, 7, 7)],
    "deep": [(32, 14, 14), (64, 7, 7), (128, 3, 3)],
    "slim": [(32, 14, 14), (64, 7, 7), (128, 3, 3)],
    "compact": [(32, 14, 14), (32, 7, 7), (64, 3, 3), (128, 1, 1)],
    "single": [(40, 12, 12)],
    "stacked": [(48, 13, 13), (96, 5, 5)],
    "double": [(32, 14, 14), (64, 7, 7)],
}

PUBLISHED_DROPOUTS = {"plain": 0, "deep": 3, "slim": 4, "compact": 5, "single": 0, "stacked": 0, "double": 3}

KINDS = {nn.Conv2d: "conv", nn.Linear: "dense", nn.BatchNorm1d: "norm", nn.BatchNorm2d: "norm"}


def leaves(net):
    return [part for part in net.modules() if not list(part.children())]


def test_all_names_are_published():
    assert set(ARCHITECTURES) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_every_layer(name):
    net = ConvNet(ARCHITECTURES[name], (1, 28, 28), 10)
    counted = [f"{KINDS[type(part)]} {count_parameters(part)}" for part in leaves(net) if type(part) in KINDS]
    assert counted == PUBLISHED[name]
    assert count_parameters(net) == sum(int(row.split()[1]) for row in PUBLISHED[name])


@pytest.mark.parametrize("name", PUBLISHED)
def test_shapes_and_activations(name):
    net = ConvNet(ARCHITECTURES[name], (1, 28, 28), 10).eval()
    shapes, x = [], torch.zeros(1, 1, 28, 28)
    for part in net:
        x = part(x)
        if isinstance(part, nn.MaxPool2d):
            shapes.append(tuple(x.shape[1:]))
    assert shapes == PUBLISHED_SHAPES[name]
    parts = [type(part) for part in leaves(net)]
    weighted = sum(part in (nn.Conv2d, nn.Linear) for part in parts)
    assert parts.count(nn.ReLU) == weighted - 1  # all but the output layer
    assert sum(part.__name__ == "Dropout" for part in parts) == PUBLISHED_DROPOUTS[name]

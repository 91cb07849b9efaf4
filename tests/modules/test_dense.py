"""Gradients of dense networks by hand are those of autograd."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from skfashion.modules import MLP, AutoencoderModule, VariationalModule
from skfashion.modules._dense import dense_stack
from skfashion.modules._layers import ACTIVATIONS
from skfashion.modules._losses import CrossEntropyLoss, MultilabelLoss, ReconstructionLoss, losses_and_gradient
from skfashion.modules._random import set_generator

IMAGES = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def perceptron(activation="relu", dropout=0.0, batch_norm=False):
    module = MLP(16, 3, (9, 7), (activation,) * 2, (dropout,) * 2, batch_norm, "he_normal")
    module.reset_weights(0)
    return module


def autoencoder(**layers):
    layers = {"hidden_layer_sizes": (9,), "activation": "tanh", "dropout": 0.0, "batch_norm": False} | layers
    module = AutoencoderModule((1, 4, 4), 3, **layers)
    module.reset_weights(0)
    return module


MODULES = {
    **{activation: perceptron(activation) for activation in ACTIVATIONS},
    "dropout": perceptron(dropout=0.4),
    "batch_norm": perceptron(batch_norm=True),
    "all of it": perceptron("gelu", dropout=0.4, batch_norm=True),
    "linear": MLP(16, 3, (), (), (), False, "he_normal"),
    "autoencoder": autoencoder(),
    "autoencoder with dropout": autoencoder(dropout=0.3, batch_norm=True),
}


def gradients(module):
    return {name: weight.grad for name, weight in module.named_parameters()}


def both(module):
    """Output and gradients of a module by autograd, and those of a copy of it by hand, for one gradient of outputs."""
    other = copy.deepcopy(module)
    for each in (module, other):
        set_generator(each, torch.Generator().manual_seed(1))
    expected = module(IMAGES)
    gradient = torch.rand(expected.shape, generator=torch.Generator().manual_seed(2))
    expected.backward(gradient)
    stack = dense_stack(other.dense_layers())
    with torch.no_grad():
        output = stack.forward(IMAGES)
        stack.backward(gradient)
    return (expected.detach(), gradients(module)), (output, gradients(other)), other


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_those_of_autograd(name, training):
    module = copy.deepcopy(MODULES[name]).train(training)
    expected, found, other = both(module)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(dict(other.named_buffers()), dict(module.named_buffers()))


@pytest.mark.parametrize("frozen", ["1.weight", "1", "3", "5.bias", ""])
def test_frozen_weights_have_no_gradient(frozen):
    module = perceptron().train()
    for name, weight in module.named_parameters():
        weight.requires_grad_(not name.startswith(frozen) or name == "5.weight")
    expected, found, _ = both(module)
    torch.testing.assert_close(found, expected)
    assert found[1]["5.weight"] is not None


def test_autograd_has_to_do_for_anything_else():
    convolutions = {"n_channels": (4,), "padding": (1,), "decoder_padding": (1,)}
    assert dense_stack(autoencoder(**convolutions).dense_layers()) is None
    assert dense_stack([nn.Linear(3, 3), nn.LayerNorm(3)]) is None
    layers = {"hidden_layer_sizes": (9,), "activation": "tanh", "dropout": 0.0, "batch_norm": False}
    assert VariationalModule((1, 4, 4), 2, **layers).dense_layers() is None


LABELS = torch.arange(20) % 3
CRITERIA = {
    "cross-entropy": (CrossEntropyLoss(), (20, 3), LABELS),
    "smoothed cross-entropy": (CrossEntropyLoss(0.2), (20, 3), LABELS),
    "labels that are all noise": (CrossEntropyLoss(1.0), (20, 3), LABELS),
    "multilabel": (MultilabelLoss(0.1), (20, 3), (torch.rand(20, 3) > 0.5).float()),
    **{
        f"{loss}, {activation}, {reduction}": (ReconstructionLoss(loss, activation, reduction), IMAGES.shape, IMAGES)
        for loss in ("squared_error", "absolute_error", "huber", "bernoulli")
        for activation in (("sigmoid",) if loss == "bernoulli" else ("sigmoid", "identity"))
        for reduction in ("mean", "sum")
    },
}


def test_smoothed_labels_are_spread_over_present_and_absent():
    scores, labels = torch.linspace(-3, 3, 12).reshape(4, 3), (torch.arange(12) % 2).reshape(4, 3).float()
    expected = binary_cross_entropy_with_logits(scores, 0.9 * labels + 0.05, reduction="none").sum(1)
    torch.testing.assert_close(MultilabelLoss(0.1)(scores, labels), expected)


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("share", [0.05, torch.linspace(0, 2, 20)], ids=["equal", "weights"])
def test_losses_and_gradients_are_those_of_autograd(name, share):
    criterion, shape, target = CRITERIA[name]
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    losses = criterion(scores, target)
    (losses * share).sum().backward()
    with torch.no_grad():
        found = losses_and_gradient(criterion, scores.detach(), target, share)
    torch.testing.assert_close(found, (losses.detach(), scores.grad))

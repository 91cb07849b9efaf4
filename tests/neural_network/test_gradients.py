"""Gradients and hooks of a fitted network."""

import numpy as np
import pytest
import torch

from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
)

SMALL = {"max_epochs": 1, "random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((8,), **SMALL),
        CNNClassifier(**SMALL),
        ResNetClassifier(4, 2, **SMALL),
        EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), **SMALL),
        EncoderClassifier(ConvAutoencoder(4, 4, max_epochs=1), freeze=False, **SMALL),
        Autoencoder(4, (8,), **SMALL),
        ConvAutoencoder(4, 4, **SMALL),
    ],
    ids=lambda model: type(model).__name__,
)
def test_gradients_reach_the_image_through_full_backward_hooks(garments, model):
    X, y = garments
    module, seen = model.fit(X, y).module_, []
    model.predict(X[:2]) if hasattr(model, "predict") else model.transform(X[:2])  # in inference mode
    for layer in module.modules():
        if not list(layer.children()):
            layer.register_full_backward_hook(lambda layer, grad_input, grad_output: seen.append(layer))
    images = torch.from_numpy(X[:2].reshape(-1, 1, 28, 28) / np.float32(255)).requires_grad_(True)
    module(images).sum().backward()
    assert images.grad.abs().sum() > 0
    assert len(seen) > 1

"""Embeddings: what the last layer of a network gets."""

import numpy as np
import pytest
import torch
from networks import MODELS
from sklearn.base import clone

from skfashion.neural_network import CNNClassifier


@pytest.mark.parametrize(
    "model", [model for model in MODELS if hasattr(model, "predict")], ids=lambda model: type(model).__name__
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_embeddings_are_the_input_of_the_last_layer(tiny, model, dtype):
    X, y = tiny
    X = X.astype(dtype)
    model = clone(model)
    if hasattr(model, "flip_averaging"):
        model.set_params(flip_averaging=False)
    model.fit(X, y)
    last = [layer for layer in model.module_.modules() if isinstance(layer, torch.nn.Linear)][-1]
    seen = []
    handle = last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].clone()))
    model.predict(X)
    handle.remove()
    embeddings = model.embed(X)
    assert embeddings.dtype == dtype
    np.testing.assert_allclose(embeddings, torch.cat(seen).numpy()[: len(X)], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="features"):
        model.embed(X[:, 1:])


def test_a_network_of_ones_own(tiny):
    X, y = tiny

    def architecture(image_shape, n_outputs):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, n_outputs))

    model = CNNClassifier(architecture, image_shape=(2, 3), max_epochs=1, random_state=0).fit(X, y)
    with pytest.raises(AttributeError, match=r"Sequential has no method embed\(images\)"):
        model.embed(X)

    class Own(torch.nn.Sequential):
        def embed(self, images):
            return self[0](images)

    model = CNNClassifier(
        lambda image_shape, n_outputs: Own(torch.nn.Flatten(), torch.nn.Linear(6, n_outputs)),
        image_shape=(2, 3),
        max_epochs=1,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(model.embed(X), X, rtol=1e-6)

"""Small networks, and what tests of training look at in them."""

import torch
from sklearn.base import is_classifier

from skfashion.modules import batch_norm, conv, dense, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    ResNetRegressor,
    VariationalAutoencoder,
)

# One of each for the data `tiny`: 60 rows of 6 numbers, or of images of 2 x 3 pixels.
MODELS = [
    MLPClassifier((8,), max_epochs=2, random_state=0),
    CNNClassifier((conv(4), pool(2), batch_norm(), dense(8)), image_shape=(2, 3), max_epochs=2, random_state=0),
    ResNetClassifier(width=4, max_epochs=2, augmentation=None, random_state=0),
    MLPRegressor((8,), max_epochs=2, random_state=0),
    CNNRegressor((conv(4), dense(8)), image_shape=(2, 3), max_epochs=2, random_state=0),
    ResNetRegressor(width=4, max_epochs=2, random_state=0),
    EncoderClassifier(ConvAutoencoder(2, 2, max_epochs=1), (4,), freeze=False, max_epochs=2, random_state=0),
    Autoencoder(2, (8,), batch_norm=True, max_epochs=2, random_state=0),
    ConvAutoencoder(2, 2, image_shape=(2, 3), max_epochs=2, random_state=0),
    VariationalAutoencoder(2, n_channels=(2, 4), batch_norm=True, max_epochs=2, random_state=0),
]
METHODS = ["predict", "predict_proba", "predict_log_proba", "transform", "reconstruct", "score_samples", "elbo"]


def mlp(**parameters):
    """A small perceptron: two epochs of four steps on `tiny`, at a constant rate."""
    constant = {"lr_schedule": None, "learning_rate": 0.001}
    small = {"hidden_layer_sizes": (8,), "max_epochs": 2, "batch_size": 16, "random_state": 0}
    return MLPClassifier(**{**constant, **small, **parameters})


def methods_of(model):
    return [getattr(model, name) for name in METHODS if hasattr(model, name)]


def output(model, X):
    if is_classifier(model):
        return model.predict_proba(X)
    return model.predict(X) if hasattr(model, "predict") else model.reconstruct(X)


def partial_fit(model, X, y):
    return model.partial_fit(X, y, **({"classes": [0, 1, 2]} if is_classifier(model) else {}))


def weights(model):
    """All weights as one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in model.module_.parameters()])


def state(model):
    """A copy of the weights and buffers of an estimator or a module, by name."""
    module = getattr(model, "module_", model)
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(one, two):
    """Whether two states hold the same numbers under the names of the first."""
    return all(torch.equal(one[name], two[name]) for name in one)

"""A network of one's own as the architecture of a CNNClassifier."""

import copy
import pickle

import numpy as np
import pytest
import torch
from networks import weights
from sklearn.base import clone
from torch import nn

from skfashion.neural_network import CNNClassifier


def test_a_network_of_ones_own(garments):
    X, y = garments

    def architecture(image_shape, n_outputs):
        assert image_shape == (1, 28, 28)
        layers = [nn.Conv2d(1, 4, 5, stride=3), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(256, n_outputs)]
        return nn.Sequential(*layers)

    before = torch.get_rng_state()
    one, two = (CNNClassifier(architecture, max_epochs=2, random_state=0).fit(X, y) for _ in range(2))
    assert torch.equal(weights(one), weights(two))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.loss_curve_[1] < one.loss_curve_[0]
    assert one.loss_curve_ != CNNClassifier(architecture, max_epochs=2, random_state=1).fit(X, y).loss_curve_


def test_a_module_of_ones_own(garments, seeded_torch):
    X, y = garments
    module = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    start = copy.deepcopy(module)
    one, two = (CNNClassifier(module, max_epochs=2, random_state=0).fit(X, y) for _ in range(2))
    by_function = CNNClassifier(lambda image_shape, n_outputs: start, max_epochs=2, random_state=0).fit(X, y)
    assert torch.equal(weights(one), weights(two))
    assert torch.equal(weights(one), weights(by_function))
    assert torch.equal(module[1].weight, start[1].weight)
    assert one.loss_curve_[1] < one.loss_curve_[0]
    copied = pickle.loads(pickle.dumps(clone(one).fit(X, y)))
    np.testing.assert_array_equal(copied.predict_proba(X), one.predict_proba(X))


@pytest.mark.parametrize("architecture", [nn.ReLU6, lambda: nn.Flatten(), lambda image_shape: nn.Flatten()])
def test_what_builds_a_network_gets_the_shape_and_the_number(garments, architecture):
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module, or a function of image_shape and n_outputs"):
        CNNClassifier(architecture).fit(*garments)


def foreign(layers):
    return lambda image_shape, n_outputs: layers(n_outputs)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (foreign(lambda n: "network"), "must return a torch.nn.Module. Got str instead"),
        (
            foreign(lambda n: nn.Sequential(nn.Flatten(), nn.Linear(784, n + 1))),
            r"scores of shape \(2, 10\). Got \(2, 11\)",
        ),
        (foreign(lambda n: nn.Sequential(nn.Flatten(), nn.Linear(783, n))), "cannot take float images"),
        (foreign(lambda n: nn.LSTM(28, n)), "cannot take float images"),
    ],
)
def test_a_network_of_ones_own_that_does_not_fit(garments, architecture, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(architecture).fit(*garments)


def test_one_module_returned_twice_is_not_shared(garments, seeded_torch):
    X, y = garments
    module = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    before = module[1].weight.clone()
    model = CNNClassifier(foreign(lambda n: module), max_epochs=1, random_state=0)
    assert model.fit(X, y).loss_curve_ == model.fit(X, y).loss_curve_
    assert torch.equal(module[1].weight, before)


def test_a_network_of_ones_own_may_write_to_its_input(garments):
    """X is a read-only array here: a write to it would be a crash, or silent damage."""
    X, y = garments[0].astype(np.float32), garments[1]
    X.setflags(write=False)
    before = X.copy()
    own = foreign(lambda n: nn.Sequential(nn.Threshold(100.0, -1.0, inplace=True), nn.Flatten(), nn.Linear(784, n)))
    model = CNNClassifier(own, max_epochs=1, random_state=0, learning_rate=1e-5).fit(X, y, X_val=X, y_val=y)
    model.predict(X)
    np.testing.assert_array_equal(X, before)


def test_a_network_of_ones_own_may_have_a_part_called_generator(garments):
    class Named(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.generator = nn.Linear(784, n)

        def forward(self, x):
            return self.generator(x.flatten(1))

    model = CNNClassifier(foreign(Named), max_epochs=2, random_state=0).fit(*garments)
    assert isinstance(model.module_.generator, nn.Linear)

"""Which trainings go without autograd."""

import pickle

import pytest
import torch
from networks import mlp, weights
from skorch.callbacks import Callback
from torch.optim.optimizer import register_optimizer_step_post_hook

from skfashion.neural_network import (
    Autoencoder,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    VariationalAutoencoder,
)
from skfashion.training._epochs import EpochNet


def test_dense_networks_are_trained_by_hand_unless_somebody_looks(tiny, monkeypatch):
    """Hooks of a module, set before or during a training, are called as by any torch module."""
    X, y = tiny
    by_hand = []
    usual = EpochNet._by_hand
    monkeypatch.setattr(EpochNet, "_by_hand", lambda net, *args: by_hand.append(1) or usual(net, *args))
    plain = mlp(max_epochs=2).fit(X, y)
    n_steps, seen = len(by_hand), []
    assert n_steps > 0

    class Looks(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 2:
                net.module_[1].register_forward_hook(lambda layer, *args: seen.append(layer.training))

    watched = mlp(max_epochs=2, net_params={"callbacks": [Looks()]}).fit(X, y)
    assert len(by_hand) == n_steps + n_steps // 2
    assert sum(seen) == n_steps // 2
    torch.testing.assert_close(weights(watched), weights(plain), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (MLPClassifier((4,), batch_norm=True, dropout=0.1), True),
        (MLPClassifier((4,), precision="bfloat16"), False),
        (Autoencoder(2, (4,)), True),
        (EncoderClassifier(Autoencoder(2, (4,), max_epochs=1)), True),
        (EncoderClassifier(Autoencoder(2, (4,), max_epochs=1), freeze=False), True),
        (EncoderClassifier(VariationalAutoencoder(2, n_channels=(2,), max_epochs=1)), False),
        (VariationalAutoencoder(2, n_channels=(2,)), False),
        (ConvAutoencoder(2, 2), False),
    ],
    ids=str,
)
def test_which_networks_are_trained_by_hand(garments, monkeypatch, model, expected):
    X, y = garments[0][:40], garments[1][:40]
    found = []
    usual = EpochNet.train_step_single

    def step(net, batch):
        found.append(net.stack_ is not None)
        return usual(net, batch)

    monkeypatch.setattr(EpochNet, "train_step_single", step)
    model.set_params(max_epochs=1, random_state=0).fit(X, y)
    assert found[-1] is expected


def test_hooks_of_weights_are_called(tiny):
    X, y = tiny

    class Zeroes(Callback):
        def on_train_begin(self, net, **kwargs):
            for parameter in net.module_.parameters():
                parameter.register_hook(torch.zeros_like)

    with pytest.warns(UserWarning, match="did not change a weight"):
        mlp(net_params={"callbacks": [Zeroes()]}).fit(X, y)


class Keeps(Callback):
    def initialize(self):
        self.gradients, self.pickles = [], []

    def on_grad_computed(self, net, **kwargs):
        self.gradients.append(net.module_[1].weight.grad)

    def on_epoch_end(self, net, **kwargs):
        callbacks, net.callbacks_ = net.callbacks_, []
        self.pickles.append(pickle.dumps(net))
        net.callbacks_ = callbacks


def test_gradients_may_be_kept_and_nets_pickled_during_a_training(tiny):
    X, y = tiny
    model = mlp(net_params={"callbacks": [Keeps()]}).fit(X, y)
    kept = model.net_.callbacks_[0][1]
    assert len({gradient.data_ptr() for gradient in kept.gradients}) == len(kept.gradients) == 8
    last = pickle.loads(kept.pickles[-1])
    assert torch.equal(last.module_[1].weight, model.module_[1].weight)


def test_hooks_of_all_optimizers_are_called(tiny):
    seen = []
    handle = register_optimizer_step_post_hook(lambda *args: seen.append(1))
    try:
        mlp().fit(*tiny)
    finally:
        handle.remove()
    assert len(seen) == 8

"""A fit that goes on continues the network that was trained, or says why it cannot."""

import copy
import pickle

import numpy as np
import pytest
from networks import same, state
from skorch.callbacks import LRScheduler

from skfashion.neural_network import CNNClassifier, ConvAutoencoder, EncoderClassifier, MLPClassifier

SMALL = {"batch_size": 32, "max_epochs": 2, "random_state": 0}


@pytest.mark.parametrize("goes_on", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"hidden_layer_sizes": (32,)}, {"hidden_layer_sizes": (32, 10)}),  # whose last weights are those of an output
        ({"hidden_layer_sizes": (32, 10)}, {"hidden_layer_sizes": (32,)}),
        ({"batch_norm": False}, {"batch_norm": True}),
    ],
)
def test_a_network_of_more_or_fewer_layers_is_another_one(garments, before, after, goes_on):
    model = MLPClassifier(warm_start=True, **SMALL, **before).fit(*garments)
    expected = model.predict_proba(garments[0])
    with pytest.raises(ValueError, match="describe another network than the fitted one"):
        getattr(model.set_params(**after), goes_on)(*garments)
    np.testing.assert_array_equal(model.predict_proba(garments[0]), expected)


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_an_encoder_that_is_frozen_after_it_was_trained(garments, copied):
    X, y = garments
    encoder = ConvAutoencoder(8, 4, **SMALL).fit(X)
    model = EncoderClassifier(encoder, freeze=False, warm_start=True, **SMALL).fit(X, y)
    trained = state(model.module_.encoder)
    assert not same(trained, state(encoder.module_.without_decoder()))
    model.set_params(freeze=True).fit(X, y)
    assert same(state(model.module_.encoder), trained)
    again = copied(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    again.partial_fit(X[:1], y[:1])
    assert same(state(again.module_.encoder), trained)
    again.set_params(freeze=False).fit(X, y)
    assert not same(state(again.module_.encoder), trained)
    np.testing.assert_array_equal(copied(again).predict_proba(X), again.predict_proba(X))


def test_a_frozen_encoder_that_is_trained_later(garments):
    X, y = garments
    encoder = ConvAutoencoder(8, 4, **SMALL).fit(X)
    model = EncoderClassifier(encoder, warm_start=True, **SMALL).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    for each in (model, again):
        each.set_params(freeze=False).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert not same(state(model.module_.encoder), state(encoder.module_.without_decoder()))


@pytest.mark.parametrize("goes_on", ["fit", "partial_fit"])
def test_images_of_another_shape(garments, goes_on):
    model = CNNClassifier("single", image_shape=(28, 28), warm_start=True, **SMALL).fit(*garments)
    getattr(model.set_params(image_shape=(1, 28, 28)), goes_on)(*garments)
    with pytest.raises(ValueError, match=r"images of shape \(1, 28, 28\), and are \(1, 14, 56\) by its parameters now"):
        getattr(model.set_params(image_shape=(14, 56)), goes_on)(*garments)
    assert model.image_shape_ == (1, 28, 28)


def test_colours_in_another_order(garments):
    X, y = np.repeat(garments[0].reshape(-1, 28, 28, 1)[:50], 3, axis=3), garments[1][:50]
    model = CNNClassifier("single", warm_start=True, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match=r"of shape \(28, 28, 3\), and are \(3, 28, 28\) by its parameters now"):
        model.set_params(image_shape=(3, 28, 28)).fit(X, y)


def scheduled(policy, **settings):
    callbacks = [LRScheduler(policy, **settings)]
    return MLPClassifier(
        (8,), lr_schedule=None, learning_rate=0.01, warm_start=True, net_params={"callbacks": callbacks}, **SMALL
    )


def rates(model):
    return [row["learning_rate"] for row in model.history_]


@pytest.mark.parametrize("policy", ["StepLR", "MultiStepLR", "LambdaLR", "ExponentialLR"])
def test_schedulers_of_skorch_go_on(garments, policy):
    settings = {
        "StepLR": {"step_size": 1, "gamma": 0.5},
        "MultiStepLR": {"milestones": [1, 2, 3, 4, 5], "gamma": 0.5},
        "LambdaLR": {"lr_lambda": lambda epoch: 0.5**epoch},
        "ExponentialLR": {"gamma": 0.5},
    }[policy]
    expected = 0.01 * 0.5 ** np.arange(6)
    stream, fits = scheduled(policy, **settings), scheduled(policy, **settings)
    for _ in range(6):
        stream.partial_fit(*garments, classes=range(10))
    for _ in range(3):
        fits.fit(*garments)
    np.testing.assert_allclose(rates(stream), expected)
    np.testing.assert_allclose(rates(fits), expected)


def test_a_rate_that_was_reduced_stays_reduced(garments):
    never_better = {"monitor": "train_loss", "patience": 0, "threshold": 10, "threshold_mode": "abs", "factor": 0.5}
    model = scheduled("ReduceLROnPlateau", **never_better).set_params(max_epochs=5)
    model.fit(*garments).fit(*garments)
    np.testing.assert_allclose(rates(model), 0.01 * 0.5 ** np.r_[0, 0, 1:4, 4, 4:8])


def test_a_scheduler_that_is_removed_sets_no_rate(garments):
    model = scheduled("StepLR", step_size=1, gamma=0.1).fit(*garments)
    model.set_params(net_params=None, max_epochs=10).fit(*garments)
    assert rates(model)[-1] == 0.01
    model.set_params(lr_schedule="cosine", max_epochs=5).fit(*garments)
    assert max(rates(model)[-5:]) > 0.005


def test_a_scheduler_goes_on_with_rates_that_were_set_anew(garments):
    X, y = garments
    callbacks = [LRScheduler("StepLR", step_size=1, gamma=0.5)]
    encoder = ConvAutoencoder(8, 4, **SMALL).fit(X)
    settings = {"lr_schedule": None, "learning_rate": 0.01, "encoder_learning_rate": 1e-4, "warm_start": True, **SMALL}
    model = EncoderClassifier(encoder, freeze=False, net_params={"callbacks": callbacks}, **settings).fit(X, y)
    np.testing.assert_allclose(rates(model), [0.01, 0.005])
    model.set_params(encoder_learning_rate=None).fit(X, y)
    np.testing.assert_allclose(rates(model)[2:], [0.0025, 0.00125])
    model.set_params(learning_rate=0.16).fit(X, y)
    np.testing.assert_allclose(rates(model)[4:], [0.01, 0.005])


@pytest.mark.parametrize("copied", [lambda model: model, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_fit_that_goes_on_knows_the_best_loss_so_far(tiny, copied):
    """By which skorch's callbacks keep the best net: the first epoch of a worse fit is not the best one."""
    X, y = tiny
    model = MLPClassifier((8,), optimizer="sgd", batch_size=16, max_epochs=6, warm_start=True, random_state=0)
    model.fit(X, y, X_val=X, y_val=y)
    model = copied(model).set_params(learning_rate=50.0, lr_schedule=None, max_epochs=2).fit(X, y, X_val=X, y_val=y)
    history = model.net_.history
    for name in ("train_loss", "valid_loss"):
        losses = np.array(history[:, name])
        assert losses[6] > losses[:6].min()
        assert history[:, f"{name}_best"] == [loss < min([np.inf, *losses[:n]]) for n, loss in enumerate(losses)]

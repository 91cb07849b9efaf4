"""A classifier on top of an encoder: which encoder is used, what is trained, and that few labels are enough."""

import copy
import signal
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from networks import same, state
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback

from skfashion.neural_network import (
    Autoencoder,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    VariationalAutoencoder,
)
from skfashion.training._schedules import learning_rate_factor

SMALL = {"batch_size": 32, "max_epochs": 6, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def autoencoder(garments):
    return ConvAutoencoder(8, 4, **SMALL).fit(garments[0])


def encoder_of(module):
    return {name: value for name, value in state(module).items() if not name.startswith("decoder")}


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_a_fitted_encoder_is_used_as_it_is(garments, autoencoder, freeze, frozen):
    X, y = garments
    before = state(autoencoder.module_)
    model = EncoderClassifier(FrozenEstimator(autoencoder) if frozen else autoencoder, freeze=freeze, **SMALL).fit(X, y)
    assert model.encoder_.net_ is autoencoder.net_
    assert same(before, state(autoencoder.module_))
    assert same(encoder_of(autoencoder.module_), encoder_of(model.module_.encoder)) == freeze
    model.set_params(warm_start=True).fit(X, y).partial_fit(X, y)
    assert model.encoder_.net_ is autoencoder.net_
    assert same(before, state(autoencoder.module_))


@pytest.mark.parametrize(
    "encoder",
    [
        Autoencoder(8, (32,), batch_size=32),
        ConvAutoencoder(8, 8, batch_size=32),
        VariationalAutoencoder(8, n_channels=(), beta=0.1, batch_size=32),
        None,
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_an_unfitted_encoder_is_fitted_first(garments, encoder):
    X, y = garments
    model = EncoderClassifier(encoder, **{**SMALL, "max_epochs": 12}).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.4
    assert model.encoder_.n_epochs_ == 20
    if encoder is not None:
        assert model.encoder is encoder
        assert not hasattr(encoder, "net_")


def test_a_frozen_encoder_equals_a_pipeline(garments, autoencoder):
    """Normalised codes and a perceptron on top, trained on the same batches by the same steps."""
    X, y = garments
    codes = autoencoder.transform(X)
    model = EncoderClassifier(autoencoder, (16,), lr_schedule=None, **SMALL).fit(X, y)
    alone = MLPClassifier((16,), lr_schedule=None, **SMALL).fit((codes - codes.mean(0)) / codes.std(0), y)
    assert model.score(X, y) == pytest.approx(alone.score((codes - codes.mean(0)) / codes.std(0), y), abs=0.06)
    with torch.no_grad():
        module = model.module_
        np.testing.assert_allclose(
            model.predict_proba(X), module.head(module.norm(torch.from_numpy(codes))).softmax(1), atol=1e-5
        )


def test_fine_tuning_beats_a_frozen_encoder_on_its_training_images(garments, autoencoder):
    X, y = garments
    losses = [
        EncoderClassifier(autoencoder, freeze=freeze, **SMALL).fit(X, y).loss_curve_[-1] for freeze in (True, False)
    ]
    assert losses[1] < 0.8 * losses[0]


def test_the_learning_rate_of_the_encoder(garments, autoencoder):
    X, y = garments

    def moved(rate):
        model = EncoderClassifier(autoencoder, freeze=False, encoder_learning_rate=rate, **{**SMALL, "max_epochs": 1})
        after = encoder_of(model.fit(X, y).module_.encoder)
        return sum(
            float((after[name] - before).abs().sum()) for name, before in encoder_of(autoencoder.module_).items()
        )

    assert 0 < moved(1e-6) < 0.01 * moved(1e-3)
    assert moved(None) == moved(0.003)


def test_the_schedule_moves_both_rates(garments, autoencoder):
    seen = []

    class Watch(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append([group["lr"] for group in net.optimizer_.param_groups])

    settings = {**SMALL, "net_params": {"callbacks": [Watch()]}}
    model = EncoderClassifier(autoencoder, freeze=False, encoder_learning_rate=0.001, lr_schedule="cosine", **settings)
    model.fit(*garments)
    factors = [learning_rate_factor("cosine", step / len(seen)) for step in range(len(seen))]
    np.testing.assert_allclose(seen, [[0.001 * factor, 0.003 * factor] for factor in factors])


def test_a_frozen_estimator_survives_clone_and_search(garments, autoencoder):
    X, y = garments
    model = EncoderClassifier(FrozenEstimator(autoencoder), **SMALL)
    assert clone(model).fit(X, y).encoder_.net_ is autoencoder.net_
    assert clone(EncoderClassifier(autoencoder)).encoder is not autoencoder
    search = GridSearchCV(model, {"freeze": [True, False], "hidden_layer_sizes": [(), (16,)]}, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.net_ is autoencoder.net_
    unfitted = EncoderClassifier(Autoencoder(hidden_layer_sizes=(16,), max_epochs=2), **SMALL)
    search = GridSearchCV(unfitted, {"encoder__latent_dim": [1, 8]}, cv=2).fit(X, y)
    assert search.best_params_ == {"encoder__latent_dim": 8}


def test_same_seed_same_model(garments):
    X, y = garments
    one, two, other = (
        EncoderClassifier(Autoencoder(4, (16,), max_epochs=1), **{**SMALL, "random_state": seed}).fit(X, y)
        for seed in (0, 0, 1)
    )
    assert same(state(one.module_), state(two.module_))
    assert not same(encoder_of(one.encoder_.module_), encoder_of(other.encoder_.module_))
    fixed = EncoderClassifier(Autoencoder(4, (16,), max_epochs=1, random_state=7), **SMALL).fit(X, y)
    alone = Autoencoder(4, (16,), max_epochs=1, random_state=7).fit(X)
    assert same(encoder_of(fixed.encoder_.module_), encoder_of(alone.module_))


@pytest.mark.parametrize("shape", [(6, 8, 3), (3, 6, 8)], ids=str)
@pytest.mark.parametrize("encoder", [Autoencoder(4, (8,)), ConvAutoencoder(4, 2)], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("fitted", [True, False])
def test_colour_images(encoder, shape, fitted):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    X = rng.integers(0, 100, (80, *shape), dtype=np.uint8)
    X[y == 1] += 100
    encoder = clone(encoder).set_params(max_epochs=5, random_state=0)
    model = EncoderClassifier(encoder.fit(X) if fitted else encoder, max_epochs=30, batch_size=16, random_state=0)
    model.fit(X, y)
    assert model.image_shape_ == model.encoder_.image_shape_ == (3, 6, 8)
    assert model.score(X, y) > 0.9
    with torch.no_grad():
        images = torch.from_numpy(X / np.float32(255))
        images = images if shape[0] == 3 else images.permute(0, 3, 1, 2)
        np.testing.assert_allclose(model.module_.encoder.encode(images), model.encoder_.transform(X), atol=1e-4)


def test_a_failing_encoder_fails_the_fit(garments):
    X, y = garments
    model = EncoderClassifier(Autoencoder(4, optimizer="sgd", learning_rate=1e30), **SMALL)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, y)
    assert set(vars(model)) == set(model.get_params(deep=False))


def test_ctrl_c_while_the_encoder_is_fitted_stops_it_all(garments):
    class Interrupt(Callback):
        def on_batch_end(self, net, **kwargs):
            signal.raise_signal(signal.SIGINT)

    model = EncoderClassifier(Autoencoder(4, net_params={"callbacks": [Interrupt()]}), **SMALL)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*garments)
    assert set(vars(model)) == set(model.get_params(deep=False))


def test_changing_the_given_encoder_after_the_fit_changes_nothing(garments):
    X, y = garments
    given = ConvAutoencoder(4, 2, **SMALL).fit(X)
    model = EncoderClassifier(given, warm_start=True, **SMALL).fit(X, y)
    score = model.encoder_.score(X)
    given.set_params(latent_dim=3).fit(X.max() - X)
    assert model.encoder_.score(X) == score
    with pytest.raises(ValueError, match="parameter 'encoder' is another one"):
        model.fit(X, y)


@pytest.mark.parametrize("change", [{"encoder__latent_dim": 3}, {"encoder": Autoencoder(4, (8,))}, {"encoder": None}])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_encoder_is_another_network(garments, change, call):
    X, y = garments
    model = EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), warm_start=True, **SMALL).fit(X, y)
    before = state(model.module_)
    with pytest.raises(ValueError, match="parameter 'encoder' is another one"):
        getattr(model.set_params(**change), call)(X, y)
    assert same(before, state(model.module_))


def test_first_the_head_then_all(garments, autoencoder):
    X, y = garments
    model = EncoderClassifier(autoencoder, encoder_learning_rate=1e-3, **SMALL).partial_fit(X, y, classes=np.unique(y))
    assert same(encoder_of(autoencoder.module_), encoder_of(model.module_.encoder))
    model.set_params(freeze=False).partial_fit(X, y)
    assert not same(encoder_of(autoencoder.module_), encoder_of(model.module_.encoder))
    for change in ({"encoder_learning_rate": None}, {"optimizer_params": {"amsgrad": True}}):
        model.set_params(**change).partial_fit(X, y)
    assert model.n_epochs_ == 4


@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_weights_decide_which_images_the_encoder_sees(garments):
    X, y = garments
    weight = np.r_[np.ones(500), np.zeros(100)]
    one = EncoderClassifier(Autoencoder(4, (8,), max_epochs=2), **SMALL).fit(X, y, sample_weight=weight)
    two = EncoderClassifier(Autoencoder(4, (8,), max_epochs=2), **SMALL).fit(X[:500], y[:500])
    np.testing.assert_allclose(one.encoder_.transform(X), two.encoder_.transform(X), atol=1e-5)


def test_the_history_shows_the_rate_of_the_head(garments, autoencoder):
    model = EncoderClassifier(autoencoder, freeze=False, encoder_learning_rate=1e-5, lr_schedule=None, **SMALL)
    assert model.fit(*garments).history_[0]["learning_rate"] == 0.003


def test_single_images_find_normalised_codes(garments, autoencoder):
    X, y = garments
    model = EncoderClassifier(autoencoder, **SMALL)
    model.partial_fit(X[:1], y[:1], classes=np.unique(y))
    codes = autoencoder.transform(X)
    np.testing.assert_allclose(model.module_.norm.running_mean, codes.mean(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.module_.norm.running_var, codes.var(axis=0), rtol=1e-3, atol=1e-4)


def test_column_names_reach_the_encoder(garments):
    X, y = garments
    frame = pd.DataFrame(X[:, 300:336]).add_prefix("p")
    model = EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), **SMALL).fit(frame, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.encoder_.transform(frame).shape == (600, 4)


def test_bad_labels_are_found_before_the_encoder_is_fitted(garments):
    X, y = garments
    with pytest.raises(ValueError, match="continuous"):
        EncoderClassifier(ConvAutoencoder(max_epochs=10**6)).fit(X, y + 0.5)


@pytest.mark.parametrize(
    ("encoder", "error", "message"),
    [
        (PCA(2), ValueError, "'encoder' parameter of EncoderClassifier must be"),
        ("vae", ValueError, "'encoder' parameter of EncoderClassifier must be"),
        (FrozenEstimator(PCA(2)), ValueError, "must be an autoencoder of skfashion.neural_network"),
        (FrozenEstimator(Autoencoder()), NotFittedError, "not fitted yet"),
    ],
    ids=str,
)
def test_bad_encoders(garments, encoder, error, message):
    with pytest.raises(error, match=message):
        EncoderClassifier(encoder).fit(*garments)


@pytest.mark.filterwarnings("ignore:.*taken as they are. networks learn badly")
def test_an_encoder_of_other_images(garments, autoencoder):
    X, y = garments
    with pytest.raises(ValueError, match=r"X has 100 features, but image_shape .* has 784 values"):
        EncoderClassifier(autoencoder).fit(X[:, :100], y)
    model = EncoderClassifier(autoencoder, **{**SMALL, "max_epochs": 1})
    with pytest.warns(UserWarning, match="divided by 255, but was fitted on whole numbers from 0 to 255"):
        model.fit(X.astype(int) * 16, y)


def test_a_frozen_encoder_needs_no_second_warning(garments, autoencoder):
    X, y = garments
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy.deepcopy(EncoderClassifier(autoencoder, **SMALL)).fit(X / np.float32(255), y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta", -1.0),
        ("batch_norm", "False"),
        ("precision", "float16"),
        ("tol", "x"),
        ("max_epochs", 0),
        ("loss", "squared"),
        ("activation", "swish"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_of_an_encoder_are_checked_as_if_it_were_alone(garments, name, value, method):
    X, y = garments
    encoder = VariationalAutoencoder(4, n_channels=(), **{**SMALL, name: value})
    with pytest.raises(InvalidParameterError) as alone:
        encoder.fit(X)
    arguments = {} if method == "fit" else {"classes": np.unique(y)}
    with pytest.raises(InvalidParameterError) as inside:
        getattr(EncoderClassifier(encoder, **SMALL), method)(X, y, **arguments)
    assert sorted(str(inside.value)) == sorted(str(alone.value))  # a set of options is shown in any order

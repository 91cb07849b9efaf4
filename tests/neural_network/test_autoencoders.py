"""Autoencoders: what they must come to, and the shapes they keep."""

import copy

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from skfashion.neural_network import Autoencoder, ConvAutoencoder, VariationalAutoencoder

SMALL = {"batch_size": 32, "max_epochs": 3, "random_state": 0, "device": "cpu"}
MODELS = [
    Autoencoder(6, (32,), **SMALL),
    ConvAutoencoder(6, 4, **SMALL),
    VariationalAutoencoder(6, n_channels=(4, 8), **SMALL),
    VariationalAutoencoder(6, n_channels=(), **SMALL),
]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@pytest.fixture(scope="module")
def linear(garments):
    """The linear autoencoder and PCA with as many components."""
    X = (garments[0] / np.float32(255)).astype(np.float32)
    autoencoder = Autoencoder(5, (), activation="identity", batch_size=32, max_epochs=100, random_state=0)
    return X, autoencoder.fit(X), PCA(5).fit(X)


def test_a_linear_autoencoder_comes_to_pca(linear):
    X, autoencoder, pca = linear
    best = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).mean()
    assert autoencoder.output_activation_ == "identity"
    assert best * (1 - 1e-5) <= -autoencoder.score(X) < 1.05 * best


def test_a_linear_autoencoder_spans_the_subspace_of_pca(linear):
    _, autoencoder, pca = linear
    decoder = autoencoder.module_.decoder[0].weight.detach().double().numpy()
    assert np.degrees(subspace_angles(decoder, pca.components_.T.astype(float))).max() < 5


@EVERY_MODEL
def test_it_learns(garments, model):
    X, _ = garments
    model = copy.deepcopy(model).set_params(max_epochs=15).fit(X)
    pixels = X / 255
    assert -model.score(X) < 0.7 * pixels.var(axis=0).mean()  # the error of the mean image
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@EVERY_MODEL
def test_scores_are_those_of_the_reconstruction(garments, model):
    X, _ = garments
    model = copy.deepcopy(model).fit(X)
    images = model.reconstruct(X)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    np.testing.assert_allclose(images, model.inverse_transform(model.transform(X)), atol=1e-6)
    errors = ((images - X / 255) ** 2).mean(axis=1)
    np.testing.assert_allclose(model.score_samples(X), -errors, rtol=1e-4)
    assert model.score(X) == pytest.approx(-errors.mean(), rel=1e-5)


@EVERY_MODEL
def test_transform_is_deterministic_and_independent_of_the_batch(garments, model):
    X, _ = garments
    model = copy.deepcopy(model).fit(X)
    codes = model.transform(X)
    assert codes.shape == (600, 6)
    np.testing.assert_array_equal(codes, model.transform(X))
    np.testing.assert_allclose(np.concatenate([model.transform(X[i : i + 1]) for i in range(5)]), codes[:5], atol=1e-5)


@EVERY_MODEL
@pytest.mark.parametrize("shape", [(27, 31), (3, 32, 32), (32, 32, 3), (1, 40), (40,)], ids=str)
def test_images_come_back_in_their_shape(model, shape):
    X = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    model = copy.deepcopy(model).set_params(max_epochs=1).fit(X)
    assert model.inverse_transform(model.transform(X)).shape == X.shape
    assert model.reconstruct(X[:3]).shape == (3, *shape)
    assert model.sample(2).shape == (2, *shape)
    rows = model.transform(X.reshape(40, -1)) if len(shape) == 1 or shape[-1] != 3 else None
    if rows is not None:
        np.testing.assert_array_equal(rows, model.transform(X))


@pytest.mark.parametrize("shape", [(9, 11, 3), (3, 9, 11)], ids=str)
@pytest.mark.parametrize("declared", ["auto", (9, 11, 3), (3, 9, 11)], ids=str)
def test_colours_come_back_where_they_were(shape, declared):
    """Each channel of the images is one grey, which a linear autoencoder gives back."""
    greys = np.random.default_rng(0).random((64, 3)).astype(np.float32)
    channels_last = shape[-1] == 3
    X = np.broadcast_to(greys[:, None, None, :] if channels_last else greys[:, :, None, None], (64, *shape))
    model = Autoencoder(
        3,
        (),
        activation="identity",
        image_shape=declared,
        learning_rate=0.1,
        batch_size=16,
        max_epochs=300,
        random_state=0,
    )
    model.fit(X)
    assert model.image_shape_ == (3, 9, 11)
    np.testing.assert_allclose(model.reconstruct(X), X, atol=0.1)


@EVERY_MODEL
def test_samples(garments, model):
    X, _ = garments
    model = copy.deepcopy(model).fit(X)
    one, same, other = (model.sample(4, random_state=seed) for seed in (0, 0, 1))
    assert one.shape == (4, 784)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(model.sample(2), model.sample(2))
    generator = np.random.RandomState(0)
    assert not np.array_equal(model.sample(2, random_state=generator), model.sample(2, random_state=generator))


@pytest.mark.parametrize(
    ("n_samples", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("3", TypeError), (None, TypeError)]
)
def test_bad_n_samples(garments, n_samples, error):
    with pytest.raises(error, match="n_samples"):
        copy.deepcopy(MODELS[0]).fit(garments[0]).sample(n_samples)


def test_codes_of_samples_follow_the_codes_of_the_images(garments):
    X, _ = garments
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    model = copy.deepcopy(MODELS[1]).fit(X, sample_weight=weight)
    codes = np.repeat(model.transform(X), weight, axis=0).astype(float)
    np.testing.assert_allclose(model.code_mean_, codes.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.code_covariance_, np.cov(codes.T, ddof=0), rtol=1e-3, atol=1e-3)


def test_codes_of_all_passes_count(garments):
    X, _ = garments
    model = Autoencoder(3, (8,), **{**SMALL, "learning_rate": 1e-12}).partial_fit(X[:100])
    model.partial_fit(X[100:101]).partial_fit(X[101:])
    codes = model.transform(X).astype(float)
    np.testing.assert_allclose(model.code_mean_, codes.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(model.code_covariance_, np.cov(codes.T, ddof=0), atol=1e-5)


@pytest.mark.parametrize("scale", [1e308, 1e-320])
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_weights_of_any_magnitude(garments, scale):
    model = Autoencoder(3, (8,), **SMALL).fit(garments[0], sample_weight=np.full(600, scale))
    assert model.sample(2, random_state=0).shape == (2, 784)
    one = Autoencoder(3, (8,), **SMALL).fit(garments[0], sample_weight=np.ones(600))
    np.testing.assert_allclose(model.code_covariance_, one.code_covariance_, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.*taken as they are. networks learn badly")
def test_samples_of_large_codes(garments):
    X = garments[0][:5].astype(np.int64) * 1000
    assert Autoencoder(16, (16,), **{**SMALL, "learning_rate": 1e-3}).fit(X).sample(3).shape == (3, 784)


def test_a_code_of_one_dimension(garments):
    model = Autoencoder(1, (8,), **SMALL).fit(garments[0])
    assert model.code_covariance_.shape == (1, 1)
    assert model.sample(3).shape == (3, 784)


def test_a_vae_draws_from_the_standard_normal_distribution(garments):
    model = copy.deepcopy(MODELS[2]).fit(garments[0])
    np.testing.assert_array_equal(model.code_mean_, np.zeros(6))
    np.testing.assert_array_equal(model.code_covariance_, np.eye(6))


def test_both_terms_of_a_vae_are_in_its_history(garments):
    X, _ = garments
    model = copy.deepcopy(MODELS[2]).set_params(beta=3.0).fit(X, X_val=X[:100])
    for row in model.history_:
        for part in ("train", "valid"):
            total = row[f"{part}_reconstruction"] + 3 * row[f"{part}_kl"]
            assert row[f"{part}_loss"] == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_elbo_is_what_training_measures(garments, beta):
    """With a rate of almost zero the network stays as it was when its loss was measured."""
    X, _ = garments
    model = copy.deepcopy(MODELS[2]).set_params(learning_rate=1e-12, max_epochs=1, beta=beta).fit(X)
    row = model.history_[0]
    expected = -(row["train_reconstruction"] + row["train_kl"])
    assert model.elbo(X, n_draws=5, random_state=0).mean() == pytest.approx(expected, rel=0.01)


def test_elbo_repeats_by_seed_and_settles_with_draws(garments):
    X, _ = garments
    model = copy.deepcopy(MODELS[2]).fit(X)
    one, same, other = (model.elbo(X, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    spread = np.std([model.elbo(X[:50], random_state=seed) for seed in range(8)], axis=0).mean()
    settled = np.std([model.elbo(X[:50], n_draws=16, random_state=seed) for seed in range(8)], axis=0).mean()
    assert settled < spread / 2
    with pytest.raises(ValueError, match="n_draws"):
        model.elbo(X, n_draws=0)


def test_elbo_is_that_of_the_fitted_model(garments):
    X, _ = garments
    model = copy.deepcopy(MODELS[2]).fit(X)
    expected = model.elbo(X, random_state=0)
    np.testing.assert_array_equal(model.set_params(loss="bernoulli").elbo(X, random_state=0), expected)
    model.fit(X)
    with pytest.raises(ValueError, match=r"needs pixels in \[0, 1\]"), pytest.warns(UserWarning, match="one scale"):
        model.elbo(np.full((1, 784), 1.4))


def test_validation_images_do_not_change_what_is_learnt(garments):
    X, _ = garments
    model = copy.deepcopy(MODELS[2])
    np.testing.assert_array_equal(model.fit(X).transform(X), model.fit(X, X_val=X[:50]).transform(X))
    still = copy.deepcopy(model).set_params(learning_rate=1e-12).fit(X, X_val=X[:50])
    assert len({round(row["valid_loss"], 2) for row in still.history_}) == 1


def test_the_net_of_a_vae_leaves_global_generators_alone(garments):
    X, _ = garments
    model = copy.deepcopy(MODELS[2]).fit(X)
    before = torch.get_rng_state()
    images = model.net_.predict(X[:5])
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_allclose(images.reshape(5, -1), model.reconstruct(X[:5]), atol=1e-5)


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_tiny_images(garments, side, precision):
    X = garments[0].reshape(-1, 28, 28)[:100, 10 : 10 + side, 12 : 12 + side]
    for n_channels in ((32, 64), (4, 4, 4, 4)):
        model = VariationalAutoencoder(2, n_channels=n_channels, **{**SMALL, "precision": precision}).fit(X)
        assert model.reconstruct(X).shape == X.shape


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_without_divergence_a_vae_is_an_autoencoder(garments):
    X, _ = garments
    parameters = {**SMALL, "max_epochs": 25}
    free = VariationalAutoencoder(6, n_channels=(), beta=0.0, **parameters).fit(X)
    bound = VariationalAutoencoder(6, n_channels=(), beta=30.0, **parameters).fit(X)
    plain = Autoencoder(6, (256,), **parameters).fit(X)
    assert free.history_[-1]["train_kl"] > 5 * bound.history_[-1]["train_kl"]
    assert -free.score(X) < 0.8 * -bound.score(X)
    assert free.score(X) == pytest.approx(plain.score(X), rel=0.25)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "bernoulli"])
@EVERY_MODEL
def test_every_loss_learns(garments, model, loss):
    model = copy.deepcopy(model).set_params(loss=loss).fit(garments[0])
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert model.output_activation_ == "sigmoid"


@pytest.mark.parametrize(
    ("X", "parameters", "expected"),
    [
        (np.uint8([[0, 200]]), {}, "sigmoid"),
        (np.float32([[0, 1.0]]), {}, "sigmoid"),
        (np.float32([[0, 1.1]]), {}, "identity"),
        (np.float32([[-0.1, 1.0]]), {}, "identity"),
        (np.int64([[0, 200]]), {}, "sigmoid"),
        (np.float64([[0, 200]]), {}, "sigmoid"),
        (np.float64([[0, 200.5]]), {}, "identity"),
        (np.int64([[0, 256]]), {}, "identity"),
        (np.uint8([[0, 16]]), {}, "identity"),
        (np.uint8([[0, 1]]), {}, "sigmoid"),
        (np.float32([[0, 1.0000001]]), {}, "sigmoid"),
        (np.array([[True, False]]), {}, "sigmoid"),
        (np.uint8([[0, 200]]), {"activation": "identity"}, "identity"),
        (np.uint8([[0, 200]]), {"output_activation": "identity"}, "identity"),
        (np.float32([[-5, 5]]), {"output_activation": "sigmoid"}, "sigmoid"),
        (np.uint8([[0, 200]]), {"activation": "identity", "loss": "bernoulli"}, "sigmoid"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*taken as they are. networks learn badly")
def test_output_activation(X, parameters, expected):
    assert Autoencoder(1, (2,), max_epochs=1, **parameters).fit(X).output_activation_ == expected


@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_bernoulli_needs_probabilities(garments):
    X, _ = garments
    model = Autoencoder(2, (4,), loss="bernoulli", max_epochs=1)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"needs pixels in \[0, 1\].*from 0 to 255"):
            train(X * 2.5)
    with pytest.raises(ValueError, match=r"needs pixels in \[0, 1\]"), pytest.warns(UserWarning, match="one scale"):
        model.fit(X, X_val=X / 25.0)
    with pytest.raises(ValueError, match="output_activation cannot be 'identity'"):
        model.set_params(output_activation="identity").fit(X)


def test_a_weightless_image_does_not_decide_on_the_output(garments):
    X = np.concatenate([garments[0] / np.float32(255), np.full((1, 784), 7, np.float32)])
    weight = np.r_[np.ones(600), 0]
    for loss in ("squared_error", "bernoulli"):
        weighted = Autoencoder(4, (16,), loss=loss, **SMALL).fit(X, sample_weight=weight)
        assert weighted.output_activation_ == "sigmoid"
        removed = Autoencoder(4, (16,), loss=loss, **SMALL).fit(X[:-1])
        np.testing.assert_allclose(weighted.transform(X[:-1]), removed.transform(X[:-1]), atol=1e-5)


@pytest.mark.parametrize("change", [{"loss": "bernoulli"}, {"output_activation": "sigmoid"}])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_output_is_another_network(garments, change, call):
    X, _ = garments
    model = Autoencoder(4, (), activation="identity", warm_start=True, **SMALL).fit(X)
    before = model.transform(X)
    with pytest.raises(ValueError, match="ask for the output activation 'sigmoid', but the fitted one is 'identity'"):
        getattr(model.set_params(**change), call)(X)
    np.testing.assert_array_equal(model.transform(X), before)


def test_what_overflows_raises(garments):
    model = copy.deepcopy(MODELS[0]).fit(garments[0] / 255)
    large = np.full((1, 784), 3e38, dtype=np.float32)
    for method in (model.transform, model.score_samples, model.reconstruct):
        with (
            pytest.raises(ValueError, match=r"no finite result for X\[0\], which holds values up to 3e\+38"),
            pytest.warns(UserWarning, match="one scale"),
        ):
            method(large)
    with pytest.raises(ValueError, match=r"values up to 3e\+38"):
        model.inverse_transform(np.full((1, 6), 3e38))
    with pytest.raises(ValueError, match="too large for dtype"):
        model.inverse_transform(np.full((1, 6), 1e300))


def test_bad_codes(garments):
    model = copy.deepcopy(MODELS[0]).fit(garments[0])
    with pytest.raises(ValueError, match="X has 5 columns, but the codes of this Autoencoder have 6 dimensions"):
        model.inverse_transform(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((2, 6), np.nan))
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.inverse_transform(np.zeros(6))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Autoencoder(0), "latent_dim"),
        (Autoencoder(2, (4, 0)), "'hidden_layer_sizes' parameter of Autoencoder must hold ints of at least 1"),
        (Autoencoder(2, activation="relu6"), "activation"),
        (Autoencoder(2, dropout=1.0), "dropout"),
        (Autoencoder(2, loss="mse"), "loss"),
        (ConvAutoencoder(2, 0), "n_channels"),
        (VariationalAutoencoder(2, n_channels=(4, -1)), "'n_channels' parameter of VariationalAutoencoder must hold"),
        (VariationalAutoencoder(2, beta=-1.0), "beta"),
        (VariationalAutoencoder(2, kernel_size=1), "kernel_size"),
    ],
)
def test_bad_parameters(garments, model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(garments[0])


def test_anomalies_are_reconstructed_worse(garments):
    X, _ = garments
    model = ConvAutoencoder(8, 8, batch_size=32, max_epochs=15, random_state=0).fit(X[:500])
    garments_and_noise = np.concatenate([X[500:], np.random.default_rng(0).permuted(X[500:], axis=1)])
    assert roc_auc_score([1] * 100 + [0] * 100, model.score_samples(garments_and_noise)) > 0.95

"""fit(noisy, clean): autoencoders that turn images into other ones."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skfashion.neural_network import Autoencoder, ConvAutoencoder, VariationalAutoencoder

MODELS = [
    Autoencoder(16, (64,), batch_size=32, max_epochs=15, random_state=0),
    ConvAutoencoder(16, 8, batch_size=32, max_epochs=15, random_state=0),
    VariationalAutoencoder(16, n_channels=(8, 16), beta=0.1, batch_size=32, max_epochs=15, random_state=0),
]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@pytest.fixture(scope="module")
def images(garments):
    clean = (garments[0] / 255).astype(np.float32)
    noisy = (clean + np.random.default_rng(0).normal(0, 0.4, clean.shape)).clip(0, 1).astype(np.float32)
    return noisy, clean


@pytest.mark.slow
@EVERY_MODEL
def test_noise_is_taken_away(images, model):
    noisy, clean = images
    plain = clone(model).fit(noisy)
    denoiser = clone(model).fit(noisy, clean)
    error = mean_squared_error(clean, denoiser.reconstruct(noisy))
    assert error < 0.7 * mean_squared_error(clean, plain.reconstruct(noisy))
    assert -denoiser.score(noisy, clean) == pytest.approx(error, rel=1e-4)
    assert denoiser.score(noisy) == pytest.approx(denoiser.score_samples(noisy).mean(), rel=1e-5)


@EVERY_MODEL
def test_forms_and_dtypes_of_clean_images_mean_the_same(garments, images, model):
    noisy, clean = images
    model = model.set_params(max_epochs=2)
    expected = clone(model).fit(noisy, clean).reconstruct(noisy)
    for X, y in (
        (noisy.reshape(-1, 28, 28), clean.reshape(-1, 28, 28)),
        (noisy, clean.tolist()),
        (noisy, garments[0]),
        (noisy, garments[0].astype(float)),
    ):
        found = clone(model).fit(X, y).reconstruct(noisy.reshape(X.shape))
        np.testing.assert_allclose(found.reshape(len(noisy), -1), expected, atol=1e-4)


def test_an_image_that_is_its_own_clean_version_changes_nothing(images):
    model = clone(MODELS[0]).set_params(augmentation="flip+mixup")
    np.testing.assert_allclose(
        clone(model).fit(images[1], images[1]).reconstruct(images[1]),
        clone(model).fit(images[1]).reconstruct(images[1]),
        atol=1e-5,
    )


def test_labels_are_no_images(garments, images):
    expected = clone(MODELS[0]).fit(images[1]).loss_curve_
    for y in (garments[1], garments[1].astype(str), np.eye(10)[garments[1]], garments[1][:, None]):
        model = clone(MODELS[0]).fit(images[1], y)
        assert model.loss_curve_ == expected
        assert model.score(images[1], y) == model.score(images[1])


def test_validation_early_stopping_and_passes(images):
    noisy, clean = images
    model = clone(MODELS[0]).set_params(early_stopping=True, max_epochs=5).fit(noisy, clean)
    held_out = model.history_[0]["valid_loss"]
    assert (
        held_out != clone(MODELS[0]).set_params(early_stopping=True, max_epochs=5).fit(noisy).history_[0]["valid_loss"]
    )
    model = clone(MODELS[0]).set_params(lr_schedule=None, max_epochs=2)
    whole = clone(model).fit(noisy, clean, X_val=noisy, y_val=clean)
    assert whole.history_[-1]["valid_loss"] == pytest.approx(-whole.score(noisy, clean), rel=1e-4)
    pieces = clone(model).partial_fit(noisy, clean).partial_fit(noisy, clean)
    np.testing.assert_array_equal(whole.reconstruct(noisy), pieces.reconstruct(noisy))


def test_in_a_pipeline_and_a_search(images):
    noisy, clean = images
    pipeline = make_pipeline(
        FunctionTransformer(np.sqrt), clone(MODELS[0]).set_params(max_epochs=20, learning_rate=0.005)
    )
    search = GridSearchCV(pipeline, {"autoencoder__latent_dim": [1, 16]}, cv=2).fit(noisy, clean)
    assert search.best_params_ == {"autoencoder__latent_dim": 16}
    assert search.score(noisy, clean) == pytest.approx(search.best_estimator_[-1].score(np.sqrt(noisy), clean))
    assert cross_val_score(MODELS[0], noisy, clean, cv=2).max() < 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda n, c: {"y": np.where(c > 0.5, np.nan, c)}, "y contains NaN"),
        (lambda n, c: {"y": c * 1e39}, "Input y contains infinity or a value too large"),
        (lambda n, c: {"y": c[:400]}, r"y holds images of shape \(400, 784\), but there are 600 images of 784 values"),
        (lambda n, c: {"y": c.reshape(-1, 28, 28)[:, ::2]}, r"y holds images of shape \(600, 14, 28\)"),
        (lambda n, c: {"y": np.stack([c] * 3, axis=-1)}, r"y holds images of shape \(600, 784, 3\)"),
        (lambda n, c: {"y": c, "X_val": n}, "y and y_val must both hold images"),
        (lambda n, c: {"X_val": n, "y_val": c}, "y and y_val must both hold images"),
        (lambda n, c: {"y": c, "y_val": c}, "y_val needs X_val"),
    ],
)
def test_bad_clean_images(images, arguments, message):
    noisy, clean = images
    with pytest.raises(ValueError, match=message):
        clone(MODELS[0]).fit(noisy, **arguments(noisy, clean.astype(float)))


def test_what_cannot_change_both_alike_is_refused(images):
    with pytest.raises(ValueError, match="A callable augmentation cannot be applied to noisy and clean images alike"):
        clone(MODELS[0]).set_params(augmentation=lambda images: images).fit(*images)

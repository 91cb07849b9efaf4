"""Weights of images and classes mean the same at every batch size, and what scikit-learn means by them."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skfashion.baselines import SubspaceClassifier
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)


def rare(n, share):
    """Labels of which few are 1, and images that say nothing about them."""
    y = np.random.default_rng(0).permutation((np.arange(n) < share * n).astype(int))
    return np.ones((n, 4), dtype=np.float32), y


@pytest.mark.parametrize(
    ("batch_size", "max_epochs", "by"),
    [
        (1, 10, "class"),
        (4, 20, "both"),
        (128, 150, "sample"),
        (1000, 400, "class"),
        (1000, 400, "sample"),
        (1000, 400, "both"),
        pytest.param(1, 10, "sample", marks=pytest.mark.slow),
        pytest.param(1, 10, "both", marks=pytest.mark.slow),
        pytest.param(4, 20, "class", marks=pytest.mark.slow),
        pytest.param(4, 20, "sample", marks=pytest.mark.slow),
        pytest.param(128, 150, "class", marks=pytest.mark.slow),
        pytest.param(128, 150, "both", marks=pytest.mark.slow),
    ],
)
def test_a_balanced_probability_is_a_half(batch_size, max_epochs, by):
    X, y = rare(500, 0.1)
    model = MLPClassifier((), batch_size=batch_size, max_epochs=max_epochs, learning_rate=0.01, random_state=0)
    weight = {"class": None, "sample": np.where(y == 1, 9.0, 1.0), "both": np.where(y == 1, 3.0, 1.0)}[by]
    model.set_params(class_weight={"class": "balanced", "sample": None, "both": {1: 3.0}}[by])
    assert model.fit(X, y, sample_weight=weight).predict_proba(X[:1])[0, 1] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("by", "chunk"),
    [
        ("class", 100),
        ("sample", 100),
        pytest.param("class", 1, marks=pytest.mark.slow),
        pytest.param("sample", 1, marks=pytest.mark.slow),
        pytest.param("sample", 7, marks=pytest.mark.slow),
        pytest.param("class", 7, marks=pytest.mark.slow),
    ],
)
def test_weights_of_a_stream_count_beside_those_before(by, chunk):
    """A single image in a call of partial_fit weighs more than another one, or less."""
    X, y = rare(1000, 0.2)
    model = MLPClassifier((), batch_size=64, learning_rate=0.003, random_state=0)
    weight = {"class": None, "sample": np.where(y == 1, 4.0, 1.0)}[by]
    model.set_params(class_weight={"class": {1: 4.0}, "sample": None}[by])
    for start in range(0, 1000 if chunk == 1 else 1000 * (5 if chunk == 7 else 20), chunk):
        rows = np.arange(start, start + chunk) % 1000
        sample_weight = None if weight is None else weight[rows]
        model.partial_fit(X[rows], y[rows], sample_weight=sample_weight, classes=[0, 1])
    assert model.predict_proba(X[:1])[0, 1] == pytest.approx(0.5, abs=0.12)


def test_balanced_weights_count_with_those_of_images():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] + rng.normal(size=200) > 0.8).astype(int)
    weight = rng.uniform(0.1, 3, size=200)
    theirs = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-8).fit(X, y, sample_weight=weight)
    model = MLPClassifier((), class_weight="balanced", batch_size=50, max_epochs=300, lr_schedule="cosine")
    ours = model.set_params(learning_rate=0.05, random_state=0).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 8, 400])
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_an_autoencoder_of_weighted_images_goes_to_their_weighted_mean(batch_size):
    """With one latent dimension that is never used, the output is a constant image."""
    X = np.repeat([[0.0, 0.8], [1.0, 0.2]], 200, axis=0).astype(np.float32)
    weight = np.repeat([1.0, 3.0], 200)
    vae = VariationalAutoencoder(1, n_channels=(), hidden_layer_sizes=(), beta=100.0, batch_size=batch_size)
    vae.set_params(learning_rate=0.02, max_epochs={1: 5, 8: 40, 400: 600}[batch_size], random_state=0)
    vae.fit(X, sample_weight=weight)
    np.testing.assert_allclose(vae.inverse_transform([[0.0]]), [[0.75, 0.35]], atol=0.06)


def test_weights_count_in_validation(tiny):
    X, y = tiny
    weight = np.where(y == 0, 100.0, 1.0)
    settings = {"early_stopping": True, "validation_fraction": 0.5, "max_epochs": 1, "random_state": 0}
    weighed = MLPClassifier((4,), **settings).fit(X, y, sample_weight=weight)
    _, held_out = train_test_split(np.arange(60), test_size=0.5, stratify=y, random_state=weighed.net_.seed)
    right = weighed.predict(X[held_out]) == y[held_out]
    expected = np.average(right, weights=weight[held_out])
    assert weighed.validation_scores_ == pytest.approx([expected])
    assert expected != pytest.approx(right.mean())


def test_class_weights_count_in_validation_images_too(tiny):
    X, y = tiny
    model = MLPClassifier((4,), class_weight={0: 50.0, 1: 1.0, 2: 0.0}, max_epochs=2, random_state=0)
    model.fit(X, y, X_val=X[y < 2], y_val=y[y < 2])
    losses = -model.predict_log_proba(X[y < 2])[np.arange(40), y[y < 2]]
    expected = np.average(losses, weights=np.where(y[y < 2] == 0, 50.0, 1.0))
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-4)


def test_names_that_are_no_classes_are_told(tiny):
    X, y = tiny[0], np.array(["a", "b", "c"])[tiny[1]]
    model = MLPClassifier((4,), max_epochs=1)
    with pytest.raises(ValueError, match=r"'class_weight' names \['A'\], but the classes are \['a', 'b', 'c'\]"):
        model.set_params(class_weight={"A": 2.0}).fit(X, y)
    with pytest.warns(UserWarning, match=r"'class_weight' names \['B'\], but the classes .*; \['b', 'c'\] weigh 1"):
        model.set_params(class_weight={"a": 2.0, "B": 50.0}).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(class_weight={"a": 2.0}).fit(X, y)
        model.set_params(class_weight={"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}).fit(X, y)


def test_weights_that_leave_nothing_are_refused(tiny):
    X, y = tiny
    with pytest.raises(ValueError, match=r"'class_weight' parameter must hold .* not all zero"):
        MLPClassifier((4,), class_weight={0: 0.0}).fit(X, y, sample_weight=(y == 0).astype(float))


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((4,), max_epochs=3, random_state=0),
        Autoencoder(2, (4,), max_epochs=3, random_state=0),
        EncoderClassifier(Autoencoder(2, (4,), max_epochs=1), max_epochs=3, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("factor", [1e-300, 0.5, 7.0, 1e300])
def test_only_the_ratios_of_weights_count(tiny, model, factor):
    X, y = tiny
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(y))
    one, other = (model.fit(X, y, sample_weight=w).loss_curve_ for w in (weight, factor * weight))
    np.testing.assert_allclose(one, other, rtol=1e-5)


def test_codes_of_several_passes_are_pooled_by_their_weights(tiny):
    X, y = tiny
    weight = np.where(y == 0, 1.0, 10.0)
    parts = [np.flatnonzero(y == 0), np.flatnonzero(y == 1), np.flatnonzero(y == 2)]
    model = Autoencoder(2, (8,), learning_rate=1e-12, lr_schedule=None, random_state=0)
    for part in parts:
        model.partial_fit(X[part], sample_weight=weight[part])
    codes = model.transform(X)
    np.testing.assert_allclose(model.code_mean_, np.average(codes, axis=0, weights=weight), rtol=1e-4)
    expected = np.cov(codes, rowvar=False, ddof=0, aweights=weight)
    np.testing.assert_allclose(model.code_covariance_, expected, rtol=1e-3, atol=1e-6)


def test_codes_of_classes_are_pooled_by_their_weights(tiny):
    X, y = tiny
    model = VariationalAutoencoder(
        2, n_channels=(4,), conditional=True, learning_rate=1e-12, lr_schedule=None, random_state=0
    )
    weight = np.where(np.arange(len(y)) < 30, 1.0, 10.0)
    once = clone(model).partial_fit(X, y, sample_weight=weight)
    for part in (slice(0, 30), slice(30, None)):
        model.partial_fit(X[part], y[part], sample_weight=weight[part], classes=[0, 1, 2])
    for several, single in zip(model._codes_of_classes[1:], once._codes_of_classes[1:], strict=True):
        np.testing.assert_allclose(several, single, rtol=1e-3, atol=1e-5)


def test_a_class_of_weight_zero_is_left_out_everywhere(tiny):
    X, y = tiny
    rest = y != 2
    model = MLPClassifier((4,), class_weight={2: 0.0}, max_epochs=2, warm_start=True, random_state=0)
    model.fit(X, y, X_val=X, y_val=y)
    expected = MLPClassifier((4,), max_epochs=2, random_state=0).fit(X[rest], y[rest], X_val=X[rest], y_val=y[rest])
    assert model.classes_.tolist() == [0, 1]
    assert model.history_[-1]["valid_loss"] == expected.history_[-1]["valid_loss"]
    assert model.fit(X, y).fit(X[rest], y[rest]).classes_.tolist() == [0, 1]


def test_balanced_weights_of_a_fit_that_goes_on_without_a_class(tiny):
    X, y = tiny
    model = MLPClassifier((4,), class_weight="balanced", max_epochs=2, warm_start=True, random_state=0).fit(X, y)
    assert model.fit(X[y < 2], y[y < 2]).classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((8,), optimizer="sgd", learning_rate=0.1),
        MLPRegressor((8,), optimizer="sgd", learning_rate=0.01),
        Autoencoder(2, (8,), optimizer="nesterov", learning_rate=0.01),
    ],
    ids=lambda model: type(model).__name__,
)
def test_constant_weights_of_a_warm_start_are_no_weights(tiny, model):
    """Whatever those of the first fit were: a whole fit has a mean of its own, and a stream goes on from that."""
    X, y = tiny
    model = model.set_params(max_epochs=2, warm_start=True, random_state=0).fit(X, y)
    weighed = clone(model).fit(X, y, sample_weight=np.full(len(y), 7.0))
    for each, weight in ((model, None), (weighed, np.full(len(y), 0.01))):
        each.fit(X, y, sample_weight=weight)
    assert weighed.history_[-1]["train_loss"] == model.history_[-1]["train_loss"]
    model.partial_fit(X, y)
    weighed.partial_fit(X, y, sample_weight=np.full(len(y), 0.01))
    assert weighed.history_[-1]["train_loss"] == pytest.approx(model.history_[-1]["train_loss"], rel=1e-6)


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(0)], ids=["int", "None", "generator"])
def test_a_warm_start_holds_out_the_same_images(tiny, random_state):
    """Others have been trained on."""
    X, y = tiny
    X = X.copy()
    X[:, 0] = np.arange(len(X))  # so that each image is known by its first pixel
    seen = []

    def spy(images):
        seen[-1].update(images[:, 0, 0, 0].int().tolist())
        return images

    model = MLPClassifier(
        (8,), augmentation=spy, early_stopping=True, max_epochs=2, warm_start=True, random_state=random_state
    )
    for _ in range(2):
        seen.append(set())
        model.fit(X, y)
    assert len(seen[0]) == 54
    assert seen[0] == seen[1]


BRIGHT = np.full((1, 784), 300.0)  # no level


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((8,), max_epochs=2, random_state=0),
        MLPRegressor((8,), max_epochs=2, random_state=0),
        Autoencoder(4, max_epochs=2, random_state=0),
        VariationalAutoencoder(4, n_channels=(), conditional=True, max_epochs=2, random_state=0),
        EncoderClassifier(Autoencoder(4, max_epochs=2), max_epochs=2, random_state=0),
        SemiSupervisedClassifier(MLPClassifier((8,), max_epochs=2), random_state=0),
        AutoencoderOutlierDetector(Autoencoder(4, max_epochs=2), random_state=0),
        SubspaceClassifier(5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_an_image_of_weight_zero_says_nothing_about_the_scale(garments, model):
    X, y = garments[0][:200], garments[1][:200]
    weight = np.r_[np.ones(200), 0]
    alone = clone(model).fit(X, y, sample_weight=np.ones(200))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        beside = clone(model).fit(np.vstack([X, BRIGHT]), np.r_[y, 0], sample_weight=weight)
    output = next(name for name in ("predict_proba", "transform", "score_samples", "predict") if hasattr(model, name))
    np.testing.assert_array_equal(getattr(beside, output)(X), getattr(alone, output)(X))


def test_images_that_are_held_out_do_not_change_the_learning_rate(garments):
    """Weights are 1 on average over the images that are trained on, however heavy the others are."""
    X, y = garments
    settings = {"lr_schedule": None, "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16, "max_epochs": 10}
    model = MLPClassifier((32,), early_stopping=True, random_state=0, **settings)
    alone = clone(model).fit(X, y)
    _, held_out = train_test_split(np.arange(len(y)), test_size=0.1, stratify=y, random_state=alone.net_.seed)
    weight = np.ones(len(y))
    weight[held_out[0]] = 1e6
    heavy = clone(model).fit(X, y, weight)
    np.testing.assert_allclose(heavy.loss_curve_[0], alone.loss_curve_[0], rtol=1e-6)
    assert heavy._task.mean_weight == pytest.approx(1)


@pytest.mark.parametrize("unit", [1e-32, 1e38])
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor, Autoencoder])
def test_weights_of_validation_images_have_no_unit(garments, cls, unit):
    X, y = garments[0][:200], garments[1][:200]
    weight = np.tile([1.0, 1e-3], 50)
    curves = []
    for scale in (1.0, unit):
        fitted = cls(max_epochs=2, random_state=0)
        fitted.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:], sample_weight_val=weight * scale)
        curves.append(fitted.validation_loss_curve_)
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-5)


@pytest.mark.parametrize(
    "model", [MLPClassifier((8,)), SemiSupervisedClassifier(MLPClassifier((8,)))], ids=["network", "semi-supervised"]
)
def test_a_validation_image_of_weight_zero_says_nothing_about_the_scale(garments, model):
    X, y = garments
    inner = model if isinstance(model, MLPClassifier) else model.estimator
    inner.set_params(max_epochs=1, random_state=0)
    losses = []
    for first in (0, 1000):
        X_val = X[:20] / 255
        X_val[0] = first
        fitted = clone(model).fit(X, y, X_val=X_val, y_val=y[:20], sample_weight_val=np.r_[0, np.ones(19)])
        losses.append(fitted.history_[0]["valid_loss"])
    assert losses[0] == losses[1]


def test_a_decoder_starts_at_the_weighted_mean():
    X = np.repeat([[0.0, 1.0], [1.0, 1.0]], 50, axis=0).astype(np.float32)
    model = Autoencoder(1, (), loss="squared_error", output_activation="identity", learning_rate=1e-12, max_epochs=1)
    model.set_params(random_state=0)
    weighed = model.fit(X, sample_weight=np.repeat([1.0, 9.0], 50)).inverse_transform([[0.0]])
    plain = model.fit(X).inverse_transform([[0.0]])
    assert weighed[0, 0] - plain[0, 0] == pytest.approx(0.4, abs=0.01)

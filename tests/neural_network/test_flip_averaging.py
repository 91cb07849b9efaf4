"""Predictions that are averaged over an image and its mirror image, by every network that can."""

import pickle

import numpy as np
import pytest
import torch
from saved import loaded, saved
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV

from skfashion.model_selection import VectorizedGridSearchCV
from skfashion.modules import conv, pool
from skfashion.modules._flip_averaging import FlipAveraged
from skfashion.neural_network import (
    CNNClassifier,
    CNNRegressor,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    ResNetRegressor,
)

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (60, 6, 8), dtype=np.uint8)
MIRRORED = X[:, :, ::-1].copy()
Y = np.arange(60) % 3
LABELS = np.column_stack([Y == 0, Y > 0]).astype(int)
BRIGHTNESS = X[:, :, :4].mean(axis=(1, 2))


class Linear(torch.nn.Sequential):
    """A module of one's own."""

    def __init__(self, image_shape, n_outputs):
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(int(np.prod(image_shape)), n_outputs))

    def embed(self, images):
        return self[0](images)


NET = {"max_epochs": 3, "batch_size": 16, "learning_rate": 0.05, "random_state": 0}
LAYERS = (conv(4, 3), pool(2))
MODELS = {
    "MLP": MLPClassifier((8,), **NET),
    "CNN": CNNClassifier(LAYERS, **NET),
    "CNN of one's own": CNNClassifier(Linear, **NET),
    "ResNet": ResNetClassifier(4, **NET),
    "MLP, regressor": MLPRegressor((8,), **NET),
    "CNN, regressor": CNNRegressor(LAYERS, **NET),
    "CNN of one's own, regressor": CNNRegressor(Linear, **NET),
    "ResNet, regressor": ResNetRegressor(4, **NET),
}


@pytest.mark.parametrize("labels", ["classes", "several labels"])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_means_of_both(name, labels):
    model = clone(MODELS[name])
    y = BRIGHTNESS if is_regressor(model) else Y if labels == "classes" else LABELS
    plain = clone(model).set_params(flip_averaging=False).fit(X, y)
    predict, averaged = (
        getattr(fitted, "predict" if is_regressor(model) else "predict_proba")
        for fitted in (plain, model.set_params(flip_averaging=True).fit(X, y))
    )
    assert np.abs(predict(X) - predict(MIRRORED)).max() > 1e-3
    np.testing.assert_allclose(averaged(X), (predict(X) + predict(MIRRORED)) / 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_auto_follows_the_augmentation(name):
    model = clone(MODELS[name]).set_params(max_epochs=1, flip_averaging="auto")
    for augmentation, averages in [("shift+flip", True), ("shift", False), (None, False)]:
        module = model.set_params(augmentation=augmentation).fit(X, Y).module_
        assert getattr(module, "flip_averaging", False) is averages


def test_only_residual_networks_average_unless_asked():
    asked = {name for name, model in MODELS.items() if model.flip_averaging is not False}
    assert asked == {"ResNet", "ResNet, regressor"}


@pytest.mark.parametrize("name", MODELS)
def test_rows_have_no_mirror_image(name):
    model = clone(MODELS[name]).set_params(max_epochs=1, augmentation=None, flip_averaging=True)
    with pytest.raises(ValueError, match=r"flip_averaging=True needs images, but a row of X .* \(1, 1, 5\)"):
        model.fit(X.reshape(60, -1)[:, :5], Y)
    model.set_params(flip_averaging="auto").fit(X.reshape(60, -1)[:, :5], Y)


@pytest.mark.parametrize("name", [name for name in MODELS if "own" not in name])
def test_a_saved_model_averages(name):
    model = clone(MODELS[name]).set_params(max_epochs=1, flip_averaging=True).fit(X, Y)
    copies = [pickle.loads(pickle.dumps(model)), loaded(saved(model))]
    for each in copies:
        np.testing.assert_array_equal(each.predict(X), model.predict(X))
        assert each.module_.flip_averaging


@pytest.mark.parametrize("model", [*MODELS.values(), MLPClassifier((8,), batch_norm=True, **NET)])
def test_a_fit_goes_on_with_and_without(model):
    """Its weights, and the running statistics of its normalisation, have the same names."""
    model = clone(model).set_params(warm_start=True, flip_averaging=False)
    plain = clone(model).fit(X, Y).fit(X, Y).fit(X, Y)
    for flip_averaging in (False, True, False):
        model.set_params(flip_averaging=flip_averaging).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert list(model.module_.state_dict()) == list(plain.module_.state_dict())


def test_weights_within_another_module():
    model, other = (clone(MODELS["CNN"]).set_params(flip_averaging=True, random_state=seed) for seed in (0, 1))
    module, target = model.fit(X, Y).as_module(), other.fit(X, Y).as_module()
    target.load_state_dict(module.state_dict())
    images = torch.from_numpy(X[:, None])
    assert torch.equal(target(images), module(images))
    with pytest.raises(RuntimeError, match="Unexpected key"):
        target.load_state_dict({**module.state_dict(), "more": torch.zeros(1)})


def test_names_of_weights_that_begin_other_names():
    class Nested(torch.nn.Sequential):
        def __init__(self, value):
            super().__init__(torch.nn.Linear(1, 1, bias=False))
            self.weight = torch.nn.Parameter(torch.full((1, 1), value))
            torch.nn.init.constant_(self[0].weight, 10 * value)

    with torch.random.fork_rng():
        one, other = (FlipAveraged(Nested(value), "numbers") for value in (1.0, 2.0))
    other.load_state_dict(one.state_dict())
    assert {name: value.item() for name, value in other.state_dict().items()} == {"weight": 1.0, "0.weight": 10.0}


def test_a_model_of_an_older_version_does_not():
    """The parameter was not among those of its fit."""
    model = clone(MODELS["MLP"]).fit(X, Y)
    state = model.__getstate__()
    for parameters in (state, state["_fitted_params"]):
        del parameters["flip_averaging"]
    old = object.__new__(MLPClassifier)
    old.__setstate__(state)
    np.testing.assert_array_equal(old.predict_proba(X), model.predict_proba(X))
    assert clone(old).flip_averaging is False


def test_a_module_of_ones_own_is_kept():
    model = clone(MODELS["CNN of one's own"]).set_params(flip_averaging=True).fit(X, Y)
    assert isinstance(model.module_[0], Linear)
    assert model.embed(X).shape == (60, 48)
    model.set_params(architecture=lambda shape, n: torch.nn.Sequential(*Linear(shape, n))).fit(X, Y)
    with pytest.raises(AttributeError, match=r"no method embed\(images\)"):
        model.embed(X)


def test_networks_that_are_trained_together():
    grid = {"flip_averaging": [False, True], "learning_rate": [0.01, 0.05]}
    found, expected = (
        search(MODELS["MLP"], grid, scoring="neg_log_loss", cv=2).fit(X, Y)
        for search in (VectorizedGridSearchCV, GridSearchCV)
    )
    assert found.cv_results_["vectorized"].all()
    scores = found.cv_results_["mean_test_score"]
    np.testing.assert_allclose(scores, expected.cv_results_["mean_test_score"], rtol=1e-5)
    assert (scores[:2] != scores[2:]).all()

"""Fitted estimators as torch modules: the answers of the estimator, whatever the images, and nothing of it shared."""

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, public_estimators
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError

from skfashion._fitted_module import read_pixels
from skfashion._pixels import PixelScale, scaled
from skfashion.datasets import make_garments
from skfashion.neural_network import Autoencoder, CNNClassifier, MLPClassifier, MLPRegressor, ResNetClassifier

WITHOUT_MODULE = {
    "AutoencoderOutlierDetector": "Its answer is a threshold on scores, which is learnt beside the network.",
    "CentroidSampler": "It draws images, and answers nothing about given ones.",
    "ClusterClassifier": "Any clusterer may be in it, and its label need not be the most probable class.",
    "HOGTransformer": "It computes in numpy.",
    "ImageReader": "It reads files.",
    "KNNClassifier": "It searches all training images, and decides near ties in float64.",
    "NeighborSampler": "It draws images, and answers nothing about given ones.",
    "OptunaSearchCV": "Its best estimator may have one.",
    "SelfSupervisedOutlierDetector": "Its answer is a threshold on scores, which is learnt beside the network.",
    "SpectralClusterer": "It searches all training images, and decides near ties in float64.",
    "VectorizedGridSearchCV": "Its best estimator may have one.",
    "VectorizedHalvingGridSearchCV": "Its best estimator may have one.",
}
WITH_MODULE = [estimator for estimator in ESTIMATORS if hasattr(estimator, "as_module")]


@pytest.fixture(scope="module")
def small():
    """Small garments and their labels."""
    X, y = make_garments(150, random_state=0, return_X_y=True)
    return X, y


def named(estimators):
    return pytest.mark.parametrize("estimator", estimators, ids=lambda estimator: type(estimator).__name__)


def fitted(estimator, X, y):
    y = X.mean(axis=1) if is_regressor(estimator) else y
    return clone(estimator).set_params(**quick(estimator)).fit(X, y)


def quick(estimator):
    return {"max_epochs": 2, "random_state": 0} if "max_epochs" in estimator.get_params() else {}


def answers(estimator, X):
    if is_classifier(estimator):
        return estimator.predict_proba(X)
    return estimator.predict(X) if is_regressor(estimator) else estimator.transform(X)


def given(module, X):
    with torch.no_grad():
        return module(torch.from_numpy(np.array(X))).numpy()


@pytest.mark.parametrize("name", sorted(public_estimators()))
def test_an_estimator_has_a_module_or_a_reason(name):
    assert (name in {type(estimator).__name__ for estimator in WITH_MODULE}) != (name in WITHOUT_MODULE), (
        f"give {name} a method as_module, by skfashion._exported.ModuleExport, or say in WITHOUT_MODULE why it has none"
    )


def test_reasons_name_nothing_else():
    assert set(WITHOUT_MODULE) <= public_estimators()


@named(WITH_MODULE)
def test_torch_exports_a_module_for_any_number_of_rows(small, estimator):
    X, y = small
    model = fitted(estimator, X, y)
    for rows in (X, X.astype(np.float32) / 255):
        program = torch.export.export(
            model.as_module(), (torch.from_numpy(rows[:2].copy()),), dynamic_shapes=({0: torch.export.Dim("n")},)
        )
        for n in (1, 2, 33):
            np.testing.assert_allclose(
                given(program.module(), rows[:n]), answers(model, rows[:n]), rtol=1e-5, atol=1e-5
            )


@named(WITH_MODULE)
def test_a_module_is_a_copy_that_is_ready_for_use(small, estimator):
    X, y = small
    model = fitted(estimator, X, y)
    before = answers(model, X[:5])
    module = model.as_module()
    assert isinstance(module, torch.nn.Module)
    assert not any(part.training for part in module.modules())
    assert given(module, X[:5]).dtype == np.float32
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.zero_()
    np.testing.assert_array_equal(answers(model, X[:5]), before)


@named(WITH_MODULE)
def test_an_unfitted_estimator_has_no_module(estimator):
    with pytest.raises(NotFittedError):
        clone(estimator).as_module()


@pytest.mark.parametrize("shape", [(2, 8, 9, 3), (2, 3, 8, 9)], ids=["channels last", "channels first"])
def test_rows_of_colour_images_are_arranged_as_in_the_fit(shape):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (40, *shape[1:]), dtype=np.uint8), np.arange(40) % 2
    model = CNNClassifier(image_shape=shape[1:], max_epochs=1, random_state=0).fit(X, y)
    np.testing.assert_allclose(given(model.as_module(), X.reshape(40, -1)), model.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("flip_averaging", [False, True])
@named([MLPClassifier((8,)), CNNClassifier("single"), ResNetClassifier(4)])
def test_predictions_are_averaged_over_flips_as_in_predict(small, estimator, flip_averaging):
    X, y = small
    model = clone(estimator).set_params(max_epochs=1, flip_averaging=flip_averaging, random_state=0).fit(X, y)
    mirrored = X.reshape(-1, 28, 28)[:, :, ::-1].reshape(X.shape)
    module = model.as_module()
    np.testing.assert_allclose(given(module, X), model.predict_proba(X), atol=1e-6)
    assert np.allclose(given(module, X), given(module, mirrored), atol=1e-6) == flip_averaging


def test_predictions_of_large_and_close_targets_are_as_exact_as_float32(small):
    X, _ = small
    y = 1e6 + X.mean(axis=1)
    model = MLPRegressor((16,), max_epochs=2, random_state=0).fit(X, np.column_stack([y, -y]))
    np.testing.assert_array_equal(given(model.as_module(), X[:20]), model.predict(X[:20]).astype(np.float32))


def test_several_labels_have_a_probability_each(small):
    X, y = small
    indicators = np.column_stack([y < 3, y % 2 == 0]).astype(int)
    model = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X, indicators)
    np.testing.assert_allclose(given(model.as_module(), X), model.predict_proba(X), atol=1e-6)


def test_a_module_has_gradients(small):
    X, _ = small
    module = Autoencoder(2, (8,), max_epochs=1, random_state=0).fit(X).as_module()
    rows = torch.from_numpy(X[:3] / np.float32(255)).requires_grad_()
    module(rows).sum().backward()
    assert rows.grad.abs().sum() > 0


def images_of_all_scales():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (50, 20), dtype=np.uint8)
    brightness = (levels / 255).astype(np.float32)
    return {
        "levels": levels,
        "dark levels": levels // 100,
        "levels as floats": levels.astype(np.float32),
        "one row of levels": levels[:1].astype(np.float32),
        "levels with noise": (levels + rng.normal(size=levels.shape)).astype(np.float32),
        "brightness": brightness,
        "brightness with noise": (brightness + rng.normal(scale=0.3, size=levels.shape)).astype(np.float32),
        "one absurd pixel": np.where(np.arange(1000).reshape(50, 20) == 7, 1000, brightness).astype(np.float32),
        "a mask": (levels > 99).astype(np.uint8),
        "a mask of floats": (levels > 99).astype(np.float32),
        "standardised": rng.normal(size=levels.shape).astype(np.float32),
        "counts": rng.integers(0, 9, (50, 20)).astype(np.float32),
    }


@pytest.mark.filterwarnings("ignore:this estimator is given")
@pytest.mark.parametrize("name", images_of_all_scales())
@pytest.mark.parametrize("of_the_fit", ["levels", "brightness", "a mask", "standardised", "counts"])
def test_a_module_reads_pixels_as_the_estimator_does(of_the_fit, name):
    images = images_of_all_scales()
    scale, X = PixelScale.of(images[of_the_fit]), images[name]
    expected = scaled(scale.read(X), np.float32)
    np.testing.assert_allclose(read_pixels(torch.from_numpy(X), scale.kind).numpy(), expected, rtol=1e-6)

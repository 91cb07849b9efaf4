"""Outlier detectors: what a score is, where the threshold lies, and that they find what is odd."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skfashion.datasets import make_garments
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    MLPClassifier,
    SelfSupervisedOutlierDetector,
    VariationalAutoencoder,
)
from skfashion.neural_network._autoencoder_outliers import _SHRINKAGE
from skfashion.neural_network._normal import NormalDistribution
from skfashion.neural_network._outlier_detector import _threshold, _weighted
from skfashion.neural_network._self_supervised_outliers import _shifted

SMALL = {"batch_size": 16, "max_epochs": 5, "device": "cpu"}
DETECTORS = [
    AutoencoderOutlierDetector(Autoencoder(8, (32,), **{**SMALL, "max_epochs": 20}), random_state=0),
    SelfSupervisedOutlierDetector(CNNClassifier("single", **{**SMALL, "max_epochs": 1}), random_state=0),
]
EVERY_DETECTOR = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)


@pytest.fixture(scope="module")
def boots():
    """Levels of images of one class, and of all classes with whether they are of that one."""
    X, y = make_garments(1600, random_state=0, return_X_y=True)
    return X[:1000][y[:1000] == 9], X[1000:], y[1000:] == 9


@EVERY_DETECTOR
def test_odd_garments_are_found(boots, detector):
    X, X_test, is_boot = boots
    detector = clone(detector).fit(X)
    assert roc_auc_score(is_boot, detector.score_samples(X_test)) > 0.9
    assert (detector.predict(X) == 1).mean() > 0.85
    odd = detector.predict(X_test[~is_boot]) == -1
    assert odd.mean() > 0.3
    np.testing.assert_array_equal(detector.decision_function(X), detector.score_samples(X) - detector.offset_)


def test_the_score_is_the_error_of_a_pixel_and_the_distance_of_a_code(boots):
    X, X_test, _ = boots
    autoencoder = Autoencoder(3, (16,), random_state=0, **SMALL).fit(X)
    detector = AutoencoderOutlierDetector(autoencoder).fit(X)
    variance = ((X / 255 - autoencoder.reconstruct(X)) ** 2).mean(axis=0)
    np.testing.assert_allclose(detector.pixel_variance_, variance, rtol=1e-4, atol=1e-9)
    residual = X_test / 255 - autoencoder.reconstruct(X_test)
    error = (residual**2 / (variance + variance.mean())).mean(axis=1)
    covariance = autoencoder.code_covariance_
    covariance = covariance + 2.5e-5 * (autoencoder.code_mean_**2).mean() * np.eye(3)
    shrunk = 0.999 * covariance + 0.001 * np.trace(covariance) / 3 * np.eye(3)
    deviation = autoencoder.transform(X_test) - autoencoder.code_mean_
    distance = np.einsum("ni,ij,nj->n", deviation, np.linalg.inv(shrunk), deviation) / 3
    expected = -np.log(0.01 + error) - np.log(0.1 + distance) / 2
    np.testing.assert_allclose(detector.score_samples(X_test), expected, atol=1e-3)


def test_the_score_is_the_distance_of_the_embeddings_of_turned_images(boots):
    X, X_test, _ = boots
    detector = clone(DETECTORS[1]).fit(X)
    total = 0
    for turn in (
        lambda images: images,
        lambda images: np.rot90(images, 1, (1, 2)),
        lambda images: np.rot90(images, 2, (1, 2)),
        lambda images: np.rot90(images, 3, (1, 2)),
        lambda images: np.pad(images, ((0, 0), (7, 0), (0, 0)))[:, :28],
        lambda images: np.pad(images, ((0, 0), (0, 7), (0, 0)))[:, 7:],
        lambda images: np.pad(images, ((0, 0), (0, 0), (7, 0)))[:, :, :28],
        lambda images: np.pad(images, ((0, 0), (0, 0), (0, 7)))[:, :, 7:],
    ):
        known, new = (detector.classifier_.embed(turn(rows.reshape(-1, 28, 28))).astype(float) for rows in (X, X_test))
        known, new = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (known, new))
        covariance = np.cov(known, rowvar=False, ddof=0) + 2.5e-5 * (known.mean(axis=0) ** 2).mean() * np.eye(
            known.shape[1]
        )
        variance = np.trace(covariance) / len(covariance)
        shrunk = 0.9 * covariance + 0.1 * variance * np.eye(len(covariance))
        deviation = new - known.mean(axis=0)
        total = total + np.einsum("ni,ij,nj->n", deviation, np.linalg.inv(shrunk), deviation)
    np.testing.assert_allclose(detector.score_samples(X_test), -np.log1p(total), rtol=1e-4)
    assert set(detector.classifier_.classes_) == set(range(8))


@pytest.mark.parametrize(
    ("shape", "n"),
    [((28, 28), 8), ((5, 5), 8), ((3, 3), 4), ((8, 4), 6), ((1, 6), 4), ((1, 2), 2), ((3, 6, 6), 8), ((3, 1, 1), 2)],
)
def test_every_shape_is_transformed(shape, n):
    X = np.random.default_rng(0).random((30, *shape))
    classifier = MLPClassifier((4,), max_epochs=1, random_state=0)
    image_shape = shape if len(shape) == 3 else (1, *shape)
    detector = SelfSupervisedOutlierDetector(classifier, image_shape=image_shape).fit(X.reshape(30, -1))
    assert len(detector.classifier_.classes_) == n
    assert detector.classifier_.image_shape_ == image_shape
    transformed = list(detector._transformed(X.reshape(30, -1)))
    assert all(rows.shape == transformed[0].shape for rows in transformed)
    assert len({rows.tobytes() for rows in transformed}) == n


def test_shifts_fill_with_zeros():
    image = np.arange(1, 10).reshape(1, 1, 3, 3)
    assert _shifted(image, 2, 1)[0, 0].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert _shifted(image, 3, -1)[0, 0].tolist() == [[2, 3, 0], [5, 6, 0], [8, 9, 0]]
    assert image[0, 0, 0].tolist() == [1, 2, 3]


def test_one_pixel_cannot_be_turned():
    with pytest.raises(ValueError, match=r"SelfSupervisedOutlierDetector needs images of at least two pixels.*n_feat"):
        SelfSupervisedOutlierDetector().fit(np.arange(10.0)[:, None])


def test_weights_copy_images_only_to_leave_some_out():
    X = np.arange(12.0).reshape(4, 3)
    assert _weighted(X, None)[0] is X
    assert _weighted(X, [1, 2, 3, 2])[0] is X
    rows, weight = _weighted(X, [0, 2, 0, 6])
    np.testing.assert_array_equal(rows, X[[1, 3]])
    np.testing.assert_allclose(weight, [0.5, 1.5])


def test_threshold_of_a_share():
    scores = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    assert _threshold(scores, np.ones(5), 0.4) == 2.5  # 1 and 2 are below
    assert _threshold(scores, np.ones(5), 0.39) == 1.5
    assert 1 - 2e-4 < _threshold(scores, np.ones(5), 0.1) < 1.0  # nobody is
    assert _threshold(scores, np.array([1, 2, 1, 1, 1]), 0.4) == 1.5  # the same as the image of 1 twice
    assert 1 - 2e-4 < _threshold(np.array([1.0, 1, 1, 2]), np.ones(4), 0.25) < 1.0  # ties are on one side


def test_threshold_of_nobody_knows_how_many():
    scores = np.random.default_rng(0).permutation(100).astype(float)
    assert _threshold(scores, np.ones(100), "auto") == 4.5


@EVERY_DETECTOR
def test_contamination_is_the_share_of_outliers(boots, detector):
    X = boots[0]
    for share in (0.05, 0.5):
        predicted = clone(detector).set_params(contamination=share).fit_predict(X)
        assert (predicted == -1).sum() == int(share * len(X))
    with pytest.raises(ValueError, match="The 'contamination' parameter"):
        clone(detector).set_params(contamination=0.6).fit(X)


@EVERY_DETECTOR
def test_a_weight_of_zero_leaves_an_image_out(boots, detector):
    X, X_test, _ = boots
    weight = np.ones(len(X))
    weight[::3] = 0
    X = X.copy()
    X[::3] = 255  # what they look like matters to nobody
    expected = clone(detector).fit(X[weight > 0])
    found = clone(detector).fit(X, sample_weight=7 * weight)
    np.testing.assert_allclose(found.score_samples(X_test), expected.score_samples(X_test), rtol=1e-4, atol=1e-4)
    assert found.offset_ == pytest.approx(expected.offset_, abs=1e-4)
    with pytest.raises(ValueError, match=r"weight.*zero"):
        clone(detector).fit(X, sample_weight=0 * weight)


@pytest.fixture
def weighed(boots):
    """Images, and weights of which some are five times the others."""
    X = boots[0]
    return X, np.where(X.mean(axis=1) > np.median(X.mean(axis=1)), 5.0, 1.0)


def test_weights_count_in_what_an_autoencoder_leaves(weighed):
    X, weight = weighed
    detector = AutoencoderOutlierDetector(Autoencoder(3, (16,), random_state=0, **SMALL)).fit(X, sample_weight=weight)
    autoencoder = Autoencoder(3, (16,), random_state=0, **SMALL).fit(X, sample_weight=weight)
    assert detector.autoencoder_.loss_curve_ == pytest.approx(autoencoder.loss_curve_, rel=1e-5)
    residual = X / 255 - autoencoder.reconstruct(X)
    expected = np.average(residual**2, axis=0, weights=weight)
    np.testing.assert_allclose(detector.pixel_variance_, expected, rtol=1e-3, atol=1e-7)


def test_weights_count_for_turned_images(weighed):
    X, weight = weighed
    detector = clone(DETECTORS[1]).fit(X, sample_weight=weight)
    rows = [rows.reshape(-1, 28, 28) for rows in detector._transformed(X)]
    labels = np.repeat(np.arange(8), len(X))
    network = clone(DETECTORS[1].classifier).set_params(random_state=detector.classifier_.random_state)
    network.fit(np.concatenate(rows), labels, sample_weight=np.tile(weight, 8))
    assert detector.classifier_.loss_curve_ == pytest.approx(network.loss_curve_, rel=1e-5)
    directions = network.embed(rows[0]).astype(float)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    mean = np.average(directions, axis=0, weights=weight)
    np.testing.assert_allclose(detector._distributions[0].mean, mean, atol=1e-4)


@EVERY_DETECTOR
def test_weights_count_in_the_threshold(weighed, detector):
    X, weight = weighed
    odd = clone(detector).set_params(contamination=0.3).fit(X, sample_weight=weight).predict(X) == -1
    assert weight[odd].sum() / weight.sum() <= 0.3 < (weight[odd].sum() + 5) / weight.sum()


@EVERY_DETECTOR
def test_forms_of_the_same_images(boots, detector):
    X, X_test, _ = boots
    fitted = clone(detector).fit(X)
    expected = fitted.score_samples(X_test)
    for form in (
        lambda rows: rows.reshape(-1, 28, 28),
        lambda rows: rows.reshape(-1, 1, 28, 28),
        lambda rows: rows.astype(float),
        lambda rows: rows.astype(np.int32),
    ):
        other = clone(detector).fit(form(X))
        np.testing.assert_allclose(other.score_samples(form(X_test)), expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(fitted.score_samples(form(X_test)), expected, rtol=1e-4, atol=1e-4)
    for form in (lambda rows: rows / 255, lambda rows: (rows / 255).astype(np.float32)):
        np.testing.assert_allclose(fitted.score_samples(form(X_test)), expected, rtol=1e-4, atol=1e-4)


@EVERY_DETECTOR
def test_scores_do_not_depend_on_the_images_beside_them(boots, detector):
    X_test = boots[1][:70].astype(float)
    fitted = clone(detector).fit(boots[0])
    alone = [fitted.score_samples(row[None])[0] for row in X_test]
    np.testing.assert_allclose(fitted.score_samples(X_test), alone, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:.*it is dead", "ignore:.*did not learn")
@EVERY_DETECTOR
@pytest.mark.parametrize("kind", ["blank", "equal", "dead pixels"])
def test_images_without_variety(detector, kind):
    rng = np.random.default_rng(0)
    X = {
        "blank": np.zeros((40, 64)),
        "equal": np.tile(rng.random(64), (40, 1)),
        "dead pixels": np.where(np.arange(64) < 60, 0, rng.random((40, 64))),
    }[kind]
    fitted = clone(detector).fit(X)
    odd = rng.random((5, 64))
    assert np.isfinite(fitted.score_samples(np.vstack([X, odd]))).all()
    assert (fitted.predict(X) == 1).mean() > 0.5


@EVERY_DETECTOR
def test_a_detector_lives_on(boots, detector):
    X, X_test, _ = boots
    frame = pd.DataFrame(X, columns=[f"pixel_{index}" for index in range(784)])
    model = make_pipeline(MinMaxScaler(clip=True), clone(detector)).set_output(transform="pandas").fit(frame)
    expected = model.predict(pd.DataFrame(X_test, columns=frame.columns))
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict(pd.DataFrame(X_test, columns=frame.columns)), expected)
    assert len(pickle.dumps(clone(detector).fit(np.tile(X, (9, 1))))) < 1.1 * len(pickle.dumps(clone(detector).fit(X)))
    again = make_pipeline(MinMaxScaler(clip=True), clone(detector)).set_output(transform="pandas").fit(frame)
    np.testing.assert_array_equal(again.decision_function(frame), model.decision_function(frame))
    before = dict(vars(model[-1]))
    with pytest.raises(ValueError, match="NaN"):
        model[-1].fit(np.full((4, 784), np.nan))
    assert vars(model[-1]) == before


def test_autoencoders_that_are_fitted_frozen_or_found(boots):
    X, X_test, _ = boots
    autoencoder = Autoencoder(4, (16,), random_state=0, **SMALL).fit(X)
    frozen = AutoencoderOutlierDetector(FrozenEstimator(autoencoder)).fit(X[:50])
    assert frozen.autoencoder_.net_ is autoencoder.net_
    assert clone(frozen).fit(X[:50]).offset_ == frozen.offset_
    search = GridSearchCV(clone(autoencoder), {"latent_dim": [2, 4]}, cv=2).fit(X)
    found = AutoencoderOutlierDetector(FrozenEstimator(search)).fit(X)
    assert found.autoencoder_.net_ is search.best_estimator_.net_
    variational = VariationalAutoencoder(4, n_channels=(4, 8), random_state=0, **SMALL)
    assert np.isfinite(AutoencoderOutlierDetector(variational).fit(X).score_samples(X_test)).all()
    with pytest.raises(ValueError, match="The 'autoencoder' parameter of AutoencoderOutlierDetector must be an auto"):
        AutoencoderOutlierDetector(FrozenEstimator(MinMaxScaler())).fit(X)
    with pytest.raises(ValueError, match="The 'classifier' parameter of SelfSupervisedOutlierDetector"):
        SelfSupervisedOutlierDetector(autoencoder).fit(X)


@pytest.mark.filterwarnings("ignore:.*it is dead")  # noise around one image has no shorter code
@pytest.mark.parametrize("layout", ["channels first", "channels last"])
@EVERY_DETECTOR
def test_colour_images(detector, layout):
    rng = np.random.default_rng(0)
    base = np.linspace(0, 200, 12)[None, None, :, None] + np.zeros((60, 3, 12, 12))
    X = (base + rng.integers(0, 50, base.shape)).astype(np.uint8)
    odd = rng.integers(0, 250, (5, 3, 12, 12)).astype(np.uint8)
    if layout == "channels last":
        X, odd = (np.moveaxis(images, 1, -1) for images in (X, odd))
    fitted = clone(detector).fit(X)
    assert fitted.image_shape_ == (3, 12, 12)
    assert fitted.score_samples(odd).max() < np.median(fitted.score_samples(X))


@pytest.mark.slow
@pytest.mark.real_data
def test_one_class_of_fashion_mnist(fashion_mnist):
    (X, y), (X_test, y_test) = fashion_mnist
    ankle_boots = X[y == 9][:3000]  # half of them, which is harder and takes half of the time
    for detector, least in (
        (AutoencoderOutlierDetector(random_state=0), 0.96),
        (SelfSupervisedOutlierDetector(random_state=0), 0.985),
    ):
        scores = detector.fit(ankle_boots).score_samples(X_test)
        assert roc_auc_score(y_test == 9, scores) > least


@pytest.mark.parametrize("frozen", [False, True])
def test_distances_are_those_from_the_codes_of_the_fit(garments, frozen):
    """Also by a variational autoencoder, whose codes need not follow the standard normal distribution."""
    X, weight = garments[0], np.arange(len(garments[0])) % 3 + 0.0
    autoencoder = VariationalAutoencoder(3, n_channels=(4,), max_epochs=2, batch_size=64, random_state=0)
    if frozen:
        autoencoder = FrozenEstimator(autoencoder.fit(255 - X))
    detector = AutoencoderOutlierDetector(autoencoder, random_state=0).fit(X, sample_weight=weight)
    codes = detector.autoencoder_.transform(X)
    expected = NormalDistribution.of(
        np.average(codes, axis=0, weights=weight), np.cov(codes, rowvar=False, ddof=0, aweights=weight), _SHRINKAGE
    )
    np.testing.assert_allclose(
        detector._codes.squared_distances(codes), expected.squared_distances(codes), rtol=1e-4, atol=1e-6
    )

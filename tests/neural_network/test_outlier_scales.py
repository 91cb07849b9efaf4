"""Outlier detectors around other estimators: one scale of pixels, one layout, one weight of an image."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    EncoderClassifier,
    MLPClassifier,
    SelfSupervisedOutlierDetector,
)

SMALL = {"max_epochs": 2, "batch_size": 32, "device": "cpu"}
AUTOENCODER = Autoencoder(4, (16,), random_state=0, **SMALL)
DETECTORS = [
    AutoencoderOutlierDetector(AUTOENCODER, random_state=0),
    SelfSupervisedOutlierDetector(MLPClassifier((16,), **SMALL), random_state=0),
]
EVERY_DETECTOR = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)


def test_a_fitted_autoencoder_decides_on_the_scale(garments):
    X, y = garments
    autoencoder = clone(AUTOENCODER).fit(X)
    dark = X // 3  # alone they would be numbers up to 85
    residual = dark / 255 - autoencoder.reconstruct(dark)
    detector = AutoencoderOutlierDetector(FrozenEstimator(autoencoder)).fit(dark)
    assert detector.pixel_variance_.mean() == pytest.approx((residual**2).mean(), rel=1e-4)
    np.testing.assert_allclose(detector.score_samples(dark / 255), detector.score_samples(dark), atol=1e-4)
    model = EncoderClassifier(FrozenEstimator(autoencoder), random_state=0, **SMALL).fit(dark, y)
    np.testing.assert_allclose(model.predict_proba(dark / 255), model.predict_proba(dark), atol=1e-4)


def test_a_classifier_inside_reads_what_the_detector_reads():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 100, (100, 784)).astype(np.uint8)
    X[np.arange(0, 96, 12), 0] = 200  # levels, but for shifted images
    detector = clone(DETECTORS[1]).fit(X)
    assert detector.classifier_._pixels == detector._pixels
    np.testing.assert_array_equal(detector.predict(X.astype(float)), detector.predict(X))


@EVERY_DETECTOR
def test_an_estimator_that_was_inside_can_be_fitted_on_other_images(garments, detector):
    fitted = clone(detector).fit(garments[0])
    inside = fitted.autoencoder_ if hasattr(fitted, "autoencoder_") else fitted.classifier_
    X, y = np.random.default_rng(0).random((40, 5, 5)), np.arange(40) % 2
    inside.set_params(image_shape="auto").fit(X, y)
    assert inside.image_shape_ == (1, 5, 5)
    assert inside._pixels.kind == "brightness"


def test_values_beyond_the_scale_are_divided_once(garments):
    X = garments[0]
    beyond = np.where(X[:20] > 127, 510, 0)
    for detector in DETECTORS:
        fitted = clone(detector).fit(X)
        assert fitted.as_images(beyond).max() == 2
        expected = fitted._scores(fitted.as_images(beyond).reshape(20, -1), alone=False)
        np.testing.assert_allclose(fitted.score_samples(beyond), expected)


@EVERY_DETECTOR
def test_a_warning_is_given_once(garments, detector):
    fitted = clone(detector).fit(garments[0] / 255)
    with pytest.warns(UserWarning, match=type(detector).__name__) as caught:
        fitted.score_samples(garments[0][:40] // 3)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        noise = np.random.default_rng(0).normal(size=(40, 784))
        clone(detector).fit(garments[0]).score_samples(garments[0][:40] + noise)


@pytest.mark.parametrize(
    "classifier",
    [
        EncoderClassifier(Autoencoder(3, max_epochs=1), max_epochs=1),
        EncoderClassifier(Autoencoder(3, max_epochs=1, image_shape=(8, 4)), max_epochs=1),
        CNNClassifier("single", max_epochs=1, image_shape=(8, 4)),
    ],
)
def test_the_layout_of_images_reaches_any_classifier(classifier):
    X = np.random.default_rng(0).random((60, 8, 4))
    detector = SelfSupervisedOutlierDetector(classifier, random_state=0).fit(X)
    assert detector.image_shape_ == detector.classifier_.image_shape_ == (1, 8, 4)
    rows = SelfSupervisedOutlierDetector(classifier, image_shape=(8, 4), random_state=0).fit(X.reshape(60, -1))
    np.testing.assert_allclose(rows.score_samples(X), detector.score_samples(X))


def test_another_shape_of_the_classifier_is_told(garments):
    with pytest.raises(ValueError, match=r"image_shape=\(14, 56\), but the images are \(1, 28, 28\)"):
        SelfSupervisedOutlierDetector(MLPClassifier((4,), image_shape=(14, 56))).fit(garments[0])


@EVERY_DETECTOR
@pytest.mark.filterwarnings("error")
def test_equal_images_are_alike_whatever_is_beside_them(garments, detector):
    X = np.repeat(garments[0][:1], 40, axis=0)
    fitted = clone(detector).fit(X)
    assert fitted.predict(X[:1]) == 1
    assert (fitted.predict(X) == 1).all()
    assert (fitted.predict(X.astype(float)) == 1).all()


@EVERY_DETECTOR
@pytest.mark.filterwarnings("error")
def test_one_image(garments, detector):
    X = garments[0]
    alone = clone(detector).fit(X[:1])
    weighed = clone(detector).fit(X, sample_weight=np.eye(len(X))[0])
    for fitted in (alone, weighed):
        assert np.isfinite(fitted.decision_function(X)).all()
        assert fitted.predict(X[:1]) == 1
    np.testing.assert_allclose(weighed.score_samples(X), alone.score_samples(X), rtol=1e-5)


@EVERY_DETECTOR
@pytest.mark.parametrize("absurd", [255.0, 3e37])
def test_images_of_no_weight_decide_on_nothing(garments, detector, absurd):
    X = garments[0] / 255
    weight = np.r_[np.ones(len(X)), np.zeros(5)]
    found = clone(detector).fit(np.vstack([X, np.full((5, 784), absurd)]), sample_weight=weight)
    np.testing.assert_allclose(found.score_samples(X), clone(detector).fit(X).score_samples(X), rtol=1e-4, atol=1e-4)


@EVERY_DETECTOR
@pytest.mark.parametrize("size", [1e-320, 1e308])
def test_weights_of_any_size_are_relative(garments, detector, size):
    X = garments[0]
    found = clone(detector).fit(X, sample_weight=np.full(len(X), size))
    assert found.offset_ == pytest.approx(clone(detector).fit(X).offset_, rel=1e-4)


def test_a_bad_parameter_is_told_by_fit_alone():
    for estimator in (AutoencoderOutlierDetector(FrozenEstimator(5)), EncoderClassifier(FrozenEstimator(5))):
        assert not hasattr(estimator, "image_shape")


@pytest.mark.parametrize(
    ("embed", "got"),
    [
        (lambda images: images[:3].flatten(1), r"\(3, 784\)"),
        (lambda images: images.flatten(1).mean(0, keepdim=True), r"\(1, 784\)"),
        (lambda images: images, r"\(40, 1, 28, 28\)"),
        (lambda images: images.flatten(1).sum(1), r"\(40,\)"),
        (lambda images: (images, images), "tuple"),
        (lambda images: None, "NoneType"),
    ],
)
def test_embeddings_of_the_wrong_shape_are_blamed_on_the_module(garments, embed, got):
    class Own(torch.nn.Sequential):
        def embed(self, images):
            return embed(images)

    def architecture(image_shape, n_outputs):
        return Own(torch.nn.Flatten(), torch.nn.Linear(784, n_outputs))

    model = CNNClassifier(architecture, **SMALL).fit(*garments)
    with pytest.raises(
        ValueError, match=rf"embed of Own must return a tensor of shape \(40, n_units\). Got {got} inst"
    ):
        model.embed(garments[0][:40])

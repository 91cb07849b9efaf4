"""The ready-made pipelines are plain ones of scikit-learn."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skfashion.baselines import (
    KNNClassifier,
    make_hog_clusterer,
    make_hog_features,
    make_hog_spreading,
    make_hog_svc,
    make_pca_svc,
)
from skfashion.datasets import make_garments
from skfashion.neural_network import Autoencoder


def test_parameters_reach_the_steps():
    pipeline = make_pca_svc(30, C=3.0, gamma=0.02, random_state=7)
    assert list(pipeline.named_steps) == ["brightness", "scale", "root", "pca", "svc"]
    parameters = clone(pipeline).get_params()
    assert (parameters["pca__n_components"], parameters["pca__random_state"]) == (30, 7)
    assert (parameters["svc__C"], parameters["svc__gamma"]) == (3.0, 0.02)


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(make_pca_svc(30, random_state=0), {"svc__C": [1e-3, 10.0]}, cv=2).fit(X, y)
    assert search.best_params_ == {"svc__C": 10.0}
    assert search.best_score_ > 0.6


def test_defaults_suit_images_of_any_size():
    X, y = load_digits(return_X_y=True)
    assert make_pca_svc(random_state=0).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.94


def test_pixels_darker_than_any_that_were_fitted(garments):
    X, y = garments
    shifted = X.astype(float) - 3.0
    model = make_pca_svc(10, random_state=0).fit(shifted, y)
    np.testing.assert_array_equal(
        model.predict(np.minimum(shifted, -3.0) - 5), model.predict(np.full_like(shifted, -3.0))
    )
    assert (model.predict(shifted) == y).mean() > 0.6


@pytest.mark.parametrize(
    "make", [make_pca_svc, make_hog_svc, make_hog_features, make_hog_clusterer, make_hog_spreading]
)
@pytest.mark.parametrize("fitted_on", [lambda X: X, lambda X: X / 255, lambda X: X.astype(float)])
def test_the_same_pictures_on_any_scale(garments, make, fitted_on):
    X, y = garments
    model = make(n_components=30, random_state=0).fit(fitted_on(X[:500]), y[:500])
    method = model.predict if hasattr(model, "predict") else model.transform
    for form in (lambda X: X / 255, lambda X: X.astype(np.float32)):
        np.testing.assert_allclose(method(form(X[500:])), method(X[500:]), rtol=1e-3, atol=1e-3)


class TestHOG:
    def test_parameters_reach_the_steps(self):
        pipeline = make_hog_svc(
            30, pixels_per_cell=(7, 4), pixel_weight=0.1, image_shape=(28, 28), C=2.0, gamma=5.0, random_state=7
        )
        parameters = clone(pipeline).get_params()
        found = {
            "features__edges__hog__pixels_per_cell": (7, 4),
            "features__edges__hog__image_shape": (28, 28),
            "features__transformer_weights": {"edges": 1.0, "pixels": 0.1},
            "pca__n_components": 30,
            "pca__random_state": 7,
            "svc__C": 2.0,
            "svc__gamma": 5.0,
        }
        assert {name: parameters[name] for name in found} == found

    def test_in_a_search(self, garments):
        X, y = garments
        search = GridSearchCV(make_hog_svc(30, random_state=0), {"svc__C": [1e-3, 3.0]}, cv=2).fit(X, y)
        assert search.best_params_ == {"svc__C": 3.0}
        assert search.best_score_ > 0.7

    def test_edges_and_pixels_are_of_unit_length(self, garments):
        X, y = garments
        features = make_hog_svc(30, pixel_weight=0.5, random_state=0).fit(X, y)[:1].transform(X)
        np.testing.assert_allclose(np.linalg.norm(features[:, :1152], axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(features[:, 1152:], axis=1), 0.5, atol=1e-5)

    def test_names_of_features(self, garments):
        X, y = garments
        features = make_hog_svc(30, random_state=0).fit(X, y)[:1]
        names = features.get_feature_names_out()
        assert len(names) == features.transform(X[:1]).shape[1]
        assert [names[0], names[-1]] == ["edges__hogtransformer0", "pixels__x783"]

    def test_digits(self):
        X, y = load_digits(return_X_y=True)
        model = make_hog_svc(100, pixels_per_cell=2, random_state=0).fit(X[:1000], y[:1000])
        assert model.score(X[1000:], y[1000:]) > 0.96

    def test_colour_photos_of_64_pixels(self):
        """The class is the direction of stripes, which nothing but edges shows: position and colour are random."""
        rng = np.random.default_rng(0)
        y, x = np.mgrid[:64, :64]
        labels = np.arange(120) % 3
        across = np.where(labels[:, None, None] == 0, x, np.where(labels[:, None, None] == 1, y, x + y))
        waves = np.sin(across * rng.uniform(0.4, 0.8, (120, 1, 1)) + rng.uniform(0, 6, (120, 1, 1)))
        colours = rng.uniform(-60, 60, (120, 1, 1, 3))
        photos = (128 + waves[..., None] * colours + rng.normal(0, 10, (120, 64, 64, 3))).clip(0, 255).astype(np.uint8)
        model = make_hog_svc(20, pixels_per_cell=16, image_shape=(64, 64, 3), random_state=0)
        model.fit(photos[:60].reshape(60, -1), labels[:60])
        assert model.score(photos[60:].reshape(60, -1), labels[60:]) == 1
        pixels = make_pca_svc(20, random_state=0).fit(photos[:60].reshape(60, -1), labels[:60])
        assert pixels.score(photos[60:].reshape(60, -1), labels[60:]) < 0.8

    def test_edges_beat_pixels(self):
        X, y = make_garments(1500, random_state=0, return_X_y=True)
        scores = [
            make(50, random_state=0).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
            for make in (make_pca_svc, make_hog_svc)
        ]
        assert scores[1] > scores[0]

    def test_more_components_than_images(self, garments):
        X, y = garments
        with pytest.raises(ValueError, match="n_components=200 must be between 0 and min"):
            make_hog_svc().fit(X[:100], y[:100])


class TestHogFeatures:
    def test_they_are_those_of_the_classifier_on_another_scale(self, garments):
        X, y = garments
        given = {"pixels_per_cell": (7, 4), "pixel_weight": 0.5, "image_shape": (28, 28), "random_state": 0}
        expected = make_hog_svc(30, **given).fit(X, y)[:-1].transform(X)
        found = make_hog_features(30, **given).fit(X).transform(X)
        np.testing.assert_allclose(np.abs(found), 20 * np.abs(expected), rtol=1e-3, atol=1e-3)

    @pytest.mark.real_data
    def test_their_standard_deviation_is_one(self, fashion_mnist):
        (X, _), _ = fashion_mnist
        assert make_hog_features(random_state=0).fit_transform(X[:5000]).std() == pytest.approx(1, abs=0.1)

    def test_a_search_over_an_autoencoder_of_them(self, garments):
        X, y = garments
        autoencoder = Autoencoder(8, (32,), batch_size=32, random_state=0)
        model = make_pipeline(make_hog_features(30, random_state=0), autoencoder, KNNClassifier(3))
        search = GridSearchCV(model, {"autoencoder__max_epochs": [1, 20]}, cv=2).fit(X, y)
        assert search.best_params_ == {"autoencoder__max_epochs": 20}
        again = pickle.loads(pickle.dumps(search))
        np.testing.assert_array_equal(again.predict(X), search.predict(X))

    @pytest.mark.parametrize(("bad", "error"), [("a", TypeError), (-1, ValueError)])
    def test_a_weight_of_pixels_is_a_number(self, bad, error):
        for make in (make_hog_features, make_hog_svc):
            with pytest.raises(error, match="pixel_weight"):
                make(pixel_weight=bad)

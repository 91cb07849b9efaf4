"""Estimators that know their images, of this library and of others."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skfashion.baselines import KNNClassifier, NeighborSampler, SubspaceClassifier
from skfashion.inspection import FilterDisplay, ImageEstimator, MisclassifiedDisplay, ReconstructionDisplay
from skfashion.neural_network import Autoencoder, CNNClassifier, MLPClassifier


@pytest.fixture(scope="module")
def colour():
    """Images (n, h, w, c) and their labels."""
    return np.random.default_rng(0).integers(0, 256, (30, 6, 5, 3), dtype=np.uint8), np.arange(30) % 2


ESTIMATORS = [
    KNNClassifier(3),
    SubspaceClassifier(2),
    NeighborSampler(2),
    MLPClassifier((4,), max_epochs=1, random_state=0),
    CNNClassifier("single", max_epochs=1, random_state=0, image_shape=(6, 5, 3)),
    Autoencoder(2, (4,), max_epochs=1, random_state=0),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_estimators_of_this_library(colour, estimator):
    X, y = colour
    assert not isinstance(estimator, ImageEstimator)
    with pytest.raises(NotFittedError):
        estimator.as_images(X)
    estimator.fit(X, y) if not isinstance(estimator, Autoencoder) else estimator.fit(X)
    assert isinstance(estimator, ImageEstimator)
    assert estimator.image_shape_ == (3, 6, 5)
    images = np.moveaxis(X, -1, 1)
    for shown in (X, X.reshape(30, -1), images, X.astype(float)):
        seen = estimator.as_images(shown)
        assert seen.dtype == np.uint8
        np.testing.assert_array_equal(seen, images)
    np.testing.assert_array_equal(estimator.as_images(X / 255), images / 255)
    weights = np.random.default_rng(0).normal(size=(2, 90))
    seen = estimator.as_images(weights, rescale=False)
    np.testing.assert_array_equal(seen, np.moveaxis(weights.reshape(2, 6, 5, 3), -1, 1))
    seen = estimator.as_images(X.reshape(30, -1), image_shape=(9, 10))
    np.testing.assert_array_equal(seen, X.reshape(30, 1, 9, 10))
    with pytest.raises(ValueError, match="image_shape"):
        estimator.as_images(X.reshape(30, -1), image_shape=(9, 9))


def test_images_are_views(colour):
    X, y = colour
    knn = KNNClassifier(3).fit(X, y)
    assert np.shares_memory(knn.as_images(X), X)


class ColumnByColumn(TransformerMixin, BaseEstimator):
    """A transformer of another library, whose rows hold the columns of images, in percent."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.image_shape_ = (1, 4, 6)
        return self

    def as_images(self, X, *, image_shape=None, rescale=True):
        images = np.reshape(X, (-1, 1, 6, 4)).swapaxes(2, 3)
        return images / 100 if rescale else images

    def transform(self, X):
        return X

    def inverse_transform(self, X):
        return X / 100


def test_an_estimator_of_ones_own_says_how_images_lie():
    X = np.random.default_rng(0).uniform(0, 100, (20, 24))
    pictures = X.reshape(20, 6, 4).swapaxes(1, 2) / 100
    own = ColumnByColumn().fit(X)
    display = ReconstructionDisplay.from_estimator(own, X, n_images=3)
    np.testing.assert_allclose(display.images, pictures[:3])
    np.testing.assert_allclose(display.errors, 0, atol=1e-12)
    knn = make_pipeline(own, KNNClassifier(1)).fit(X, np.arange(20) % 2)
    shown = MisclassifiedDisplay.from_estimator(knn, X, 1 - np.arange(20) % 2)
    np.testing.assert_allclose(shown.images, pictures[shown.indices])


def test_estimators_that_know_nothing_are_drawn_by_the_shape_of_x(garments):
    X, y = garments[0][:60] / 255, garments[1][:60]
    assert not isinstance(PCA(2, random_state=0).fit(X), ImageEstimator)
    mlp = make_pipeline(PCA(9, random_state=0), MLPClassifier((4,), max_epochs=1, random_state=0)).fit(X, y)
    assert FilterDisplay.from_estimator(mlp).filters.shape == (4, 28, 28)

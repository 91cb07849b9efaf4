"""Subspaces of classes: those of a singular value decomposition."""

import numpy as np
import pytest
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid

from skfashion.baselines import SubspaceClassifier


@pytest.mark.parametrize("center", [True, False])
def test_residuals_are_those_of_scikit_learn(garments, center):
    X, y = garments
    model = SubspaceClassifier(7, center=center).fit(X[:500], y[:500])
    scores = model.decision_function(X[500:])
    for code, label in enumerate(model.classes_):
        own = X[:500][y[:500] == label] / 255
        svd = PCA(7, svd_solver="full") if center else TruncatedSVD(7, algorithm="arpack", random_state=0)
        svd.fit(own)
        back = svd.inverse_transform(svd.transform(X[500:] / 255))
        np.testing.assert_allclose(-scores[:, code], ((X[500:] / 255 - back) ** 2).sum(axis=1), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(model.predict(X[500:]), model.classes_[scores.argmax(axis=1)])


def test_bases_are_orthonormal_and_in_order(garments):
    X, y = garments
    model = SubspaceClassifier(5).fit(X, y)
    for mean, components, label in zip(model.means_, model.components_, model.classes_, strict=True):
        np.testing.assert_allclose(components @ components.T, np.eye(5), atol=1e-5)
        spread = ((X[y == label] / 255 - mean) @ components.T).var(axis=0)
        assert (np.diff(spread) < 1e-4).all()


def test_scale_is_the_mean_residual_of_the_own_class(garments):
    X, y = garments
    model = SubspaceClassifier(5).fit(X, y)
    own = -model.decision_function(X)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    assert model.scale_ == pytest.approx(own.mean(), rel=1e-4)


def test_weights_are_repeated_rows(garments):
    X, y = garments
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    weighted = SubspaceClassifier(4).fit(X, y, sample_weight=weight * 0.25)
    repeated = SubspaceClassifier(4).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.decision_function(X), repeated.decision_function(X), atol=1e-3)
    assert weighted.scale_ == pytest.approx(repeated.scale_, rel=1e-4)


def test_more_components_than_there_can_be(garments):
    X, y = garments
    model = SubspaceClassifier(10**6).fit(X[:30], y[:30])
    sizes = np.unique(y[:30], return_counts=True)[1]
    assert [len(components) for components in model.components_] == (sizes - 1).tolist()  # around their mean
    assert (model.predict(X[:30]) == y[:30]).all()
    np.testing.assert_allclose(model.predict_proba(X[:30]).sum(axis=1), 1)


def test_few_pixels_leave_the_nearest_mean(tiny):
    X, y = tiny
    model = SubspaceClassifier().fit(X[:, :3], y)
    theirs = NearestCentroid().fit(X[:, :3], y)
    np.testing.assert_array_equal(model.predict(X[:, :3]), theirs.predict(X[:, :3]))
    assert [len(components) for components in SubspaceClassifier(center=False).fit(X[:, :3], y).components_] == [
        1,
        1,
        1,
    ]


def test_two_classes(garments):
    X, y = garments
    X, y = X[y < 2], y[y < 2]
    model = SubspaceClassifier(3).fit(X, y)
    assert model.decision_function(X).shape == (len(X),)
    np.testing.assert_array_equal(model.predict(X), (model.decision_function(X) > 0).astype(int))
    np.testing.assert_array_equal(model.predict_proba(X).argmax(axis=1), model.predict(X))


def test_pixels_are_scaled_pixels(garments):
    X, y = garments
    pixels = SubspaceClassifier(4).fit(X, y)
    scaled = SubspaceClassifier(4).fit(X / 255, y)
    np.testing.assert_allclose(pixels.decision_function(X), scaled.decision_function(X / 255), atol=1e-4)


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(SubspaceClassifier(), {"n_components": [1, 10], "center": [True, False]}, cv=2).fit(X, y)
    assert search.best_params_["n_components"] == 10


@pytest.mark.real_data
def test_on_the_real_images(fashion_mnist):
    (X, y), (X_test, y_test) = fashion_mnist
    assert SubspaceClassifier().fit(X[:6000], y[:6000]).score(X_test, y_test) > 0.8


def test_a_class_of_tiny_weights_is_the_same_subspace(garments):
    X, y = garments
    weight = np.where(y == 3, 1e-310, 1.0)
    tiny, even = SubspaceClassifier(5).fit(X, y, weight), SubspaceClassifier(5).fit(X, y)
    np.testing.assert_allclose(tiny.means_, even.means_, atol=1e-9)
    np.testing.assert_array_equal(tiny.predict(X), even.predict(X))


def test_copies_of_one_image_span_nothing():
    """However they are weighed: what their mean is off by is no direction."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=20)
    X, y = np.r_[np.tile(image, (7, 1)), rng.normal(size=(30, 20))], np.repeat([0, 1], [7, 30])
    for weight in (None, rng.uniform(0.1, 1, 37)):
        model = SubspaceClassifier(3).fit(X, y, weight)
        assert len(model.components_[0]) == 0
        np.testing.assert_allclose(model.means_[0], image)

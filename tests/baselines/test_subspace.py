"""Subspaces of classes: those of a singular value decomposition."""

import numpy as np
import pytest
import torch
from processes import run_python
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


@pytest.fixture
def faces():
    """Ten images of 20 x 20 of each of four persons, of uneven weight."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 10)
    X = rng.random((4, 400))[y] + 0.1 * rng.normal(size=(40, 400))
    return X, y, rng.integers(0, 4, 40).astype(float)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("n_components", [1, 5, 50])
def test_fewer_images_than_pixels_have_the_subspace_of_the_large_matrix(faces, center, n_components):
    X, y, weight = faces
    few = SubspaceClassifier(n_components, center=center).fit(X, y, weight)
    for code in range(4):
        own, share = X[(y == code) & (weight > 0)], weight[(y == code) & (weight > 0)]
        mean = np.average(own, axis=0, weights=share) if center else np.zeros(400)
        _, values, basis = np.linalg.svd((own - mean) * np.sqrt(share)[:, None], full_matrices=False)
        rank = min(n_components, len(own) - center)
        components = few.components_[code]
        assert components.shape == (rank, 400)
        np.testing.assert_allclose(few.means_[code], mean, rtol=1e-12)
        np.testing.assert_allclose(components @ components.T, np.eye(rank), atol=1e-13)
        np.testing.assert_allclose(np.abs((components * basis[:rank]).sum(axis=1)), 1, rtol=1e-9)
        assert (components[np.arange(rank), np.abs(components).argmax(axis=1)] > 0).all()
        assert (np.diff(values) <= 0).all()


@pytest.mark.parametrize("center", [True, False])
def test_both_matrices_give_one_subspace(center):
    """With the last pixel always black there are more images than pixels, or fewer."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = rng.random((60, 24)) * np.linspace(1, 3, 24)
    wide = np.pad(X, [(0, 0), (0, 20)])
    weight = rng.uniform(0.5, 2, 60)
    one, other = (SubspaceClassifier(5, center=center).fit(images, y, weight) for images in (X, wide))
    for narrow, few in zip(one.components_, other.components_, strict=True):
        np.testing.assert_allclose(few, np.pad(narrow, [(0, 0), (0, 20)]), atol=1e-10)
    np.testing.assert_allclose(one.decision_function(X), other.decision_function(wide), rtol=1e-9)
    assert one.scale_ == pytest.approx(other.scale_, rel=1e-12)


def test_few_copies_of_a_large_image_span_nothing():
    image = np.random.default_rng(0).normal(size=900)
    X, y = np.r_[np.tile(image, (7, 1)), np.random.default_rng(1).normal(size=(30, 900))], np.repeat([0, 1], [7, 30])
    model = SubspaceClassifier(3).fit(X, y, np.linspace(0.1, 1, 37))
    assert [len(components) for components in model.components_] == [0, 3]


@pytest.mark.parametrize("n_bytes", [1, 5000])
def test_blocks_do_not_matter(faces, monkeypatch, n_bytes):
    for X, y in ((faces[0], faces[1]), (faces[0][:, :6], faces[1])):
        expected = SubspaceClassifier(3).fit(X, y, faces[2]).decision_function(X)
        monkeypatch.setattr("skfashion.baselines._subspace._BLOCK_BYTES", n_bytes)
        found = SubspaceClassifier(3).fit(X, y, faces[2]).decision_function(X)
        monkeypatch.undo()
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.slow
def test_memory_for_few_large_images():
    """The Gram matrix of the features of these images would take 6,000 MB."""
    code = """
        import numpy as np
        from skfashion.baselines import SubspaceClassifier
        X = np.random.default_rng(0).integers(0, 256, (80, 96 * 96 * 3), dtype=np.uint8)
        before = peak_mb()
        model = SubspaceClassifier(8).fit(X, np.arange(80) % 2)
        model.predict(X)
        print(peak_mb() - before)
    """
    assert float(run_python(code, OMP_NUM_THREADS="2")) < 300


def test_weights_that_are_all_zero(tiny):
    X, y = tiny
    for weight in (np.zeros(60), torch.zeros(60)):
        with pytest.raises(ValueError, match=r"(?i)weight.*zero"):
            SubspaceClassifier().fit(X, y, weight)
    with pytest.raises(ValueError, match=r"(?i)negative"):
        SubspaceClassifier().fit(X, y, -np.ones(60))


def test_a_class_of_zero_weight_is_left_out(tiny):
    X, y = tiny
    model = SubspaceClassifier().fit(X, y, (y > 0).astype(int))
    assert model.classes_.tolist() == [1, 2]


def test_one_image_of_each_class():
    X = np.array([[0.5, 1.0, 0.0, 0.2], [0.1, 0.0, 1.0, 0.3]])
    assert SubspaceClassifier().fit(X, ["", "b"]).predict(X).tolist() == ["", "b"]
    assert SubspaceClassifier(center=False).fit(X, ["", "b"]).predict(X / 3).tolist() == ["", "b"]

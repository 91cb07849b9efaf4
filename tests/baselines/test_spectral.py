"""Spectral clustering: clusters that are there are found, and new images go where theirs are."""

import numpy as np
import pytest
from sklearn.cluster import SpectralClustering
from sklearn.datasets import load_digits, make_blobs, make_circles
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score as agreement
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skfashion.baselines import ClusterClassifier, KNNClassifier, SpectralClusterer, make_hog_clusterer, neighbor_kernel
from skfashion.baselines._spectral import _leading_eigenvectors
from skfashion.metrics import clustering_accuracy_score, clustering_accuracy_scorer


def test_circles_within_each_other():
    X, y = make_circles(600, factor=0.4, noise=0.04, random_state=0)
    model = SpectralClusterer(2, random_state=0).fit(X[:500])
    assert agreement(y[:500], model.labels_) == 1
    assert agreement(y[500:], model.predict(X[500:])) == 1


@pytest.mark.parametrize("n_samples", [400, 3000])  # all eigenvectors at once, and Lanczos' method
def test_clusters_without_a_link(n_samples):
    X, y = make_blobs(n_samples, 20, centers=10, random_state=0)
    model = SpectralClusterer(10, n_eigenvectors=10, random_state=0).fit(X)
    np.testing.assert_allclose(model.eigenvalues_, 1)
    assert agreement(y, model.labels_) == 1


def test_more_parts_than_eigenvectors():
    X, y = make_blobs(300, 5, centers=6, cluster_std=0.05, random_state=0)
    model = SpectralClusterer(3, n_eigenvectors=3, random_state=0).fit(X)
    assert len(np.unique(model.labels_)) == 3
    assert all(len(np.unique(model.labels_[y == blob])) == 1 for blob in range(6))


def test_clusters_are_those_of_scikit_learn():
    X, y = load_digits(return_X_y=True)
    ours = SpectralClusterer(10, random_state=0).fit_predict(X)
    theirs = SpectralClustering(10, affinity="precomputed", n_components=15, random_state=0)
    theirs = theirs.fit_predict(neighbor_kernel(X, X).toarray())
    assert clustering_accuracy_score(y, ours) > clustering_accuracy_score(y, theirs) - 0.05
    assert agreement(ours, theirs) > 0.7


@pytest.mark.parametrize("n", [300, 900])
def test_eigenvectors_of_the_random_walk(n):
    graph = neighbor_kernel(*2 * [np.random.default_rng(0).normal(size=(n, 3))])
    values, vectors = _leading_eigenvectors(graph, 6, seed=0)
    walk = graph.toarray() / graph.sum(axis=1)[:, None]
    np.testing.assert_allclose(walk @ vectors, vectors * values, atol=1e-4)
    np.testing.assert_allclose(values, np.sort(np.linalg.eigvals(walk).real)[:-7:-1], atol=1e-4)


def test_training_images_are_new_images():
    X = load_digits().data
    model = SpectralClusterer(random_state=0).fit(X[:800])
    np.testing.assert_array_equal(model.predict(X[:800]), model.labels_)
    np.testing.assert_allclose(np.linalg.norm(model.transform(X[800:]), axis=1), 1)


def test_copies_of_an_image():
    X = np.repeat([[0.0, 0], [0, 1], [9, 9]], 30, axis=0)
    model = SpectralClusterer(3, n_neighbors=4, random_state=0).fit(X)
    assert agreement(np.repeat([0, 1, 2], 30), model.labels_) == 1


@pytest.mark.parametrize("n_copies", [12, 15])
def test_copies_are_no_clusters(n_copies):
    X, y = load_digits(return_X_y=True)
    copied = np.repeat(np.random.default_rng(0).uniform(0, 16, size=(14, 64)), n_copies, axis=0)
    model = SpectralClusterer(10, random_state=0).fit(np.r_[X, copied])
    assert clustering_accuracy_score(y, model.labels_[: len(X)]) > 0.85


def test_nothing_but_copies():
    X = np.repeat(np.random.default_rng(0).normal(size=(20, 4)), 12, axis=0)
    labels = SpectralClusterer(10, random_state=0).fit_predict(X)
    assert all(len(set(labels[start : start + 12])) == 1 for start in range(0, 240, 12))


def test_long_clusters_are_the_same_for_all_seeds():
    turn = np.sqrt(np.linspace(1, 100, 1000))
    spiral = np.c_[turn * np.cos(np.pi * turn), turn * np.sin(np.pi * turn)]
    spiral += np.random.default_rng(0).normal(size=spiral.shape) * 0.02
    one, other = (SpectralClusterer(2, random_state=seed).fit_predict(spiral) for seed in (0, 1))
    assert agreement(one, other) > 0.95


def test_centres_that_coincide():
    X = np.random.default_rng(0).integers(0, 3, size=(200, 2)).astype(float)
    model = SpectralClusterer(50, n_neighbors=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)


def test_frames_as_output():
    X = load_digits().data[:300]
    model = SpectralClusterer(3, random_state=0).set_output(transform="pandas").fit(X)
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    assert list(model.transform(X).columns) == [f"spectralclusterer{column}" for column in range(4)]


def test_images_are_read_once():
    X = np.zeros((200, 4), dtype=np.uint8)
    X[100:, 0], X[:, 1] = 255, np.arange(200) % 100
    model = SpectralClusterer(2, random_state=0).fit(X)
    bright = [[510, 0, 0, 0], [510, 255, 0, 0]]
    np.testing.assert_array_equal(model.predict(bright), KNNClassifier(1).fit(X, model.labels_).predict(bright))


def test_levels_are_brightness():
    X = (load_digits().data[:500] * 15).astype(np.uint8)
    one = SpectralClusterer(random_state=0).fit(X)
    other = SpectralClusterer(random_state=0).fit(X / np.float64(255))
    assert agreement(one.labels_, other.labels_) > 0.99
    assert agreement(one.predict(X), one.predict(X.astype(np.int64))) == 1


def test_too_few_images():
    with pytest.raises(ValueError, match=r"n_samples=3 should be >= n_clusters=4\."):
        SpectralClusterer(4).fit(np.eye(3))
    with pytest.raises(ValueError, match="minimum of 2"):
        SpectralClusterer(1).fit(np.eye(3)[:1])


def test_in_a_search_and_as_a_classifier():
    X, y = load_digits(return_X_y=True)
    clusterer = make_hog_clusterer(pixels_per_cell=2, random_state=0)
    search = GridSearchCV(clusterer, {"cluster__n_clusters": [3, 10]}, scoring=clustering_accuracy_scorer, cv=2)
    assert search.fit(X[:800], y[:800]).best_params_ == {"cluster__n_clusters": 10}
    named = ClusterClassifier(make_pipeline(*[step for _, step in clusterer.steps])).fit(X[:800], y[:800])
    assert named.score(X[800:], y[800:]) > 0.7


def test_parameters_reach_the_steps():
    parameters = make_hog_clusterer(
        4, n_neighbors=7, n_components=30, pixels_per_cell=2, image_shape=(8, 8), random_state=7
    ).get_params()
    found = {
        "hog__pixels_per_cell": 2,
        "hog__image_shape": (8, 8),
        "pca__n_components": 30,
        "pca__random_state": 7,
        "cluster__n_clusters": 4,
        "cluster__n_neighbors": 7,
        "cluster__random_state": 7,
    }
    assert {name: parameters[name] for name in found} == found


def test_a_fit_that_fails_changes_nothing():
    X = load_digits().data
    model = SpectralClusterer(5, random_state=0).fit(X[:100])
    before = model.predict(X[100:200])
    with pytest.raises(ValueError, match="n_samples=60 should be >= n_clusters=99"):
        model.set_params(n_clusters=99).fit(X[:60, :9])
    assert model.n_features_in_ == 64
    np.testing.assert_array_equal(model.predict(X[100:200]), before)


def test_the_images_of_the_fit_may_change_afterwards():
    X = load_digits().data
    known = X[:100].copy()
    model = SpectralClusterer(5, random_state=0).fit(known)
    before = model.predict(X[100:200])
    known[:] = 0
    np.testing.assert_array_equal(model.predict(X[100:200]), before)


def test_the_embedding_of_a_new_image_by_its_definition():
    X = load_digits().data
    model = SpectralClusterer(5, n_neighbors=4, random_state=0).fit(X[:300])
    distance, index = KNNClassifier(4).fit(X[:300], np.zeros(300)).kneighbors(X[300:310])
    weight = np.exp(-((distance / distance.mean(axis=1, keepdims=True)) ** 2))
    means = (weight[..., None] * model._vectors[index]).sum(axis=1)
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(model.transform(X[300:310]), expected, atol=1e-6)


def test_parts_that_are_all_fragments():
    copies = np.repeat(np.random.default_rng(0).normal(size=(20, 4)), 12, axis=0)
    assert set(SpectralClusterer(1, random_state=0).fit_predict(copies)) == {0}

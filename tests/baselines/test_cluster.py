"""Clusters as classifiers: names, noise, and clusterers of every kind."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    OPTICS,
    AgglomerativeClustering,
    Birch,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
)
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from skfashion.baselines import ClusterClassifier
from skfashion.metrics import clustering_accuracy_score

CLUSTERERS = [
    KMeans(3, n_init=2),
    MiniBatchKMeans(3, n_init=2),
    GaussianMixture(3),
    AgglomerativeClustering(3),
    AgglomerativeClustering(3, metric="cosine", linkage="average"),
    DBSCAN(eps=2.5),
    make_pipeline(PCA(2), KMeans(3, n_init=2)),
    make_pipeline(PCA(2), DBSCAN(eps=1.5)),
    HDBSCAN(min_cluster_size=5, copy=True),
]


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=lambda clusterer: type(clusterer).__name__)
@pytest.mark.parametrize("naming", ["majority", "one_to_one"])
def test_every_clusterer_finds_separate_classes(tiny, clusterer, naming):
    X, y = tiny
    labels = np.array(["bag", "coat", "shoe"])[y]
    model = ClusterClassifier(clusterer, naming=naming, random_state=0).fit(X[:45], labels[:45])
    assert model.score(X[45:], labels[45:]) > 0.6
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert set(model.predict_cluster(X)) <= set(model.clusters_)
    assert (model.predict_cluster(X[:45]) == model.labels_)[model.labels_ >= 0].mean() > 0.9


@pytest.fixture
def line():
    """Clusters 0, 1 and 2 on a line; the first two are mostly of class a."""
    X = np.repeat([[-10.0], [0.0], [10.0]], 5, axis=0)
    return X, np.array(list("aaaabaaaaabbbba"))


def test_names_by_majority_and_one_to_one(line):
    X, y = line
    clusterer = AgglomerativeClustering(3)
    majority = ClusterClassifier(clusterer).fit(X, y)
    assert majority.predict([[-10], [0], [10]]).tolist() == ["a", "a", "b"]
    np.testing.assert_allclose(majority.predict_proba([[-10], [0], [10]]), [[0.8, 0.2], [1, 0], [0.2, 0.8]])
    y = np.array(list("aaaabaaaaaccccb"))
    matched = ClusterClassifier(clusterer, naming="one_to_one").fit(X, y)
    assert sorted(matched.names_) == ["a", "b", "c"]
    assert matched.predict([[-10], [0], [10]]).tolist() == ["b", "a", "c"]
    assert matched.score(X, y) == clustering_accuracy_score(y, matched.labels_)


def test_clusters_that_are_left_over_are_named_by_majority():
    X = np.repeat([[-10.0], [0.0], [10.0], [20.0]], 5, axis=0)
    y = np.array(list("aaaaabbbbbbbbbabbbaa"))
    found = ClusterClassifier(AgglomerativeClustering(4), naming="one_to_one").fit(X, y)
    assert found.predict([[-10], [0], [10], [20]]).tolist() == ["a", "b", "b", "b"]


def test_noise_is_nobodys_neighbour(line):
    X, y = line
    X, y = np.r_[X, [[4.0]]], np.r_[y, ["b"]]
    model = ClusterClassifier(DBSCAN(eps=1, min_samples=3)).fit(X, y)
    assert model.labels_[-1] == -1
    assert -1 not in model.clusters_
    assert model.predict([[4.0]]) == ["a"]
    assert model.composition_.shape == (3, 2)


def test_new_images_are_measured_as_the_clusterer_does():
    """By its angle the new row belongs to the second cluster, by its position to the first."""
    X, y = np.array([[1.0, 0.1], [1.0, 0.0], [8.0, 8.0], [9.0, 9.0]]), list("aabb")
    by_angle = AgglomerativeClustering(2, metric="cosine", linkage="average")
    assert ClusterClassifier(by_angle).fit(X, y).predict([[0.5, 0.5]]) == ["b"]
    assert ClusterClassifier(AgglomerativeClustering(2)).fit(X, y).predict([[0.5, 0.5]]) == ["a"]
    unit = make_pipeline(Normalizer(), AgglomerativeClustering(2))
    assert ClusterClassifier(unit).fit(X, y).predict([[0.5, 0.5]]) == ["b"]


def test_pipelines_of_any_depth_and_metrics_of_any_spelling(garments):
    X, y = garments
    flat = ClusterClassifier(DBSCAN(eps=8)).fit(X, y)
    for clusterer in (
        make_pipeline(DBSCAN(eps=8)),
        make_pipeline("passthrough", make_pipeline(DBSCAN(eps=8))),
        DBSCAN(eps=8, metric="minkowski", metric_params={"p": 2}),
        DBSCAN(eps=8, metric="minkowski", p=2),
    ):
        np.testing.assert_array_equal(ClusterClassifier(clusterer).fit(X, y).predict(X), flat.predict(X))
    nested = make_pipeline(PCA(5, random_state=0), make_pipeline(StandardScaler(), DBSCAN(eps=0.8)))
    once = make_pipeline(PCA(5, random_state=0), StandardScaler(), DBSCAN(eps=0.8))
    one, other = (ClusterClassifier(clusterer).fit(X[:500], y[:500]) for clusterer in (nested, once))
    np.testing.assert_array_equal(one.predict_cluster(X), other.predict_cluster(X))


def test_all_steps_of_a_pipeline_are_seeded(garments):
    X, y = garments
    pipeline = make_pipeline(PCA(10, svd_solver="randomized"), KMeans(20, n_init=1))
    one, two = (ClusterClassifier(pipeline, random_state=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.labels_, two.labels_)
    assert pipeline.get_params()["kmeans__random_state"] is None


def test_a_cluster_without_training_images_is_nobodys_name():
    X = np.repeat([[0.0], [-10.0]], 20, axis=0)
    y = np.repeat(["zero", "ten"], 20)
    for start in ([[0.0], [-10.0], [-100.0]], [[-100.0], [0.0], [-10.0]]):
        clusterer = MiniBatchKMeans(3, init=np.array(start), n_init=1, reassignment_ratio=0)
        assert ClusterClassifier(clusterer, random_state=0).fit(X, y).predict([[-100.0], [-1.0]]).tolist() == [
            "ten",
            "zero",
        ]


def test_global_generators_stay(tiny):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    ClusterClassifier().fit(*tiny)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_all_noise_raises(line):
    with pytest.raises(ValueError, match="takes all 15 images for noise"):
        ClusterClassifier(DBSCAN(eps=1e-9, min_samples=10)).fit(*line)


def test_the_clusterer_is_cloned_and_seeded(tiny):
    X, y = tiny
    given = KMeans(5, n_init=1)
    one, two = (ClusterClassifier(given, random_state=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.labels_, two.labels_)
    assert not hasattr(given, "labels_")
    own = ClusterClassifier(KMeans(5, n_init=1, random_state=7), random_state=3).fit(X, y)
    np.testing.assert_array_equal(own.labels_, KMeans(5, n_init=1, random_state=7).fit(X).labels_)


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(ClusterClassifier(KMeans(n_init=1), random_state=0), {"clusterer__n_clusters": [2, 40]}, cv=2)
    assert search.fit(X, y).best_params_ == {"clusterer__n_clusters": 40}
    scorer = make_scorer(clustering_accuracy_score)
    search = GridSearchCV(search.estimator, {"clusterer__n_clusters": [2, 10]}, cv=2, scoring=scorer)
    assert search.fit(X, y).best_params_ == {"clusterer__n_clusters": 10}


def test_what_is_no_clusterer_raises(tiny):
    with pytest.raises(ValueError, match="clusterer"):
        ClusterClassifier("kmeans").fit(*tiny)


@pytest.mark.parametrize("clusterer", [KMeans(3, n_init=3, random_state=0), AgglomerativeClustering(3)], ids=str)
@pytest.mark.parametrize("offset", [0.0, 1e5, 1e7])
def test_a_wrapped_clusterer_finds_what_it_finds_alone(clusterer, offset):
    y = np.repeat([0, 1, 2], 50)
    X = np.random.default_rng(0).normal(size=(150, 4)) + 9 * y[:, None] + offset
    for images in (X, X.astype(np.float32), X.astype(">f8"), np.asfortranarray(X)):
        theirs = clone(clusterer)
        alone = theirs.fit_predict(images)
        model = ClusterClassifier(clusterer).fit(images, y)
        np.testing.assert_array_equal(model.labels_, alone)
        predicted = theirs.predict(images) if hasattr(theirs, "predict") else alone
        if len(np.unique(images, axis=0)) == len(X):  # float32 makes others of them at 1e7
            np.testing.assert_array_equal(model.predict_cluster(images), predicted)
        means = [images[alone == cluster].astype(np.float64).mean(axis=0) for cluster in range(3)]
        np.testing.assert_allclose(model.means_, means, rtol=1e-14)


@pytest.mark.parametrize(
    ("images", "seen"),
    [
        (lambda X: X, np.float64),
        (lambda X: X.astype(float), np.float64),
        (lambda X: X / 255, np.float64),
        (lambda X: (X / 255).astype(np.float32), np.float32),
        (lambda X: (X / 255).astype(np.float16), np.float64),
        (lambda X: X - np.int16(128), np.float64),
    ],
    ids=["uint8", "levels in float64", "float64", "float32", "float16", "int16"],
)
def test_what_a_clusterer_gets(garments, images, seen):
    X = images(garments[0])
    model = ClusterClassifier(KMeans(3, n_init=1, random_state=0)).fit(X, garments[1])
    assert model.clusterer_.cluster_centers_.dtype == seen
    expected = X / 255 if X.max() > 130 else X.astype(seen)
    alone = KMeans(3, n_init=1, random_state=0).fit(expected)
    np.testing.assert_array_equal(model.labels_, alone.labels_)
    np.testing.assert_array_equal(model.clusterer_.cluster_centers_, alone.cluster_centers_)
    np.testing.assert_array_equal(model.predict_cluster(X), alone.predict(expected))


@pytest.mark.parametrize("fitted", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("asked", [np.uint8, np.float32, np.float64])
def test_images_of_another_dtype_than_those_of_the_fit(garments, fitted, asked):
    """scikit-learn's KMeans alone fails on float64 images if it was fitted on float32."""
    X, y = garments
    cast = {dtype: X if dtype == np.uint8 else (X / 255).astype(dtype) for dtype in (fitted, asked)}
    model = ClusterClassifier(KMeans(5, n_init=1, random_state=0)).fit(cast[fitted], y)
    np.testing.assert_array_equal(model.predict_cluster(cast[asked]), model.labels_)


def test_a_clusterer_that_computes_in_place_changes_nothing(garments):
    images = (garments[0] / 255).astype(np.float32)
    before = images.copy()
    model = ClusterClassifier(KMeans(3, n_init=1, random_state=0, copy_x=False)).fit(images, garments[1])
    np.testing.assert_array_equal(images, before)
    np.testing.assert_allclose(model.means_[0], before[model.labels_ == 0].mean(axis=0, dtype=float), rtol=1e-12)


def test_means_of_many_images_are_summed_in_float64():
    X = (1000 + np.random.default_rng(0).normal(size=(60_000, 3))).astype(np.float32)
    model = ClusterClassifier(KMeans(1, n_init=1)).fit(X, np.arange(60_000) % 2)
    np.testing.assert_allclose(model.means_[0], X.mean(axis=0, dtype=np.float64), rtol=1e-12)


def test_the_nearest_member_among_large_values():
    """Products in float64 do not tell distances of 1 from those of 2 at 1e9."""
    X = np.repeat([[0.0], [3.0]], 5, axis=0) + 1e9 * np.ones(20)
    model = ClusterClassifier(DBSCAN(eps=1, algorithm="kd_tree")).fit(X, np.repeat(["low", "high"], 5))
    assert model.predict([X[0] + 1, X[0] + 2, X[-1]]).tolist() == ["low", "high", "high"]


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize(
    "clusterer",
    [AgglomerativeClustering(15), DBSCAN(eps=5), HDBSCAN(min_cluster_size=5, copy=True), KMeans(5, n_init=1)],
    ids=str,
)
def test_the_output_of_transformers_changes_nothing(garments, clusterer, output):
    X, y = garments[0][:300], garments[1][:300]
    pipeline = make_pipeline(PCA(10, random_state=0), StandardScaler(with_std=False), clusterer)
    model = ClusterClassifier(pipeline, random_state=0)
    expected = model.fit(X, y).predict_cluster(X)
    with config_context(transform_output=output):
        np.testing.assert_array_equal(model.predict_cluster(X), expected)
        np.testing.assert_array_equal(model.fit(X, y).predict_cluster(X), expected)
    np.testing.assert_array_equal(model.predict_cluster(X), expected)
    own = make_pipeline(PCA(10, random_state=0).set_output(transform=output), clusterer)
    np.testing.assert_array_equal(ClusterClassifier(own, random_state=0).fit(X, y).predict_cluster(X), expected)


def _number_of_labels(estimator, X, y=None):
    return len(np.unique(estimator.labels_))


def test_searches_and_frozen_estimators_as_clusterers(garments):
    X, y = garments[0] / 255, garments[1]
    kmeans = KMeans(7, n_init=1, random_state=0).fit(X)
    frozen = ClusterClassifier(FrozenEstimator(kmeans)).fit(X, y)
    np.testing.assert_array_equal(frozen.labels_, kmeans.labels_)
    np.testing.assert_array_equal(frozen.predict_cluster(X), kmeans.labels_)
    grid = {"n_clusters": [2, 5]}
    for inner in (KMeans(n_init=1, random_state=0), AgglomerativeClustering()):
        search = GridSearchCV(inner, grid, scoring=_number_of_labels, cv=2)
        model = ClusterClassifier(search).fit(X, y)
        expected = clone(inner).set_params(n_clusters=5).fit_predict(X)
        np.testing.assert_array_equal(model.labels_, expected)
        np.testing.assert_array_equal(model.predict_cluster(X), expected)


@pytest.mark.parametrize(
    "clusterer",
    [
        FrozenEstimator(DBSCAN(eps=5).fit(np.zeros((60, 6)))),
        make_pipeline(StandardScaler(), FrozenEstimator(DBSCAN(eps=5).fit(np.zeros((60, 6))))),
        FeatureAgglomeration(2),
    ],
    ids=["frozen", "frozen in a pipeline", "of features"],
)
def test_what_cannot_assign_images_is_named(tiny, clusterer):
    with pytest.raises(ValueError, match="does not say to which cluster an image belongs"):
        ClusterClassifier(clusterer).fit(*tiny)


@pytest.mark.parametrize("clusterer", [MeanShift(), Birch(n_clusters=3), OPTICS(min_samples=3)], ids=str)
def test_siblings_of_the_clusterers(tiny, clusterer):
    X, y = tiny
    model = ClusterClassifier(clusterer).fit(X, pd.Categorical(np.array(["", "coat", "shoe"])[y]))
    assert set(model.predict(X)) <= {"", "coat", "shoe"}
    np.testing.assert_array_equal(model.labels_, clone(clusterer).fit_predict(X))


def test_one_image_and_constant_images():
    assert ClusterClassifier().fit([[0.5, 1.0]], ["bag"]).predict([[0.5, 1.0], [0.1, 0.0]]).tolist() == ["bag", "bag"]
    X = np.full((20, 4), 7, dtype=np.uint8)
    for clusterer in (None, DBSCAN()):
        assert ClusterClassifier(clusterer).fit(X, np.arange(20) % 2).predict(X).tolist() == [0] * 20

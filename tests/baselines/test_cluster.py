"""Clusters as classifiers: names, noise, and clusterers of every kind."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
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
    X = np.repeat([[0.0], [10.0], [20.0]], 5, axis=0)
    return X, np.array(list("aaaabaaaaabbbba"))


def test_names_by_majority_and_one_to_one(line):
    X, y = line
    clusterer = AgglomerativeClustering(3)
    majority = ClusterClassifier(clusterer).fit(X, y)
    assert majority.predict([[0], [10], [20]]).tolist() == ["a", "a", "b"]
    np.testing.assert_allclose(majority.predict_proba([[0], [10], [20]]), [[0.8, 0.2], [1, 0], [0.2, 0.8]])
    y = np.array(list("aaaabaaaaaccccb"))
    matched = ClusterClassifier(clusterer, naming="one_to_one").fit(X, y)
    assert sorted(matched.names_) == ["a", "b", "c"]
    assert matched.predict([[0], [10], [20]]).tolist() == ["b", "a", "c"]
    assert matched.score(X, y) == clustering_accuracy_score(y, matched.labels_)


def test_noise_is_nobodys_neighbour(line):
    X, y = line
    X, y = np.r_[X, [[14.0]]], np.r_[y, ["b"]]
    model = ClusterClassifier(DBSCAN(eps=1, min_samples=3)).fit(X, y)
    assert model.labels_[-1] == -1
    assert -1 not in model.clusters_
    assert model.predict([[14.0]]) == ["a"]
    assert model.composition_.shape == (3, 2)


def test_new_images_are_measured_as_the_clusterer_does():
    """By its angle the new row belongs to the second cluster, by its place to the first."""
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
    X = np.repeat([[0.0], [10.0]], 20, axis=0)
    y = np.repeat(["zero", "ten"], 20)
    for start in ([[0.0], [10.0], [100.0]], [[100.0], [0.0], [10.0]]):
        clusterer = MiniBatchKMeans(3, init=np.array(start), n_init=1, reassignment_ratio=0)
        assert ClusterClassifier(clusterer, random_state=0).fit(X, y).predict([[100.0], [1.0]]).tolist() == [
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

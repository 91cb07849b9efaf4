"""Metrics against values that are known from elsewhere."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from processes import run_python
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import norm
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, silhouette_samples, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skfashion.baselines import ClusterClassifier
from skfashion.metrics import (
    accuracy_interval,
    clustering_accuracy_score,
    clustering_accuracy_scorer,
    frechet_distance,
    mcnemar_test,
    most_confused_pairs,
    nearest_train_distance,
    neg_wcss_scorer,
    silhouette_interval,
    silhouette_scorer,
    wcss_score,
)


@pytest.mark.parametrize("n_clusters", [2, 3, 5])
def test_clustering_accuracy_is_the_best_of_all_matchings(n_clusters):
    from itertools import permutations

    rng = np.random.default_rng(0)
    y, clusters = rng.integers(0, 3, 200), rng.integers(0, n_clusters, 200)
    names = np.r_[np.arange(3), np.full(max(0, n_clusters - 3), -1)]
    best = max(accuracy_score(y, np.array(p)[clusters]) for p in permutations(names, len(names)))
    assert clustering_accuracy_score(y, clusters) == pytest.approx(best)
    assert clustering_accuracy_score(np.array(list("abc"))[y], clusters * 7 - 1) == pytest.approx(best)


def test_wcss_is_the_inertia_of_k_means(garments):
    X = garments[0] / 255
    model = KMeans(5, n_init=1, random_state=0, tol=0).fit(X)
    assert wcss_score(X, model.labels_) == pytest.approx(model.inertia_, rel=1e-6)
    assert wcss_score(garments[0], model.labels_) == pytest.approx(255**2 * model.inertia_, rel=1e-6)


def test_silhouette_of_all_is_that_of_scikit_learn(garments):
    X = garments[0] / 255
    labels = np.r_[KMeans(5, n_init=1, random_state=0).fit_predict(X[:-1]), 99]  # a cluster of one
    estimate, low, high = silhouette_interval(X, labels, sample_size=10**6)
    assert estimate == low == high == pytest.approx(silhouette_score(X, labels))
    cosine = silhouette_interval(X, labels, sample_size=600, metric="cosine").estimate
    assert cosine == pytest.approx(silhouette_score(X, labels, metric="cosine"))


def test_the_interval_of_the_silhouette_covers(garments):
    X = garments[0] / 255
    labels = KMeans(5, n_init=1, random_state=0).fit_predict(X)
    exact = silhouette_score(X, labels)
    intervals = [silhouette_interval(X, labels, sample_size=60, random_state=seed) for seed in range(200)]
    covered = np.mean([low <= exact <= high for _, low, high in intervals])
    assert 0.9 <= covered <= 0.99
    assert np.mean([estimate for estimate, _, _ in intervals]) == pytest.approx(exact, abs=0.005)
    assert silhouette_interval(X, labels, sample_size=60, random_state=1) == intervals[1]


def test_the_interval_of_the_silhouette_has_the_level_that_is_asked_for(garments):
    X = garments[0] / 255
    labels = KMeans(5, n_init=1, random_state=0).fit_predict(X)
    widths = []
    for level in (0.95, 0.99):
        _, low, high = silhouette_interval(X, labels, sample_size=60, confidence_level=level, random_state=0)
        widths.append(high - low)
    assert widths[1] / widths[0] == pytest.approx(norm.ppf(0.995) / norm.ppf(0.975))


def test_the_interval_of_the_silhouette_is_within_its_range():
    X = np.r_[np.zeros(250), np.ones(250)][:, None] + np.random.default_rng(0).normal(0, 1e-3, (500, 1))
    labels = np.arange(500) // 250
    labels[:50] = 1  # their silhouettes are near -1
    intervals = [silhouette_interval(X, labels, sample_size=2, random_state=seed) for seed in range(30)]
    assert {low for _, low, _ in intervals} >= {-1.0}
    assert {high for _, _, high in intervals} >= {1.0}
    assert all(-1 <= low <= estimate <= high <= 1 for estimate, low, high in intervals)


@pytest.mark.parametrize("n_features", [1, 3])
def test_frechet_distance_by_its_definition(n_features):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, n_features)), rng.normal(size=(200, n_features)) * 2 + 1
    cov_X, cov_Y = np.atleast_2d(np.cov(X.T)), np.atleast_2d(np.cov(Y.T))
    mean = ((X.mean(axis=0) - Y.mean(axis=0)) ** 2).sum()
    expected = mean + np.trace(cov_X + cov_Y - 2 * sqrtm(cov_X @ cov_Y).real)
    assert frechet_distance(X, Y) == pytest.approx(expected)
    assert frechet_distance(Y, X) == pytest.approx(expected)
    assert frechet_distance(X, X) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_flat_features():
    X = np.c_[np.random.default_rng(0).normal(size=100), np.zeros(100)]
    assert frechet_distance(X, X + np.array([0, 2])) == pytest.approx(4)


def test_wilson_interval_of_a_textbook():
    """Ten of ten: the lower limit is n / (n + z^2)."""
    accuracy, low, high = accuracy_interval([1] * 10, [1] * 10)
    assert (accuracy, high) == (1.0, 1.0)
    assert low == pytest.approx(10 / (10 + 1.959964**2), rel=1e-6)
    wide = accuracy_interval([1] * 10, [1] * 5 + [0] * 5, confidence_level=0.99)
    assert wide.high - wide.low > np.subtract(*accuracy_interval([1] * 10, [1] * 5 + [0] * 5)[:0:-1])


def test_mcnemar_by_hand():
    """9 against 1 among ten that differ: 2 * (1 + 10) / 2^10."""
    y = np.zeros(100)
    first, second = np.zeros(100), np.zeros(100)
    second[:9] = 1
    first[9] = 1
    assert mcnemar_test(y, first, second) == (9, 1, pytest.approx(2 * 11 / 1024))
    assert mcnemar_test(y, second, first) == (1, 9, pytest.approx(2 * 11 / 1024))
    assert mcnemar_test(y, first, first).pvalue == 1


def test_nearest_train_distance(garments):
    X = garments[0] / 255
    distance, nearest = nearest_train_distance(X[500:], X[:500])
    expected, index = NearestNeighbors(n_neighbors=1).fit(X[:500]).kneighbors(X[500:])
    np.testing.assert_allclose(distance, expected[:, 0], atol=1e-6)
    np.testing.assert_array_equal(nearest, index[:, 0])
    np.testing.assert_array_equal(nearest_train_distance(X, X)[0], 0)
    np.testing.assert_allclose(nearest_train_distance(X.astype(np.float32), garments[0])[0], 0, atol=1e-5)


def test_scorers_in_searches(garments):
    X, y = garments
    pipeline = make_pipeline(PCA(5, random_state=0), KMeans(n_init=1, random_state=0))
    scoring = {"wcss": neg_wcss_scorer, "silhouette": silhouette_scorer, "accuracy": clustering_accuracy_scorer}
    search = GridSearchCV(pipeline, {"kmeans__n_clusters": [2, 10]}, scoring=scoring, refit="accuracy", cv=2).fit(X, y)
    assert search.best_params_ == {"kmeans__n_clusters": 10}
    few, many = search.cv_results_["mean_test_wcss"]
    assert few < many < 0
    clusters = search.predict(X)
    assert neg_wcss_scorer(search, X) == -wcss_score(X, clusters)
    assert silhouette_scorer(search, X) == pytest.approx(silhouette_score(X.astype(float), clusters))
    assert clustering_accuracy_scorer(search, X, y) == clustering_accuracy_score(y, clusters)
    named = ClusterClassifier(KMeans(20, n_init=1, random_state=0)).fit(X, y)
    assert neg_wcss_scorer(named, X) == pytest.approx(-wcss_score(X, named.labels_))
    with pytest.raises(NotFittedError):
        neg_wcss_scorer(KMeans(), X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clustering_accuracy_score([0, 1], [0]), "inconsistent numbers of samples"),
        (lambda: clustering_accuracy_score([], []), r"0 sample\(s\)"),
        (lambda: accuracy_interval([0.5, 0.1], [0.5, 0.1]), "continuous"),
        (lambda: mcnemar_test([0, 1], [0, 1], [0]), "inconsistent numbers of samples"),
        (lambda: mcnemar_test([0, 1], [0, 1], ["0", "1"]), "mix|Mix"),
        (lambda: accuracy_interval([0, 1], [0.2, 0.9]), "continuous"),
        (lambda: silhouette_interval([[1.0], [2.0], [3.0]], [0, 0, 1], confidence_level=95), "confidence_level"),
        (lambda: wcss_score([[1.0], [np.nan]], [0, 1]), "NaN"),
        (lambda: wcss_score([[1.0], [2.0]], [0, np.nan]), "labels contains NaN"),
        (lambda: wcss_score([[1.0], [2.0]], [0]), "inconsistent numbers of samples"),
        (lambda: frechet_distance([[1.0]], [[1.0], [2.0]]), "minimum of 2"),
        (lambda: frechet_distance(np.zeros((3, 2)), np.zeros((3, 1))), "X has 2 features, but Y has 1"),
        (lambda: silhouette_interval([[1.0], [2.0]], [0, 0]), "2 to n_samples - 1 clusters"),
        (lambda: nearest_train_distance([[1.0]], [[1.0, 2.0]]), "X has 1 features, but X_train has 2"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


SAME_IMAGES = {
    "uint8": lambda X: X,
    "int64": lambda X: X.astype(np.int64),
    "levels in float64": lambda X: X.astype(float),
    "float32": lambda X: (X / 255).astype(np.float32),
    "float64": lambda X: X / 255,
    "big-endian, by columns": lambda X: np.asfortranarray((X / 255).astype(">f4")),
    "tensor": lambda X: torch.from_numpy(X.copy()),
    "frame": pd.DataFrame,
}


@pytest.mark.parametrize("first", SAME_IMAGES)
@pytest.mark.parametrize("second", SAME_IMAGES)
def test_both_images_are_brought_on_one_scale(garments, first, second):
    X, Y = SAME_IMAGES[first](garments[0][:300, 300:330]), SAME_IMAGES[second](garments[0][300:, 300:330])
    expected = frechet_distance(garments[0][:300, 300:330] / 255, garments[0][300:, 300:330] / 255)
    assert frechet_distance(X, Y) == pytest.approx(expected, rel=1e-5)
    distance, index = nearest_train_distance(X, Y)
    expected, expected_index = nearest_train_distance(
        garments[0][:300, 300:330] / 255, garments[0][300:, 300:330] / 255
    )
    np.testing.assert_allclose(distance, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(index, expected_index)


def test_which_scale_decides_does_not_depend_on_the_order(garments):
    levels = garments[0][:, 300:330]
    blurred = levels + np.random.default_rng(0).normal(size=levels.shape)  # from below 0 to above 255
    assert frechet_distance(levels, blurred) == pytest.approx(frechet_distance(blurred, levels))
    assert frechet_distance(levels, blurred) == pytest.approx(frechet_distance(levels / 255, blurred / 255))
    assert nearest_train_distance(blurred, levels)[0].max() < 0.1
    assert nearest_train_distance(levels, blurred)[0].max() < 0.1


def test_two_scales_that_do_not_compare_are_told():
    rng = np.random.default_rng(0)
    X, Y = rng.random((50, 3)), 1000 * rng.random((50, 3))
    for one, other in ((X, Y), (Y, X)):
        with pytest.warns(UserWarning, match="frechet_distance is given"):
            frechet_distance(one, other)


def test_codes_are_taken_as_they_are():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(80, 3)) * 20, rng.random((80, 3))  # not even if some look like brightness
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        distance, index = nearest_train_distance(X, Y)
    np.testing.assert_allclose(distance, np.linalg.norm(X - Y[index], axis=1))


def test_nearest_train_distance_among_large_values():
    """At 1e9, where products in float64 lose what differences keep."""
    X_train = np.arange(-20.0, 20)[:, None] + 1e9 * np.ones(30)
    distance, index = nearest_train_distance(X_train[:5] + 0.25, X_train)
    np.testing.assert_array_equal(index, np.arange(5))
    np.testing.assert_allclose(distance, 0.25 * np.sqrt(30))


def test_values_that_no_distance_can_hold():
    with pytest.raises(ValueError, match="too large for dtype"):
        nearest_train_distance([[1e200]], [[1.0]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.float16, np.float32, ">f8"])
def test_metrics_of_clusters_do_not_overflow(garments, dtype):
    X = (garments[0][:, 200:260] // 2).astype(dtype)
    labels = np.arange(600) % 3
    exact = X.astype(float)
    assert wcss_score(X, labels) == wcss_score(exact, labels)
    assert silhouette_interval(X, labels).estimate == pytest.approx(silhouette_score(exact, labels), abs=1e-6)


def test_a_sample_is_at_no_distance_from_itself():
    """Among large values products give it one, which counts as much as the other distance in a cluster of two.

    The other distances are off by 1e-9 at most, that one by 1e-5, which is 1e-6 of the distance between clusters.
    """
    clusters = np.arange(60) % 30
    X = np.random.default_rng(0).normal(size=(60, 2)) * 1e-3 + 1e3 + 10 * clusters[:, None]
    exact = silhouette_score(cdist(X, X), clusters, metric="precomputed")
    assert silhouette_interval(X, clusters, sample_size=60, random_state=0).estimate == pytest.approx(exact, abs=5e-8)


def test_labels_of_any_kind(garments):
    y = np.array(["", "coat", "shoe"])[garments[1] % 3]
    clusters = np.roll(garments[1] % 3, 1)
    expected = clustering_accuracy_score(y, clusters)
    assert clustering_accuracy_score(pd.Series(pd.Categorical(y)), torch.from_numpy(clusters)) == expected
    assert accuracy_interval(pd.Categorical(y), y.tolist()).estimate == 1
    assert wcss_score(garments[0], pd.Categorical(y)) == wcss_score(garments[0], garments[1] % 3)


@pytest.mark.parametrize("scorer", [neg_wcss_scorer, silhouette_scorer, clustering_accuracy_scorer])
def test_a_wrapped_clusterer_is_scored_by_its_clusters(garments, scorer):
    """Also inside pipelines, searches and what is frozen; not by the classes that ClusterClassifier predicts."""
    X, y = garments
    model = ClusterClassifier(KMeans(20, n_init=1, random_state=0)).fit(X, y)
    expected = scorer(model, X, y)
    frozen = FrozenEstimator(model)
    search = GridSearchCV(model, {"naming": ["majority"]}, cv=2).fit(X, y)
    passing = make_pipeline(FunctionTransformer(), FrozenEstimator(model)).fit(X, y)
    for wrapped in (frozen, search, make_pipeline(frozen), passing, FrozenEstimator(search), make_pipeline(search)):
        assert scorer(wrapped, X, y) == expected
    images = ClusterClassifier(KMeans(20, n_init=1, random_state=0)).fit(X.reshape(-1, 28, 28), y)
    assert scorer(images, X.reshape(-1, 28, 28), y) == expected
    pca = make_pipeline(PCA(5, random_state=0), ClusterClassifier(KMeans(5, n_init=1, random_state=0))).fit(X, y)
    of_codes = scorer(pca, X, y)
    for output in ("pandas", "polars"):
        with config_context(transform_output=output):
            assert scorer(ClusterClassifier(KMeans(20, n_init=1, random_state=0)).fit(X, y), X, y) == expected
            assert scorer(clone(pca).fit(X, y), X, y) == of_codes


@pytest.mark.slow
def test_tensors_under_array_api_dispatch():
    code = """
        import numpy as np, sklearn, torch
        from sklearn.cluster import KMeans
        from skfashion import baselines, metrics
        from skfashion.datasets import make_garments
        X, y = make_garments(200, random_state=0, return_X_y=True)
        images, labels, weight = torch.from_numpy(X), torch.from_numpy(y), torch.ones(200)
        kmeans = KMeans(5, n_init=1, random_state=0)
        with sklearn.config_context(array_api_dispatch=True):
            for model in (baselines.KNNClassifier(), baselines.ClusterClassifier(kmeans)):
                assert (model.fit(images, labels).predict(images) == model.fit(X, y).predict(X)).all()
            model = baselines.SubspaceClassifier(4).fit(images, labels, sample_weight=weight)
            assert (model.predict(images) == baselines.SubspaceClassifier(4).fit(X, y).predict(X)).all()
            for model in (baselines.NeighborSampler(), baselines.CentroidSampler(kmeans)):
                assert (model.fit(images).sample(3, 0) == model.fit(X).sample(3, 0)).all()
            few = X[:, 300:310].copy()
            columns = torch.from_numpy(few)
            assert abs(metrics.frechet_distance(columns, few) - metrics.frechet_distance(few, few)) < 1e-6
            assert metrics.nearest_train_distance(columns, few)[0].max() == 0
            assert metrics.wcss_score(images, labels) == metrics.wcss_score(X, y)
            both = (images, labels), (X, y)
            found, expected = (metrics.silhouette_interval(*data, random_state=0) for data in both)
            assert found == expected
            assert metrics.mcnemar_test(labels, labels, labels).pvalue == 1
            assert metrics.accuracy_interval(labels, labels).estimate == 1
    """
    run_python(code, SCIPY_ARRAY_API="1")


@pytest.mark.slow
def test_torch_is_loaded_when_distances_are_computed():
    run_python("""
        import sys
        from skfashion import metrics
        assert metrics.accuracy_interval([1, 0], [1, 1]).estimate == 0.5
        assert metrics.frechet_distance([[0.0], [1.0]], [[0.0], [1.0]]) == 0
        assert "torch" not in sys.modules
        assert metrics.nearest_train_distance([[0.0]], [[1.0]])[0] == 1
        assert "torch" in sys.modules
    """)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize(
    "score",
    [
        lambda y: accuracy_interval(y, y),
        lambda y: most_confused_pairs(y, y),
        lambda y: clustering_accuracy_score(y, y),
        lambda y: wcss_score(np.ones((3, 2)), y),
        lambda y: silhouette_interval(np.ones((3, 2)), y),
        lambda y: mcnemar_test(y, y, y),
    ],
)
@pytest.mark.parametrize(
    "form", [np.array, pd.Series, lambda y, dtype: pd.Series(y, dtype="string"), lambda y, dtype: y]
)
def test_missing_labels_are_told(missing, score, form):
    with pytest.raises(ValueError, match="labels contain missing values"):
        score(form(["a", "b", missing], dtype=object))


def test_the_width_of_the_interval_is_that_of_the_sampling_error():
    """Also of two samples: on average it is the variance of the mean of a draw without replacement."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(40, 2)), np.arange(40) % 2
    X[labels == 1] += 1.5
    n_drawn, level = 2, 0.2  # so narrow that no interval is cut off at 1
    exact = silhouette_samples(X, labels).var(ddof=1) / n_drawn * (1 - n_drawn / 40)
    found = [
        silhouette_interval(X, labels, sample_size=n_drawn, confidence_level=level, random_state=seed)
        for seed in range(200)
    ]
    assert max(interval.high for interval in found) < 1
    margins = np.array([(interval.high - interval.low) / 2 for interval in found])
    variances = (margins / norm.ppf((1 + level) / 2)) ** 2
    assert variances.mean() == pytest.approx(exact, rel=0.3)

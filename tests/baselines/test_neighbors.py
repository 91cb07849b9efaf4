"""Nearest neighbours: those of an exhaustive search, whatever the data, and votes as scikit-learn counts them."""

import pickle

import numpy as np
import pytest
import torch
from neighbours import exhaustive, integers
from processes import run_python
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from skfashion.baselines import (
    KNNClassifier,
)
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._nearest import IntegerSearch

CPU = torch.device("cpu")
# Of uint8 images, by products of int8 and by those of floats; floats never go by int8.
BOTH_SEARCHES = pytest.mark.usefixtures("int8")


@BOTH_SEARCHES
@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize("n_train", [1, 5, 63, 64, 65, 1000])
@pytest.mark.parametrize("k", [1, 5, 64, 300])
def test_neighbours_of_pixels(metric, n_train, k):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 40), integers(rng, n_train)
    k = min(k, n_train)
    distance, index = KNNClassifier(metric=metric).fit(Y, np.arange(n_train) % 3).kneighbors(X, k)
    expected, expected_index = exhaustive(X, Y, k, metric)  # of integers, so that equal distances are equal
    scale = {"euclidean": 255, "sqeuclidean": 255**2, "cosine": 1}[metric]
    np.testing.assert_allclose(distance, expected / scale, atol=1e-12)
    if metric == "cosine":
        np.testing.assert_allclose(distance, np.sort(distance, axis=1))
    else:
        np.testing.assert_array_equal(index, expected_index)


@BOTH_SEARCHES
@pytest.mark.parametrize("high", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_ties_and_duplicates_come_by_their_index(high, k):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 50, (5,), high), integers(rng, 700, (5,), high)
    _, index = KNNClassifier().fit(Y, np.arange(700) % 2).kneighbors(X, k)
    squared = ((X[:, None].astype(int) - Y[None].astype(int)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(index, np.argsort(squared, axis=1, kind="stable")[:, :k])


@BOTH_SEARCHES
def test_the_largest_distances_of_pixels():
    X = np.uint8([[0] * 3000, [255] * 3000])
    distance, index = KNNClassifier().fit(X, [0, 1]).kneighbors(X, 2)
    np.testing.assert_array_equal(index, [[0, 1], [1, 0]])
    np.testing.assert_allclose(distance, [[0, np.sqrt(3000)]] * 2)


def test_products_of_int8_are_taken_only_where_they_are_exact(int8):
    assert IntegerSearch.suits(np.zeros((2, 784), np.uint8), "euclidean", CPU) == int8
    assert not IntegerSearch.suits(np.zeros((2, 784), np.uint8), "cosine", CPU)
    assert not IntegerSearch.suits(np.zeros((2, 784), np.float32), "euclidean", CPU)
    assert not IntegerSearch.suits(np.zeros((2, 784), np.uint8), "euclidean", torch.device("meta"))
    assert not IntegerSearch.suits(np.zeros((2, 30_000), np.uint8), "euclidean", CPU)


@BOTH_SEARCHES
@pytest.mark.parametrize("trained", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("asked", [np.uint8, np.float32, np.float64])
def test_pixels_and_scaled_pixels_mean_the_same(garments, trained, asked):
    X, y = garments

    def cast(X, dtype):
        return X if dtype == np.uint8 else (X / 255).astype(dtype)

    expected, index = exhaustive(X[500:] / 255, X[:500] / 255, 5, "euclidean")
    distance, found = KNNClassifier().fit(cast(X[:500], trained), y[:500]).kneighbors(cast(X[500:], asked))
    np.testing.assert_allclose(distance, expected, rtol=1e-6)
    np.testing.assert_array_equal(found, index)


@BOTH_SEARCHES
def test_blocks_do_not_matter(garments, monkeypatch):
    X, y = garments
    model = KNNClassifier().fit(X[:500], y[:500])
    expected = model.kneighbors(X[500:])
    for n_bytes in (1, 10_000):
        for module in ("_nearest", "_float_search"):
            monkeypatch.setattr(f"skfashion.baselines.{module}.BLOCK_BYTES", n_bytes)
        np.testing.assert_array_equal(model.kneighbors(X[500:]), expected)


@BOTH_SEARCHES
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int64, np.float16, np.float32, ">f8"])
@pytest.mark.parametrize("high", [2, 17])
def test_masks_and_digits_of_few_levels_are_numbers(dtype, high):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 30, (20,), high), integers(rng, 300, (20,), high)
    distance, index = KNNClassifier().fit(Y.astype(dtype), np.arange(300) % 2).kneighbors(X.astype(dtype), 9)
    squared = ((X[:, None].astype(int) - Y[None].astype(int)) ** 2).sum(axis=2)
    expected = np.argsort(squared, axis=1, kind="stable")[:, :9]
    np.testing.assert_array_equal(index, expected)
    np.testing.assert_allclose(distance, np.sqrt(np.take_along_axis(squared, expected, axis=1)), rtol=1e-15)


@BOTH_SEARCHES
@pytest.mark.parametrize("weights", ["uniform", "distance", lambda distance: np.exp(-distance)])
@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
def test_votes_are_those_of_scikit_learn(garments, weights, metric):
    X, y = garments
    labels = np.array(list("abcdefghij"))[y]
    ours = KNNClassifier(7, weights=weights, metric=metric).fit(X[:500], labels[:500])
    theirs = KNeighborsClassifier(7, weights=weights, metric=metric, algorithm="brute").fit(X[:500] / 255, labels[:500])
    queries = X[400:]  # among them training images, whose distance is 0
    if metric == "cosine" and weights == "distance":
        queries = X[500:]  # scikit-learn's cosine distance of an image from itself is 1e-16
    np.testing.assert_allclose(ours.predict_proba(queries), theirs.predict_proba(queries / 255), atol=1e-6)
    np.testing.assert_array_equal(ours.predict(queries), theirs.predict(queries / 255))


def test_the_first_class_wins_a_tie():
    model = KNNClassifier(2).fit([[0.0], [1.0]], ["b", "a"])
    assert model.predict([[0.5]]) == ["a"]


@BOTH_SEARCHES
def test_training_rows_have_themselves_not_for_neighbours(garments):
    X, _ = garments
    X = np.concatenate([X[:200], X[:3]])
    model = KNNClassifier(4).fit(X, np.arange(203) % 2)
    distance, index = model.kneighbors()
    assert (index != np.arange(203)[:, None]).all()
    assert index[0, 0] == 200
    assert distance[0, 0] == 0
    theirs, _ = KNeighborsClassifier(4, algorithm="brute").fit(X / 255, np.arange(203) % 2).kneighbors()
    np.testing.assert_allclose(distance, theirs, atol=1e-6)


@BOTH_SEARCHES
def test_many_duplicates_of_a_training_row():
    X = np.zeros((10, 3), dtype=np.uint8)
    _, index = KNNClassifier(3).fit(X, np.arange(10) % 2).kneighbors()
    assert (index != np.arange(10)[:, None]).all()
    assert all(len(set(row)) == 3 for row in index.tolist())


@BOTH_SEARCHES
@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_graph(garments, mode):
    X, y = garments
    ours = KNNClassifier(3).fit(X[:100], y[:100]).kneighbors_graph(X[100:120], mode=mode)
    theirs = KNeighborsClassifier(3, algorithm="brute").fit(X[:100] / 255, y[:100])
    theirs = theirs.kneighbors_graph(X[100:120] / 255, mode=mode)
    np.testing.assert_allclose(ours.toarray(), theirs.toarray(), atol=1e-6)


def test_rows_of_zeros_have_a_cosine_distance_of_1():
    model = KNNClassifier(2, metric="cosine").fit(np.float32([[0, 0], [1, 0]]), [0, 1])
    np.testing.assert_allclose(model.kneighbors(np.float32([[0, 0], [0.5, 0]]))[0], [[1, 1], [0, 1]])


@BOTH_SEARCHES
def test_images_and_rows_are_the_same(garments):
    X, y = garments
    images = X.reshape(-1, 28, 28)
    rows = KNNClassifier().fit(X[:500], y[:500]).kneighbors(X[500:])
    np.testing.assert_array_equal(KNNClassifier().fit(images[:500], y[:500]).kneighbors(images[500:]), rows)


@BOTH_SEARCHES
def test_training_rows_come_back(garments):
    X, y = garments
    for same in (X, X / 255):
        rows = KNNClassifier().fit(same, y).training_rows()
        assert rows.dtype == same.dtype
        np.testing.assert_array_equal(rows, same)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "manhattan"}, "metric"),
        ({"weights": "far"}, "weights"),
        ({"n_neighbors": 0}, "n_neighbors"),
        ({"device": "cuda:77"}, "device"),
        ({"n_neighbors": 601}, "n_neighbors=601, but there are 600 training samples"),
        ({"weights": lambda distance: distance[0]}, "must turn distances of shape"),
        ({"weights": lambda distance: 0 * distance}, "there is no vote"),
        ({"weights": lambda distance: -1 - distance}, "not negative"),
    ],
)
def test_bad_parameters(garments, parameters, message):
    X, y = garments
    with pytest.raises(ValueError, match=message):
        KNNClassifier(**parameters).fit(X, y).predict(X[:10])


def test_manhattan_is_found_elsewhere(garments):
    with pytest.raises(ValueError, match=r"sklearn\.neighbors\.KNeighborsClassifier"):
        KNNClassifier(metric="manhattan").fit(*garments)


@BOTH_SEARCHES
def test_bad_queries(garments):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    with pytest.raises(ValueError, match="n_neighbors=600, but there are 599"):
        model.kneighbors(n_neighbors=600)
    with pytest.raises((TypeError, ValueError), match="n_neighbors"):
        model.kneighbors(X, n_neighbors=1.5)
    with pytest.raises(ValueError, match="mode"):
        model.kneighbors_graph(X, mode="both")


@BOTH_SEARCHES
@pytest.mark.parametrize("dtype", [np.int64, np.uint16, ">i4", np.float16, np.float64, ">f8"])
def test_levels_of_any_dtype_are_the_same(garments, dtype):
    X, y = garments
    expected = KNNClassifier(3, weights="distance").fit(X[:500], y[:500]).predict_proba(X[500:])
    cast = np.asfortranarray(X.astype(dtype))
    cast.setflags(write=False)
    for trained, asked in ((X, cast), (cast, X), (cast, cast)):
        model = KNNClassifier(3, weights="distance").fit(trained[:500], y[:500])
        np.testing.assert_array_equal(model.predict_proba(asked[500:]), expected)


def test_queries_in_floats_are_prepared_for_once(garments, int8, monkeypatch):
    X, y = garments
    model = KNNClassifier(3).fit(X, y)
    size, expected = len(pickle.dumps(model)), model.predict(X)
    made = []

    def noted(*given):
        made.append(given)
        return FloatSearch(*given)

    monkeypatch.setattr("skfashion.baselines._neighbors.FloatSearch", noted)
    for _ in range(3):
        np.testing.assert_array_equal(model.predict(X / 255), expected)
    assert len(made) == int8
    assert len(pickle.dumps(model)) == size
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X / 255), expected)


@BOTH_SEARCHES
def test_what_happens_to_X_after_the_fit_does_not_matter(garments):
    X, y = garments
    for same in (X.copy(), X / 255):
        model = KNNClassifier().fit(same, y)
        queries = same.copy()
        same[:] = 0
        np.testing.assert_array_equal(
            model.kneighbors(queries, 1)[1][:, 0], KNNClassifier().fit(X, y).kneighbors(X, 1)[1][:, 0]
        )


@BOTH_SEARCHES
def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 50], "weights": ["uniform", "distance"]}, cv=2).fit(X, y)
    assert search.best_params_["n_neighbors"] == 1
    assert search.best_score_ > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("images", ["rng.integers(0, 255, (20_000, 100))", "np.zeros((20_000, 100))"])
def test_memory_is_bounded_by_blocks(images):
    """All distances of these rows would be 1,600 MB in float32, and equal rows are no exception."""
    code = """
        import numpy as np
        from skfashion.baselines import KNNClassifier
        rng = np.random.default_rng(0)
        X = IMAGES.astype(np.uint8)
        X[:, 0] = 255
        KNNClassifier().fit(X[:500], np.arange(500) % 2).predict(X[:500])
        before = peak_mb()
        KNNClassifier().fit(X, np.arange(20_000) % 10).predict(X)
        print(peak_mb() - before)
    """
    assert float(run_python(code.replace("IMAGES", images), OMP_NUM_THREADS="2")) < 400


@BOTH_SEARCHES
@pytest.mark.real_data
@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
def test_neighbours_of_the_real_images_are_those_of_scikit_learn(fashion_mnist, metric):
    (X, y), (X_test, _) = fashion_mnist
    chosen = np.random.default_rng(0).choice(len(X_test), 2000, replace=False)
    ours, index = KNNClassifier(metric=metric).fit(X, y).kneighbors(X_test[chosen])
    # Pixels as integers, so that scikit-learn's products in float64 are exact too.
    theirs = KNeighborsClassifier(metric=metric, algorithm="brute").fit(X.astype(float), y)
    distance, their_index = theirs.kneighbors(X_test[chosen].astype(float))
    scale = {"euclidean": 255, "sqeuclidean": 255**2, "cosine": 1}[metric]
    np.testing.assert_allclose(ours * scale, distance, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(index, their_index)


@BOTH_SEARCHES
def test_a_failed_fit_leaves_the_model_as_it_was(garments):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    expected = model.predict_proba(X)
    with pytest.raises(ValueError, match="continuous"):
        model.fit(X[:, :10], y + 0.5)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@BOTH_SEARCHES
@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5])
def test_few_features(n_features):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 20, (n_features,)), integers(rng, 700, (n_features,))
    _, index = KNNClassifier(3).fit(Y, np.arange(700) % 2).kneighbors(X)
    squared = ((X[:, None].astype(int) - Y[None].astype(int)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(index, np.argsort(squared, axis=1, kind="stable")[:, :3])


@pytest.mark.slow
def test_kernels_that_saturate_are_not_trusted():
    """With this setting products of int8 are wrong on some processors, and the search must not use them."""
    code = """
        import numpy as np
        from skfashion.baselines import KNNClassifier
        rng = np.random.default_rng(0)
        X = rng.choice(np.uint8([0, 255]), (300, 784))
        Q = rng.choice(np.uint8([0, 255]), (20, 784))
        _, index = KNNClassifier(3, device="cpu").fit(X, np.arange(300) % 2).kneighbors(Q)
        squared = ((Q[:, None].astype(int) - X[None].astype(int)) ** 2).sum(axis=2)
        print((index == np.argsort(squared, axis=1, kind="stable")[:, :3]).all())
    """
    assert run_python(code, ONEDNN_MAX_CPU_ISA="AVX2") == "True\n"


def test_votes_of_distances_too_small_to_invert():
    model = KNNClassifier(2, metric="sqeuclidean", weights="distance").fit([[0.0], [1.0]], [0, 1])
    np.testing.assert_array_equal(model.predict_proba([[1e-160]]), [[1, 0]])


@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
def test_a_metric_that_is_set_later_is_for_the_next_fit(garments, metric):
    X, y = garments
    model = KNNClassifier(3).fit(X, y)
    expected = model.kneighbors(X[:5])
    again = pickle.loads(pickle.dumps(model.set_params(metric=metric)))
    for each in (model, again):
        np.testing.assert_array_equal(each.kneighbors(X[:5]), expected)
        np.testing.assert_allclose(each.kneighbors(X[:5].astype(float))[0], expected[0])

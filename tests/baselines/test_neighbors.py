"""Nearest neighbours: those of an exhaustive search, whatever the data, and votes as scikit-learn counts them."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from processes import run_python
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SubspaceClassifier,
    _float_search,
)
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._float_search import _cdist as cdist
from skfashion.baselines._nearest import IntegerSearch, nearest

CPU = torch.device("cpu")


@pytest.fixture(params=[True, False], ids=["int8", "float32"], autouse=True)
def int8(request, monkeypatch):
    """Each test twice: with products of int8, whether or not they are fast here, and without."""
    capabilities = {"avx512_vnni": request.param, "avx_vnni": False, "amx_int8": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)  # new in torch 2.11
    return request.param


def exhaustive(X, Y, k, metric):
    """Distances in float64, rows at the same distance in the order of their index."""
    distance = pairwise_distances(X.astype(np.float64), Y.astype(np.float64), metric=metric)
    index = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distance, index, axis=1), index


def integers(rng, n, shape=(20,), high=256):
    return rng.integers(0, high, (n, *shape), dtype=np.uint8)


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


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e15])
@pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
def test_neighbours_that_float32_cannot_tell_apart(metric, scale, shift):
    """Far from the origin and close to each other: products in float32 lose most digits."""
    rng = np.random.default_rng(0)
    Y, X = ((rng.normal(size=(n, 8)) + shift) * scale for n in (500, 50))
    distance, index = KNNClassifier(metric=metric).fit(Y, np.arange(500) % 2).kneighbors(X, 7)
    if metric == "euclidean":
        direct = np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=2))
        np.testing.assert_array_equal(index, np.argsort(direct, axis=1, kind="stable")[:, :7])
    else:
        one, other = (Z / np.linalg.norm(Z, axis=1, keepdims=True) for Z in (X, Y))
        direct = 1 - (one[:, None] * other[None]).sum(axis=2)
        np.testing.assert_allclose(distance, np.sort(direct, axis=1)[:, :7], atol=1e-14)


@pytest.mark.parametrize("high", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_ties_and_duplicates_come_by_their_index(high, k):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 50, (5,), high), integers(rng, 700, (5,), high)
    _, index = KNNClassifier().fit(Y, np.arange(700) % 2).kneighbors(X, k)
    squared = ((X[:, None].astype(int) - Y[None].astype(int)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(index, np.argsort(squared, axis=1, kind="stable")[:, :k])


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


def test_blocks_do_not_matter(garments, monkeypatch):
    X, y = garments
    model = KNNClassifier().fit(X[:500], y[:500])
    expected = model.kneighbors(X[500:])
    for n_bytes in (1, 10_000):
        for module in ("_nearest", "_float_search"):
            monkeypatch.setattr(f"skfashion.baselines.{module}.BLOCK_BYTES", n_bytes)
        np.testing.assert_array_equal(model.kneighbors(X[500:]), expected)


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


def test_many_duplicates_of_a_training_row():
    X = np.zeros((10, 3), dtype=np.uint8)
    _, index = KNNClassifier(3).fit(X, np.arange(10) % 2).kneighbors()
    assert (index != np.arange(10)[:, None]).all()
    assert all(len(set(row)) == 3 for row in index.tolist())


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


def test_images_and_rows_are_the_same(garments):
    X, y = garments
    images = X.reshape(-1, 28, 28)
    rows = KNNClassifier().fit(X[:500], y[:500]).kneighbors(X[500:])
    np.testing.assert_array_equal(KNNClassifier().fit(images[:500], y[:500]).kneighbors(images[500:]), rows)


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


def test_bad_queries(garments):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    with pytest.raises(ValueError, match="n_neighbors=600, but there are 599"):
        model.kneighbors(n_neighbors=600)
    with pytest.raises((TypeError, ValueError), match="n_neighbors"):
        model.kneighbors(X, n_neighbors=1.5)
    with pytest.raises(ValueError, match="mode"):
        model.kneighbors_graph(X, mode="both")


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, ">i4", np.float16, np.float64, ">f8"])
def test_levels_of_any_dtype_are_the_same(garments, dtype):
    X, y = garments
    expected = KNNClassifier(3, weights="distance").fit(X[:500], y[:500]).predict_proba(X[500:])
    cast = np.asfortranarray(X.astype(dtype))
    cast.setflags(write=False)
    for trained, asked in ((X, cast), (cast, X), (cast, cast)):
        model = KNNClassifier(3, weights="distance").fit(trained[:500], y[:500])
        np.testing.assert_array_equal(model.predict_proba(asked[500:]), expected)


def test_pickle(garments, int8):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    content = pickle.dumps(model)
    assert len(content) < 1.1 * X.nbytes + 40_000
    np.testing.assert_array_equal(pickle.loads(content).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("model", [KNNClassifier(3), NeighborSampler(3), CentroidSampler(KMeans(5, n_init=1))], ids=str)
def test_training_images_can_be_mapped_into_several_processes(garments, model, int8, tmp_path):
    X, y = garments
    model.random_state = 0
    joblib.dump(model.fit(X, y), tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    if isinstance(model, CentroidSampler):
        images = loaded._images
    else:
        search = (loaded if isinstance(model, KNNClassifier) else loaded._neighbors)._search
        images = search.rows if int8 else search.X
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    if isinstance(model, KNNClassifier):
        np.testing.assert_array_equal(loaded.kneighbors(X), model.kneighbors(X))
    else:
        np.testing.assert_array_equal(loaded.sample(5, 0), model.sample(5, 0))


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


@pytest.mark.parametrize(
    "model",
    [
        KNNClassifier(),
        KNNClassifier(metric="cosine"),
        SubspaceClassifier(4),
        ClusterClassifier(KMeans(5, n_init=1), random_state=0),
        ClusterClassifier(AgglomerativeClustering(5)),
        NeighborSampler(),
        CentroidSampler(KMeans(5, n_init=1), random_state=0),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_hash_of_a_model_stays(garments, model, dtype):
    X, y = garments
    model.fit(X if dtype == np.uint8 else (X / 255).astype(dtype), np.array(list("abcdefghij"), dtype=object)[y])
    first = joblib.hash(model)
    model.predict(X) if hasattr(model, "predict") else model.sample()
    assert joblib.hash(model) == first
    assert joblib.hash(pickle.loads(pickle.dumps(model))) == first


def test_a_pickle_from_a_device_that_is_not_here(garments):
    X, y = garments
    model = KNNClassifier(metric="cosine").fit(X, y)
    expected = model.predict_proba(X)
    model._search.device = torch.device("cuda:77")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)


def test_what_happens_to_X_after_the_fit_does_not_matter(garments):
    X, y = garments
    for same in (X.copy(), X / 255):
        model = KNNClassifier().fit(same, y)
        queries = same.copy()
        same[:] = 0
        np.testing.assert_array_equal(
            model.kneighbors(queries, 1)[1][:, 0], KNNClassifier().fit(X, y).kneighbors(X, 1)[1][:, 0]
        )


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_few_far_rows_do_not_make_all_others_candidates(metric):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(2000, 20)), rng.normal(size=(50, 20))
    Y[[7, 100]] = 1000
    search = FloatSearch(Y, metric, CPU)
    query, _, _ = search.candidates(X, 5, torch.empty(50 * search.width))
    assert len(query) < 50 * 10
    np.testing.assert_array_equal(nearest(search, X, 5)[1], exhaustive(X, Y, 5, metric)[1])


def _with(Y, rows, columns, value):
    Y = Y.copy()
    Y[rows, columns] = value
    return Y


# Training rows and queries, each with a share of the pairs whose distances may be computed one by one.
WORST_CASES = {
    "one absurd pixel": lambda Y, X: (_with(Y, 7, 3, 1e9), X, 0.01),
    "absurd pixels in a third": lambda Y, X: (_with(Y, slice(None, None, 3), 3, 1e9), _with(X, slice(5), 3, 1e9), 0.01),
    "absurd pixels of all sizes": lambda Y, X: (_with(Y, range(30), 3, 10.0 ** np.arange(30)), X, 0.01),
    "blank rows": lambda Y, X: (_with(Y, slice(0, 2000), slice(None), 0), X / 1000, 0.01),
    "rows of one value": lambda Y, X: (_with(Y, slice(0, 2000), slice(None), 0.7), X / 1000 + 0.7, 0.01),
    "copies": lambda Y, X: (np.tile(Y[:50], (60, 1)), X, 0.01),
    "absurd pixels in queries": lambda Y, X: (Y, _with(X, slice(None), 3, 1e9), 0.02),
    "absurd pixels in queries, beyond float64": lambda Y, X: (Y, _with(X, slice(None), 3, 1e30), 0.01),
    "far queries": lambda Y, X: (Y, X + 1e6, 0.02),
    "clusters far apart": lambda Y, X: (Y + 1e5 * (np.arange(3000)[:, None] % 5), X + 1e5, 0.02),
    "clusters beyond float64": lambda Y, X: (Y + 1e12 * (np.arange(3000)[:, None] % 5), X + 1e12, 1.0),
    "queries beyond float64": lambda Y, X: (Y, X * 1e20, 1.0),
}


@pytest.mark.parametrize("case", WORST_CASES)
@pytest.mark.parametrize("k", [1, 5, 100])
def test_worst_cases_are_exact_and_cost_little(case, k, monkeypatch):
    rng = np.random.default_rng(0)
    Y, X, share = WORST_CASES[case](rng.normal(size=(3000, 20)), rng.normal(size=(40, 20)))
    computed = []

    def counted(one, other):
        computed.append(len(one) * len(other) if one.ndim == 2 else len(one))
        return cdist(one, other)

    monkeypatch.setattr(_float_search, "_cdist", counted)
    distance, index = nearest(FloatSearch(Y, "euclidean", CPU), X, k)
    direct = np.sqrt(((X[:, None] - Y[None]) ** 2).sum(axis=2))
    expected = np.argsort(direct, axis=1, kind="stable")[:, :k]
    np.testing.assert_allclose(distance, np.take_along_axis(direct, expected, axis=1), rtol=1e-13)
    if share < 1:  # where float64 tells them apart
        np.testing.assert_array_equal(index, expected)
    assert sum(computed) <= share * X.shape[0] * Y.shape[0] + 10 * k * len(X)


def test_rows_that_are_no_copies_but_equally_far_come_by_their_index():
    rng = np.random.default_rng(0)
    Y = np.eye(400)[rng.permutation(400)] + 0.5
    X = np.full((3, 400), 0.5) + np.array([[0], [0.25], [-0.25]])
    _, index = KNNClassifier(7).fit(Y, np.arange(400) % 2).kneighbors(X)
    np.testing.assert_array_equal(index, np.tile(np.arange(7), (3, 1)))


def test_copies_are_searched_as_one_row(garments):
    X = np.tile(garments[0][:20] / np.float32(255), (100, 1))
    assert [len(part.rows) for part in FloatSearch(X, "euclidean", CPU).parts] == [20]


def test_hashes_that_collide_do_not_make_copies(monkeypatch):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(300, 4)), rng.normal(size=(20, 4))
    monkeypatch.setattr(_float_search, "hash", lambda row: 1, raising=False)
    _, index = nearest(FloatSearch(np.concatenate([Y, Y]), "euclidean", CPU), X, 4)
    np.testing.assert_array_equal(index[:, 1], index[:, 0] + 300)
    np.testing.assert_array_equal(index[:, [0, 2]], exhaustive(X, Y, 2, "euclidean")[1])


@pytest.mark.parametrize("k", [1, 3, 40])
def test_angles_of_rows_with_zeros_among_them(k):
    rng = np.random.default_rng(0)
    Y, X = np.abs(rng.normal(size=(200, 6))) + 1, rng.normal(size=(30, 6))
    Y[::3], X[::7] = 0, 0
    distance, index = KNNClassifier(k, metric="cosine").fit(Y, np.arange(200) % 2).kneighbors(X)
    expected, expected_index = exhaustive(X, Y, k, "cosine")
    np.testing.assert_allclose(distance, expected, atol=1e-15)
    np.testing.assert_array_equal(index, expected_index)


def test_the_angle_of_a_row_with_itself_is_zero():
    X = np.random.default_rng(0).normal(size=(50, 30))
    np.testing.assert_array_equal(KNNClassifier(1, metric="cosine").fit(X, np.arange(50) % 2).kneighbors(X)[0], 0)


@pytest.mark.parametrize("far", [1e21, 3e21, 1e22, 3e22])
def test_rows_whose_squares_are_too_small_for_float32(far):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(1000, 20)), rng.normal(size=(50, 20))
    Y[0], Y[1] = far, -far
    _, index = KNNClassifier(3).fit(Y, np.arange(1000) % 10).kneighbors(X)
    direct = ((X[:, None] - Y[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(index, np.argsort(direct, axis=1, kind="stable")[:, :3])


@pytest.mark.parametrize("backend", ["cuda.matmul", "mkldnn.matmul"])
def test_shortened_products_by_the_newer_setting(garments, backend):
    code = f"""
        import numpy as np, torch
        from skfashion.baselines import KNNClassifier
        torch.backends.{backend}.fp32_precision = "tf32"
        rng = np.random.default_rng(0)
        Y, X = rng.normal(size=(500, 30)), rng.normal(size=(50, 30))
        _, index = KNNClassifier(3).fit(Y, np.arange(500) % 2).kneighbors(X)
        direct = ((X[:, None] - Y[None]) ** 2).sum(axis=2)
        print((index == np.argsort(direct, axis=1, kind="stable")[:, :3]).all())
    """
    assert run_python(code) == "True\n"


def test_more_neighbours_than_groups_are_still_preselected():
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(2000, 20)), rng.normal(size=(50, 20))
    search = FloatSearch(Y, "euclidean", CPU)
    query, _, _ = search.candidates(X, 100, torch.empty(50 * search.width))
    assert 50 * 100 <= len(query) < 50 * 110


@pytest.mark.parametrize("scale", [1e-200, 1e-310, 1e30])
def test_angles_do_not_depend_on_lengths(scale):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(200, 6)), rng.normal(size=(30, 6))
    model = KNNClassifier(3, metric="cosine").fit(Y * scale, np.arange(200) % 2)
    np.testing.assert_array_equal(model.kneighbors(X * scale)[1], exhaustive(X, Y, 3, "cosine")[1])


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 50], "weights": ["uniform", "distance"]}, cv=2).fit(X, y)
    assert search.best_params_["n_neighbors"] == 1
    assert search.best_score_ > 0.5


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
    assert float(run_python(code.replace("IMAGES", images))) < 400


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


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_shortened_products_lose_no_neighbour(precision):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(500, 30)), rng.normal(size=(50, 30))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        _, index = KNNClassifier().fit(Y, np.arange(500) % 2).kneighbors(X, 7)
    finally:
        torch.set_float32_matmul_precision(before)
    np.testing.assert_array_equal(index, exhaustive(X, Y, 7, "euclidean")[1])


def test_a_failed_fit_leaves_the_model_as_it_was(garments):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    expected = model.predict_proba(X)
    with pytest.raises(ValueError, match="continuous"):
        model.fit(X[:, :10], y + 0.5)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5])
def test_few_features(n_features):
    rng = np.random.default_rng(0)
    X, Y = integers(rng, 20, (n_features,)), integers(rng, 700, (n_features,))
    _, index = KNNClassifier(3).fit(Y, np.arange(700) % 2).kneighbors(X)
    squared = ((X[:, None].astype(int) - Y[None].astype(int)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(index, np.argsort(squared, axis=1, kind="stable")[:, :3])


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


@pytest.mark.parametrize("scale", [1e-30, 1e-22, 1e19, 1e30])
def test_scales_at_the_ends_of_float32(scale):
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(700, 8)), rng.normal(size=(20, 8))
    _, index = KNNClassifier(3).fit(Y * scale, np.arange(700) % 2).kneighbors(X * scale)
    np.testing.assert_array_equal(index, exhaustive(X, Y, 3, "euclidean")[1])


def test_a_query_that_is_far_away():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(100, 3))
    X = np.r_[np.full((1, 3), 3e38), Y[:2]]
    distance, index = KNNClassifier(2).fit(Y, np.arange(100) % 2).kneighbors(X)
    assert index[1:, 0].tolist() == [0, 1]
    np.testing.assert_allclose(distance[0], np.sqrt(3) * 3e38)


def test_votes_of_distances_too_small_to_invert():
    model = KNNClassifier(2, metric="sqeuclidean", weights="distance").fit([[0.0], [1.0]], [0, 1])
    np.testing.assert_array_equal(model.predict_proba([[1e-160]]), [[1, 0]])


def test_search_by_itself():
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(200, 6)), rng.normal(size=(30, 6))
    distance, index = nearest(FloatSearch(Y, "euclidean", CPU), X, 3)
    expected, expected_index = exhaustive(X, Y, 3, "euclidean")
    np.testing.assert_array_equal(index, expected_index)
    np.testing.assert_allclose(distance, expected)

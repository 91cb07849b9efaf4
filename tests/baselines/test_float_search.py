"""Nearest neighbours among floats: exact where float32 cannot tell them apart, at little cost."""

import numpy as np
import pytest
import torch
from neighbours import exhaustive
from processes import run_python

from skfashion.baselines import (
    KNNClassifier,
    _float_search,
)
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._float_search import _cdist as cdist
from skfashion.baselines._nearest import nearest

CPU = torch.device("cpu")


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


@pytest.mark.slow
def test_shortened_products_by_the_newer_setting():
    code = """
        import numpy as np, torch
        from skfashion.baselines import KNNClassifier
        rng = np.random.default_rng(0)
        Y, X = rng.normal(size=(500, 30)), rng.normal(size=(50, 30))
        direct = ((X[:, None] - Y[None]) ** 2).sum(axis=2)
        for backend in (torch.backends.cuda, torch.backends.mkldnn):
            before, backend.matmul.fp32_precision = backend.matmul.fp32_precision, "tf32"
            _, index = KNNClassifier(3).fit(Y, np.arange(500) % 2).kneighbors(X)
            print((index == np.argsort(direct, axis=1, kind="stable")[:, :3]).all())
            backend.matmul.fp32_precision = before
    """
    assert run_python(code) == "True\nTrue\n"


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


def test_search_by_itself():
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(200, 6)), rng.normal(size=(30, 6))
    distance, index = nearest(FloatSearch(Y, "euclidean", CPU), X, 3)
    expected, expected_index = exhaustive(X, Y, 3, "euclidean")
    np.testing.assert_array_equal(index, expected_index)
    np.testing.assert_allclose(distance, expected)


@pytest.mark.parametrize("seed", range(4))
def test_ties_seen_from_far_away_come_by_their_index(seed):
    rng = np.random.default_rng(seed)
    Y = rng.permutation(300)[:, None] / 7.0
    for power in range(9, 16):
        for query in (10.0**power, -(10.0**power)):
            index = nearest(FloatSearch(Y, "euclidean", CPU), np.array([[query]]), 5)[1][0]
            np.testing.assert_array_equal(index, np.argsort(np.abs(query - Y[:, 0]), kind="stable")[:5])

"""Graphs of nearest neighbours: oracles of scikit-learn and of pencil and paper."""

import json
from functools import partial

import numpy as np
import pytest
from saved import loaded, parts_of, saved
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.datasets import load_digits, make_blobs
from sklearn.neighbors import kneighbors_graph
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from skfashion.baselines import KNNClassifier, make_hog_spreading, neighbor_kernel

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def test_weights_by_hand():
    graph = neighbor_kernel(LINE, LINE, n_neighbors=1).toarray()
    np.testing.assert_array_equal(graph, [[0, 1, 0, 0], [1, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0, 0.5, 0]])


def test_the_graph_is_that_of_scikit_learn():
    X = load_digits().data[:1000] + np.random.default_rng(0).normal(size=(1000, 64))  # no two are as far
    directed = kneighbors_graph(X, 10)
    graph = neighbor_kernel(X, X)
    np.testing.assert_array_equal(graph.toarray(), (directed + directed.T).toarray() / 2)


def test_other_rows_have_their_nearest():
    graph = neighbor_kernel(LINE, [[0.1], [6.0]], n_neighbors=2).toarray()
    np.testing.assert_array_equal(graph, [[1, 0], [1, 0], [0, 1], [0, 1]])


@pytest.mark.parametrize("n_rows", [2, 5])
def test_fewer_rows_than_neighbours(n_rows):
    X = np.arange(n_rows)[:, None]
    np.testing.assert_array_equal(neighbor_kernel(X, X).toarray(), 1 - np.eye(n_rows))
    assert neighbor_kernel(X, X[:1].copy()).sum() == n_rows


def test_parts_are_linked_to_the_nearest_row_of_the_largest():
    X = np.array([0.0, 1, 2, 3, 10, 11, -20, -21])[:, None]
    links = neighbor_kernel(X, X, n_neighbors=1)
    assert connected_components(links)[0] == 1
    assert [links[3, 4], links[4, 3], links[0, 6], links[3, 5], links[0, 7]] == [1, 1, 1, 0, 0]


def test_a_part_is_linked_to_the_nearest_part_that_is_linked():
    X = np.r_[np.linspace(0, 1, 20), np.linspace(10, 11, 15), np.linspace(12, 13, 10)][:, None]
    links = neighbor_kernel(X, X, n_neighbors=2)
    assert [links[19, 20], links[34, 35], links[19, 35]] == [1, 1, 0]
    few = np.full(45, -1)
    few[[0, 20]] = 0, 1
    model = LabelSpreading(partial(neighbor_kernel, n_neighbors=2), alpha=0.95, tol=1e-9, max_iter=10_000).fit(X, few)
    assert (model.transduction_[20:] == 1).all()


def test_numbers_are_taken_as_they_are():
    fractions, whole = np.array([[0.0], [0.4], [1.0]]), [[2], [3]]
    np.testing.assert_array_equal(neighbor_kernel(fractions, whole, n_neighbors=1).toarray(), [[0, 0], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("X", "Y", "n_neighbors", "message"),
    [
        (LINE, LINE, 0, "n_neighbors == 0, must be >= 1"),
        (LINE, LINE, None, "n_neighbors must be an instance of"),
        (LINE[:1], LINE[:1], 10, "minimum of 2"),
        (csr_array(LINE), LINE, 10, "Sparse data was passed for X"),
        (LINE, [[0.0, 1.0]], 10, "X has 1 features, but Y has 2"),
        (LINE, [[np.nan]], 10, "Input Y contains NaN"),
    ],
)
def test_bad_input_is_named(X, Y, n_neighbors, message):
    with pytest.raises((ValueError, TypeError), match=message):
        neighbor_kernel(X, X if Y is LINE else Y, n_neighbors=n_neighbors)


def test_a_label_reaches_all_rows():
    X, y = make_blobs(400, 5, centers=4, cluster_std=0.1, random_state=0)
    few = np.where(np.arange(400) == 0, y, -1)
    few[1] = (y[0] + 1) % 4
    for label_model in (LabelSpreading(neighbor_kernel, alpha=0.95), LabelPropagation(neighbor_kernel)):
        label_model.set_params(tol=1e-9, max_iter=100_000).fit(X, few)
        assert (label_model.predict_proba(X.copy()) > 0)[:, [0, 1]].all()


def test_two_labels_are_enough_for_two_blobs():
    X, y = make_blobs(200, 2, centers=2, cluster_std=0.3, random_state=0)
    few = np.full(200, -1)
    few[[np.argmax(y == 0), np.argmax(y == 1)]] = 0, 1
    model = LabelSpreading(partial(neighbor_kernel, n_neighbors=5), alpha=0.95, max_iter=1000).fit(X[:150], few[:150])
    assert (model.predict(X[150:]) == y[150:]).all()


@pytest.mark.parametrize("n_labels", [10, 50])
def test_spreading_needs_few_labels(n_labels):
    X, y = load_digits(return_X_y=True)
    few = np.where(np.arange(1500) < n_labels, y[:1500], -1)
    spread = make_hog_spreading(pixels_per_cell=2, random_state=0).fit(X[:1500], few)
    alone = KNNClassifier(1).fit(X[:n_labels], y[:n_labels])
    assert spread.score(X[1500:], y[1500:]) > alone.score(X[1500:], y[1500:]) + 0.05
    assert (spread[-1].transduction_ == y[:1500]).mean() > 0.8


def test_parameters_of_spreading_reach_the_steps():
    parameters = make_hog_spreading(30, pixels_per_cell=2, image_shape=(8, 8), alpha=0.5, random_state=7).get_params()
    found = {
        "hog__pixels_per_cell": 2,
        "hog__image_shape": (8, 8),
        "pca__n_components": 30,
        "pca__random_state": 7,
        "spread__alpha": 0.5,
        "spread__kernel": neighbor_kernel,
    }
    assert {name: parameters[name] for name in found} == found


def test_spreading_is_saved_and_says_that_it_holds_training_rows():
    X, y = load_digits(return_X_y=True)
    model = make_hog_spreading(20, pixels_per_cell=2, random_state=0).fit(X[:300], np.where(y[:300] < 5, y[:300], -1))
    content = saved(model)
    np.testing.assert_array_equal(loaded(content).predict(X[300:]), model.predict(X[300:]))
    assert "LabelSpreading" in json.loads(parts_of(content)["manifest.json"])["holds_training_rows"]

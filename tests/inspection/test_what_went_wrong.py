"""Displays of errors: the most confused pairs, and the nearest training images."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import NAMES, drawn
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import pairwise_distances
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skfashion.baselines import KNNClassifier
from skfashion.inspection import MisclassifiedDisplay, NearestImagesDisplay
from skfashion.metrics import most_confused_pairs, nearest_train_distance
from skfashion.neural_network import MLPClassifier


def rows_drawn(display):
    """The pictures in each row of a grid, by where they are."""
    tops = [image.get_extent()[3] for image in display.images_]
    return [[index for index, top in enumerate(tops) if top == row] for row in sorted(set(tops))]


@pytest.mark.parametrize("kind", [int, str])
def test_a_row_for_each_of_the_most_confused_pairs(garments, mlp, kind):
    X, y = garments
    proba, predicted = mlp.predict_proba(X).max(axis=1), mlp.predict(X)
    names = {kind(label): name for label, name in enumerate(NAMES)}
    display = MisclassifiedDisplay.from_predictions(
        X, y.astype(kind), predicted.astype(kind), confidence=proba, class_names=names, n_images=3, n_pairs=4
    )
    pairs = most_confused_pairs(y.astype(kind), predicted.astype(kind), n_pairs=4)
    assert [pair[2:] for pair in display.pairs] == [pair[2:] for pair in pairs]
    rows = rows_drawn(display)
    assert len(rows) == 4
    texts = [text.get_text() for text in display.images_[0].axes.texts]
    for pair, indices in zip(pairs, rows, strict=True):
        true, wrong = int(pair.true), int(pair.predicted)
        of_pair = np.flatnonzero((y == true) & (predicted == wrong))
        expected = of_pair[np.argsort(-proba[of_pair], kind="stable")][:3]
        np.testing.assert_array_equal(display.indices[indices], expected)
        np.testing.assert_allclose(drawn(display.images_)[indices], X[expected].reshape(-1, 28, 28) / 255, rtol=1e-6)
        assert [display.captions_[index].get_text() for index in indices] == [
            f"{100 * p:.0f} %" for p in proba[expected]
        ]
        noun = "error" if pair.count == 1 else "errors"
        assert f"{NAMES[true]},\nnot {NAMES[wrong]}\n{pair.count} {noun}" in texts


def test_pairs_of_an_estimator_and_their_limits(garments, mlp):
    X, y = garments
    display = MisclassifiedDisplay.from_estimator(mlp, X, y, n_pairs=1000)
    assert sum(pair.count for pair in display.pairs) == display.n_errors
    with pytest.raises(ValueError, match="n_columns must be None"):
        display.plot(n_columns=3)
    with pytest.raises(ValueError, match="n_pairs"):
        MisclassifiedDisplay.from_estimator(mlp, X, y, n_pairs=0)
    one = MisclassifiedDisplay.from_predictions(X[:2], [0, 0], [1, 0], n_pairs=3)
    assert len(one.images_) == 1
    assert one.captions_ == []
    twins = MisclassifiedDisplay.from_predictions(X[:3], [0, 0, 1], [2, 2, 2], n_pairs=2, class_names=["a", "a", "b"])
    assert [len(row) for row in rows_drawn(twins)] == [2, 1]


# --- nearest training images


def test_neighbours_by_pixels(garments):
    X, y = garments
    names = dict(enumerate(NAMES))
    display = NearestImagesDisplay.from_data(X[:3], X[3:], y[3:], y=y[:3], n_neighbors=4, class_names=names)
    distances = pairwise_distances(X[:3] / 255, X[3:] / 255)
    np.testing.assert_array_equal(display.indices, np.argsort(distances, axis=1, kind="stable")[:, :4])
    np.testing.assert_allclose(display.distances, np.sort(distances, axis=1)[:, :4], rtol=1e-5)
    np.testing.assert_allclose(display.distances[:, 0], nearest_train_distance(X[:3], X[3:])[0], rtol=1e-5)
    rows = np.column_stack([np.arange(3), display.indices + 3]).ravel()
    np.testing.assert_allclose(drawn(display.images_), X[rows].reshape(-1, 28, 28) / 255, rtol=1e-6)
    assert [caption.get_text() for caption in display.captions_] == [NAMES[label] for label in y[rows]]


def test_neighbours_on_two_scales_and_in_any_shape(garments):
    X = garments[0]
    expected = NearestImagesDisplay.from_data(X[:3], X[3:])
    for few, many in ((X[:3] / 255, X[3:]), (X[:3].reshape(-1, 28, 28), X[3:].reshape(-1, 1, 28, 28) / 255)):
        display = NearestImagesDisplay.from_data(few, many)
        np.testing.assert_array_equal(display.indices, expected.indices)
        np.testing.assert_allclose(drawn(display.images_), drawn(expected.images_), rtol=1e-6)
    assert expected.captions_ == []


def test_neighbours_as_an_estimator_sees_them(garments, mlp):
    X, y = garments
    pca = PCA(5, random_state=0).fit(X)
    linear = make_pipeline(PCA(5, random_state=0), GaussianNB()).fit(X, y)
    for model, seen in (
        (mlp, mlp.embed),
        (FrozenEstimator(mlp), mlp.embed),
        (pca, pca.transform),
        (linear, linear[0].transform),
    ):
        display = NearestImagesDisplay.from_estimator(model, X[:3], X[50:], n_neighbors=2)
        distances = pairwise_distances(seen(X[:3]), seen(X[50:]))
        np.testing.assert_allclose(display.distances, np.sort(distances, axis=1)[:, :2], rtol=1e-4)
        np.testing.assert_array_equal(display.indices, np.argsort(distances, axis=1)[:, :2])
        plt.close("all")


def test_neighbours_of_nearest_neighbours_are_those_that_voted(garments):
    X, y = garments
    model = KNNClassifier(3, metric="cosine").fit(X[50:], y[50:])
    display = NearestImagesDisplay.from_estimator(model, X[:4], X[50:], y[50:], y=y[:4], n_neighbors=3)
    np.testing.assert_array_equal(display.indices, model.kneighbors(X[:4])[1])
    predicted = model.predict(X[:4])
    texts = [display.captions_[index].get_text() for index in range(0, 16, 4)]
    assert texts == [f"{a}" if a == b else f"{a},\nnot {b}" for a, b in zip(y[:4], predicted, strict=True)]
    with pytest.raises(ValueError, match="X_train must be the 550 images that KNNClassifier was fitted on"):
        NearestImagesDisplay.from_estimator(model, X[:4], X[60:])
    for other in (X[50:][::-1], X[:550]):
        with pytest.raises(ValueError, match="that KNNClassifier was fitted on, in the same order"):
            NearestImagesDisplay.from_estimator(model, X[:4], other)


@pytest.mark.parametrize("form", [lambda X: X / 255, lambda X: X.reshape(-1, 28, 28), lambda X: X.astype(np.int64)])
@pytest.mark.parametrize("model", [KNNClassifier(3, metric="cosine"), make_pipeline(MinMaxScaler(), KNNClassifier(3))])
def test_training_images_may_come_in_another_form(garments, model, form):
    X, y = garments[0][:60].copy(), garments[1][:60]
    X[[0, 59]] = 0  # blank images are as far from all others by the cosine distance
    model = clone(model).fit(X, y)
    if not isinstance(model, KNNClassifier):
        form = np.asfortranarray  # a scaler takes numbers as they are
    display = NearestImagesDisplay.from_estimator(model, X[:4], form(X))
    np.testing.assert_array_equal(display.indices, NearestImagesDisplay.from_estimator(model, X[:4], X).indices)


def test_neighbours_that_cannot_be_drawn(garments):
    X, y = garments
    with pytest.raises(TypeError, match=r"DummyClassifier has no 'embed'.*from_data"):
        NearestImagesDisplay.from_estimator(DummyClassifier().fit(X, y), X[:2], X)
    with pytest.raises(ValueError, match="n_neighbors == 6"):
        NearestImagesDisplay.from_data(X[:2], X[:5], n_neighbors=6)
    with pytest.raises(ValueError, match="inconsistent"):
        NearestImagesDisplay.from_data(X[:2], X, y[:5])


def test_neighbours_of_images_in_two_layouts():
    images = np.random.default_rng(0).integers(0, 256, size=(30, 3, 16, 16)).astype(np.uint8)
    last = np.moveaxis(images, 1, -1)
    for X, X_train in [(last, images), (images, last), (last, images.reshape(30, -1))]:
        display = NearestImagesDisplay.from_data(X[:4], X_train, n_neighbors=1)
        assert display.indices.ravel().tolist() == [0, 1, 2, 3]
        np.testing.assert_allclose(display.nearest[:, 0], display.images)
    with pytest.raises(ValueError, match=r"X holds images of \(c, h, w\) = \(1, 4, 16\), X_train of \(1, 8, 8\)"):
        NearestImagesDisplay.from_data(np.ones((2, 4, 16)), np.ones((2, 8, 8)), n_neighbors=1)


def test_neighbours_of_several_labels(garments):
    X, y = garments[0][:60], garments[1][:60]
    model = MLPClassifier((4,), max_epochs=1).fit(X, np.column_stack([y == 1, y == 2]).astype(int))
    with pytest.raises(ValueError, match="predicts several labels"):
        NearestImagesDisplay.from_estimator(model, X[:2], X, y=y[:2])
    assert NearestImagesDisplay.from_estimator(model, X[:2], X).indices.shape == (2, 5)


@pytest.mark.parametrize(
    ("confidence", "says"),
    [([0.5, np.nan], "confidence contains NaN"), ([5, 0.5], "from 0.5 to 5"), ([-0.5, 0.5], "from -0.5 to 0.5")],
)
def test_confidences_of_errors_are_probabilities(confidence, says):
    with pytest.raises(ValueError, match=says):
        MisclassifiedDisplay.from_predictions(np.zeros((2, 4)), [0, 1], [1, 0], confidence=confidence)

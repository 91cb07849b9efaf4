import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skfashion.datasets import make_garments
from skfashion.neural_network import CNNClassifier


def test_shapes_and_classes():
    garments = make_garments(95, random_state=0)
    assert garments.data.shape == (95, 784)
    assert garments.data.dtype == np.uint8
    assert np.shares_memory(garments.data, garments.images)
    assert garments.target.dtype == np.int64
    counts = np.bincount(garments.target)
    assert len(counts) == len(garments.target_names) == 10
    assert counts.max() - counts.min() == 1
    assert not (np.diff(garments.target) >= 0).all()  # in random order


def test_equal_seeds_give_equal_images():
    one, same, other = (make_garments(50, random_state=seed).data for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("random_state", [0, None])
def test_global_generator_is_not_moved(random_state):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 the legacy generator is what must stay
    make_garments(10, random_state=random_state)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_every_picture_shows_something_and_varies():
    garments = make_garments(500, noise=0, random_state=0)
    covered = (garments.data > 40).mean(axis=1)
    assert covered.min() > 0.02
    assert covered.max() < 0.7
    for label in range(10):
        pictures = garments.data[garments.target == label]
        assert len(np.unique(pictures, axis=0)) == len(pictures)


def test_noise():
    quiet, loud = (make_garments(100, noise=noise, random_state=0).data for noise in (0, 0.3))
    assert loud.std(axis=0).mean() > quiet.std(axis=0).mean() + 20


@pytest.mark.slow
def test_difficulty():
    """Neighbours beat a linear model clearly, a small convolutional network beats both, and none is perfect."""
    X, y = make_garments(4000, random_state=0, return_X_y=True)
    train, test = slice(0, 3000), slice(3000, 4000)
    linear = LogisticRegression(C=0.05, max_iter=200).fit(X[train] / 255, y[train]).score(X[test] / 255, y[test])
    neighbours = KNeighborsClassifier().fit(X[train] / 255, y[train]).score(X[test] / 255, y[test])
    cnn = CNNClassifier(random_state=0, max_epochs=12, learning_rate=0.003, batch_size=64, lr_schedule="onecycle")
    network = cnn.fit(X[train], y[train]).score(X[test], y[test])
    assert 0.6 < linear < neighbours - 0.02 < network - 0.04 < 0.96
    assert network < 0.995


@pytest.mark.parametrize(
    ("parameter", "value"), [("n_samples", 0), ("noise", -1), ("spread", 3), ("random_state", "a")]
)
def test_bad_parameter(parameter, value):
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of make_garments must be"):
        make_garments(**{parameter: value})


def test_spread():
    """At 0 every garment is in the middle, so that pixels and rows of pixels vary least."""
    images = [make_garments(200, spread=spread, noise=0, random_state=0).images.astype(float) for spread in (0, 1, 2)]
    assert np.all(np.diff([each.std(axis=0).mean() for each in images]) > 5)
    centers = [(each.sum(axis=2) @ np.arange(28)) / each.sum(axis=(1, 2)) for each in images]
    assert np.all(np.diff([center.std() for center in centers]) > 0.3)


@pytest.mark.parametrize("axis", [1, 2], ids=["down", "right"])
def test_without_spread_garments_are_in_the_middle_both_ways(axis):
    """The middle of what is drawn of a coat, a trouser and the like: they are about as high and wide as their class."""

    def middles(spread):
        garments = make_garments(300, spread=spread, noise=0, random_state=0)
        drawn = garments.images[np.isin(garments.target, [0, 1, 2, 4, 6])] > 25  # symmetric ones
        found = drawn.any(axis=3 - axis)
        return np.array([np.flatnonzero(each)[[0, -1]].mean() for each in found])

    assert np.abs(middles(0) - 13.5).max() < (4 if axis == 1 else 1.5)
    assert middles(0).std() < middles(1).std() / 1.4
    assert middles(1).std() < middles(2).std()


def test_spread_varies_the_size():
    """Of a shape whose own measures do not vary: the sole of a sneaker is as long as the picture is large."""

    def lengths(spread):
        garments = make_garments(1000, spread=spread, noise=0, random_state=0)
        drawn = garments.images[garments.target == 7] > 25
        return drawn.any(axis=1).sum(axis=1)

    assert lengths(0).std() < 0.8
    assert lengths(1).std() > 1.3 * lengths(0).std()

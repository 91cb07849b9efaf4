"""Rows of pixels that know which images they are, whatever scikit-learn and numpy do with them."""

import numpy as np
import pytest
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.utils import resample, shuffle

from skfashion._image_rows import ImageRows
from skfashion.neural_network import CNNClassifier

RNG = np.random.default_rng(0)


def test_split_rows_know_their_images():
    rows = ImageRows(RNG.integers(0, 256, (40, 72)), (3, 6, 4))
    parts = [*train_test_split(rows, random_state=0), shuffle(rows), resample(rows), rows[..., :]]
    assert {part.image_shape for part in parts} == {(3, 6, 4)}
    assert rows[..., np.arange(72)].image_shape is None
    scores = cross_validate(CNNClassifier(max_epochs=1), rows, np.arange(40) % 2, cv=2, return_estimator=True)
    assert {model.image_shape_ for model in scores["estimator"]} == {(3, 6, 4)}


JOINED = {
    "concatenate": lambda X: np.concatenate([X, X]),
    "vstack": lambda X: np.vstack((X, X)),
    "append": lambda X: np.append(X, X, axis=0),
    "r_": lambda X: np.r_[X, X[:1]],
    "where": lambda X: np.where(X > 100, X, 0),
    "where of numbers": lambda X: np.where(X > 100, 255, 0),
}


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("name", JOINED)
def test_joined_rows_know_their_images(name, channels_last):
    rows = ImageRows(RNG.integers(0, 256, (4, 72)), (3, 6, 4), channels_last=channels_last)
    joined = JOINED[name](rows)
    assert (joined.image_shape, joined.channels_last) == ((3, 6, 4), channels_last)
    np.testing.assert_array_equal(joined, JOINED[name](np.asarray(rows)))


def test_what_is_joined_from_other_things_is_no_image():
    rows = ImageRows(RNG.integers(0, 256, (4, 72)), (3, 6, 4))
    others = [
        np.concatenate([rows, ImageRows(rows, (3, 4, 6))]),
        np.concatenate([rows, ImageRows(rows, (3, 6, 4), channels_last=True)]),
        np.concatenate([rows, np.asarray(rows)]),
        np.concatenate([rows, rows], axis=1),
        np.concatenate([rows, rows], axis=None),
        np.stack([rows, rows]),
        np.where(rows > 100, rows, ImageRows(rows, (3, 4, 6))),
    ]
    assert [getattr(other, "image_shape", None) for other in others] == [None] * 7
    out = np.empty((8, 72), dtype=rows.dtype)
    assert np.concatenate([rows, rows], out=out) is out


class Elsewhere:
    """An array of another library, which leaves numpy's functions to others."""

    def __array_function__(self, function, types, args, kwargs):
        return NotImplemented


def test_functions_that_nobody_implements_say_so():
    with pytest.raises(TypeError, match="no implementation found"):
        np.where(Elsewhere(), ImageRows(np.zeros((2, 4)), (1, 2, 2)), 0)

import numpy as np
import pandas as pd
import pytest

from skfashion.modules import conv, pool
from skfashion.neural_network import CNNClassifier, MLPClassifier

rng = np.random.default_rng(0)
COLOUR = rng.integers(0, 256, size=(40, 3, 6, 8), dtype=np.uint8)
GREY = COLOUR[:, 0]
Y = np.arange(40) % 2


def cnn(**parameters):
    return CNNClassifier((conv(4), pool(2)), max_epochs=2, random_state=0, **parameters)


@pytest.mark.parametrize(
    ("n_features", "shape"),
    [(784, (1, 28, 28)), (3072, (3, 32, 32)), (1, (1, 1, 1)), (3, (3, 1, 1)), (5, (1, 1, 5)), (48, (3, 4, 4))],
)
def test_auto(n_features, shape):
    X = rng.normal(size=(10, n_features))
    assert cnn().fit(X, Y[:10]).image_shape_ == shape
    assert MLPClassifier(max_epochs=1).fit(X, Y[:10]).image_shape_ == shape


def test_all_forms_of_colour_images_mean_the_same():
    first = cnn().fit(COLOUR, Y)
    assert first.image_shape_ == (3, 6, 8)
    assert first.n_features_in_ == 144
    expected = first.predict_proba(COLOUR)
    last = np.moveaxis(COLOUR, 1, -1)
    rows_first, rows_last = COLOUR.reshape(40, -1), np.ascontiguousarray(last).reshape(40, -1)
    for model in (
        cnn().fit(last, Y),
        cnn(image_shape=(3, 6, 8)).fit(rows_first, Y),
        cnn(image_shape=(6, 8, 3)).fit(rows_last, Y),
        cnn(image_shape=(6, 8, 3)).fit(COLOUR, Y),
        cnn(image_shape=(3, 6, 8)).fit(last, Y),
    ):
        assert model.image_shape_ == (3, 6, 8)
        for images in (COLOUR, last):
            np.testing.assert_allclose(model.predict_proba(images), expected, atol=1e-6)
    np.testing.assert_allclose(first.predict_proba(rows_first), expected, atol=1e-6)
    np.testing.assert_allclose(cnn().fit(last, Y).predict_proba(rows_last), expected, atol=1e-6)


def test_all_forms_of_grey_images_mean_the_same():
    model = cnn().fit(GREY, Y)
    assert model.image_shape_ == (1, 6, 8)
    expected = model.predict_proba(GREY)
    for images in (GREY[:, None], GREY[..., None], GREY.reshape(40, -1)):
        np.testing.assert_allclose(model.predict_proba(images), expected, atol=1e-6)
    same = cnn(image_shape=(6, 8)).fit(GREY.reshape(40, -1), Y)
    np.testing.assert_allclose(same.predict_proba(GREY), expected, atol=1e-6)


def test_an_mlp_takes_images_too():
    one = MLPClassifier((8,), max_epochs=2, random_state=0).fit(COLOUR, Y)
    two = MLPClassifier((8,), max_epochs=2, random_state=0).fit(COLOUR.reshape(40, -1), Y)
    np.testing.assert_array_equal(one.predict_proba(COLOUR), two.predict_proba(COLOUR.reshape(40, -1)))


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"image_shape": (6, 7)}, GREY.reshape(40, -1), r"X has 48 features, but image_shape .* has 42 values"),
        ({"image_shape": (6, 7)}, GREY, r"but images of \(c, h, w\) = \(1, 6, 7\) are expected"),
        ({"image_shape": (6,)}, GREY, "'image_shape' parameter must be 'auto'"),
        ({"image_shape": (6, -8)}, GREY, "'image_shape' parameter must be 'auto'"),
        ({"image_shape": (6, 8.0)}, GREY, "'image_shape' parameter must be 'auto'"),
        ({}, np.zeros((40, 3, 6, 3)), r"can be \(c, h, w\) or \(h, w, c\)"),
        ({}, np.zeros((40, 1, 2, 3, 4)), "dim 5"),
        ({"augmentation": "flip"}, np.zeros((40, 5)), "augmentation='flip' needs images"),
    ],
)
def test_bad_images(parameters, X, message):
    with pytest.raises(ValueError, match=message):
        cnn(**parameters).fit(X, Y)


def test_other_images_at_prediction():
    model = cnn().fit(COLOUR, Y)
    for images in (GREY, COLOUR[:, :, :5], COLOUR.reshape(40, 3, 8, 6)):
        with pytest.raises(ValueError, match=r"but images of \(c, h, w\) = \(3, 6, 8\) are expected"):
            model.predict(images)


def test_images_smaller_than_the_architecture_are_padded():
    model = CNNClassifier("double", max_epochs=1, random_state=0).fit(GREY[:, :2, :3], Y)
    assert "Pad(size=4)" in repr(model.module_)
    assert model.predict(GREY[:, :2, :3]).shape == (40,)


@pytest.mark.parametrize(
    ("image_shape", "layout"),
    [
        ((28, 28, 2), (2, 28, 28)),
        ((2, 28, 28), (2, 28, 28)),
        ((28, 28, 13), (13, 28, 28)),
        ((13, 28, 28), (13, 28, 28)),
        ((64, 8, 8), (64, 8, 8)),
        ((8, 8, 64), (64, 8, 8)),
        ((6, 8, 3), (3, 6, 8)),
    ],
    ids=str,
)
def test_channels_are_found_first_or_last(image_shape, layout):
    X = rng.integers(0, 256, size=(8, *image_shape), dtype=np.uint8)
    seen = []

    def spy(images):
        seen.append(images.clone())
        return images

    auto = cnn(augmentation=spy).fit(X, Y[:8])
    assert auto.image_shape_ == cnn(image_shape=image_shape).fit(X, Y[:8]).image_shape_ == layout
    assert cnn(image_shape=image_shape).fit(X.reshape(8, -1), Y[:8]).image_shape_ == layout
    images = (X if image_shape == layout else np.moveaxis(X, -1, 1)).astype(np.float32) / 255
    ours = {image.tobytes() for image in seen[0].contiguous().numpy()}
    assert ours == {np.ascontiguousarray(image).tobytes() for image in images}


@pytest.mark.parametrize("shape", [(6, 8, 5), (28, 28, 28), (3, 28, 3), (4, 4, 4)], ids=str)
def test_ambiguous_channels_are_asked_for(shape):
    X = rng.integers(0, 256, size=(8, *shape), dtype=np.uint8)
    with pytest.raises(
        ValueError, match=r"can be \(c, h, w\) or \(h, w, c\): say which one by the parameter image_shape"
    ):
        cnn().fit(X, Y[:8])
    assert cnn(image_shape=shape).fit(X, Y[:8]).image_shape_ == shape


@pytest.mark.parametrize("image_shape", [(True, 48), (48,), (0, 48), (6.0, 8), (-6, -8), (1, 1, 6, 8)], ids=str)
def test_what_is_no_image_shape_is_refused(image_shape):
    with pytest.raises(ValueError, match=r"'image_shape' parameter must be 'auto', \(height, width\), .*Got \("):
        cnn(image_shape=image_shape).fit(GREY.reshape(40, -1), Y)


def test_a_frame_of_pixels_stays_uint8():
    rows = GREY.reshape(40, -1)
    expected = cnn(image_shape=(6, 8)).fit(rows, Y).predict_proba(rows)
    frame = pd.DataFrame(rows)
    np.testing.assert_array_equal(cnn(image_shape=(6, 8)).fit(frame, Y).predict_proba(frame), expected)

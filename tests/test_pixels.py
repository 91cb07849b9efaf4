"""The scale of images: the same pictures mean the same in every dtype, or there is a warning."""

import warnings

import numpy as np
import pytest

from skfashion._pixels import PixelScale, scaled

rng = np.random.default_rng(0)
LEVELS = rng.integers(0, 256, size=(40, 12), dtype=np.uint8)
LEVELS[0, 0] = 255
DIGITS = rng.integers(0, 17, size=(40, 12), dtype=np.uint8)
MASKS = rng.integers(0, 2, size=(40, 12), dtype=np.uint8)
DTYPES = ["int16", "int64", "uint16", "uint64", "float16", "float32", "float64"]


def quietly(scale, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return scale.read(X)


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (LEVELS, "levels"),
        (LEVELS.astype(float), "levels"),
        (LEVELS + 1e-5, "levels"),
        (LEVELS.astype(np.float32) * (1 / np.float32(255)) * 255, "levels"),
        (LEVELS.astype(int) - 1, "numbers"),
        (LEVELS.astype(int) + 1, "numbers"),
        (LEVELS + 0.5, "numbers"),
        (LEVELS.astype(int) * 16, "numbers"),
        (LEVELS / 255, "brightness"),
        (LEVELS / np.float32(254.9999), "brightness"),
        (MASKS, "brightness"),
        (MASKS.astype(bool), "brightness"),
        (np.zeros((3, 4)), "brightness"),
        (DIGITS, "numbers"),
        (LEVELS // 2, "numbers"),
        (np.where(np.arange(12_000).reshape(-1, 12) == 7, 200, 3), "numbers"),  # one large count
        (rng.normal(size=(40, 12)), "numbers"),
        (np.full((2, 2), 3e38), "numbers"),
    ],
)
def test_kinds(X, kind):
    assert PixelScale.of(X).kind == kind


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("X", [LEVELS, DIGITS, MASKS], ids=["levels", "digits", "masks"])
def test_a_dtype_is_no_scale(X, dtype):
    other = X.astype(dtype)
    for fitted, given in ((X, other), (other, X), (other, other)):
        expected = scaled(quietly(PixelScale.of(X), X))
        np.testing.assert_array_equal(scaled(quietly(PixelScale.of(fitted), given)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_of_only_0_and_1_may_be_levels(dtype):
    scale, dots = PixelScale.of(LEVELS.astype(dtype)), (np.arange(480).reshape(40, 12) % 30 == 0).astype(dtype)
    with pytest.warns(UserWarning, match="values from 0 to 1, taken for brightness, so 1 is white, but was fitted on"):
        read = scale.read(dots)
    np.testing.assert_array_equal(scaled(read), dots)
    for told in (dots.astype(bool), dots * dtype(0.5), 0 * dots, dots[:1], MASKS.astype(dtype), np.ones_like(dots)):
        np.testing.assert_array_equal(scaled(quietly(scale, told)), told)


def test_levels_and_brightness_are_told_apart():
    expected = LEVELS / 255
    for fitted in (LEVELS, LEVELS / 255):
        for given in (LEVELS, LEVELS.astype(float), LEVELS / 255, (LEVELS / 255).astype(np.float32)):
            np.testing.assert_allclose(scaled(quietly(PixelScale.of(fitted), given)), expected, atol=1e-7)
        blurred = (LEVELS[:, 1:] + LEVELS[:, :-1].astype(float)) / 2
    np.testing.assert_allclose(quietly(PixelScale.of(LEVELS), blurred), blurred / 255, rtol=1e-6)
    noisy = LEVELS.astype(int) - 30
    np.testing.assert_allclose(quietly(PixelScale.of(LEVELS), noisy), noisy / 255, rtol=1e-6)


def test_a_dark_image_is_read_like_the_others():
    """What an image means does not depend on those that it comes with."""
    dark = np.full((1, 12), 7, dtype=np.uint8)
    for fitted in (LEVELS, LEVELS / 255):
        for given in (dark, dark.astype(int), dark.astype(float)):
            np.testing.assert_allclose(scaled(quietly(PixelScale.of(fitted), given)), dark / 255)


@pytest.mark.parametrize(
    ("fitted", "given", "message"),
    [
        (
            LEVELS,
            MASKS,
            "uint8 values from 0 to 1, taken for levels from 0 to 255, so almost black, but was fitted on w",
        ),
        (LEVELS, MASKS.astype(int), "int64 values from 0 to 1, taken for levels"),
        (LEVELS, rng.normal(size=(5, 12)), "taken as they are, but was fitted on whole numbers from 0 to 255"),
        (LEVELS, LEVELS.astype(int) * 16, "divided by 255, but was fitted on whole numbers from 0 to 255"),
        (LEVELS / 255, MASKS, "taken for brightness, so 1 is white, but was fitted on values in"),
        (LEVELS / 255, LEVELS.astype(int) * 16, "taken as they are, but was fitted on values in"),
        (LEVELS / 255, DIGITS, "divided by 255, but was fitted on values in"),
        (LEVELS.astype(int) * 16, LEVELS, "taken as they are, but was fitted on values up to 4080"),
        (DIGITS, DIGITS / 16, "taken as they are, but was fitted on values up to 16"),
        (LEVELS / 255, 3 * rng.normal(size=(50, 12)), "taken as they are, but was fitted on values in"),
        (MASKS, LEVELS, "divided by 255, but was fitted on values in"),
        (rng.normal(size=(40, 12)), LEVELS, "taken as they are, but was fitted on values up to"),
        (DIGITS, LEVELS, "taken as they are, but was fitted on values up to 16"),
        (LEVELS + 0.5, LEVELS / 255, "taken as they are, but was fitted on values up to 255.5"),
    ],
)
def test_scales_that_do_not_compare_are_told(fitted, given, message):
    with pytest.warns(UserWarning, match=message):
        PixelScale.of(fitted).read(given, "MLPClassifier")


def test_single_pixels_do_not_decide():
    brightness, numbers = LEVELS / 255, rng.normal(size=(40, 12))
    for X in (brightness, numbers):
        hot = X.copy()
        hot[3, 4] = 1e9
        np.testing.assert_array_equal(quietly(PixelScale.of(X), hot), hot)
        np.testing.assert_array_equal(quietly(PixelScale.of(hot), X), X)
    beyond = brightness.copy()
    beyond[3, 4] = 20.0  # as from a MinMaxScaler that has not seen this image
    with pytest.warns(UserWarning, match="taken as they are"):
        np.testing.assert_array_equal(PixelScale.of(LEVELS).read(beyond), beyond)


def test_black_images_decide_nothing():
    black = np.zeros((3, 12), dtype=np.uint8)
    np.testing.assert_array_equal(quietly(PixelScale.of(black), LEVELS), LEVELS)
    np.testing.assert_array_equal(scaled(quietly(PixelScale.of(LEVELS), black)), black)


def test_nothing_is_written_to():
    for X in (LEVELS, DIGITS, MASKS, LEVELS.astype(float), LEVELS / 255):
        frozen = X.copy()
        frozen.setflags(write=False)
        for fitted in (LEVELS, DIGITS, LEVELS / 255):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                PixelScale.of(fitted).read(frozen)
        np.testing.assert_array_equal(frozen, X)

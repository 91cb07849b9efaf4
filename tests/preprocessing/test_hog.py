"""Histograms of oriented gradients: what scikit-image, single pixels and geometry say of them."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skfashion.preprocessing._hog as module
from skfashion.preprocessing import HOGTransformer, ImageReader

NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")


@pytest.fixture(scope="module")
def photos():
    """Colour images (n, h, w, c) of smooth noise."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 20, 24, 3)).astype(float)
    for axis in (1, 2):
        noise = (np.roll(noise, 1, axis) + noise + np.roll(noise, -1, axis)) / 3
    return noise.round().astype(np.uint8)


def by_scikit_image(images, **parameters):
    hog = pytest.importorskip("skimage.feature", reason="the extra ecosystem brings scikit-image").hog
    return np.array([hog(image / 255, **parameters) for image in images])


def by_pixels(image, orientations, cell, signed):
    """Votes of single pixels for two bins of four cells, as Dalal and Triggs describe it; no blocks."""
    height, width = image.shape
    histograms = np.zeros((height // cell, width // cell, orientations))
    for y in range(height):
        for x in range(width):
            along_y = image[y + 1, x] - image[y - 1, x] if 0 < y < height - 1 else 0.0
            along_x = image[y, x + 1] - image[y, x - 1] if 0 < x < width - 1 else 0.0
            turn = 360 if signed else 180
            angle = np.degrees(np.arctan2(along_y, along_x)) % turn
            for k in range(orientations):
                off = abs(angle - (k + 0.5) * turn / orientations)
                of_bin = max(0, 1 - min(off, turn - off) * orientations / turn)
                for (row, column), _ in np.ndenumerate(histograms[:, :, 0]):
                    of_row = max(0, 1 - abs(y - ((row + 0.5) * cell - 0.5)) / cell)
                    of_column = max(0, 1 - abs(x - ((column + 0.5) * cell - 0.5)) / cell)
                    histograms[row, column, k] += np.hypot(along_y, along_x) * of_bin * of_row * of_column / cell**2
    return histograms


@pytest.mark.parametrize("block_norm", NORMS)
@pytest.mark.parametrize(
    ("pixels_per_cell", "cells_per_block"), [((4, 4), (2, 2)), ((5, 4), (1, 3)), ((2, 12), (3, 2))]
)
def test_scikit_image_without_interpolation(photos, pixels_per_cell, cells_per_block, block_norm):
    shared = {
        "orientations": 9,
        "pixels_per_cell": pixels_per_cell,
        "cells_per_block": cells_per_block,
        "block_norm": block_norm,
    }
    hog = HOGTransformer(**shared, signed=False, interpolate=False)
    grey = photos[..., 0]
    np.testing.assert_allclose(hog.fit_transform(grey), by_scikit_image(grey, **shared), atol=1e-5)
    colour = by_scikit_image(photos, **shared, channel_axis=-1)
    np.testing.assert_allclose(hog.fit_transform(photos), colour, atol=1e-5)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("orientations", "cell"), [(8, 4), (5, 2)])
def test_votes_of_single_pixels(photos, orientations, cell, signed):
    image = photos[0, :, :, 0] / 255
    histograms = by_pixels(image, orientations, cell, signed)
    unit = histograms / np.sqrt((histograms**2).sum(axis=-1, keepdims=True) + 1e-10)
    hog = HOGTransformer(orientations, pixels_per_cell=cell, cells_per_block=1, block_norm="L2", signed=signed)
    np.testing.assert_allclose(hog.fit_transform(image[None])[0], unit.ravel(), atol=1e-9)


@pytest.mark.parametrize("degrees", [0, 30, 45, 100, 180, 225, 300])
def test_a_ramp_is_one_direction(degrees):
    """Between two centres of bins, and shared by these in proportion."""
    y, x = np.mgrid[:12, :12] / 100
    ramp = np.cos(np.radians(degrees)) * x + np.sin(np.radians(degrees)) * y
    hog = HOGTransformer(12, pixels_per_cell=3, cells_per_block=1, block_norm="L1")
    inner = hog.fit_transform(ramp[None]).reshape(4, 4, 12)[2, 2]  # no pixel of the border votes here
    expected = [max(0, 1 - min(abs(degrees - c), 360 - abs(degrees - c)) / 30) for c in range(15, 360, 30)]
    np.testing.assert_allclose(inner, expected, atol=1e-3)


def test_mirrored_images_have_mirrored_histograms(photos):
    hog = HOGTransformer(block_norm="L2").fit(photos[..., 0])
    of = hog.transform(photos[..., 0]).reshape(-1, 4, 5, 2, 2, 8)
    mirrored = hog.transform(photos[:, :, ::-1, 0]).reshape(of.shape)
    back = mirrored[:, :, ::-1, :, ::-1][..., [3, 2, 1, 0, 7, 6, 5, 4]]  # an angle of a is one of 180 - a degrees
    np.testing.assert_allclose(back, of, atol=1e-5)


def test_a_negative_has_the_opposite_directions(photos):
    images = photos[..., 0]
    signed, unsigned = HOGTransformer(block_norm="L1").fit(images), HOGTransformer(signed=False).fit(images)
    opposite = signed.transform(255 - images).reshape(-1, 8)[:, [4, 5, 6, 7, 0, 1, 2, 3]]
    np.testing.assert_allclose(opposite, signed.transform(images).reshape(-1, 8), atol=1e-5)
    np.testing.assert_allclose(unsigned.transform(255 - images), unsigned.transform(images), atol=1e-5)


@pytest.mark.parametrize("block_norm", NORMS)
def test_contrast_and_brightness_do_not_count(photos, block_norm):
    images = photos[..., 0] / 255
    hog = HOGTransformer(block_norm=block_norm).fit(images)
    np.testing.assert_allclose(hog.transform(0.5 * images + 0.4), hog.transform(images), atol=2e-3)


def test_images_without_gradients():
    for value in (0, 0.7, 1):
        assert not HOGTransformer().fit_transform(np.full((2, 8, 8), value)).any()


def test_numbers_whose_squares_are_beyond_float32(photos):
    images = photos[..., 0].astype(np.float32)
    expected = HOGTransformer().fit_transform(images - 40)
    found = HOGTransformer().fit_transform((images - 40) * np.float32(1e36))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_strongest_channel_votes(photos):
    grey = photos[..., 0]
    expected = HOGTransformer().fit_transform(grey)
    weaker = np.stack([grey // 3, grey, np.full_like(grey, 200)], axis=-1)
    for order in ([0, 1, 2], [1, 2, 0], [2, 0, 1]):
        np.testing.assert_allclose(HOGTransformer().fit_transform(weaker[..., order]), expected, atol=1e-6)


def test_layouts(photos):
    expected = HOGTransformer().fit_transform(photos)
    first = np.ascontiguousarray(np.moveaxis(photos, -1, 1))
    hog = HOGTransformer(image_shape=(3, 20, 24)).fit(first.reshape(6, -1))
    assert hog.image_shape_ == (3, 20, 24)
    for X in (first, photos, first.reshape(6, -1), list(photos)):
        np.testing.assert_array_equal(hog.transform(X), expected)
    hog = HOGTransformer(image_shape=(20, 24, 3))
    np.testing.assert_array_equal(hog.fit_transform(photos.reshape(6, -1)), expected)


def test_equally_strong_channels_are_told_apart_on_every_scale():
    """As floats one of them is stronger by rounding."""
    rising = np.tile(np.arange(8, dtype=np.uint8) * 7, (8, 1))
    images = np.stack([rising, rising[:, ::-1], rising.T], axis=-1)[None] + np.uint8(180)
    expected = HOGTransformer().fit_transform(images)
    for X in (images / 255, (images / 255).astype(np.float32), images.astype(np.int64)):
        np.testing.assert_allclose(HOGTransformer().fit_transform(X), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "expected"), [(np.uint8, "f4"), (np.float32, "f4"), (np.float64, "f8"), (bool, "f4"), (np.float16, "f4")]
)
def test_dtypes(photos, dtype, expected):
    X = photos[..., 0] > 128 if dtype is bool else photos[..., 0] if dtype is np.uint8 else photos[..., 0] / 255
    assert HOGTransformer().fit_transform(X.astype(dtype)).dtype == expected


def test_masks_are_black_and_white(photos):
    mask = photos[..., 0] > 128
    expected = HOGTransformer().fit_transform(mask)
    assert expected.any()
    for X in (mask.astype(np.uint8), mask.astype(float), mask * np.uint8(255)):
        np.testing.assert_allclose(HOGTransformer().fit_transform(X), expected, atol=1e-6)


def test_cells_stand_in_the_middle_and_are_at_most_the_image(photos):
    image = photos[:, :, :, 0]
    framed = np.pad(image, ((0, 0), (1, 2), (1, 1)), mode="edge")  # 20 x 24 whole cells, and less than one beside them
    parameters = {"pixels_per_cell": 4, "interpolate": False, "block_norm": "L2"}
    inner = HOGTransformer(**parameters).fit_transform(image).reshape(-1, 4, 5, 2, 2, 8)[:, 1:-1, 1:-1]
    whole = HOGTransformer(**parameters).fit_transform(framed).reshape(-1, 4, 5, 2, 2, 8)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(whole, inner, atol=1e-6)
    large = HOGTransformer(pixels_per_cell=99, cells_per_block=7).fit_transform(image)
    assert large.shape == (6, 8)
    assert HOGTransformer().fit_transform(np.arange(12.0).reshape(4, 3)).shape == (4, 8)  # rows that are no images


def test_batches_change_nothing_and_bound_the_memory(photos, monkeypatch):
    seen = []
    votes = module._votes

    def watched(index, *others):
        seen.append(index.size * 8 * 4)
        return votes(index, *others)

    monkeypatch.setattr(module, "_votes", watched)
    X = np.tile(photos, (50, 1, 1, 1))
    expected = HOGTransformer().fit_transform(X)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 50_000)
    seen.clear()
    np.testing.assert_array_equal(HOGTransformer().fit_transform(X), expected)
    assert len(seen) == 100
    assert max(seen) <= 50_000


@pytest.mark.parametrize("name", ["pixels_per_cell", "cells_per_block"])
@pytest.mark.parametrize("value", [(4,), (4, 0), (4, 4, 4), (4.0, 4), (True, 4)])
def test_what_is_no_size(photos, name, value):
    with pytest.raises(ValueError, match=rf"'{name}' parameter must be an int of at least 1 or \(height, width\)"):
        HOGTransformer(**{name: value}).fit(photos)


def test_images_of_another_size(photos):
    hog = HOGTransformer().fit(photos)
    with pytest.raises(ValueError, match=r"but images of \(c, h, w\) = \(3, 20, 24\) are expected"):
        hog.transform(photos[:, :10])
    with pytest.raises(ValueError, match=r"features, but image_shape \(1, 7, 7\)"):
        HOGTransformer(image_shape=(7, 7)).fit(photos.reshape(6, -1))


def test_read_only_images_are_left_as_they_are(photos):
    X = photos.copy()
    X.flags.writeable = False
    HOGTransformer().fit_transform(X)
    np.testing.assert_array_equal(X, photos)


def test_in_pipelines_and_searches(garments):
    X, y = garments
    search = GridSearchCV(
        make_pipeline(HOGTransformer(), LogisticRegression(C=0.1)), {"hogtransformer__pixels_per_cell": [4, 14]}, cv=2
    ).fit(X, y)
    assert search.best_score_ > 0.6
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    hog = search.best_estimator_[0]
    assert list(hog.get_feature_names_out()[:2]) == ["hogtransformer0", "hogtransformer1"]
    assert len(hog.get_feature_names_out()) == hog.transform(X[:1]).shape[1]


def test_after_a_reader(photos):
    hog = clone(HOGTransformer())
    pipeline = make_pipeline(ImageReader((20, 24), color="rgb"), hog)
    np.testing.assert_array_equal(pipeline.fit_transform(list(photos)), HOGTransformer().fit_transform(photos))
    assert hog.image_shape_ == (3, 20, 24)


@pytest.mark.parametrize(
    ("dtype", "expected"), [(np.int64, np.float64), (np.int16, np.float32), (np.float64, np.float64)]
)
def test_numbers_that_do_not_fit_into_float32_give_float64(photos, dtype, expected):
    numbers = 3 * photos[..., 0].astype(dtype)
    assert HOGTransformer().fit_transform(numbers).dtype == expected

"""Pixels on the scale of the fit."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skfashion.neural_network import CNNClassifier
from skfashion.preprocessing import ImageReader, PixelScaler


@pytest.fixture
def photos():
    """Colour images (n, h, w, c)."""
    return np.random.default_rng(0).integers(0, 256, (12, 9, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("fitted_on", [np.uint8, np.int64, np.float32])
def test_levels_become_brightness(photos, fitted_on):
    rows = photos.reshape(12, -1)
    scaler = PixelScaler().fit(rows.astype(fitted_on))
    for X in (rows, rows.astype(np.int16), rows.astype(np.float64), rows / np.float32(255), rows / 255):
        np.testing.assert_allclose(scaler.transform(X), rows / 255, rtol=1e-6)
    assert scaler.transform(rows[:1] // 2).max() < 0.5  # a dark image is read as the others are
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(rows)), rows / 255, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 16, 4095.0])
def test_other_numbers_stay_as_they_are(scale):
    X = np.random.default_rng(0).uniform(0, scale, (20, 6))
    X = np.rint(X).astype(np.int16) if scale == 16 else X
    scaler = PixelScaler().fit(X)
    np.testing.assert_array_equal(scaler.transform(X), X)
    np.testing.assert_array_equal(scaler.inverse_transform(scaler.transform(X)), X)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, np.float32), (np.int64, np.float32), (np.float16, np.float32), (np.float64, np.float32)],
)
def test_levels_of_any_dtype_are_float32(photos, dtype, expected):
    assert PixelScaler().fit_transform(photos.astype(dtype)).dtype == expected


def test_the_shape_of_images_travels_to_the_next_step(photos):
    y = np.arange(12) % 2
    model = make_pipeline(PixelScaler(), CNNClassifier(max_epochs=1, random_state=0)).fit(photos, y)
    assert model[-1].image_shape_ == (3, 9, 8)
    expected = CNNClassifier(max_epochs=1, random_state=0).fit(photos, y).predict_proba(photos)
    np.testing.assert_allclose(model.predict_proba(photos), expected, atol=1e-5)


def test_names_of_columns(photos):
    frame = pd.DataFrame(photos.reshape(12, -1)).add_prefix("pixel")
    scaler = PixelScaler().set_output(transform="pandas").fit(frame)
    assert list(scaler.transform(frame).columns) == list(frame.columns)


def test_back_to_pixels_in_a_pipeline(photos):
    rows = photos.reshape(12, -1)
    model = make_pipeline(PixelScaler(), PCA(11, random_state=0)).fit(rows)
    np.testing.assert_allclose(model.inverse_transform(model.transform(rows)), rows / 255, atol=1e-5)
    with pytest.raises(ValueError, match="X has 5 features, but PixelScaler is expecting 216"):
        model[0].inverse_transform(np.zeros((3, 5)))


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
@pytest.mark.parametrize("image_shape", ["auto", (3, 9, 8), (9, 8, 3)])
@pytest.mark.parametrize("first", [ImageReader((9, 8), color="rgb"), PixelScaler()])
def test_the_shape_comes_through_whatever_the_container(photos, first, image_shape, container):
    y = np.arange(12) % 2
    network = CNNClassifier(max_epochs=1, image_shape=image_shape, random_state=0)
    model = make_pipeline(clone(first), PixelScaler(), network).set_output(transform=container)
    assert model.fit(photos, y)[-1].image_shape_ == (3, 9, 8)
    expected = clone(network).fit(photos, y).predict_proba(photos)
    np.testing.assert_allclose(model.predict_proba(photos), expected, atol=1e-5)


def test_numbers_that_do_not_fit_into_float32(photos):
    X = np.array([[2**24 + 1, 0], [3, 5]])
    assert PixelScaler().fit_transform(X).dtype == np.float64
    np.testing.assert_array_equal(PixelScaler().fit_transform(X), X)


def test_a_fit_that_fails_changes_nothing(photos):
    frame = pd.DataFrame(photos.reshape(12, -1)[:, :3], columns=list("abc"))
    scaler = PixelScaler().fit(frame)
    with pytest.raises(ValueError, match="NaN"):
        scaler.fit(pd.DataFrame(np.full((4, 3), np.nan), columns=list("xyz")))
    assert list(scaler.feature_names_in_) == list("abc")
    np.testing.assert_allclose(scaler.transform(frame), frame / 255, rtol=1e-6)


def test_a_module_of_photos_gives_their_rows(photos):
    scaler = PixelScaler().fit(photos)
    rows = photos.reshape(12, -1)
    found = scaler.as_module()(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(found, scaler.transform(photos), rtol=1e-6)


def test_rows_keep_the_order_of_channels(photos):
    rows = pickle.loads(pickle.dumps(PixelScaler().fit_transform(photos)))[3:] * 255
    assert (rows.image_shape, rows.channels_last) == ((3, 9, 8), True)
    model = CNNClassifier(max_epochs=1, random_state=0).fit(rows, np.arange(9) % 2)
    np.testing.assert_array_equal(model.as_images(rows), np.moveaxis(photos[3:], -1, 1))


def test_names_of_pixels_that_are_not_there_cost_nothing():
    frame = pd.DataFrame(np.eye(4), columns=["pixel_0_0", "b", "c", "pixel_100000_100000"])
    np.testing.assert_array_equal(PixelScaler().fit_transform(frame), np.eye(4))

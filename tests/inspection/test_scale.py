"""Displays of images of any dtype, scale and kind: the same pictures, the same errors, and the right ones."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.cluster import AffinityPropagation
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skfashion.baselines import KNNClassifier
from skfashion.inspection import (
    ClassBalanceDisplay,
    ImageGridDisplay,
    InterpolationDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    MisclassifiedDisplay,
    NearestImagesDisplay,
    PrototypeDisplay,
    ReconstructionDisplay,
    TrainingCurveDisplay,
)
from skfashion.neural_network import Autoencoder, MLPClassifier
from skfashion.preprocessing import PixelScaler

DTYPES = ["uint8", "int64", "float64", "float32", "uint16", "frame", "polars", "list", "tensor", "memory map"]


def as_given(X, how, tmp_path):
    """Levels from 0 to 255 as people have them."""
    if how == "memory map":
        np.save(tmp_path / "X.npy", X)
        return np.load(tmp_path / "X.npy", mmap_mode="r")
    convert = {"frame": pd.DataFrame, "polars": pl.DataFrame, "list": np.ndarray.tolist, "tensor": torch.tensor}
    return convert[how](X) if how in convert else X.astype(how)


def shades(display):
    """What is drawn of each picture, from 0 for its lightest to 1 for its darkest possible shade."""
    return np.array([image.norm(image.get_array()) for image in display.images_])


@pytest.mark.parametrize("how", DTYPES)
def test_levels_of_any_dtype_give_the_same_pictures(garments, tmp_path, how):
    X, y = garments[0][:60], garments[1][:60]
    given = as_given(X, how, tmp_path)
    pictures = X.reshape(-1, 28, 28) / 255
    np.testing.assert_allclose(ImageGridDisplay.from_data(given).images, pictures[:20], rtol=1e-6)
    np.testing.assert_allclose(shades(ImageGridDisplay.from_data(given, n_images=1)), pictures[:1], rtol=1e-6)
    wrong = MisclassifiedDisplay.from_predictions(given, y, np.roll(y, 1))
    np.testing.assert_allclose(wrong.images, pictures[wrong.indices], rtol=1e-6)
    means = PrototypeDisplay.from_data(given, y).prototypes
    np.testing.assert_allclose(means, [pictures[y == label].mean(axis=0) for label in range(10)], rtol=1e-5)
    np.testing.assert_array_equal(garments[0][:60], X)


ROUND_TRIPS = {
    "autoencoder": Autoencoder(8, max_epochs=2, batch_size=16, random_state=0),
    "PCA": PCA(6, random_state=0),
    "scaler and PCA": make_pipeline(StandardScaler(), PCA(6, random_state=0)),
    "pixel scaler and PCA": make_pipeline(PixelScaler(), PCA(6, random_state=0)),
    "scaler and autoencoder": make_pipeline(MinMaxScaler(), Autoencoder(8, max_epochs=2, random_state=0)),
    "autoencoder and PCA": make_pipeline(Autoencoder(8, max_epochs=2, random_state=0), PCA(3, random_state=0)),
    "function without a way back": make_pipeline(FunctionTransformer(lambda X: X / 255), PCA(6, random_state=0)),
}


@pytest.mark.parametrize("fitted_as", ["uint8", "int64", "float64"])
@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_errors_of_reconstructions_do_not_depend_on_the_dtype(garments, name, fitted_as):
    X = garments[0][:200]
    model = ROUND_TRIPS[name].fit(X.astype(fitted_as))
    back = model.inverse_transform(model.transform(X[:5]))
    back = back / 255 if back.max() > 2 else back
    expected = ((back - X[:5] / 255) ** 2).mean(axis=1)
    assert expected.max() < 0.2
    for dtype in ("uint8", "int64", "float64"):
        display = ReconstructionDisplay.from_estimator(model, X.astype(dtype), n_images=5)
        np.testing.assert_allclose(display.errors, expected, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(display.images, X[:5].reshape(-1, 28, 28) / 255, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
@pytest.mark.parametrize("scale", [1, 255])
def test_reconstructions_of_either_scale_are_compared_with_levels(garments, dtype, scale):
    X = garments[0][:4]
    back = np.clip(X / 255 + 0.1, 0, 1) * scale
    display = ReconstructionDisplay.from_predictions(X.astype(dtype), back)
    np.testing.assert_allclose(display.errors, ((back / scale - X / 255) ** 2).mean(axis=1), rtol=1e-5)
    whole = ReconstructionDisplay.from_predictions(X.astype(dtype), X // 2)
    np.testing.assert_allclose(whole.errors, ((X // 2 / 255 - X / 255) ** 2).mean(axis=1), rtol=1e-5)


def test_a_dark_image_is_no_brighter_alone(garments):
    X = garments[0].astype(float).copy()
    X[0] = 0
    X[0, 300:310] = 12  # which by itself might be anything
    for display in (ImageGridDisplay.from_data(X, n_images=1), ReconstructionDisplay.from_predictions(X[:3], X[:3])):
        np.testing.assert_allclose(shades(display)[0].ravel(), X[0] / 255, rtol=1e-6)
    pca = PCA(5, random_state=0).fit(X)
    back = pca.inverse_transform(pca.transform(X[:1]))
    np.testing.assert_allclose(
        ReconstructionDisplay.from_estimator(pca, X, n_images=1).errors, ((back - X[:1]) ** 2).mean(axis=1) / 255**2
    )


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64", "bool"])
def test_masks_are_black_and_white(garments, dtype):
    masks = garments[0] > 200
    display = ImageGridDisplay.from_data(masks.astype(dtype))
    np.testing.assert_array_equal(shades(display), masks[:20].reshape(-1, 28, 28))
    pca = PCA(20, random_state=0).fit(masks.astype(dtype))
    shown = ReconstructionDisplay.from_estimator(pca, masks.astype(dtype), n_images=3)
    back = pca.inverse_transform(pca.transform(masks[:3]))
    np.testing.assert_allclose(shown.errors, ((back - masks[:3]) ** 2).mean(axis=1), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64"])
def test_digits_use_their_whole_range(dtype):
    X, y = load_digits(return_X_y=True)
    display = ImageGridDisplay.from_data(X.astype(dtype), y)
    np.testing.assert_allclose(shades(display), X[:20].reshape(-1, 8, 8) / 16, rtol=1e-6)
    knn = KNNClassifier(3).fit(X.astype(dtype), y)
    shown = PrototypeDisplay.from_estimator(knn, X[:2].astype(dtype)).prototypes
    nearest = knn.kneighbors(X[:2].astype(dtype), return_distance=False)
    np.testing.assert_allclose(shown.reshape(2, -1), X[nearest].mean(axis=1), rtol=1e-5)
    mlp = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X[:200].astype(dtype), y[:200])
    wrong = MisclassifiedDisplay.from_estimator(mlp, X.astype(dtype), y)
    np.testing.assert_allclose(wrong.images.reshape(10, -1), X[wrong.indices], rtol=1e-6)


def test_centroids_that_are_training_images_of_any_dtype(garments):
    X = garments[0][:60]
    shown = [
        PrototypeDisplay.from_estimator(AffinityPropagation(random_state=0).fit(X.astype(dtype))).prototypes
        for dtype in ("uint8", "float64")
    ]
    np.testing.assert_allclose(*shown, rtol=1e-6)
    assert shown[0].max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64"])
def test_neighbours_of_scikit_learn_are_on_the_scale_of_the_images(garments, dtype):
    X, y = garments[0].astype(dtype), garments[1]
    model = KNeighborsClassifier(3).fit(X, y)
    nearest = model.kneighbors(X[:2], return_distance=False)
    shown = PrototypeDisplay.from_estimator(model, X[:2]).prototypes
    np.testing.assert_allclose(shown.reshape(2, -1), garments[0][nearest].mean(axis=1) / 255, rtol=1e-5)
    pipeline = make_pipeline(PixelScaler(), KNeighborsClassifier(3)).fit(X, y)
    shown = PrototypeDisplay.from_estimator(pipeline, X[:2]).prototypes
    np.testing.assert_allclose(shown.reshape(2, -1), garments[0][nearest].mean(axis=1) / 255, rtol=1e-5)


@pytest.mark.parametrize("share", [1, 3, 10])
def test_decoded_images_are_on_the_scale_of_those_they_start_from(garments, share):
    """Levels that are all dark are no brighter than the same images in [0, 1]."""
    X = garments[0][:100] // share
    X[99] = 255
    drawn = []
    for form in (X, X / 255):
        pca = PCA(5, random_state=0).fit(form)
        drawn.append(
            [
                shades(LatentWalkDisplay.from_estimator(pca, form, start=form[:1], span=0.5)),
                shades(InterpolationDisplay.from_estimator(pca, form[:2], form[98:])),
            ]
        )
    for levels, brightness in zip(*drawn, strict=True):
        np.testing.assert_allclose(levels, brightness, atol=2e-3)


def test_an_estimator_that_was_fitted_on_levels_reads_other_images_as_such(garments):
    X, y = garments
    mlp = MLPClassifier((16,), max_epochs=2, random_state=0).fit(X, y)
    for given in (X, X.astype(float), X / 255):
        display = MisclassifiedDisplay.from_estimator(mlp, given, y)
        np.testing.assert_allclose(display.images.reshape(10, -1), X[display.indices] / 255, rtol=1e-5)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_brightness_slightly_out_of_range_is_drawn(channels):
    X = np.random.default_rng(0).random((4, 8, 8, *channels))
    for beyond in (1e-7, 0.05):
        stretched = X * (1 + 2 * beyond) - beyond
        np.testing.assert_array_equal(ImageGridDisplay.from_data(stretched).images, stretched)
        ReconstructionDisplay.from_predictions(X, stretched)
    ImageGridDisplay.from_data(X).figure_.canvas.draw()


def test_means_of_many_images_are_exact():
    X = np.full((200_000, 4), 0.1, dtype=np.float32)
    mean = PrototypeDisplay.from_data(X, np.zeros(len(X))).prototypes
    np.testing.assert_allclose(mean, np.float64(np.float32(0.1)), rtol=1e-7)


# --- shapes and labels


def test_images_of_any_shape():
    X = np.random.default_rng(0).integers(0, 256, (5, 7, 6, 3), dtype=np.uint8)
    expected = X / np.float32(255)
    for given, shape in [
        (list(X), None),
        (torch.tensor(X), None),
        (X.reshape(5, -1), (7, 6, 3)),
        (pd.DataFrame(X.reshape(5, -1)), [7, 6, 3]),
        (np.moveaxis(X, -1, 1), (7, 6, 3)),
        (X, "auto"),
    ]:
        np.testing.assert_array_equal(ImageGridDisplay.from_data(given, image_shape=shape).images, expected)
    assert ImageGridDisplay.from_data(X[:1]).images.shape == (1, 7, 6, 3)
    with pytest.raises(ValueError, match="1D"):
        ImageGridDisplay.from_data(X[0].ravel())


LABELS = {
    "strings": (["b", "a", "b", "a"], ["b", "a"]),
    "empty name": (["", "a", "", "a"], ["", "a"]),
    "names that matplotlib hides": (["_b", "_a", "_b", "_a"], ["_b", "_a"]),
    "names like formulas": (["$5", "$6 $", "$5", "$6 $"], ["$5", "$6 $"]),
    "categorical": (pd.Categorical(["b", "a", "b", "a"], categories=["z", "b", "a"]), ["b", "a"]),
    "series of categories": (pd.Series(["b", "a", "b", "a"], index=[9, 8, 7, 6], dtype="category"), ["b", "a"]),
    "bool": ([True, False, True, False], ["True", "False"]),
    "nullable": (pd.Series([1, 0, 1, 0], dtype="Int64"), ["1", "0"]),
    "polars": (pl.Series(["b", "a", "b", "a"]), ["b", "a"]),
    "tensor": (torch.tensor([1, 0, 1, 0]), ["1", "0"]),
    "column": (np.array([[1], [0], [1], [0]]), ["1", "0"]),
    "one class": (["only"] * 4, ["only"] * 2),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind(name):
    y, captions = LABELS[name]
    X = np.random.default_rng(0).random((4, 16))
    assert ImageGridDisplay.from_data(X, y, n_images=2).captions == captions
    assert ImageGridDisplay.from_data(X, y, n_images=2, random_state=0).images.shape == (2, 4, 4)
    classes = sorted(set(captions), key=lambda caption: (caption == "True", caption))
    assert PrototypeDisplay.from_data(X, y).captions == classes
    assert ClassBalanceDisplay.from_labels(y).class_names == classes
    points = LatentSpaceDisplay.from_codes(X, y)
    assert [text.get_text() for text in points.ax_.get_legend().get_texts()] == classes
    assert sum(len(each.get_offsets()) for each in points.points_.values()) == 4
    wrong = MisclassifiedDisplay.from_predictions(X, y, np.asarray(y)[[1, 0, 3, 2]] if len(classes) > 1 else ["x"] * 4)
    assert wrong.true_names[:2] == captions


def test_labels_that_are_missing_are_refused():
    X = np.random.default_rng(0).random((4, 16))
    for draw in (ImageGridDisplay.from_data, PrototypeDisplay.from_data, LatentSpaceDisplay.from_codes):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            draw(X, [0, 1, np.nan, 1])


def test_zero_is_a_value(garments, tmp_path):
    X, y = garments
    with pytest.raises(ValueError, match="n_columns"):
        ImageGridDisplay.from_data(X, n_columns=0)
    with pytest.raises(ValueError, match="n_prototypes"):
        PrototypeDisplay.from_estimator(PCA(2, random_state=0).fit(X), n_prototypes=0)
    zero = ImageGridDisplay.from_data(X, y, random_state=0).images
    assert not np.array_equal(zero, ImageGridDisplay.from_data(X, y).images)
    history = [{"epoch": 1, "train_loss": 1.0, "valid_loss": 2.0}]
    lines = TrainingCurveDisplay.from_histories({0: history, 1: history}).lines_
    assert [line.get_label() for line in lines.values()] == ["0", "0, held out", "1", "1, held out"]


def test_a_walk_starts_at_one_image(garments):
    X = garments[0] / 255
    with pytest.raises(ValueError, match="start must be one image"):
        LatentWalkDisplay.from_estimator(PCA(2, random_state=0).fit(X), X, start=X[:2])


@pytest.fixture
def one_dark(garments):
    """Images of which the first has no bright pixel, so that it does not show by itself that it holds levels."""
    X = garments[0][:200].copy()
    X[0] //= 4
    return X, garments[1][:200]


@pytest.mark.parametrize("source", ["estimator", "data"])
def test_an_image_and_its_neighbours_are_on_one_scale(one_dark, source):
    X, y = one_dark
    if source == "data":
        display = NearestImagesDisplay.from_data(X[:1], X, n_neighbors=2)
    else:
        model = KNeighborsClassifier().fit(X, y)
        display = NearestImagesDisplay.from_estimator(model, X[:1], X, n_neighbors=2)
    np.testing.assert_array_equal(display.nearest[0, 0], display.images[0])  # the image itself
    np.testing.assert_allclose(display.images[0].ravel(), X[0] / 255, rtol=1e-6)


@pytest.mark.parametrize("n_prototypes", [1, 3])
def test_means_of_neighbours_are_on_the_scale_of_all_images(one_dark, n_prototypes):
    X, y = one_dark
    model = KNeighborsClassifier(1).fit(X, y)
    display = PrototypeDisplay.from_estimator(model, X[:n_prototypes], n_prototypes=n_prototypes)
    np.testing.assert_allclose(display.prototypes.reshape(n_prototypes, -1), X[:n_prototypes] / 255, rtol=1e-6)

"""ImageReader turns photos of any kind into rows of pixels."""

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skfashion.neural_network import CNNClassifier
from skfashion.preprocessing import ImageReader

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 4, 3)).astype(np.uint8)


def read(source, size=(6, 4), **parameters):
    """One image, as (height, width) or (height, width, 3)."""
    reader = ImageReader(size, **{"color": "rgb", **parameters})
    image = np.asarray(reader.fit_transform([source])).reshape(-1, *size)
    return image[0] if len(image) == 1 else np.moveaxis(image, 0, 2)


def stored(image, kind="PNG", **options):
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_whatever_holds_an_image(tmp_path):
    image = Image.fromarray(PIXELS)
    path = tmp_path / "photo.png"
    image.save(path)
    content = path.read_bytes()
    with path.open("rb") as file:
        sources = [path, str(path), content, bytearray(content), io.BytesIO(content), file, image, PIXELS,
                   {"path": str(path)}, {"path": None, "bytes": content}]  # fmt: skip
        for source in [*sources, file]:  # a file may be read twice
            np.testing.assert_array_equal(read(source), PIXELS)
    assert image.getpixel((0, 0)) == tuple(PIXELS[0, 0])  # not closed


def test_whatever_holds_several(tmp_path):
    paths = []
    for index in range(3):
        paths.append(str(tmp_path / f"{index}.png"))
        Image.fromarray(PIXELS + np.uint8(index)).save(paths[-1])
    reader = ImageReader((6, 4), color="rgb")
    expected = reader.fit_transform(paths)
    frame = pd.DataFrame({"path": paths})
    ragged = np.empty(3, dtype=object)
    ragged[:] = [PIXELS, PIXELS + np.uint8(1), Image.open(paths[2])]
    for X in (tuple(paths), np.array(paths), np.array(paths)[:, None], frame, frame["path"], ragged,
              np.stack([PIXELS + np.uint8(index) for index in range(3)])):  # fmt: skip
        np.testing.assert_array_equal(reader.fit_transform(X), expected)
    assert expected.shape == (3, 72)
    assert expected.dtype == np.uint8
    assert reader.transform([]).shape == (0, 72)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_as_they_say(orientation):
    turns = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
             4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
             7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}  # fmt: skip
    image = Image.fromarray(PIXELS)
    as_taken = image if turns[orientation] is None else image.transpose(turns[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read(stored(as_taken, exif=exif)), PIXELS)


def test_palettes_animations_and_other_modes():
    image = Image.fromarray(PIXELS).quantize(24)
    np.testing.assert_array_equal(read(stored(image)), np.asarray(image.convert("RGB")))
    first, second = (Image.fromarray(np.full((6, 4), level, np.uint8)) for level in (50, 200))
    assert (read(stored(first, "GIF", save_all=True, append_images=[second])) == 50).all()
    assert (read(stored(Image.fromarray(np.full((6, 4), True))), color="grey") == 255).all()
    cmyk = Image.new("CMYK", (4, 6), (0, 255, 255, 0))
    red = read(stored(cmyk, "TIFF"))
    assert (red == [255, 0, 0]).all()


@pytest.mark.parametrize("background", [0, 255])
def test_transparent_pixels_show_the_background(background):
    alpha = np.zeros((6, 4, 4), np.uint8)
    alpha[:3] = (10, 20, 30, 255)
    seen = read(stored(Image.fromarray(alpha)), background=background)
    assert (seen[:3] == (10, 20, 30)).all()
    assert (seen[3:] == background).all()
    grey = Image.fromarray(alpha[:, :, [0, 3]])
    assert (read(stored(grey), background=background, color="grey")[3:] == background).all()
    palette = Image.fromarray(np.zeros((6, 4), np.uint8)).convert("P")
    assert (read(stored(palette, transparency=0), background=background) == background).all()


def test_sixteen_bits_keep_their_brightness():
    deep = np.linspace(0, 65535, 24).reshape(6, 4).astype(np.uint16)
    for source in (stored(Image.fromarray(deep)), stored(Image.fromarray(deep), "TIFF"), deep, deep.astype(">u2"),
                   Image.fromarray(deep.astype(np.int32))):  # fmt: skip
        np.testing.assert_array_equal(read(source, color="grey"), deep // 257)
    dark = np.full((6, 4), 200, np.uint16)
    assert (read(stored(Image.fromarray(dark)), color="grey") == 0).all()
    assert (read(dark, color="grey") == 0).all()
    brightness = (deep / 65535).astype(np.float32)
    for source in (brightness, stored(Image.fromarray(brightness), "TIFF")):
        np.testing.assert_array_equal(read(source, color="grey"), (brightness * 255).round())


def test_arrays_of_other_shapes_and_dtypes():
    wide = np.concatenate([PIXELS, PIXELS], axis=1)
    np.testing.assert_array_equal(read(np.moveaxis(wide, 2, 0), (6, 8)), wide)
    np.testing.assert_array_equal(read(PIXELS.astype(np.int64)), PIXELS)
    np.testing.assert_array_equal(read(PIXELS[:, :, :1], color="grey"), PIXELS[:, :, 0])
    np.testing.assert_array_equal(read(PIXELS[:, :, 0] > 100, color="grey"), 255 * (PIXELS[:, :, 0] > 100))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (PIXELS.astype(float), r"dtype float64 from \d+ to \d+; whole numbers from 0 to 255, uint16"),
        (PIXELS.astype(int) - 300, "dtype int64 from"),
        (np.full((6, 4), 300, np.uint32), "dtype uint32 from 300 to 300"),
        (np.full((6, 4), "red"), "are not numbers"),
        (np.zeros((2, 3, 4, 5), np.uint8), r"not \(2, 3, 4, 5\)"),
        (np.zeros((0, 4), np.uint8), r"not \(0, 4\)"),
        (np.zeros(4, np.uint8), r"not \(4,\)"),
    ],
)
def test_arrays_that_are_no_images(pixels, message):
    with pytest.raises(ValueError, match=message):
        ImageReader().fit_transform([pixels])


def test_grey_is_luma():
    image = Image.fromarray(PIXELS)
    np.testing.assert_array_equal(read(image, color="grey"), np.asarray(image.convert("L")))


def test_resizing():
    wide = np.zeros((10, 20), np.uint8)
    wide[:, 10:] = 200
    fitted = read(wide, (20, 20), color="grey")
    assert (fitted[:5] == 255).all()
    assert (fitted[15:] == 255).all()
    assert (fitted[5:15] == wide).all()
    np.testing.assert_array_equal(read(wide, (10, 10), color="grey", resize="crop"), wide[:, 5:15])
    np.testing.assert_array_equal(read(wide.T, (10, 10), color="grey", resize="crop"), wide.T[5:15])
    for level, color in ((0, "grey"), (100, "grey"), (100, "rgb")):
        bars = read(wide, (20, 20), color=color, background=level)
        assert (bars[:5] == level).all()
        assert (bars[15:] == level).all()
    stretched = read(wide, (20, 20), color="grey", resize="stretch")
    assert (stretched[:, :8] == 0).all()
    assert (stretched[:, 12:] == 200).all()


@pytest.mark.parametrize("shape", [(1000, 1), (1, 1000), (3, 10000), (1, 1)])
def test_something_of_a_narrow_image_is_seen(shape):
    assert (read(np.full(shape, 9, np.uint8), (8, 8), color="grey") == 9).any()


def test_large_photos_are_averaged():
    """Not sampled: a fine pattern of black and white becomes grey."""
    fine = np.indices((600, 400)).sum(axis=0).astype(np.uint8) % 2 * 255
    for source in (fine, stored(Image.fromarray(fine), "JPEG", quality=95)):
        assert abs(read(source, color="grey").astype(int) - 127).max() < 10


def test_broken_images_are_all_named(tmp_path):
    good = tmp_path / "good.png"
    Image.fromarray(PIXELS).save(good)
    cut = tmp_path / "cut.png"
    cut.write_bytes(good.read_bytes()[:60])
    text = tmp_path / "text.jpg"
    text.write_text("no image")
    with pytest.raises(ValueError, match=r"(?s)4 of 5 images.*cut\.png.*text\.jpg.*missing\.png.*neither a path"):
        ImageReader().fit_transform([good, cut, text, tmp_path / "missing.png", 3])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "UnidentifiedImageError"),
        ({"bytes": None}, "neither 'bytes' nor 'path'"),
        ({"bytes": b""}, "UnidentifiedImageError"),
        ({1: 2, "a": 3}, r"has \[1, 'a'\]"),
        (None, "a NoneType is neither"),
        (Image.new("L", (0, 5)), "0 x 5 pixels"),
        (torch.zeros(3, 9, 9, requires_grad=True), "RuntimeError"),
        (np.full((6, 4), np.nan), "from nan to nan"),
    ],
)
def test_what_is_no_image_is_said(source, message):
    with pytest.raises(ValueError, match=rf"1 of 1 images cannot be read:\n.*{message}"):
        ImageReader().fit_transform([source])


def test_any_error_of_a_reader_is_of_its_file(monkeypatch):
    """Readers of some formats raise errors of their own kinds."""

    def fails(*arguments, **options):
        raise RuntimeError("bad box")

    monkeypatch.setattr(Image, "open", fails)
    with pytest.raises(ValueError, match=r"'photo\.avif' \(index 0\): RuntimeError: bad box"):
        ImageReader().fit_transform(["photo.avif"])


@pytest.mark.parametrize("n", [50, 120])
def test_a_decompression_bomb_is_refused(monkeypatch, n, recwarn):
    """Beyond once and twice Pillow's limit, where it warns and raises."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    bomb = stored(Image.new("L", (n, n)))
    with pytest.raises(ValueError, match=r"MAX_IMAGE_PIXELS|DecompressionBombError"):
        ImageReader().fit_transform([bomb])
    assert not recwarn.list


@pytest.mark.parametrize(
    "X",
    ["photo.png", b"abc", io.BytesIO(), {"path": "photo.png", "bytes": None}, Image.new("L", (8, 6)), PIXELS],
    ids=["path", "bytes", "file", "row", "picture", "pixels"],
)
def test_one_image_is_no_list(X):
    with pytest.raises(ValueError, match=r"X is one image .*: pass a list, such as \[X\]"):
        ImageReader().fit_transform(X)


def test_tables_are_no_images():
    for X in (pd.DataFrame({"a": ["x"], "b": ["y"]}), {"a": ["x"], "b": ["y"]}):
        with pytest.raises(ValueError, match=r"X has the columns \['a', 'b'\]: pass the one that holds images"):
            ImageReader().fit_transform(X)
    with pytest.raises(ValueError, match=r"X has shape \(6, 4\)"):
        ImageReader().fit_transform(PIXELS[:, :, 0])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_shape": (28,)}, "two ints"),
        ({"image_shape": (0, 28)}, "two ints"),
        ({"image_shape": 28}, "image_shape"),
        ({"color": "red"}, "color"),
        ({"resize": "zoom"}, "resize"),
        ({"background": 256}, "background"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**parameters).fit_transform([PIXELS])


def photos(n=24, seed=0):
    """Images of different sizes, which are blue or red."""
    rng = np.random.default_rng(seed)
    colors = ["blue", "red"] * (n // 2)
    return [Image.new("RGB", tuple(rng.integers(20, 60, 2).tolist()), color) for color in colors], np.array(colors)


def test_the_shape_travels_to_the_network(tmp_path):
    X, y = photos()
    model = make_pipeline(ImageReader((24, 16), color="rgb"), CNNClassifier(max_epochs=8, batch_size=8, random_state=0))
    search = GridSearchCV(model, {"imagereader__image_shape": [(24, 16), (12, 20)]}, cv=2, n_jobs=2).fit(X, y)
    best = search.best_estimator_
    assert best[-1].image_shape_ == best[0].image_shape_ == (3, *search.best_params_["imagereader__image_shape"])
    assert search.predict([Image.new("RGB", (90, 30), "blue")]).item() == "blue"
    cached = clone(model).set_params(memory=joblib.Memory(tmp_path, verbose=0))
    for _ in range(2):  # the second time from the cache
        assert cached.fit(X, y)[-1].image_shape_ == (3, 24, 16)


def test_rows_are_arrays_for_everybody_else():
    X, y = photos()
    rows = ImageReader((24, 16), color="rgb").fit_transform(X)
    assert rows[::2].image_shape == pickle.loads(pickle.dumps(rows)).image_shape == (3, 24, 16)
    assert (rows / 255).image_shape == (3, 24, 16)
    assert rows[:, :10].image_shape is None
    assert rows[0].image_shape is None
    square = ImageReader((2, 1)).fit_transform(X[:2])
    assert square.image_shape == (1, 2, 1)
    turned = np.moveaxis(rows.reshape(-1, 3, 24, 16), 1, -1).reshape(len(rows), -1)
    for other in (
        *(rows[:, ::-1], rows[..., ::-1], np.flip(rows, 1), np.swapaxes(square, 0, 1)),
        *(rows.T, square.T, rows.T @ rows, rows @ np.eye(rows.shape[1]), turned, rows.reshape(-1, 16, 72)),
        *(rows.sum(axis=0, keepdims=True), np.concatenate([rows, rows], axis=1)),
    ):
        assert getattr(other, "image_shape", None) is None
    assert isinstance(rows.max(), np.uint8)
    assert copy.deepcopy(rows).image_shape == (3, 24, 16)
    model = make_pipeline(ImageReader((8, 6)), FunctionTransformer(lambda X: X / 255), LogisticRegression())
    assert model.fit(X, y).score(X, y) == 1.0


def test_a_lazy_frame_of_images_is_read():
    frame = pl.DataFrame({"image": [stored(Image.fromarray(PIXELS))] * 2}).lazy()
    expected = ImageReader((6, 4), color="rgb").fit_transform([PIXELS] * 2)
    np.testing.assert_array_equal(ImageReader((6, 4), color="rgb").fit_transform(frame), expected)


@pytest.mark.parametrize("output", ["default", "pandas"])
@pytest.mark.parametrize(
    "first",
    [
        make_column_transformer((ImageReader((6, 4), color="rgb"), "image")),
        FeatureUnion([("pixels", ImageReader((6, 4), color="rgb"))]),
    ],
    ids=["columns", "union"],
)
def test_the_shape_comes_through_what_joins_features(first, output):
    images = pd.DataFrame({"image": [Image.fromarray(PIXELS)] * 8})
    model = make_pipeline(first, CNNClassifier(max_epochs=1, random_state=0)).set_output(transform=output)
    assert model.fit(images, np.arange(8) % 2)[-1].image_shape_ == (3, 6, 4)


def test_images_of_another_shape_are_refused():
    X, y = photos()
    model = CNNClassifier(max_epochs=1, random_state=0).fit(ImageReader((24, 16)).fit_transform(X), y)
    with pytest.raises(ValueError, match=r"X holds images of shape \(1, 16, 24\), but images of"):
        model.predict(ImageReader((16, 24)).fit_transform(X))
    with pytest.raises(ValueError, match=r"X holds images of shape \(1, 16, 24\), but images of"):
        CNNClassifier(image_shape=(24, 16)).fit(ImageReader((16, 24)).fit_transform(X), y)
    in_colour = ImageReader((24, 16), color="rgb").fit_transform(X)
    last = np.moveaxis(np.asarray(in_colour).reshape(-1, 3, 24, 16), 1, -1)
    model = CNNClassifier(max_epochs=1, random_state=0).fit(last, y)
    np.testing.assert_array_equal(model.predict_proba(in_colour), model.predict_proba(last))


def test_reading_leaves_the_reader_as_it_is():
    reader = ImageReader((4, 4))
    reader.transform([PIXELS])
    assert not hasattr(reader, "image_shape_")
    assert reader.fit(None).set_params(image_shape=(2, 2)).transform([PIXELS]).shape == (1, 4)
    assert reader.image_shape_ == (1, 4, 4)


def test_names_of_values_and_frames():
    reader = ImageReader((2, 3), color="rgb").set_output(transform="pandas")
    frame = reader.fit_transform([PIXELS])
    assert list(frame.columns[:4]) == ["pixel_0_0_red", "pixel_0_1_red", "pixel_0_2_red", "pixel_1_0_red"]
    assert frame.shape == (1, 18)
    assert ImageReader((1, 2)).get_feature_names_out().tolist() == ["pixel_0_0", "pixel_0_1"]


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_order_is_kept_with_several_threads(n_jobs):
    images = [np.full((6, 4), level, np.uint8) for level in range(200)]
    assert (ImageReader((6, 4), n_jobs=n_jobs).fit_transform(images)[:, 0] == np.arange(200)).all()


def test_a_transparent_level_of_16_bits_shows_the_background():
    pixels = np.full((6, 4), 60_000, np.uint16)
    pixels[:3] = 1_000
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", transparency=1_000)
    rows = ImageReader((6, 4), background=255).fit_transform([file.getvalue()]).reshape(6, 4)
    assert rows[:3].min() == 255
    assert rows[3:].tolist() == [[60_000 // 257] * 4] * 3

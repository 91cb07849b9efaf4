"""Photos in folders become a Bunch."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skfashion.datasets import load_image_folder
from skfashion.neural_network import CNNClassifier
from skfashion.preprocessing import ImageReader

KINDS = {"png": "PNG", "jpg": "JPEG", "JPEG": "JPEG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP", "tif": "TIFF"}


def draw(shape, rng):
    """A disc or a square somewhere in a photo of some size."""
    width, height = rng.integers(40, 90, 2).tolist()
    image = Image.new("RGB", (width, height), "white")
    r = int(min(width, height) * rng.uniform(0.2, 0.4))
    x, y = width // 2, height // 2
    pen = ImageDraw.Draw(image)
    color = tuple(rng.integers(0, 150, 3).tolist())
    (pen.ellipse if shape == "disc" else pen.rectangle)((x - r, y - r, x + r, y + r), fill=color)
    return image


def make_folder(path, n=60, seed=0):
    rng = np.random.default_rng(seed)
    for index in range(n):
        shape, kind = ("disc", "square")[index % 2], list(KINDS)[index % len(KINDS)]
        folder = path / shape / ("old" if index % 3 == 0 else ".")
        folder.mkdir(parents=True, exist_ok=True)
        draw(shape, rng).save(folder / f"{index:03}.{kind}", KINDS[kind])
    return path


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "photos")


def test_six_hundred_photos_to_a_scored_pipeline(tmp_path):
    folder = make_folder(tmp_path / "photos", 600)
    photos = load_image_folder(folder)
    train, test, y_train, y_test = train_test_split(photos.filenames, photos.target, random_state=0)
    model = make_pipeline(ImageReader((28, 28)), CNNClassifier(max_epochs=6, batch_size=16, random_state=0))
    assert model.fit(train, y_train).score(test, y_test) > 0.9
    new = tmp_path / "new.jpg"
    draw("disc", np.random.default_rng(1)).save(new)
    assert photos.target_names[model.predict([new]).item()] == "disc"
    new.write_bytes(new.read_bytes()[:100])
    with pytest.raises(ValueError, match=re.escape(str(new))):
        model.predict([test[0], new])


def test_what_the_bunch_holds(folder):
    photos = load_image_folder(str(folder), image_shape=(20, 30), color="rgb", n_jobs=2)
    assert photos.data.shape == (60, 3 * 20 * 30)
    assert photos.data.dtype == np.uint8
    assert photos.image_shape == photos.data.image_shape == (3, 20, 30)
    assert photos.target_names == ["disc", "square"]
    assert np.bincount(photos.target).tolist() == [30, 30]
    for row, file, label in zip(photos.data, photos.filenames, photos.target, strict=True):
        assert photos.target_names[label] in file
        np.testing.assert_array_equal(row, ImageReader((20, 30), color="rgb").fit_transform([file])[0])
    assert (np.diff(photos.target) >= 0).all()
    assert photos.frame is None
    assert photos.left_out == []
    assert "60 images of 2 classes" in photos.DESCR
    X, y = load_image_folder(folder, image_shape=(20, 30), color="rgb", return_X_y=True)
    np.testing.assert_array_equal(X, photos.data)
    np.testing.assert_array_equal(y, photos.target)


def test_frames(folder):
    photos = load_image_folder(folder, image_shape=(4, 5), as_frame=True)
    assert isinstance(photos.data, pd.DataFrame)
    assert photos.frame.shape == (60, 21)
    assert photos.target.name == "target"
    assert photos.images.shape == (60, 4, 5)
    colored = load_image_folder(folder, image_shape=(4, 5), color="rgb", as_frame=True)
    names = ImageReader((4, 5), color="rgb").get_feature_names_out().tolist()
    assert list(colored.data.columns) == colored.feature_names == names
    np.testing.assert_array_equal(colored.images[..., 2].reshape(60, -1), colored.data.filter(like="blue"))


def test_what_is_no_image_is_named(folder):
    (folder / "readme.txt").write_text("about")
    (folder / "disc" / ".hidden.png").write_bytes(b"")
    (folder / "disc" / "old" / "notes.md").write_text("about")
    (folder / ".cache").mkdir()
    with pytest.warns(UserWarning, match=r"Left out 3 files .*readme\.txt.*\.hidden\.png.*notes\.md") as warned:
        photos = load_image_folder(folder)
    assert warned[0].filename == __file__
    assert len(photos.filenames) == 60
    assert len(photos.left_out) == 3


def test_broken_files(folder, tmp_path):
    broken = [folder / "disc" / "a.png", folder / "square" / "b.jpg"]
    for path in broken:
        path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"(?s)2 of 62 images cannot be read:.*a\.png.*b\.jpg"):
        load_image_folder(folder)
    (tmp_path / "pixels.npy.part").write_bytes(b"of the user")
    for mmap_path in (None, tmp_path / "pixels.npy"):
        with pytest.warns(UserWarning, match="2 of 62 images cannot be read"):
            photos = load_image_folder(folder, errors="warn", mmap_path=mmap_path)
        assert photos.left_out == [str(path) for path in broken]
        rows = ImageReader().fit_transform(list(photos.filenames))
        np.testing.assert_array_equal(photos.data, rows)
    assert (tmp_path / "pixels.npy.part").read_bytes() == b"of the user"
    with pytest.raises(ValueError, match="errors must be"):
        load_image_folder(folder, errors="ignore")


def test_more_than_fits_into_memory(folder, tmp_path):
    path = tmp_path / "pixels.npy"
    photos = load_image_folder(folder, mmap_path=path)
    assert isinstance(photos.data.base.base, np.memmap)
    assert photos.data.image_shape == (1, 28, 28)
    np.testing.assert_array_equal(photos.data, load_image_folder(folder).data)
    np.testing.assert_array_equal(np.load(path, mmap_mode="r"), photos.data)
    with pytest.raises(FileExistsError, match=r"pixels\.npy"):
        load_image_folder(folder, mmap_path=path)


def test_progress(folder):
    seen = []

    def bar(iterable, total):
        for each in iterable:
            seen.append(total)
            yield each

    load_image_folder(folder, progress=bar)
    assert seen == [60] * 60


def test_links_and_names_that_are_no_images(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    draw("disc", np.random.default_rng(0)).save(other / "linked.png")
    (folder / "disc" / "link").symlink_to(other)
    (folder / "disc" / "loop").symlink_to(folder / "disc")
    for name in ("paper.pdf", "film.mpg", "table.h5"):
        (folder / "disc" / name).write_bytes(b"")
    with pytest.warns(UserWarning, match="Left out 3 files"):
        photos = load_image_folder(folder)
    assert sum("linked" in file for file in photos.filenames) == 1
    assert len(photos.filenames) == 61


def test_an_error_leaves_no_file_behind(folder, tmp_path):
    path = tmp_path / "pixels.npy"
    (folder / "disc" / "a.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="1 of 61"):
        load_image_folder(folder, mmap_path=path)
    assert not path.exists()
    with pytest.warns(UserWarning, match="1 of 61"):
        photos = load_image_folder(folder, mmap_path=path, errors="warn")
    np.testing.assert_array_equal(np.load(path), photos.data)
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["pixels.npy"]


def test_a_class_of_broken_images_alone(tmp_path):
    folder = make_folder(tmp_path / "photos", 4)
    for path in (folder / "square").rglob("*.*"):
        path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"The folders square in .* hold no images that can be read"):
        load_image_folder(folder, errors="warn")


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        load_image_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no folders"):
        load_image_folder(tmp_path)
    (tmp_path / "disc").mkdir()
    with pytest.raises(ValueError, match="hold no images that can be read"):
        load_image_folder(tmp_path)
    (tmp_path / "square").mkdir()
    (tmp_path / "square" / "a.png").write_bytes(io.BytesIO().getvalue())
    with pytest.raises(ValueError, match="The folders disc in"):
        load_image_folder(tmp_path)


@pytest.mark.parametrize("how", [{"resize": "crop"}, {"resize": "stretch"}, {"background": 0}])
def test_images_are_fitted_into_the_shape_as_asked(folder, how):
    found = load_image_folder(folder, **how)
    height, width = found.image_shape[1:]
    color = "rgb" if found.image_shape[0] == 3 else "grey"
    expected = ImageReader((height, width), color=color, **how).fit_transform(found.filenames)
    np.testing.assert_array_equal(found.data, expected)
    assert (found.data != load_image_folder(folder).data).any()


def test_files_are_in_the_order_of_their_names(tmp_path, monkeypatch):
    """Whatever the order in which the file system lists them."""
    (tmp_path / "disc").mkdir()
    names = [f"{number:02}.png" for number in np.random.default_rng(0).permutation(12)]
    for name in names:
        Image.new("L", (4, 4)).save(tmp_path / "disc" / name)
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(listed(path), reverse=True)))
    photos = load_image_folder(tmp_path, image_shape=(4, 4))
    assert [Path(file).name for file in photos.filenames] == sorted(names)


def test_files_in_hidden_folders_are_left_out(tmp_path):
    """Such as the thumbnails of a file manager."""
    (tmp_path / "disc" / ".thumbnails").mkdir(parents=True)
    for name in ("a.png", ".thumbnails/a.png"):
        Image.new("L", (4, 4)).save(tmp_path / "disc" / name)
    with pytest.warns(UserWarning, match=r"Left out 1 files .*\.thumbnails"):
        photos = load_image_folder(tmp_path, image_shape=(4, 4))
    assert photos.filenames.tolist() == [str(tmp_path / "disc" / "a.png")]

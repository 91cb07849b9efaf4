"""Photos in folders, one for each class."""

import math
import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skfashion._image_rows import ImageRows
from skfashion._layout import Layout
from skfashion.datasets._fetch import add_frame
from skfashion.preprocessing._decoding import load_pillow
from skfashion.preprocessing._image_reader import ImageReader, read_into, said_of

# How many files a warning names.
_N_NAMED = 10

# Formats that Pillow knows by name only.
_READ_BY_OTHERS = {"BUFR", "GRIB", "HDF5", "MPEG", "WMF"}


def load_image_folder(
    path,
    *,
    image_shape=(28, 28),
    color="grey",
    resize="fit",
    background=255,
    errors="raise",
    mmap_path=None,
    n_jobs=None,
    progress=None,
    return_X_y=False,
    as_frame=False,
):
    """Load photos from a folder that holds one folder for each class.

    A photo belongs to the class of the folder in `path` in which it lies, at any depth. Hidden files, files whose names
    are not those of images, and files outside the class folders are left out, with a warning that names the first ten;
    ``left_out`` holds them all.

    Needs Pillow: ``pip install "skfashion[images]"``.

    Parameters
    ----------
    path : str or path
        The folder.

    image_shape, color, resize, background, n_jobs
        As in :class:`~skfashion.preprocessing.ImageReader`.

    errors : {"raise", "warn"}, default="raise"
        Whether unreadable images raise an error that counts them and names the first ten, or are left out with such a
        warning.

    mmap_path : str or path, default=None
        A file to write the pixels to, in numpy's format ``.npy``, for more images than fit into memory; ``data`` is
        then a view of a memory map. It must not exist. Workers of a search open the file instead of getting a copy if X
        is ``np.asarray(data)``, which does not carry `image_shape`.

    progress : callable, default=None
        Shows the progress: ``tqdm.tqdm``, or another function that is called with an iterable and its `total`.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` alone.

    as_frame : bool, default=False
        Whether ``data`` and ``target`` are a DataFrame and a Series, and ``frame`` holds both.

    Returns
    -------
    Bunch or (data, target)
        ``data``, rows of uint8, one channel after the other; ``images``, a view of them of shape (n, height, width) or
        (n, height, width, 3); ``feature_names``; ``target``, the class of each image as an index into
        ``target_names``; ``filenames``; ``image_shape``, (channels, height, width); ``left_out``, the files that are no
        images or, with ``errors="warn"``, cannot be read; ``frame``; ``DESCR``. Files are in the order of their names.

    Raises
    ------
    ValueError
        If there are no classes or no images, or if images cannot be read.
    FileExistsError
        If there is a file at `mmap_path`.
    ImportError
        If Pillow is missing: ``pip install "skfashion[images]"``.

    See Also
    --------
    skfashion.preprocessing.ImageReader : Reads images in a Pipeline.
    sklearn.datasets.load_files : Reads folders of texts.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skfashion.datasets import load_image_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for color in ("blue", "red"):
    ...         (Path(folder) / color).mkdir()
    ...         Image.new("RGB", (40, 30), color).save(Path(folder) / color / "photo.png")
    ...     photos = load_image_folder(folder, image_shape=(16, 16), color="rgb")
    >>> photos.data.shape, photos.target, photos.target_names
    ((2, 768), array([0, 1]), ['blue', 'red'])
    """
    if errors not in ("raise", "warn"):
        raise ValueError(f"errors must be 'raise' or 'warn'. Got {errors!r} instead.")
    reader = ImageReader(image_shape, color=color, resize=resize, background=background, n_jobs=n_jobs).fit(None)
    files, target, names, left_out = _found(Path(path))
    with _pixels_of(len(files), reader, mmap_path) as data:
        broken = read_into(data, files, reader, progress)
        if broken and errors == "raise":
            raise ValueError(said_of(broken, len(files)))
        read = np.setdiff1d(np.arange(len(files)), list(broken))
        _check_classes(names, target[read], path)
        if broken:
            warnings.warn(said_of(broken, len(files)), UserWarning, stacklevel=2)
            left_out = sorted([*left_out, *(files[index] for index in broken)])
            data, target, files = _kept(data, read, mmap_path), target[read], [files[index] for index in read]
    return _bunch(data, target, names, files, left_out, reader, path, return_X_y=return_X_y, as_frame=as_frame)


def _found(path):
    """Files of images, their classes, the names of classes, and files that are left out."""
    if not path.is_dir():
        raise ValueError(f"{os.fspath(path)!r} is not a folder.")
    names = sorted(each.name for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not names:
        raise ValueError(f"{os.fspath(path)!r} holds no folders: there has to be one for each class.")
    files, target = [], []
    left_out = [os.fspath(each) for each in sorted(path.iterdir()) if not each.is_dir()]
    for index, name in enumerate(names):
        for each in sorted(_files_in(path / name)):
            if _is_image(each.relative_to(path)):
                files.append(os.fspath(each))
                target.append(index)
            else:
                left_out.append(os.fspath(each))
    if left_out:
        more = f" and {len(left_out) - _N_NAMED} more" if len(left_out) > _N_NAMED else ""
        warnings.warn(
            f"Left out {len(left_out)} files that are not images of a class: {', '.join(left_out[:_N_NAMED])}{more}.",
            UserWarning,
            stacklevel=3,
        )
    _check_classes(names, target, path)
    return files, np.array(target), names, left_out


def _files_in(folder, above=()):
    """All files in a folder, at any depth; links to folders are followed, unless they lead back."""
    real = folder.resolve()
    if real in above:
        return
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files_in(each, (*above, real))
        else:
            yield each


def _check_classes(names, target, path):
    found = set(np.unique(target).tolist())
    empty = [name for index, name in enumerate(names) if index not in found]
    if empty:
        raise ValueError(f"The folders {', '.join(empty)} in {os.fspath(path)!r} hold no images that can be read.")


def _is_image(path):
    """Whether a file is an image by its name, of a format that Pillow reads itself."""
    image = load_pillow().Image
    kind = image.registered_extensions().get(path.suffix.lower())
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and kind in image.OPEN and kind not in _READ_BY_OTHERS


@contextmanager
def _pixels_of(n, reader, mmap_path):
    """Rows for images, in memory or in a new file, which an error removes."""
    shape = n, math.prod(reader.image_shape_)
    if mmap_path is None:
        yield np.empty(shape, dtype=np.uint8)
        return
    if Path(mmap_path).exists():
        raise FileExistsError(f"{os.fspath(mmap_path)!r} exists already.")
    try:
        yield np.lib.format.open_memmap(mmap_path, mode="w+", dtype=np.uint8, shape=shape)
    except BaseException:
        Path(mmap_path).unlink(missing_ok=True)
        raise


def _kept(data, read, mmap_path):
    """Some rows; of a memory map in a new file in its place, which holds no others."""
    if mmap_path is None:
        return data[read]
    with tempfile.TemporaryDirectory(dir=Path(mmap_path).absolute().parent) as folder:
        part = Path(folder) / "kept.npy"
        kept = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(len(read), data.shape[1]))
        for index, row in enumerate(read):
            kept[index] = data[row]
        kept.flush()
        os.replace(part, mmap_path)
    return np.load(mmap_path, mmap_mode="r+")


def _bunch(data, target, names, files, left_out, reader, path, *, return_X_y, as_frame):
    channels, height, width = shape = reader.image_shape_
    images = np.moveaxis(data.reshape(-1, *shape), 1, -1)
    bunch = Bunch(
        data=ImageRows(data, shape),
        images=images[..., 0] if channels == 1 else images,
        target=target,
        frame=None,
        feature_names=Layout(shape).pixel_names(),
        target_names=names,
        filenames=np.array(files),
        left_out=left_out,
        image_shape=shape,
        DESCR=f"{len(files)} images of {len(names)} classes from {os.fspath(path)!r}, {height} x {width} pixels.",
    )
    if as_frame:
        add_frame(bunch)
    return (bunch.data, bunch.target) if return_X_y else bunch

"""Fetch official data sets: a record of files for each, and one function that turns a record into arrays."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from importlib import resources
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_file, get_data_home
from sklearn.utils import Bunch

from skfashion._extras import imported
from skfashion._layout import Layout
from skfashion._private_sklearn import Interval, StrOptions
from skfashion.datasets._official import find_official

FETCH_PARAMETERS = {
    "subset": [StrOptions({"train", "test", "all"})],
    "data_home": [str, os.PathLike, None],
    "download_if_missing": ["boolean"],
    "return_X_y": ["boolean"],
    "as_frame": ["boolean"],
    "n_retries": [Interval(Integral, 0, None, closed="left")],
    "delay": [Interval(Real, 0, None, closed="left")],
}


@dataclass(frozen=True)
class Source:
    """A published data set.

    Attributes
    ----------
    folder : str
        Its folder in the data home.
    mirrors : tuple of str
        Addresses of folders on the web, tried in this order.
    checksums : dict
        The SHA-256 of each file as it is published, packed by gzip.
    contents : dict
        The SHA-256 of what is in each file, by its name without ``.gz``; empty where nobody published it. Then files
        that were unpacked or packed anew are not recognised.
    parts : dict
        The names, without ``.gz``, of the files that hold ``"train"`` and ``"test"``.
    read : callable
        Takes the name of a part and the paths of its files; returns uint8 images, (n, h, w) or (n, c, h, w), and
        their labels from 0.
    target_names : tuple of str
        The name of each label.
    description : str
        A file in the folder ``descr``.
    """

    folder: str
    mirrors: tuple
    checksums: dict
    contents: dict
    parts: dict
    read: Callable
    target_names: tuple
    description: str


def fetch(source, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay):
    """Load a subset of a data set; see :func:`documented` for what the parameters mean."""
    folder = data_home_of(data_home) / source.folder
    images, target = [], []
    for part in ("train", "test") if subset == "all" else (subset,):
        paths = [_locate(source, folder, name, download_if_missing, n_retries, delay) for name in source.parts[part]]
        part_images, part_target = source.read(part, *paths)
        if len(part_target) and part_target.max() >= len(source.target_names):
            raise ValueError(
                f"{str(paths[-1])!r} holds the label {part_target.max()}; labels are 0 to "
                f"{len(source.target_names) - 1}."
            )
        images.append(part_images)
        target.append(part_target.astype(np.int64))
    images = images[0] if len(images) == 1 else np.concatenate(images)
    bunch = Bunch(
        data=images.reshape(len(images), -1),
        images=np.moveaxis(images, 1, -1) if images.ndim == 4 else images,
        target=np.concatenate(target),
        target_names=list(source.target_names),
        feature_names=Layout(images.shape[1:] if images.ndim == 4 else (1, *images.shape[1:])).pixel_names(),
        DESCR=(resources.files("skfashion.datasets") / "descr" / source.description).read_text(encoding="utf-8"),
    )
    if as_frame:
        add_frame(bunch)
    return (bunch.data, bunch.target) if return_X_y else bunch


def data_home_of(data_home):
    """The folder that holds the folders of all data sets."""
    if data_home is None:
        data_home = os.environ.get("SKFASHION_DATA") or Path(get_data_home()) / "skfashion"
    return Path(data_home).expanduser()


def _locate(source, folder, name, download_if_missing, n_retries, delay):
    """Return the path of an official file, downloading it from the first mirror that has it if there is none."""
    filename = f"{name}.gz"
    expected = source.checksums[filename]
    path = find_official(folder, name, expected, source.contents.get(name))
    if path is not None:
        return path
    packed = "packed or unpacked" if source.contents else "as they are published"
    needed = f"To work without a network, place these files, {packed}, in {folder}: {', '.join(source.checksums)}."
    if not download_if_missing:
        raise OSError(f"{folder / filename} is not there, and download_if_missing=False. {needed}")
    failures = []
    for mirror in source.mirrors:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return fetch_file(mirror + filename, folder=folder, sha256=expected, n_retries=n_retries, delay=delay)
        except (OSError, HTTPException) as error:
            failures.append(f"  {mirror}{filename}: {error}")
    raise OSError(f"{folder / filename} is not there, and no mirror gave it:\n" + "\n".join([*failures, needed]))


def add_frame(bunch):
    """Replace the arrays of `bunch` by a DataFrame and a Series, and add both as ``frame``."""
    pd = imported("pandas", extra="pandas", needed_by="as_frame=True")
    bunch.data = pd.DataFrame(np.asarray(bunch.data), columns=bunch.feature_names, copy=False)
    bunch.target = pd.Series(bunch.target, name="target")
    bunch.frame = pd.concat([bunch.data, bunch.target], axis=1)


def documented(source, *, image_shape, n_train, n_test, reference):
    """Return a decorator that completes the docstring of the function which fetches `source`.

    Parameters
    ----------
    source : Source
        The record.
    image_shape : tuple of int
        The shape of an image: (height, width), or (height, width, channels).
    n_train, n_test : int
        Images in each part.
    reference : str
        The paper.
    """
    colour = len(image_shape) == 3
    rows = "; a row holds all red pixels, then the green ones, then the blue ones" if colour else ""
    values = {
        "folder": source.folder,
        "train": f"{n_train:,}",
        "test": f"{n_test:,}",
        "all": f"{n_train + n_test:,}",
        "data_shape": f"(n, {math.prod(image_shape)})",
        "image_shape": f"(n, {', '.join(map(str, image_shape))})",
        "test_shape": (n_test, *image_shape),
        "pixels": f"0 to 255{rows}" if colour else "0 (background) to 255",
        "names": '``"pixel_ROW_COLUMN_COLOUR"``' if colour else '``"pixel_ROW_COLUMN"``',
        "packing": _ANY_PACKING if source.contents else _AS_PUBLISHED,
        "reference": reference,
        "first": list(source.target_names[:2]),
    }

    def complete(function):
        if function.__doc__ is not None:  # python -OO strips docstrings
            function.__doc__ += _DOCUMENTATION.format(**values, function=function.__name__)
        return function

    return complete


_ANY_PACKING = """Files that were unpacked or recompressed are recognised by that of
    their contents."""
_AS_PUBLISHED = """Only files as they are published are recognised: there is no
    published checksum of their contents."""

_DOCUMENTATION = """

    Parameters
    ----------
    subset : {{"train", "test", "all"}}, default="train"
        The {train} training images, the {test} test images, or all {all} with the training images first.

    data_home : str or path-like, default=None
        The folder that holds the folder ``{folder}``. By default the environment variable ``SKFASHION_DATA``, else the
        folder ``skfashion`` in scikit-learn's data home.

    download_if_missing : bool, default=True
        If False, raise an ``OSError`` instead of downloading a file that is not there.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, ``data`` is a pandas DataFrame with a column per pixel, ``target`` a Series, and the Bunch also holds
        both as ``frame``.

    n_retries : int, default=3
        Number of retries per mirror after an HTTP error.

    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple
        With the attributes

        data : ndarray of shape {data_shape}, dtype uint8
            One image per row, pixels {pixels}.
        images : ndarray of shape {image_shape}, dtype uint8
            A view of the same memory.
        target : ndarray of shape (n,), dtype int64
            Labels 0 to 9.
        target_names : list of 10 str
            The name of each label.
        feature_names : list of str
            {names}.
        DESCR : str
            What the data set is and where it comes from.

    Raises
    ------
    OSError
        If a file is missing and cannot be downloaded; the message says which files to place where. Also if an
        existing file is damaged or of another data set: it is never overwritten, and the message says what to do.

    Notes
    -----
    Each file's SHA-256 is checked before it is parsed. {packing}
    A download goes to a unique temporary name and is then renamed, so that several processes may fetch at once, and a
    folder that is read-only works once it holds the files.

    References
    ----------
    {reference}

    Examples
    --------
    >>> from skfashion.datasets import {function}
    >>> data = {function}(subset="test")  # doctest: +SKIP
    >>> data.images.shape, data.target_names[:2]  # doctest: +SKIP
    ({test_shape}, {first})
    """

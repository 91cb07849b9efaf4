"""Fetch Fashion-MNIST and MNIST: records of files, and one function that turns a record into arrays."""

import os
from dataclasses import dataclass
from http.client import HTTPException
from importlib import resources
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_file, get_data_home
from sklearn.utils import Bunch

from skfashion._private_sklearn import Interval, StrOptions, validate_params
from skfashion.datasets._idx import read_idx
from skfashion.datasets._official import find_official

_IMAGE_SHAPE = (28, 28)


@dataclass(frozen=True)
class _Source:
    """One data set: where it lives, and the SHA-256 of its files as they are published and of what is in them."""

    folder: str
    mirrors: tuple
    checksums: dict
    contents: dict
    target_names: tuple
    description: str


_FASHION_MNIST = _Source(
    folder="fashion-mnist",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    contents={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    target_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    description="fashion_mnist.rst",
)

_MNIST = _Source(
    folder="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    contents={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    target_names=tuple("0123456789"),
    description="mnist.rst",
)

_SUBSETS = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}

_FETCH_PARAMETERS = {
    "subset": [StrOptions(set(_SUBSETS))],
    "data_home": [str, os.PathLike, None],
    "download_if_missing": ["boolean"],
    "return_X_y": ["boolean"],
    "as_frame": ["boolean"],
    "n_retries": [Interval(Integral, 0, None, closed="left")],
    "delay": [Interval(Real, 0, None, closed="left")],
}

_FETCH_DOC = """

    Parameters
    ----------
    subset : {{"train", "test", "all"}}, default="train"
        The 60,000 training images, the 10,000 test images, or all 70,000 with the training images first.

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
        How often a mirror is asked again after an HTTP error.

    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple
        With the attributes

        data : ndarray of shape (n, 784), dtype uint8
            One image a row, pixels 0 (background) to 255.
        images : ndarray of shape (n, 28, 28), dtype uint8
            A view of the same memory.
        target : ndarray of shape (n,), dtype int64
            Labels 0 to 9.
        target_names : list of 10 str
            The name of each label.
        feature_names : list of 784 str
            ``"pixel_ROW_COLUMN"``.
        DESCR : str
            What the data set is and where it comes from.

    Raises
    ------
    OSError
        If a file is missing and cannot be downloaded; the text says which files to place where. Also if a file that
        is there is damaged or another data set's: it is never overwritten, and the text says what to do.

    Notes
    -----
    Each file's SHA-256 is checked before it is parsed. Files that were unpacked or packed anew are recognised by that
    of what is in them. A download goes to a unique temporary name and is then renamed, so that several processes may
    fetch at once, and a folder that is read-only works once it holds the files.

    References
    ----------
    {reference}

    Examples
    --------
    >>> from skfashion.datasets import {function}
    >>> data = {function}(subset="test")  # doctest: +SKIP
    >>> data.images.shape, data.target_names[data.target[0]]  # doctest: +SKIP
    ((10000, 28, 28), {first!r})
    """


@validate_params(_FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_fashion_mnist(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the Fashion-MNIST data set (ten classes of garments), downloading it if necessary."""
    return _fetch(_FASHION_MNIST, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


@validate_params(_FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_mnist(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the MNIST data set (handwritten digits), downloading it if necessary."""
    return _fetch(_MNIST, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)


def _document(function, source, reference, first):
    if function.__doc__ is not None:  # python -OO strips docstrings
        function.__doc__ += _FETCH_DOC.format(
            folder=source.folder, reference=reference, function=function.__name__, first=first
        )


_document(
    fetch_fashion_mnist,
    _FASHION_MNIST,
    "H. Xiao, K. Rasul, R. Vollgraf, `Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning\n"
    "    Algorithms <https://arxiv.org/abs/1708.07747>`_, 2017.",
    "Ankle boot",
)
_document(
    fetch_mnist,
    _MNIST,
    'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",\n'
    "    Proceedings of the IEEE 86 (11), 1998.",
    "7",
)


def _fetch(source, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay):
    folder = _data_home(data_home) / source.folder
    images, target = [], []
    for part in _SUBSETS[subset]:
        paths = [
            _locate(source, folder, f"{part}-{content}", download_if_missing, n_retries, delay)
            for content in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ]
        part_images, part_target = _read_part(*paths, n_classes=len(source.target_names))
        images.append(part_images)
        target.append(part_target)
    data = images[0] if len(images) == 1 else np.concatenate(images)
    target = np.concatenate(target)
    data = data.reshape(len(data), -1)
    bunch = Bunch(
        data=data,
        images=data.reshape(-1, *_IMAGE_SHAPE),
        target=target,
        target_names=list(source.target_names),
        feature_names=[f"pixel_{row}_{column}" for row in range(_IMAGE_SHAPE[0]) for column in range(_IMAGE_SHAPE[1])],
        DESCR=(resources.files("skfashion.datasets") / "descr" / source.description).read_text(encoding="utf-8"),
    )
    if as_frame:
        _add_frame(bunch)
    return (bunch.data, bunch.target) if return_X_y else bunch


def _data_home(data_home):
    if data_home is None:
        data_home = os.environ.get("SKFASHION_DATA") or Path(get_data_home()) / "skfashion"
    return Path(data_home).expanduser()


def _locate(source, folder, name, download_if_missing, n_retries, delay):
    """Return the path of an official file, downloading it from the first mirror that has it if there is none."""
    filename = f"{name}.gz"
    expected = source.checksums[filename]
    path = find_official(folder, name, expected, source.contents[name])
    if path is not None:
        return path
    needed = (
        f"To work without a network, place these files, packed or unpacked, in {folder}: {', '.join(source.checksums)}."
    )
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


def _read_part(images_path, labels_path, n_classes):
    """Read the images and labels of one part and check that they belong together."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.dtype != np.uint8 or images.shape[1:] != _IMAGE_SHAPE:
        raise ValueError(
            f"{str(images_path)!r} holds {images.dtype} of shape {images.shape}; uint8 (n, 28, 28) is expected."
        )
    if labels.shape != images.shape[:1] or labels.dtype != np.uint8:
        raise ValueError(
            f"{str(labels_path)!r} holds {labels.dtype} labels of shape {labels.shape} for {len(images)} images."
        )
    if len(labels) and labels.max() >= n_classes:
        raise ValueError(f"{str(labels_path)!r} holds the label {labels.max()}; labels are 0 to {n_classes - 1}.")
    return images, labels.astype(np.int64)


def _add_frame(bunch):
    """Replace the arrays of `bunch` by a DataFrame and a Series, and add both as ``frame``."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError('as_frame=True needs pandas: pip install "skfashion[pandas]".') from error
    bunch.data = pd.DataFrame(bunch.data, columns=bunch.feature_names, copy=False)
    bunch.target = pd.Series(bunch.target, name="target")
    bunch.frame = pd.concat([bunch.data, bunch.target], axis=1)

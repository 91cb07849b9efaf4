"""CIFAR-10: small colour photos."""

import math
import tarfile

import numpy as np

from skfashion._private_sklearn import validate_params
from skfashion.datasets._fetch import FETCH_PARAMETERS, Source, documented, fetch

_SHAPE = (3, 32, 32)

_MEMBERS = {
    "train": tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
    "test": ("cifar-10-batches-bin/test_batch.bin",),
}

# Images in a member of the archive.
_N_IMAGES = 10_000


def read_part(part, path):
    """Read the images and labels of one part from the archive: records of a label and the pixels of an image.

    The binary version of the data set holds no pickles, which could run code.
    """
    size = 1 + math.prod(_SHAPE)
    records = np.empty((len(_MEMBERS[part]) * _N_IMAGES, size), dtype=np.uint8)
    blocks = dict(zip(_MEMBERS[part], np.split(records, len(_MEMBERS[part])), strict=True))
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name in blocks:
                blocks.pop(member.name)[...] = _records(archive.extractfile(member).read(), member.name, path)
    if blocks:
        raise ValueError(f"{str(path)!r} holds no {', '.join(blocks)}.")
    return np.ascontiguousarray(records[:, 1:]).reshape(-1, *_SHAPE), records[:, 0]


def _records(content, name, path):
    size = 1 + math.prod(_SHAPE)
    if len(content) != _N_IMAGES * size:
        raise ValueError(
            f"{name} in {str(path)!r} has {len(content)} bytes; {_N_IMAGES} images of {size} bytes are expected."
        )
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, size)


# The SHA-256 as TensorFlow Datasets and several other libraries publish it; the page of the data set has the MD5.
SOURCE = Source(
    folder="cifar-10",
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
    checksums={"cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
    contents={},
    parts=dict.fromkeys(_MEMBERS, ("cifar-10-binary.tar",)),
    read=read_part,
    target_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    description="cifar10.rst",
)


@documented(
    SOURCE,
    image_shape=(32, 32, 3),
    n_train=50_000,
    n_test=10_000,
    reference=(
        "A. Krizhevsky, `Learning Multiple Layers of Features from Tiny Images\n"
        "    <https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>`_, 2009."
    ),
)
@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_cifar10(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the CIFAR-10 data set (ten classes of small colour photos), downloading it if necessary."""
    return fetch(SOURCE, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)

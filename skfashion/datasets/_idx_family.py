"""What the data sets of the MNIST family share: the names and the format of their files."""

import numpy as np

from skfashion.datasets._idx import read_idx

_IMAGE_SHAPE = (28, 28)

PARTS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def read_part(part, images_path, labels_path):
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
    return images, labels

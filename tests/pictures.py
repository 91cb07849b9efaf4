"""What tests of displays read of a figure."""

import numpy as np

NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def drawn(images):
    return np.array([image.get_array() for image in images])

"""Small arrays as text, so that a file of results can hold which images a model gets right, or what it draws."""

import base64
import zlib

import numpy as np


def packed(array):
    """An array as a dict of text: its type, its shape, and its compressed bytes in base 64."""
    array = np.ascontiguousarray(array)
    text = base64.b64encode(zlib.compress(array.tobytes(), 9)).decode("ascii")
    return {"dtype": array.dtype.str, "shape": list(array.shape), "zlib": text}


def unpacked(text):
    """The array that :func:`packed` was given."""
    values = np.frombuffer(zlib.decompress(base64.b64decode(text["zlib"])), dtype=np.dtype(text["dtype"]))
    return values.reshape(text["shape"])

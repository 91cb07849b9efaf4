"""One image, from a file or from memory, as pixels of a given size."""

import io
import os
import warnings
from contextlib import contextmanager

import numpy as np

from skfashion._extras import imported
from skfashion._layout import is_size
from skfashion._pixels import WHITE

# How images of another size come to the wanted one, by Pillow.
RESIZES = ("fit", "crop", "stretch")
COLORS = {"grey": "L", "rgb": "RGB"}

# The channels of arrays: grey, grey and transparency, RGB, RGBA.
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class UnreadableImage(ValueError):
    """An image that cannot be read, with the reason."""


def load_pillow():
    """Pillow, with its modules ``Image`` and ``ImageOps``."""
    pillow, *_ = (
        imported(name, extra="images", needed_by="Reading images") for name in ("PIL", "PIL.Image", "PIL.ImageOps")
    )
    return pillow


@contextmanager
def no_bomb_warnings():
    """Without Pillow's warning of large images, which :func:`decoded` refuses; not to be entered by several threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", load_pillow().Image.DecompressionBombWarning)
        yield


def decoded(source, size, color, resize, background):
    """Pixels (channels, height, width) of uint8.

    Parameters
    ----------
    source : str, path, bytes, file, PIL.Image.Image, dict or array
        A path, the content of a file, a file, an image, what Hugging Face's datasets hold (a dict with ``"path"`` and
        ``"bytes"``), or pixels of shape (h, w), (h, w, c) or (c, h, w).
    size : (int, int)
        Height and width.
    color : {"grey", "rgb"}
        Of the result.
    resize : {"fit", "crop", "stretch"}
        As in :class:`~skfashion.preprocessing.ImageReader`.
    background : int
        The level behind transparent pixels and beside images that do not fill the size.

    Raises
    ------
    UnreadableImage
        If the source is not an image, or is a broken or a huge one.
    """
    pillow = load_pillow()
    try:
        with _opened(source, pillow) as image:
            _check_number_of_pixels(image, pillow)
            image.draft(COLORS[color], (2 * max(size),) * 2)  # a JPEG is decoded at no less than this size
            image = _flat(pillow.ImageOps.exif_transpose(image), background, pillow)
            image = _resized(image.convert(COLORS[color]), size, resize, background, pillow)
    except UnreadableImage:
        raise
    except Exception as error:  # the readers of some formats raise errors of their own
        raise UnreadableImage(_reason(error)) from error
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def source_name(source):
    """What a message calls a source."""
    if isinstance(source, dict):
        return repr(source.get("path"))
    if isinstance(source, (str, os.PathLike)):
        return repr(os.fspath(source))
    name = getattr(source, "filename", None) or getattr(source, "name", None)
    return repr(name) if name else f"<{type(source).__name__}>"


def _opened(source, pillow):
    """A context of an image whose pixels need not be decoded yet."""
    if isinstance(source, dict):
        if not {"path", "bytes"} & set(source):
            raise UnreadableImage(f"a dict needs 'path' or 'bytes', but has {list(source)}")
        source = source["bytes"] if source.get("bytes") is not None else source.get("path")
        if source is None:
            raise UnreadableImage("neither 'bytes' nor 'path' says what it is")
    if isinstance(source, pillow.Image.Image):
        return source.copy()
    if isinstance(source, (bytes, bytearray, memoryview)):
        return pillow.Image.open(io.BytesIO(source))
    if hasattr(source, "seek"):
        source.seek(0)  # it may have been read before
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        return pillow.Image.open(source)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        return _from_array(np.asarray(source), pillow)
    raise UnreadableImage(
        f"a {type(source).__name__} is neither a path, bytes, a file, an image of Pillow nor an array of pixels"
    )


def _from_array(pixels, pillow):
    if pixels.ndim == 3 and pixels.shape[0] in _MODES and pixels.shape[2] not in _MODES:
        pixels = np.moveaxis(pixels, 0, 2)
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in _MODES)) or not pixels.size:
        raise UnreadableImage(f"pixels must have the shape (h, w), (h, w, c) or (c, h, w), not {pixels.shape}")
    pixels = _levels(pixels)
    if pixels.ndim == 2:
        return pillow.Image.fromarray(pixels)
    return pillow.Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))


def _levels(pixels):
    """Pixels as uint8: booleans, levels of 8 or 16 bits, and brightness in [0, 1]."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == bool:
        return pixels * np.uint8(WHITE)
    if pixels.dtype.kind not in "iuf":
        raise UnreadableImage(f"pixels of dtype {pixels.dtype} are not numbers")
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        return (pixels // 257).astype(np.uint8)
    if pixels.dtype.kind == "f" and low >= 0 and high <= 1:
        return (pixels * WHITE).round().astype(np.uint8)
    if pixels.dtype.kind in "iu" and low >= 0 and high <= WHITE:
        return pixels.astype(np.uint8)
    raise UnreadableImage(
        f"pixels of dtype {pixels.dtype} from {low:g} to {high:g}; whole numbers from 0 to 255, uint16, floats in "
        "[0, 1] and booleans are accepted"
    )


def _check_number_of_pixels(image, pillow):
    if image.width * image.height == 0:
        raise UnreadableImage(f"it has {image.width} x {image.height} pixels")
    largest = pillow.Image.MAX_IMAGE_PIXELS
    if largest is not None and image.width * image.height > largest:
        raise UnreadableImage(
            f"{image.width} x {image.height} pixels are more than PIL.Image.MAX_IMAGE_PIXELS = {largest}: it may be "
            "crafted to exhaust memory"
        )


def _flat(image, background, pillow):
    """An image of levels of 8 bits without a palette and without transparency."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bits
        pixels = np.asarray(image)
        # 32 bits hold 16 of a file, as far as anything shows.
        if image.mode == "I" and pixels.min() >= 0 and WHITE < pixels.max() < 2**16:
            pixels = pixels.astype(np.uint16)
        levels = _levels(pixels)
        transparent = image.info.get("transparency")  # one grey level of a PNG
        if isinstance(transparent, int):
            levels = np.where(np.asarray(image) == transparent, np.uint8(background), levels)
        return pillow.Image.fromarray(levels)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        behind = pillow.Image.new("RGBA", image.size, (background,) * 3 + (WHITE,))
        return pillow.Image.alpha_composite(behind, image).convert("RGB")
    return image


def _resized(image, size, resize, background, pillow):
    size = size[::-1]
    if image.size == size:
        return image
    if resize == "stretch":
        return image.resize(size)
    if resize == "crop":
        return pillow.ImageOps.fit(image, size)
    share = min(size[0] / image.width, size[1] / image.height)
    inner = tuple(max(1, round(share * n)) for n in image.size)  # something of it is seen, however narrow it is
    whole = pillow.Image.new(image.mode, size, background if image.mode == "L" else (background,) * 3)
    whole.paste(image.resize(inner), tuple((outer - n) // 2 for outer, n in zip(size, inner, strict=True)))
    return whole


def _reason(error):
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def checked_size(image_shape):
    """(height, width) as ints, or a ValueError."""
    sizes = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    if len(sizes) != 2 or not all(map(is_size, sizes)):
        raise ValueError(f"image_shape must be (height, width), two ints of at least 1. Got {image_shape!r} instead.")
    return int(sizes[0]), int(sizes[1])

"""Photos in: files, bytes and images of any size as rows of pixels."""

from skfashion.preprocessing._image_reader import ImageReader

__all__ = ["ImageReader"]

"""Photos in: files, bytes and images of any size as rows of pixels; and what edges these show."""

from skfashion.preprocessing._hog import HOGTransformer
from skfashion.preprocessing._image_reader import ImageReader

__all__ = ["HOGTransformer", "ImageReader"]

"""Read photos of any size as rows of pixels, and describe images by histograms of their edges."""

from skfashion.preprocessing._hog import HOGTransformer
from skfashion.preprocessing._image_reader import ImageReader

__all__ = ["HOGTransformer", "ImageReader"]

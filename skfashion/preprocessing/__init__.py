"""Read photos of any size as rows of pixels, scale pixels, and describe images by histograms of their edges."""

from skfashion.preprocessing._hog import HOGTransformer
from skfashion.preprocessing._image_reader import ImageReader
from skfashion.preprocessing._pixel_scaler import PixelScaler

__all__ = ["HOGTransformer", "ImageReader", "PixelScaler"]

"""Images in: Fashion-MNIST, MNIST, folders of photos and a procedurally drawn stand-in that needs no network."""

from skfashion.datasets._fashion_mnist import fetch_fashion_mnist, fetch_mnist
from skfashion.datasets._garments import make_garments
from skfashion.datasets._idx import read_idx
from skfashion.datasets._image_folder import load_image_folder

__all__ = ["fetch_fashion_mnist", "fetch_mnist", "load_image_folder", "make_garments", "read_idx"]

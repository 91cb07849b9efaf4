"""Load images: published data sets, folders of photos, and drawn garments that need no download."""

from skfashion.datasets._cifar10 import fetch_cifar10
from skfashion.datasets._fashion_mnist import fetch_fashion_mnist
from skfashion.datasets._garments import make_garments
from skfashion.datasets._idx import read_idx
from skfashion.datasets._image_folder import load_image_folder
from skfashion.datasets._kmnist import fetch_kmnist
from skfashion.datasets._mnist import fetch_mnist

__all__ = [
    "fetch_cifar10",
    "fetch_fashion_mnist",
    "fetch_kmnist",
    "fetch_mnist",
    "load_image_folder",
    "make_garments",
    "read_idx",
]

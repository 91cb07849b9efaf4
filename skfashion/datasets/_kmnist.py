"""Kuzushiji-MNIST: handwritten characters of classical Japanese."""

from skfashion._private_sklearn import validate_params
from skfashion.datasets._fetch import FETCH_PARAMETERS, Source, documented, fetch
from skfashion.datasets._idx_family import PARTS, read_part

# Each SHA-256 as a Ruby port of torchvision and torchvision's own prototype data sets publish it (both agree); nobody
# publishes one of what is in the files.
SOURCE = Source(
    folder="kmnist",
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    checksums={
        "train-images-idx3-ubyte.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
        "train-labels-idx1-ubyte.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "t10k-images-idx3-ubyte.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
        "t10k-labels-idx1-ubyte.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    },
    contents={},
    parts=PARTS,
    read=read_part,
    target_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    description="kmnist.rst",
)


@documented(
    SOURCE,
    image_shape=(28, 28),
    n_train=60_000,
    n_test=10_000,
    reference=(
        "T. Clanuwat et al., `Deep Learning for Classical Japanese Literature\n"
        "    <https://arxiv.org/abs/1812.01718>`_, 2018."
    ),
)
@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_kmnist(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the Kuzushiji-MNIST data set (handwritten hiragana), downloading it if necessary."""
    return fetch(SOURCE, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)

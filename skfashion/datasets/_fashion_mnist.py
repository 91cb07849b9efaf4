"""Fashion-MNIST: garments."""

from skfashion._private_sklearn import validate_params
from skfashion.datasets._fetch import FETCH_PARAMETERS, Source, documented, fetch
from skfashion.datasets._idx_family import PARTS, read_part

SOURCE = Source(
    folder="fashion-mnist",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    contents={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    parts=PARTS,
    read=read_part,
    target_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    description="fashion_mnist.rst",
)


@documented(
    SOURCE,
    image_shape=(28, 28),
    n_train=60_000,
    n_test=10_000,
    reference=(
        "H. Xiao, K. Rasul, R. Vollgraf, `Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning\n"
        "    Algorithms <https://arxiv.org/abs/1708.07747>`_, 2017."
    ),
)
@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_fashion_mnist(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the Fashion-MNIST data set (ten classes of garments), downloading it if necessary."""
    return fetch(SOURCE, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)

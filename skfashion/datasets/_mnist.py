"""MNIST: handwritten digits."""

from skfashion._private_sklearn import validate_params
from skfashion.datasets._fetch import FETCH_PARAMETERS, Source, documented, fetch
from skfashion.datasets._idx_family import PARTS, read_part

SOURCE = Source(
    folder="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    contents={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    parts=PARTS,
    read=read_part,
    target_names=tuple("0123456789"),
    description="mnist.rst",
)


@documented(
    SOURCE,
    image_shape=(28, 28),
    n_train=60_000,
    n_test=10_000,
    reference=(
        'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",\n'
        "    Proceedings of the IEEE 86 (11), 1998."
    ),
)
@validate_params(FETCH_PARAMETERS, prefer_skip_nested_validation=True)
def fetch_mnist(
    *,
    subset="train",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
    n_retries=3,
    delay=1.0,
):
    """Load the MNIST data set (handwritten digits), downloading it if necessary."""
    return fetch(SOURCE, subset, data_home, download_if_missing, return_X_y, as_frame, n_retries, delay)

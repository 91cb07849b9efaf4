"""Whatever holds images: arrays of arrays, columns of frames, tensors, nullable columns."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image
from sklearn.base import clone

from skfashion.baselines import KNNClassifier, SubspaceClassifier
from skfashion.neural_network import Autoencoder, AutoencoderOutlierDetector, MLPClassifier

MODELS = [
    MLPClassifier((16,), max_epochs=2, random_state=0),
    Autoencoder(4, (16,), max_epochs=2, random_state=0),
    AutoencoderOutlierDetector(Autoencoder(4, (16,), max_epochs=2), random_state=0),
    KNNClassifier(),
    SubspaceClassifier(3),
]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


def objects(images):
    """An object array with an image in each place."""
    array = np.empty(len(images), dtype=object)
    for index, image in enumerate(images):
        array[index] = image
    return array


class Lazy:
    """A sequence of images, as a column of a data set of Hugging Face is."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


def mixed(images):
    frame = pd.DataFrame(images.reshape(len(images), -1)).rename(columns=str)
    return frame.astype(dict.fromkeys(frame.columns[::3], "int64"))


CONTAINERS = {
    "object array": objects,
    "series": lambda images: pd.Series(objects(images)),
    "column of a frame": lambda images: pd.DataFrame({"image": objects(images)}),
    "uint8 and int64 columns": mixed,
    "nullable columns": lambda images: mixed(images).astype("UInt8"),
    "columns of pyarrow": lambda images: mixed(images).astype("uint8[pyarrow]"),
    "lazy sequence": Lazy,
    "nested lists": lambda images: images.tolist(),
    "tensor": torch.tensor,
    "list of tensors": lambda images: [torch.tensor(image) for image in images],
    "tensor of a graph": lambda images: torch.tensor(images, dtype=torch.float32, requires_grad=True),
    "list of tensors of a graph": lambda images: [
        torch.tensor(i, dtype=torch.float32).requires_grad_() for i in images
    ],
    "object array of tensors of a graph": lambda images: objects(
        [torch.tensor(image, dtype=torch.float32).requires_grad_() for image in images]
    ),
    "a tensor before arrays": lambda images: [torch.tensor(images[0]), *images[1:]],
    "series of nested lists": lambda images: pd.Series(images.tolist()),
    "object array of pictures": lambda images: objects([Image.fromarray(image) for image in images]),
    "sparse tensor": lambda images: torch.tensor(images.reshape(len(images), -1)).to_sparse(),
    "memoryview": memoryview,
    "bfloat16": lambda images: torch.tensor(images).bfloat16(),
}


def answers(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.score_samples(X)


@EVERY_MODEL
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_the_same_images_mean_the_same(garments, model, container):
    if container is CONTAINERS["columns of pyarrow"]:
        pytest.importorskip("pyarrow")
    X, y = garments
    X = X[:200] // 16 * 16 + np.uint8(15)  # four bits, which bfloat16 holds
    expected = answers(clone(model).fit(X, y[:200]), X)
    held = container(X.reshape(-1, 28, 28))
    np.testing.assert_allclose(answers(clone(model).fit(held, y[:200]), held), expected, rtol=1e-5, atol=1e-5)


@EVERY_MODEL
def test_one_row_says_how_to_pass_it(garments, model):
    X, y = garments
    model = clone(model).fit(X, y)
    for row in (X[0], X[0].tolist(), pd.Series(X[0])):
        with pytest.raises(ValueError, match=r"one row of 784 values. Reshape your data, for instance to X\[None\]"):
            answers(model, row)
    assert len(answers(model, X[0][None])) == 1


def test_images_of_several_sizes_in_an_object_array():
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.zeros((3, 3)), np.zeros((4, 4))]
    with pytest.raises(ValueError, match="X must be rows or images of one size"):
        KNNClassifier().fit(ragged, [0, 1])


@pytest.mark.parametrize("name", ["sparse", "partly sparse", "lazy"])
@pytest.mark.parametrize(
    "model", [KNNClassifier(), SubspaceClassifier(2), Autoencoder(2, max_epochs=1, random_state=0)]
)
def test_frames_whose_values_are_elsewhere(model, name):
    X = np.random.default_rng(0).integers(0, 256, (20, 4)).astype(float) * (np.arange(4) > 0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    columns = {"sparse": list("abcd"), "partly sparse": ["a", "c"]}.get(name)
    other = pl.from_pandas(frame).lazy() if name == "lazy" else frame.astype(dict.fromkeys(columns, "Sparse[float64]"))
    expected, given = (answers(clone(model).fit(Z, np.arange(20) % 2), Z) for Z in (frame, other))
    np.testing.assert_array_equal(given, expected)


class Computed:
    """A frame that computes its values when it is asked to, and is then an object of the same class."""

    columns = ("a", "b")

    def __init__(self, rows):
        self.rows, self.shape = rows, rows.shape

    def compute(self):
        return self

    def __array__(self, dtype=None, copy=None):
        return self.rows


def test_frames_are_computed_once(garments):
    X, y = garments[0][:40, 300:302], garments[1][:40]
    expected = KNNClassifier().fit(X, y).predict(X)
    for frame in (Computed(X), pd.DataFrame(X, columns=["collect", "compute"])):
        np.testing.assert_array_equal(KNNClassifier().fit(frame, y).predict(frame), expected)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=["None", "NaN", "NA"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_missing_image_is_named(missing, place):
    images = np.empty(3, dtype=object)
    images[:] = [np.zeros((3, 3))] * 3
    images[place] = missing
    for X in (images, pd.DataFrame({"image": images})):
        with pytest.raises(ValueError, match=rf"Element {place} is {missing!r}, where others are images"):
            KNNClassifier(1).fit(X, [0, 1, 1])


def test_a_tensor_without_values_is_named():
    with pytest.raises(TypeError, match=r"A tensor of torch.float32 on the device meta cannot be read as an array"):
        KNNClassifier().fit(torch.empty(20, 784, device="meta"), [0, 1] * 10)

"""Images that are larger than memory: a loop over ``partial_fit``, and a fit of a memory map."""

import importlib.util
import platform
from pathlib import Path

import numpy as np
import pytest
from processes import run_python
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skfashion.datasets import make_garments
from skfashion.neural_network import MLPClassifier
from skfashion.training._schedules import learning_rate_factor

EXAMPLE = Path(__file__).parents[2] / "examples/stream"
N_COPIES = 200  # of 1,000 images: 157 MB


@pytest.fixture(scope="module")
def stream():
    """The module of the example."""
    spec = importlib.util.spec_from_file_location("stream", EXAMPLE / "stream.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Recorder:
    """Stands for an estimator: writes down what it is given, and scores as it is told."""

    def __init__(self, scores):
        self.learning_rate = 1.0
        self.scores = iter(scores)
        self.given = []
        self.epochs = []

    def __deepcopy__(self, memo):
        copied = Recorder([])
        copied.given, copied.epochs = list(self.given), list(self.epochs)
        return copied

    def set_params(self, learning_rate):
        self.learning_rate = learning_rate
        return self

    def partial_fit(self, X, y, classes):
        self.given.append((X[:, 0], y, classes, self.learning_rate))

    def score(self, X, y):
        self.epochs.append(self.given)
        self.given = []
        return next(self.scores)


def numbered(*lengths):
    """Files of images that hold their numbers, sorted by class: as many classes as files."""
    numbers = np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1])
    return [(np.c_[some, some], np.full(len(some), label)) for label, some in enumerate(numbers)]


def test_every_image_is_learned_once_in_an_epoch_in_an_order_of_its_own(stream):
    model = Recorder([0.1, 0.2, 0.3])
    stream.fit_stream(model, numbered(20_000, 20_001, 63), None, None, max_epochs=3)
    orders = []
    for epoch in model.epochs:
        images, labels = (np.concatenate(parts) for parts in list(zip(*epoch, strict=True))[:2])
        np.testing.assert_array_equal(np.sort(images), np.arange(40_064))
        np.testing.assert_array_equal(labels, np.searchsorted([20_000, 40_001], images, side="right"))
        assert max(len(given[0]) for given in epoch) <= stream.PIECE * stream.CHUNK
        assert all(given[2].tolist() == [0, 1, 2] for given in epoch)
        orders.append(tuple(images))
    assert len(set(orders)) == 3


def test_chunks_are_mixed_from_all_files(stream):
    model = Recorder([0.1])
    stream.fit_stream(model, numbered(40_000, 40_000), None, None, max_epochs=1)
    (epoch,) = model.epochs
    for _, labels, _, _ in epoch[:-1]:
        assert 0.35 < labels.mean() < 0.65


def test_the_learning_rate_goes_the_way_of_fit(stream):
    model = Recorder(range(20))
    best = stream.fit_stream(model, numbered(60_000), None, None, max_epochs=20)
    rates = [rate for epoch in model.epochs for *_, rate in epoch]
    done = (np.arange(len(rates)) + 0.5) / len(rates)
    np.testing.assert_allclose(rates, [learning_rate_factor("onecycle", share) for share in done])
    assert best.learning_rate == 1


def test_the_best_epoch_counts_and_a_score_that_does_not_improve_ends_the_training(stream):
    model = Recorder([0.1, 0.5, 0.4, 0.5, 0.3, 0.9])
    best = stream.fit_stream(model, numbered(100), None, None, max_epochs=20, patience=3)
    assert len(model.epochs) == 5
    assert len(best.epochs) == 2
    assert best.learning_rate == 1


def test_a_folder_of_files_is_learned_as_well_as_by_fit(stream, tmp_path, monkeypatch):
    digits = load_digits()
    X, X_val, y, y_val = train_test_split(digits.data, digits.target, random_state=0)
    order = np.argsort(y, kind="stable")  # the files hold two classes each
    for number, rows in enumerate(np.array_split(order, 5)):
        np.save(tmp_path / f"images_{number}.npy", X[rows])
        np.save(tmp_path / f"labels_{number}.npy", y[rows])
    files = [
        (np.load(path, mmap_mode="r"), np.load(path.with_name(path.name.replace("images", "labels"))))
        for path in sorted(tmp_path.glob("images_*.npy"))
    ]
    monkeypatch.setattr(stream, "PIECE", 4)
    monkeypatch.setattr(stream, "CHUNK", 64)
    model = MLPClassifier((64,), batch_size=32, random_state=0)
    expected = clone(model).fit(X, y).score(X_val, y_val)
    model.set_params(lr_schedule=None)
    streamed = stream.fit_stream(model, files, X_val, y_val, max_epochs=20, patience=20)
    assert streamed.score(X_val, y_val) > expected - 0.02
    alone = clone(model)
    for images, labels in files * 20:
        alone.partial_fit(images, labels, classes=np.arange(10))
    assert alone.score(X_val, y_val) < 0.5  # it knows the classes of the last file


@pytest.mark.real_data
def test_real_images_are_learned_nearly_as_well_as_by_fit(stream, fashion_mnist):
    (X, y), (X_test, y_test) = fashion_mnist
    model = MLPClassifier(random_state=0)
    expected = clone(model).set_params(max_epochs=3).fit(X[:50_000], y[:50_000]).score(X_test, y_test)
    files = [(X[:30_000], y[:30_000]), (X[30_000:50_000], y[30_000:50_000])]
    model.set_params(lr_schedule=None)
    streamed = stream.fit_stream(model, files, X[50_000:], y[50_000:], max_epochs=3)
    assert streamed.score(X_test, y_test) > expected - 0.015


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder with images.npy of 157 MB, labels.npy, and images to score."""
    folder = tmp_path_factory.mktemp("large")
    X, y = make_garments(1000, random_state=0, return_X_y=True)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (N_COPIES * len(X), 784))
    for start in range(0, len(images), len(X)):
        images[start : start + len(X)] = X
    images.flush()
    np.save(folder / "labels.npy", np.tile(y, N_COPIES))
    X_val, y_val = make_garments(500, random_state=1, return_X_y=True)
    np.savez(folder / "val.npz", X=X_val, y=y_val)
    yield folder
    (folder / "images.npy").unlink()


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {example!r})
from stream import fit_stream
from skfashion.neural_network import CNNClassifier, MLPClassifier

def data_mb():  # what RLIMIT_DATA limits: memory of one's own, without pages of files that are only read
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmData")) / 1024

folder = Path({folder!r})
val = dict(np.load(folder / "val.npz"))
y = np.load(folder / "labels.npy")
model = MLPClassifier((32,), lr_schedule=None, random_state=0)
model.partial_fit(val["X"], val["y"], classes=np.arange(10)).predict(val["X"])  # libraries load what they need
limit = int((data_mb() + {extra}) * 2**20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
model = MLPClassifier((32,), lr_schedule=None, random_state=0)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")
@pytest.mark.parametrize(
    "fit",
    [
        "fit_stream(model, [(X, y)], val['X'], val['y'], max_epochs=1)",
        "model.set_params(lr_schedule='onecycle', max_epochs=1).fit(X, y)",
    ],
    ids=["stream", "memory map"],
)
def test_images_that_do_not_fit_into_memory(large, fit):
    """157 MB of images where 100 MB may be taken: read as a whole they fail, from the disk they are learned."""
    code = (
        LIMITED.format(example=str(EXAMPLE), folder=str(large), extra=100)
        + f"""
try:
    np.load(folder / "images.npy")
    print("read")
except MemoryError:
    print("MemoryError")
X = np.load(folder / "images.npy", mmap_mode="r")
print({fit}.score(val["X"], val["y"]))
"""
    )
    read, score = run_python(code).split()
    assert read == "MemoryError"
    assert float(score) > 0.8


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")
def test_without_the_limit_the_same_images_can_be_read(large):
    """So that it is the limit of the test above that hits."""
    code = (
        LIMITED.format(example=str(EXAMPLE), folder=str(large), extra=400)
        + """
model.set_params(max_epochs=1).fit(np.load(folder / "images.npy"), y)
print(model.score(val["X"], val["y"]))
"""
    )
    assert float(run_python(code)) > 0.8

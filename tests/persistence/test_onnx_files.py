"""What ONNX files hold, how they are written, and what is refused by name."""

import io
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from onnx_files import metadata, named, onnx, run
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skfashion._onnx import onnx_labels
from skfashion.baselines import CentroidSampler, ClusterClassifier, KNNClassifier, SubspaceClassifier, make_hog_svc
from skfashion.datasets import make_garments
from skfashion.extending import BaseNetClassifier, Network, estimator
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    MLPClassifier,
)
from skfashion.persistence import to_onnx
from skfashion.persistence._weights import compress
from skfashion.preprocessing import ImageReader

SMALL = {"max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def small():
    """Small garments and their labels."""
    return make_garments(200, random_state=0, return_X_y=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.mark.parametrize(("weights", "share", "atol"), [("float16", 0.52, 1e-3), ("int8", 0.28, 0.02)])
@named([MLPClassifier((256, 64), **SMALL), CNNClassifier(**SMALL), Autoencoder(8, **SMALL)])
def test_weights_in_fewer_bytes(small, model, weights, share, atol, path):
    X, y = small
    model.fit(X, y)
    to_onnx(model, path)
    full, expected = path.stat().st_size, run(path, X)
    to_onnx(model, path, weights=weights)
    assert path.stat().st_size < share * full
    for name, values in run(path, X).items():
        if name == "label":
            assert (values == expected[name]).mean() > 0.97
        else:
            np.testing.assert_allclose(values, expected[name], atol=atol * np.abs(expected[name]).max())


def test_a_file_says_what_it_accepts_and_nothing_of_the_machine(small, path):
    X, y = small
    to_onnx(MLPClassifier((8,), **SMALL).fit(X, y), str(path))
    model = onnx.load(path)
    assert model.producer_name == "skfashion"
    assert model.producer_version
    assert metadata(path) == {
        "classes": list(range(10)),
        "image_shape": [1, 28, 28],
        "channels_last": False,
        "pixel_scale": "levels",
    }
    assert b".py" not in path.read_bytes()


def test_a_file_is_replaced_when_the_new_one_is_complete(small, path, monkeypatch):
    X, y = small
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    path.write_text("the old one")

    def full_disk(*names):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        to_onnx(model, path)
    assert path.read_text() == "the old one"
    assert list(path.parent.iterdir()) == [path]
    monkeypatch.undo()
    to_onnx(model, path)
    np.testing.assert_array_equal(run(path, X)["label"], model.predict(X))
    file = io.BytesIO()
    to_onnx(model, file)
    assert file.getvalue() == path.read_bytes()
    with pytest.raises(TypeError, match="must be a path or a binary file"):
        to_onnx(model, io.StringIO())


def test_nothing_is_printed_and_no_logger_changed(small, path, capfd, caplog):
    X, y = small
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    level = logging.getLogger("torch.onnx").level
    capfd.readouterr()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        to_onnx(model, path)
    assert not caught
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]
    assert logging.getLogger("torch.onnx").level == level


def test_threads_leave_filters_and_loggers_as_they_were(small, path):
    X, y = small
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    filters, level = list(warnings.filters), logging.getLogger("torch.onnx").level
    paths = [path.with_name(f"{index}.onnx") for index in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda each: to_onnx(model, each), paths))
    assert len({each.read_bytes() for each in paths}) == 1
    assert (list(warnings.filters), logging.getLogger("torch.onnx").level) == (filters, level)


# --- what is refused


def test_more_than_fits_into_a_file_is_refused(small, path, monkeypatch):
    X, y = small
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    monkeypatch.setattr("skfashion.persistence._to_onnx._MOST_BYTES", 4 * 6000)
    with pytest.raises(ValueError, match="GiB of weights: an ONNX file in one piece holds 2 GiB at most"):
        to_onnx(model, path)
    assert not path.exists()


def test_what_is_not_fitted_is_refused(small, path):
    X, y = small
    for model in (
        MLPClassifier(),
        LogisticRegression(),
        make_pipeline(StandardScaler(), MLPClassifier()),
        GridSearchCV(MLPClassifier(), {"tol": [0]}),
        GridSearchCV(MLPClassifier((8,), **SMALL), {"tol": [0]}, cv=2, refit=False).fit(X, y),
    ):
        with pytest.raises(NotFittedError):
            to_onnx(model, path)
    assert not path.exists()


def net_of_its_own(n_features, n_outputs):
    import torch

    class TwoWays(torch.nn.Module):
        """A network that takes another way for bright images, which no graph has."""

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(n_features, n_outputs)

        def forward(self, images):
            scores = self.layer(images.flatten(1))
            return scores if float(images.mean()) > 0.5 else 2 * scores

    return TwoWays()


@estimator
class OwnClassifier(BaseNetClassifier):
    """A classifier with a network of its own."""

    def _network(self):
        sizes = {"n_features": self.n_features_in_, "n_outputs": len(self.classes_)}
        return Network(module=net_of_its_own, arguments=sizes, foreign=True)


def double(X):
    return 2 * X


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (AutoencoderOutlierDetector(Autoencoder(4, **SMALL)), TypeError, "AutoencoderOutlierDetector .* outlier"),
        (IsolationForest(n_estimators=5, random_state=0), TypeError, "IsolationForest .* outlier"),
        (CentroidSampler(KMeans(3, n_init=1)), TypeError, "CentroidSampler .* draws"),
        (KNNClassifier(), TypeError, "KNNClassifier .* training images"),
        (make_hog_svc(20, random_state=0), TypeError, "HOGTransformer, in FeatureUnion, cannot .* numpy"),
        (ClusterClassifier(random_state=0), TypeError, "ClusterClassifier .* clusterer may be"),
        (KMeans(3, n_init=1, random_state=0), TypeError, "KMeans .* clusterer"),
        (make_pipeline(FunctionTransformer(double), Ridge()), TypeError, "FunctionTransformer .*double"),
        (make_pipeline(FunctionTransformer(np.log1p), Ridge()), TypeError, "FunctionTransformer .*log1p"),
        (make_pipeline(RBFSampler(random_state=0), Ridge()), TypeError, "RBFSampler"),
        (VotingClassifier([("a", MLPClassifier((8,), **SMALL))]), TypeError, "VotingClassifier cannot .*MLPClassifier"),
        (
            NearestCentroid(),
            TypeError,
            "NearestCentroid cannot",
        ),
        (make_pipeline("passthrough"), TypeError, "nothing to export"),
        (OwnClassifier(**SMALL), ValueError, "network of OwnClassifier cannot be exported"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_exported_is_refused_by_name(small, model, error, says, path):
    X, y = small
    model = model.fit(X, y)
    with pytest.raises(error, match=says) as refused:
        to_onnx(model, path)
    assert not path.exists()
    assert isinstance(refused.value, ValueError) or "can be" in str(refused.value)


def test_a_reader_of_files_is_refused(path):
    model = ImageReader((8, 6))
    with pytest.raises(TypeError, match=r"ImageReader .* reads files"):
        to_onnx(model.fit(np.array([["a.png"]])) if not hasattr(model, "n_features_in_") else model, path)


@pytest.mark.parametrize("thing", [None, "model", 3, MLPClassifier], ids=str)
def test_what_is_no_estimator_is_refused(thing, path):
    with pytest.raises(TypeError, match="exports a fitted estimator"):
        to_onnx(thing, path)


@pytest.mark.parametrize("option", [{"input_dtype": "float64"}, {"weights": "int4"}, {"weights": None}], ids=str)
def test_unknown_options_are_refused(small, option, path):
    X, y = small
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be one of"):
        to_onnx(SubspaceClassifier(2).fit(X, y), path, **option)


@pytest.mark.parametrize("labels", [[b"boot", b"dress"], [1, "dress"], [1 + 1j, 2 + 0j]], ids=str)
def test_labels_without_a_type_in_onnx_are_refused(labels):
    with pytest.raises(TypeError, match="MLPClassifier has labels of type"):
        onnx_labels(np.array(labels, dtype=object), "MLPClassifier")


@pytest.mark.parametrize("unit", ["D", "s", "ns"])
def test_times_are_no_labels_of_onnx(unit):
    with pytest.raises(TypeError, match=rf"labels of type datetime64\[{unit}\]: an ONNX file holds bools"):
        onnx_labels(np.array([0, 1], dtype=f"M8[{unit}]"), "MLPClassifier")


def test_ints_beyond_int64_are_no_labels_of_onnx():
    with pytest.raises(ValueError, match="MLPClassifier has labels up to 9223372036854775808, beyond int64"):
        onnx_labels(np.array([0, 2**63], dtype=np.uint64), "MLPClassifier")
    smallest = np.array([-(2**63), 0])
    np.testing.assert_array_equal(onnx_labels(smallest, "MLPClassifier")[0], smallest)


def test_a_missing_package_is_named(small, path, monkeypatch):
    X, y = small
    model = SubspaceClassifier(2).fit(X, y)
    monkeypatch.setitem(__import__("sys").modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'pip install "skfashion\[onnx\]"'):
        to_onnx(model, path)


def test_weights_beyond_float16_are_not_shortened(small, path):
    X, y = small
    model = MLPClassifier((64,), **SMALL).fit(X, y)
    with torch.no_grad():
        model.module_.state_dict()["1.weight"][0, 0] = 1e5
    to_onnx(model, path, weights="float16")
    answers = run(path, X)
    assert np.isfinite(answers["probabilities"]).all()
    np.testing.assert_allclose(answers["probabilities"], model.predict_proba(X), atol=5e-3)


@pytest.mark.parametrize(
    ("kind", "attributes", "axis"),
    [
        ("Gemm", {"transB": 1}, 0),
        ("Gemm", {"transB": 0}, 1),
        ("Gemm", {}, 1),
        ("MatMul", {}, 1),
        ("Conv", {}, 0),
        ("ConvTranspose", {}, 1),
    ],
    ids=str,
)
def test_int8_has_a_scale_for_each_output(kind, attributes, axis):
    """So that outputs of small weights keep two digits beside one of large weights."""
    rng = np.random.default_rng(0)
    shape = (40, 50, 3, 3) if kind.startswith("Conv") else (40, 50)
    size = np.logspace(-4, 4, shape[axis]).reshape([-1 if each == axis else 1 for each in range(len(shape))])
    weights = (size * rng.uniform(-1, 1, shape)).astype(np.float32)
    node = onnx.helper.make_node(kind, ["X", "W"], ["Y"], **attributes)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in "XY"]
    graph = onnx.helper.make_graph(
        [node], "graph", values[:1], values[1:], initializer=[onnx.numpy_helper.from_array(weights, "W")]
    )
    model = onnx.helper.make_model(graph)
    compress(model, "int8")
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    few, scale = stored["W_int8"], stored["W_scale"]
    assert few.dtype == np.int8
    others = tuple(each for each in range(len(shape)) if each != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    assert (np.abs(few * scale - weights) <= 1.001 * largest / 254).all()
    assert [each.op_type for each in model.graph.node] == ["Cast", "Mul", kind]

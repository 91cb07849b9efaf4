"""Tools of other projects that look into a fitted estimator; the extra ``ecosystem`` brings them."""

import contextlib
import importlib
import io
import json
import os
import pickle
import random
import warnings
import zipfile

import numpy as np
import pytest
import torch
from scipy.stats import betabinom, binom
from sklearn.base import clone

from skfashion.baselines import KNNClassifier, SubspaceClassifier
from skfashion.modules import conv, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)

# Some of these change the environment or the warning filters when they are imported, which no test should.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in (
        *("captum.attr", "cleanlab.classification", "cloudpickle", "imblearn.pipeline"),
        *("mapie.classification", "mlflow.pyfunc.scoring_server", "onnxruntime", "onnxscript", "safetensors.torch"),
        "skops.io",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


@pytest.fixture(autouse=True)
def state_of_other_projects(no_state_leaks):
    """Put back what tools of other projects change: they draw from global generators and set environment variables."""
    environment, python, numpy = dict(os.environ), random.getstate(), np.random.get_state()  # noqa: NPY002
    yield
    os.environ.clear()
    os.environ.update(environment)
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002


SMALL = {"max_epochs": 2, "random_state": 0}
CLASSIFIERS = [
    MLPClassifier((16,), **SMALL),
    CNNClassifier((conv(4, 5), pool(4)), **SMALL),
    ResNetClassifier(4, **SMALL),
    EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), **SMALL),
]
AUTOENCODERS = [Autoencoder(4, (8,), **SMALL), ConvAutoencoder(4, 4, **SMALL), VariationalAutoencoder(4, **SMALL)]


def names(models):
    return pytest.mark.parametrize("model", models, ids=lambda model: type(model).__name__)


def output(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.transform(X)


# What other projects deprecate among themselves, and say of their hooks, is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Setting .*hooks:UserWarning"),
]


@names([*CLASSIFIERS, *AUTOENCODERS])
def test_cloudpickle_takes_networks_of_a_lambda(garments, model):
    cloudpickle = pytest.importorskip("cloudpickle")
    X, y = garments
    again = pickle.loads(cloudpickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(output(again, X), output(model, X))
    layers = torch.nn.Flatten, torch.nn.Linear
    own = CNNClassifier(lambda shape, n: torch.nn.Sequential(layers[0](), layers[1](784, n)), **SMALL).fit(X, y)
    again = pickle.loads(cloudpickle.dumps(own))
    np.testing.assert_array_equal(output(again, X), output(own, X))


@names([*CLASSIFIERS, *AUTOENCODERS, SubspaceClassifier(4), KNNClassifier()])
def test_skops_has_to_trust_nothing_but_this_library(garments, model):
    skops = pytest.importorskip("skops.io")
    X, y = garments
    blob = skops.dumps(model.fit(X, y))
    types = skops.get_untrusted_types(data=blob)
    assert all(name.startswith("skfashion.") for name in types)
    again = skops.loads(blob, trusted=types)
    np.testing.assert_array_equal(output(again, X), output(model, X))


def test_no_code_is_hidden_in_a_skops_file(garments):
    skops = pytest.importorskip("skops.io")
    blob = skops.dumps(MLPClassifier((16,), **SMALL).fit(*garments))
    assert all(name.endswith((".npy", ".json")) for name in zipfile.ZipFile(io.BytesIO(blob)).namelist())


@names([*CLASSIFIERS, *AUTOENCODERS])
def test_safetensors_take_the_weights(garments, model, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    X, y = garments
    state = model.fit(X, y).module_.state_dict()
    read = safetensors.load(safetensors.save(state))
    assert all(torch.equal(read[name], value) for name, value in state.items())
    model.net_.save_params(f_params=str(tmp_path / "weights.safetensors"), use_safetensors=True)
    model.net_.load_params(f_params=str(tmp_path / "weights.safetensors"), use_safetensors=True)


@names(CLASSIFIERS)
def test_onnxruntime_gives_the_same_scores(garments, model, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    X, y = garments
    module = model.fit(X, y).module_
    images = torch.from_numpy(X[:50].reshape(-1, 1, 28, 28) / np.float32(255))
    rows = torch.export.Dim("rows", min=1, max=4096)
    path = str(tmp_path / "net.onnx")
    torch.onnx.export(module, (images[:2],), path, dynamic_shapes=({0: rows},), verbose=False)
    session = onnxruntime.InferenceSession(path)
    for n in (1, 50):
        (scores,) = session.run(None, {session.get_inputs()[0].name: images[:n].numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(scores, module(images[:n]), atol=1e-4)


@names(CLASSIFIERS)
def test_captum_attributes_scores_to_pixels(garments, model):
    attr = pytest.importorskip("captum.attr")
    X, y = garments
    if isinstance(model, ResNetClassifier):
        model = clone(model).set_params(flip_averaging=False)  # DeepLift bears no module that is used twice
    module = model.fit(X, y).module_
    model.predict(X)
    images = torch.from_numpy(X[:3].reshape(-1, 1, 28, 28) / np.float32(255))
    for method in (attr.Saliency, attr.IntegratedGradients, attr.DeepLift, attr.GuidedBackprop):
        attribution = method(module).attribute(images.clone().requires_grad_(True), target=1)
        assert attribution.shape == images.shape
        assert attribution.abs().sum() > 0


def test_mlflow_serves_the_pixels_of_json(garments, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    server = pytest.importorskip("mlflow.pyfunc.scoring_server")
    X, y = garments
    for number, model in enumerate(CLASSIFIERS[:2]):
        expected = model.fit(X, y).predict(X)
        folder = str(tmp_path / str(number))
        mlflow.sklearn.save_model(model, folder, serialization_format="cloudpickle")
        request = json.dumps({"inputs": X.tolist()})
        reply = server.invocations(request, "application/json", mlflow.pyfunc.load_model(folder), None)
        np.testing.assert_array_equal(json.loads(reply.response)["predictions"], expected)


def test_imbalanced_learn_keeps_the_scale_of_pixels(garments):
    over = pytest.importorskip("imblearn.over_sampling")
    pipeline = pytest.importorskip("imblearn.pipeline")
    X, y = garments
    rare = np.r_[np.flatnonzero(y != 3), np.flatnonzero(y == 3)[:10]]
    model = pipeline.make_pipeline(over.SMOTE(k_neighbors=3, random_state=0), MLPClassifier((32,), random_state=0))
    scores = [model.fit(pixels[rare], y[rare]).score(pixels, y) for pixels in (X, X / 255)]
    assert scores[0] == pytest.approx(scores[1], abs=0.05)
    assert min(scores) > 0.6


def covered(model, held_out, test):
    """How many sets of MAPIE hold the right label, and the range that allows for chance in both kinds of images."""
    classification = pytest.importorskip("mapie.classification")
    conformal = classification.SplitConformalClassifier(model, confidence_level=0.9, prefit=True).conformalize(
        *held_out
    )
    sets = conformal.predict_set(test[0])[1][:, :, 0]
    (X, y), n_held_out, n_test = held_out, len(held_out[1]), len(test[1])
    rank = int(np.ceil(0.9 * (n_held_out + 1)))
    # The definition: classes whose probability reaches the one of the right labels that this rank has from above.
    right = model.predict_proba(X)[np.arange(n_held_out), np.searchsorted(model.classes_, y)]
    expected = model.predict_proba(test[0]) >= np.sort(right)[n_held_out - rank]
    assert (sets != expected).mean() < 1e-3  # but for rounding
    n_right = sets[np.arange(n_test), np.searchsorted(model.classes_, test[1])].sum()
    return n_right, betabinom(n_test, rank, n_held_out + 1 - rank).interval(0.999)


def test_mapie_covers_what_it_promises(garments):
    X, y = garments
    names = np.array([f"garment {number}" for number in range(10)])[y]
    model = MLPClassifier((64,), batch_size=32, max_epochs=5, random_state=0).fit(X[:200], names[:200])
    n_right, (low, high) = covered(model, (X[200:400], names[200:400]), (X[400:], names[400:]))
    assert low <= n_right <= high < 200


@pytest.mark.real_data
def test_mapie_covers_what_it_promises_of_garments(fashion_mnist):
    (X, y), (X_test, y_test) = fashion_mnist
    model = MLPClassifier(max_epochs=10, random_state=0).fit(X[:10_000], y[:10_000])
    n_right, (low, high) = covered(model, (X[10_000:], y[10_000:]), (X_test, y_test))
    assert low <= n_right <= high
    # With 50,000 held-out images the threshold is nearly exact, and the test images scatter as coins do.
    assert np.abs(n_right - 9000) <= 9000 - binom(10_000, 0.9).ppf(0.0005)


def test_cleanlab_finds_wrong_labels(garments):
    classification = pytest.importorskip("cleanlab.classification")
    X, y = garments
    wrong = np.random.default_rng(0).choice(len(y), 60, replace=False)
    labels = y.copy()
    labels[wrong] = (labels[wrong] + 5) % 10
    model = MLPClassifier((64,), batch_size=32, random_state=0)
    issues = classification.CleanLearning(model, seed=0, cv_n_folds=3, verbose=False).find_label_issues(X, labels)
    found = np.flatnonzero(issues["is_label_issue"])
    assert np.isin(found, wrong).mean() > 0.25  # a tenth of the labels is wrong
    assert np.isin(wrong, found).mean() > 0.5

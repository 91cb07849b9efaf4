"""ONNX files: onnxruntime gives the answers of the estimator, and what has none is refused by name."""

import numpy as np
import pytest
from estimators import ESTIMATORS
from onnx_files import metadata, named, onnx, onnxruntime, run, skl2onnx
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from skfashion.baselines import SubspaceClassifier, make_pca_svc
from skfashion.datasets import make_garments
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    VariationalAutoencoder,
)
from skfashion.persistence import to_onnx

SMALL = {"max_epochs": 2, "random_state": 0}
EXPORTED = [estimator for estimator in ESTIMATORS if hasattr(estimator, "as_module")]
SIZES = (1, 2, 33)
METHODS = {"label": "predict", "probabilities": "predict_proba", "predictions": "predict", "transformed": "transform"}


@pytest.fixture(scope="module")
def small():
    """Small garments and their labels."""
    return make_garments(200, random_state=0, return_X_y=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def dtype_of_input(path):
    (given,) = onnx.load(path).graph.input
    return onnx.helper.tensor_dtype_to_np_dtype(given.type.tensor_type.elem_type)


def check_equal(path, model, X, sizes=SIZES, atol=1e-5):
    """Compare the answers of a file to those of the estimator; return the former for all of X."""
    for n in (*sizes, len(X)):
        answers = run(path, X[:n])
        for name, values in answers.items():
            expected = getattr(model, METHODS[name])(X[:n])
            assert values.shape == expected.shape
            if name == "label":
                np.testing.assert_array_equal(values, expected)
            else:
                assert values.dtype == np.float32
                np.testing.assert_allclose(values, expected, atol=atol, rtol=1e-5)
    return answers


def quick(model):
    return clone(model).set_params(**(SMALL if "max_epochs" in model.get_params() else {}))


# --- every estimator


@named(EXPORTED)
def test_a_file_gives_the_answers_of_the_estimator(small, model, path):
    X, y = small
    model = quick(model).fit(X, X.mean(axis=1) if is_regressor(model) else y)
    to_onnx(model, path)
    answers = check_equal(path, model, X)
    expected = {"label", "probabilities"} if is_classifier(model) else None
    expected = expected or ({"predictions"} if is_regressor(model) else {"transformed"})
    assert set(answers) == expected
    to_onnx(model, path, input_dtype="float32")
    check_equal(path, model, X / np.float32(255))
    check_equal(path, model, X.astype(np.float32))  # levels all the same


@pytest.mark.real_data
@named([*EXPORTED, CNNClassifier(), ConvAutoencoder(), VariationalAutoencoder(), ResNetClassifier(8)])
def test_a_file_gives_the_same_answers_to_real_images(fashion_mnist, model, path):
    (X, y), (X_test, _) = fashion_mnist
    X, y = X[:1000], y[:1000]
    model = quick(model).fit(X, X.mean(axis=1) if is_regressor(model) else y)
    to_onnx(model, path)
    check_equal(path, model, X_test[:2000], sizes=())


@pytest.mark.parametrize("shape", [(8, 9, 3), (3, 8, 9), (1, 1, 7)], ids=str)
def test_rows_are_arranged_as_in_the_fit(shape, path):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (40, np.prod(shape)), dtype=np.uint8), np.arange(40) % 2
    model = CNNClassifier(image_shape=shape, **SMALL).fit(X, y)
    to_onnx(model, path)
    check_equal(path, model, X)
    noted = metadata(path)
    assert noted["image_shape"] == list(model.image_shape_)
    assert noted["channels_last"] is (shape == (8, 9, 3))


def test_rows_that_are_no_images(tiny, path):
    X, y = tiny
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    to_onnx(model, path)
    assert dtype_of_input(path) == np.float32
    check_equal(path, model, X)


def test_a_frozen_encoder_of_each_kind(small, path):
    X, y = small
    for encoder in (ConvAutoencoder(4, **SMALL), VariationalAutoencoder(4, **SMALL)):
        model = EncoderClassifier(FrozenEstimator(encoder.fit(X)), **SMALL).fit(X, y)
        to_onnx(model, path)
        check_equal(path, model, X)


@pytest.mark.parametrize(
    ("model", "flip_averaging"),
    [(ResNetClassifier(width=4), False), (ResNetClassifier(width=4), True), (MLPClassifier((8,)), True)],
    ids=["ResNet", "ResNet, averaged", "MLP, averaged"],
)
def test_flip_averaging(small, model, flip_averaging, path):
    X, y = small
    targets = np.column_stack([y < 3, y % 2 == 0]).astype(int)
    for labels in (y, targets):
        model = clone(model).set_params(flip_averaging=flip_averaging, **SMALL).fit(X, labels)
        to_onnx(model, path)
        check_equal(path, model, X)


# --- labels and targets


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (np.array(["boot", "dress", "größer"]), object),
        (np.array(["boot", "dress", "shirt"], dtype=object), object),
        (np.array([3, 5, 250], dtype=np.uint8), np.int64),
        (np.array([-7, 2, 2**40]), np.int64),
        (np.array([-1.0, 1.0, 2.0]), np.float64),
        (np.array([False, True, True]), np.bool_),
    ],
    ids=["strings", "objects", "uint8", "int64", "floats", "bools"],
)
def test_labels_keep_their_kind(small, labels, dtype, path):
    X, y = small
    y = labels[y % 3]
    model = MLPClassifier((8,), **SMALL).fit(X, y)
    to_onnx(model, path)
    assert check_equal(path, model, X)["label"].dtype == dtype
    assert metadata(path)["classes"] == model.classes_.tolist()


@pytest.mark.parametrize("labels", [["boot", "dress", "shirt"], [3, 5, 250], [False, True, True]], ids=str)
def test_labels_of_scikit_learn_keep_their_kind(small, labels, path):
    X, y = small
    y = np.array(labels)[y % 3]
    model = make_pipeline(Autoencoder(8, **SMALL), StandardScaler(), LogisticRegression()).fit(X, y)
    to_onnx(model, path)
    assert check_equal(path, model, X)["label"].dtype in (object, np.int64, np.bool_)


def test_several_labels(small, path):
    X, y = small
    model = MLPClassifier((8,), **SMALL).fit(X, np.eye(10, dtype=int)[y] | np.eye(10, dtype=int)[(y + 1) % 10])
    to_onnx(model, path)
    assert check_equal(path, model, X)["label"].dtype == np.int64


@pytest.mark.parametrize("n_outputs", [None, 1, 2])
def test_targets_keep_their_shape_and_units(small, n_outputs, path):
    X, _ = small
    y = 1000 + X.mean(axis=1)
    model = MLPRegressor((8,), **SMALL).fit(X, y if n_outputs is None else np.column_stack([y] * n_outputs))
    to_onnx(model, path)
    check_equal(path, model, X)
    model = make_pipeline(Autoencoder(4, **SMALL), Ridge()).fit(X, y if n_outputs is None else np.c_[y, -y])
    to_onnx(model, path)
    check_equal(path, model, X)


# --- what estimators are in


PIPELINES = {
    "scaler, PCA, ours": make_pipeline(StandardScaler(), PCA(20, random_state=0), MLPClassifier((8,), **SMALL)),
    "ours, scikit-learn's": make_pipeline(Autoencoder(4, **SMALL), StandardScaler(), LogisticRegression()),
    "ours, ours": make_pipeline(Autoencoder(4, **SMALL), MLPClassifier((8,), **SMALL)),
    "levels out of a step": make_pipeline(VarianceThreshold(), MLPClassifier((8,), **SMALL)),
    "nested": make_pipeline(make_pipeline(MinMaxScaler(), "passthrough"), make_pipeline(None, SubspaceClassifier(3))),
    "a union": make_pipeline(
        FeatureUnion([("pca", PCA(3, random_state=0)), ("codes", Autoencoder(4, **SMALL))]),
        StandardScaler(),
        MLPClassifier((8,), **SMALL),
    ),
    "PCA and SVC": make_pca_svc(20, random_state=0),
    "a forest": make_pipeline(Autoencoder(4, **SMALL), RandomForestClassifier(5, random_state=0)),
    "a transformer": make_pipeline(MinMaxScaler(), Autoencoder(4, **SMALL)),
    "a linear SVC": make_pipeline(PCA(5, random_state=0), StandardScaler(), LinearSVC(random_state=0)),
    "columns": make_pipeline(
        ColumnTransformer([("codes", Autoencoder(4, **SMALL), slice(0, 784)), ("top", StandardScaler(), slice(0, 99))])
    ),
    "a ridge": make_pipeline(PCA(5, random_state=0), RidgeClassifier()),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline(small, name, path):
    X, y = small
    model = clone(PIPELINES[name]).fit(X, np.array(list("abcdefghij"))[y])
    to_onnx(model, path)
    check_equal(path, model, X.astype(dtype_of_input(path)), atol=1e-4)
    to_onnx(model, path, input_dtype="uint8")
    assert dtype_of_input(path) == np.uint8
    check_equal(path, model, X, atol=1e-4)


def test_what_is_only_wrapped_around_an_estimator(small, path):
    X, y = small
    search = GridSearchCV(MLPClassifier((8,), **SMALL), {"learning_rate": [0.001, 0.01]}, cv=2).fit(X, y)
    for model in (
        search,
        FrozenEstimator(search),
        make_pipeline(FrozenEstimator(search.best_estimator_)).fit(X, y),
        GridSearchCV(make_pipeline(MinMaxScaler(), MLPClassifier((8,), **SMALL)), {"mlpclassifier__tol": [0]}, cv=2),
    ):
        model = model if hasattr(model, "classes_") else model.fit(X, y)
        to_onnx(model, path)
        check_equal(path, model, X.astype(dtype_of_input(path)))


def test_skl2onnx_by_itself_knows_our_estimators(small):
    X, y = small
    X = X / np.float32(255)
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), **SMALL)).fit(X, y)
    file = skl2onnx.to_onnx(model, X[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    label, probabilities = session.run(None, {"X": X})
    np.testing.assert_array_equal(label, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)

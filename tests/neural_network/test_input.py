"""What a network is given: data that it takes, and data that it refuses with the errors of scikit-learn."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from networks import MODELS, methods_of, mlp, partial_fit
from sklearn.exceptions import NotFittedError

from skfashion.neural_network import MLPClassifier, MLPRegressor


def spoiled(X, value):
    X = X.astype(float)
    X[3, 2] = value
    return X


BAD_X = {
    "NaN": (lambda X: spoiled(X, np.nan), "NaN"),
    "inf": (lambda X: spoiled(X, np.inf), "infinity"),
    "beyond float32": (lambda X: spoiled(X, 1e39), "float32"),
    "empty": (lambda X: X[:0], "0 sample"),
    "no features": (lambda X: X[:, :0], "0 feature"),
    "1-D": (lambda X: X[:, 0], "Expected 2D array, got 1D array"),
    "5-D": (lambda X: X[:, :, None, None, None], "dim 5"),
    "ragged": (lambda X: [[1.0, 2.0], [3.0]], "one size|inhomogeneous"),
    "complex": (lambda X: X + 1j, "Complex data not supported"),
    "words": (
        lambda X: np.full(X.shape, "shoe"),
        "not compatible with arrays of bytes/strings|could not convert string",
    ),
    "objects": (lambda X: np.full(X.shape, {}, dtype=object), "argument must be a string|float"),
    "dates": (lambda X: X.astype("datetime64[s]"), "datetime64"),
    "None": (lambda X: None, "array"),
    "a string": (lambda X: "shoes", "array"),
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("name", BAD_X)
def test_bad_X(tiny, model, name):
    X, y = tiny
    spoil, message = BAD_X[name]
    bad = spoil(X)
    with pytest.raises((ValueError, TypeError), match=message):
        copy.deepcopy(model).fit(bad, y)
    with pytest.raises((ValueError, TypeError), match=message):
        partial_fit(copy.deepcopy(model), bad, y)
    for method in methods_of(copy.deepcopy(model).fit(X, y)):
        with pytest.raises((ValueError, TypeError), match=message):
            method(bad)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_unfitted(model, tiny):
    X, y = tiny
    for method in methods_of(model):
        with pytest.raises(NotFittedError):
            method(X)
    with pytest.raises(NotFittedError):
        model.score(X, y)


def test_validation_data_beyond_reach_raise(tiny):
    X, y = tiny
    with pytest.raises(ValueError, match=r"diverged.*valid_loss"), pytest.warns(UserWarning, match="one scale"):
        mlp().fit(X, y, X_val=np.sign(X).astype(float) * 3e38, y_val=y)


def test_column_names_of_polars(tiny):
    polars = pytest.importorskip("polars")
    X, y = tiny
    frame = polars.DataFrame(X, schema=list("abcdef"))
    model = mlp().fit(frame, y)
    assert list(model.feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(frame[list("fedcba")])


def test_number_and_names_of_columns(tiny):
    X, y = tiny
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = mlp().fit(frame, y)
    assert list(model.feature_names_in_) == list("abcdef")
    for method in methods_of(model):
        with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing"):
            method(frame[list("abcde")])
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            method(frame[list("fedcba")])
    for method in methods_of(mlp().fit(X, y)):
        with pytest.raises(ValueError, match="X has 5 features, but MLPClassifier is expecting 6 features"):
            method(X[:, :5])


BAD_Y = {
    "NaN": (lambda y: np.where(y == 0, np.nan, y), "NaN"),
    "floats": (lambda y: y + 0.5, "Unknown label type: continuous"),
    "too short": (lambda y: y[:-1], "inconsistent numbers of samples"),
    "two columns": (lambda y: np.c_[y, y], "1d array|Multioutput|multioutput"),
    "None": (lambda y: None, "requires y to be passed, but the target y is None"),
    "mixed": (lambda y: np.array([*y[:-1], "shoe"], dtype=object), "uniformly strings or numbers|mix of label|label"),
}


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y(tiny, name):
    X, y = tiny
    spoil, message = BAD_Y[name]
    with pytest.raises((ValueError, TypeError), match=message):
        mlp().fit(X, spoil(y))


BAD_WEIGHTS = {
    "negative": (lambda w: -w, "[Nn]egative values in data passed to `sample_weight`"),
    "NaN": (lambda w: w * np.nan, "NaN"),
    "inf": (lambda w: w * np.inf, "infinity"),
    "too short": (lambda w: w[:-1], "sample_weight"),
    "2-D": (lambda w: w[:, None], "[Ss]ample weights must be 1D"),
    "zero": (lambda w: 0 * w, "weights must contain at least one non-zero"),
}


@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_bad_weights(tiny, name):
    X, y = tiny
    spoil, message = BAD_WEIGHTS[name]
    with pytest.raises(ValueError, match=message):
        mlp().fit(X, y, sample_weight=spoil(np.ones(len(y))))


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["coat", "bag", "shoe"]),
        np.array(["coat", "bag", "shoe"], dtype=object),
        np.array([-5, 1000, 7]),
        np.array([0, 1, 2], dtype=np.uint8),
        np.array([2.0, 4.0, 8.0]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_any_labels_come_back(tiny, labels):
    X, y = tiny
    model = mlp(max_epochs=20, learning_rate=0.01).fit(X, labels[y])
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype == labels.dtype
    assert (predicted == labels[y]).mean() > 0.9
    assert model.score(X, labels[y]) > 0.9
    np.testing.assert_array_equal(model.classes_, np.unique(labels))


def test_bool_and_categorical_labels(tiny):
    X, y = tiny
    assert mlp().fit(X, y == 0).predict(X).dtype == bool
    categories = pd.Series(pd.Categorical.from_codes(y, ["coat", "bag", "shoe"]))
    assert set(mlp().fit(X, categories).predict(X)) <= {"coat", "bag", "shoe"}


def test_containers_mean_the_same(tiny):
    X, y = tiny
    expected = mlp().fit(X, y).predict_proba(X)
    polars = pytest.importorskip("polars")
    for same_X in (
        X.tolist(),
        pd.DataFrame(X),
        polars.DataFrame(X),
        torch.from_numpy(X),
        np.asfortranarray(X),
        X[::-1][::-1],
    ):
        found = mlp().fit(same_X, y.tolist()).predict_proba(same_X)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float64 else 0)


@pytest.mark.parametrize("values", [(-1, 1), (1, 2), (0, 2)])
def test_indicator_matrices_hold_0_and_1(garments, values):
    X, indicators = garments[0][:100], (garments[0][:100, [100, 300, 500]] > 100).astype(int)
    other = np.array(values)[indicators]
    model = MLPClassifier((8,), max_epochs=1, random_state=0)
    for arguments in ({"X": X, "y": other}, {"X": X, "y": indicators, "X_val": X, "y_val": other}):
        with pytest.raises(ValueError, match=rf"holds 0 and 1, but y holds \[{values[0]}, {values[1]}"):
            model.fit(**arguments)


@pytest.mark.parametrize("dtype", [str, "datetime64[s]"])
def test_targets_of_regressors_are_numbers(garments, dtype):
    model = MLPRegressor((8,), max_epochs=1, random_state=0)
    with pytest.raises(ValueError, match="targets of a regressor must be numbers"):
        model.fit(garments[0], garments[1].astype(dtype))

"""The table of classifiers: paired tests against counted values, and what is refused."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skfashion.baselines import SubspaceClassifier
from skfashion.metrics import accuracy_interval, compare_classifiers, mcnemar_test
from skfashion.neural_network import MLPClassifier


@pytest.fixture(scope="module")
def predictions():
    """Labels, and predictions that are right in a known share of cases."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 400)
    shares = {"good": 0.9, "fair": 0.85, "poor": 0.6, "bad": 0.5}
    return y, {name: np.where(rng.random(400) < share, y, (y + 1) % 4) for name, share in shares.items()}


def test_accuracies_and_intervals(predictions):
    y, predicted = predictions
    table, _ = compare_classifiers(dict(reversed(predicted.items())), y_test=y)
    assert list(table.index) == ["good", "fair", "poor", "bad"]
    for name, row in table.iterrows():
        assert tuple(row[["accuracy", "low", "high"]]) == pytest.approx(accuracy_interval(y, predicted[name]))
        assert row[["fit_seconds", "predict_seconds", "size_mb"]].isna().all()
    wide, _ = compare_classifiers(predicted, y_test=y, confidence=0.999)
    assert (wide.low < table.low).all()


def test_pvalues_are_corrected_as_holm_says(predictions):
    y, predicted = predictions
    table, pvalues = compare_classifiers(predicted, y_test=y)
    names = list(table.index)
    against = [mcnemar_test(y, predicted["good"], predicted[name]).pvalue for name in names[1:]]
    assert np.isnan(table.pvalue["good"])
    corrected = table.pvalue[names[1:]].to_numpy()
    ranked, running = np.argsort(against), 0.0
    for place, number in enumerate(ranked):  # the textbook's steps
        running = max(running, min(1, (len(against) - place) * against[number]))
        assert corrected[number] == pytest.approx(running)
    pairs = [(one, other) for number, one in enumerate(names) for other in names[number + 1 :]]
    raw = {pair: mcnemar_test(y, *(predicted[name] for name in pair)).pvalue for pair in pairs}
    smallest = min(raw, key=raw.get)
    assert pvalues.loc[smallest] == pytest.approx(min(1, len(pairs) * raw[smallest]))
    np.testing.assert_array_equal(pvalues, pvalues.T)
    assert (np.diag(pvalues) == 1).all()
    assert all(pvalues.loc[pair] >= raw[pair] for pair in pairs)


def test_equal_classifiers_do_not_differ(predictions):
    y, predicted = predictions
    table, pvalues = compare_classifiers({"a": predicted["good"], "b": predicted["good"]}, y_test=y)
    assert table.pvalue["b"] == 1
    assert (pvalues == 1).all(axis=None)


def test_estimators_are_fitted_timed_and_weighed(garments):
    X, y = garments
    names = np.array(list("abcdefghij"))[y]
    models = {"network": MLPClassifier((16,), max_epochs=2, random_state=0), "subspaces": SubspaceClassifier(3)}
    table, _ = compare_classifiers(models, X[400:], names[400:], X_train=X[:400], y_train=names[:400])
    assert not hasattr(models["network"], "net_")
    fitted = {name: model.fit(X[:400], names[:400]) for name, model in models.items()}
    again, _ = compare_classifiers(fitted, X[400:], names[400:])
    np.testing.assert_array_equal(table.accuracy, again.accuracy)
    assert (table.fit_seconds > 0).all()
    assert again.fit_seconds.isna().all()
    assert (again.predict_seconds > 0).all()
    weights = sum(weight.nbytes for weight in fitted["network"].module_.state_dict().values())
    assert 1e6 * again.size_mb["network"] == pytest.approx(weights, rel=1.0)
    assert 1e6 * again.size_mb["network"] > weights
    mixed, _ = compare_classifiers({"model": fitted["network"], "labels": names[400:]}, X[400:], names[400:])
    assert mixed.accuracy["labels"] == 1
    assert "network" in table.to_latex()


@pytest.mark.parametrize(
    ("classifiers", "given", "error", "says"),
    [
        ([1, 2], {}, TypeError, "must be a dict"),
        ({"a": [0, 1]}, {}, ValueError, r"At least two.*\['a'\]"),
        ({"a": [0, 1], "b": [0, 1]}, {"y_test": None}, ValueError, "y_test is needed"),
        ({"a": [0, 1], "b": [0, 1, 1]}, {}, ValueError, "inconsistent"),
        ({"a": [0, 1], "b": ["x", "y"]}, {}, ValueError, "[Mm]ix"),
        ({"a": [0, 1], "b": KMeans()}, {"X_test": [[0.0]] * 2}, TypeError, "'b' is no classifier but KMeans"),
        ({"a": [0, 1], "b": DummyClassifier()}, {}, ValueError, "'b' is a classifier: X_test is needed"),
        ({"a": [0, 1], "b": LogisticRegression()}, {"X_test": [[0.0]] * 2}, NotFittedError, "not fitted"),
    ],
)
def test_what_cannot_be_compared_is_refused(classifiers, given, error, says):
    with pytest.raises(error, match=says):
        compare_classifiers(classifiers, **{"y_test": [0, 1], **given})


def test_pandas_are_asked_for(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'skfashion\[pandas\]'"):
        compare_classifiers({"a": [0], "b": [0]}, y_test=[0])

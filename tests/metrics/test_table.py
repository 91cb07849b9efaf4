"""The table of classifiers: paired tests against counted values, and what is refused."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from benchmarks import evidence
from benchmarks.bench_classifiers import CLASSIFIERS
from benchmarks.predictions import stored_predictions
from skfashion.baselines import SubspaceClassifier
from skfashion.datasets import fetch_fashion_mnist
from skfashion.metrics import accuracy_interval, compare_classifiers, mcnemar_test
from skfashion.neural_network import MLPClassifier

NOT_REFITTED = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=2, refit=False).fit([[0.0]] * 4, [0, 1] * 2)


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
    wide, _ = compare_classifiers(predicted, y_test=y, confidence_level=0.999)
    assert (wide.low < table.low).all()


def test_pvalues_are_corrected_as_holm_says(predictions):
    y, predicted = predictions
    table, pvalues = compare_classifiers(predicted, y_test=y)
    names = list(table.index)
    against = [mcnemar_test(y, predicted["good"], predicted[name]).pvalue for name in names[1:]]
    assert np.isnan(table.pvalue["good"])
    corrected = table.pvalue[names[1:]].to_numpy()
    ranked, running = np.argsort(against), 0.0
    for index, number in enumerate(ranked):  # the textbook's steps
        running = max(running, min(1, (len(against) - index) * against[number]))
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
    by_lambda = make_pipeline(FunctionTransformer(lambda images: images), SubspaceClassifier(3))
    unpickled, _ = compare_classifiers(
        {"pixels": fitted["subspaces"], "lambda": by_lambda.fit(X[:400], names[:400])}, X, names
    )
    assert unpickled.size_mb.isna().to_dict() == {"pixels": False, "lambda": True}
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
        ({"a": [0, 1], "b": [1, 1]}, {"y_train": [0, 1]}, ValueError, "X_train and y_train belong together"),
        ({"a": [0, 1], "b": [1, 1]}, {"X_train": [[0.0]] * 2}, ValueError, "X_train and y_train belong together"),
        ({"a": [0, 1], "b": None}, {}, TypeError, "'b' is neither a classifier that predicts nor .* None"),
        ({"a": [0, 1], "b": NOT_REFITTED}, {}, TypeError, "'b' is neither .* GridSearchCV"),
        ({"a": [0, 1], "b": KMeans()}, {"X_test": [[0.0]] * 2}, TypeError, "'b' is not a classifier but KMeans"),
        ({"a": [0, 1], "b": DummyClassifier()}, {}, ValueError, "'b' is a classifier: X_test is needed"),
        ({"a": [0, 1], "b": LogisticRegression()}, {"X_test": [[0.0]] * 2}, NotFittedError, "not fitted"),
    ],
)
def test_what_cannot_be_compared_is_refused(classifiers, given, error, says):
    with pytest.raises(error, match=says):
        compare_classifiers(classifiers, **{"y_test": [0, 1], **given})


def test_pandas_are_asked_for(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install "skfashion\[pandas\]"'):
        compare_classifiers({"a": [0], "b": [0]}, y_test=[0])


def test_values_of_statsmodels(predictions):
    y, predicted = predictions
    table, pvalues = compare_classifiers(predicted, y_test=y)
    names = list(table.index)
    for name in names:
        right = int((predicted[name] == y).sum())
        assert tuple(table.loc[name, ["low", "high"]]) == pytest.approx(proportion_confint(right, 400, method="wilson"))
    pairs = list(combinations(names, 2))
    right = {name: predicted[name] == y for name in names}
    counts = [[[(right[one] == a) & (right[other] == b) for b in (1, 0)] for a in (1, 0)] for one, other in pairs]
    raw = [mcnemar(np.sum(each, axis=-1), exact=True).pvalue for each in counts]
    for (one, other), pvalue in zip(pairs, raw, strict=True):
        assert mcnemar_test(y, predicted[one], predicted[other]).pvalue == pytest.approx(pvalue)
    assert [pvalues.loc[pair] for pair in pairs] == pytest.approx(multipletests(raw, method="holm")[1])


def test_the_table_of_the_readme():
    """Its accuracies and intervals come out of the predictions that are stored, and are printed as they are."""
    rows = evidence.read("classifiers")["rows"]
    y_true, stored = stored_predictions("classifiers")
    assert set(stored) == set(rows)
    table, _ = compare_classifiers(stored, y_test=y_true)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for name, row in table.iterrows():
        assert round(100 * row.accuracy, 2) == rows[name]["accuracy"]
        assert [round(100 * row.low, 2), round(100 * row.high, 2)] == rows[name]["interval"]
        assert f"| `{name}` | {100 * row.accuracy:.1f} % | {100 * row.low:.1f} to {100 * row.high:.1f} |" in readme


@pytest.mark.parametrize("model", ["KNNClassifier(4, weights='distance')", "SubspaceClassifier()"])
@pytest.mark.real_data
def test_stored_predictions_are_those_of_the_classifier(model):
    y_true, stored = stored_predictions("classifiers")
    X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    np.testing.assert_array_equal(y_true, y_test)
    fitted = CLASSIFIERS[model].fit(*fetch_fashion_mnist(return_X_y=True))
    assert (fitted.predict(X_test) == stored[model]).mean() > 0.999


def test_latex_holds_accuracies_intervals_times_and_sizes(garments):
    X, y = garments
    models = {"subspaces": SubspaceClassifier(3), "means_1": SubspaceClassifier(1)}
    table, _ = compare_classifiers(models, X[400:], y[400:], X_train=X[:400], y_train=y[:400])
    latex = table.to_latex(float_format="%.4f", escape=True)
    assert r"means\_1" in latex
    lines = [line for line in latex.splitlines() if line.startswith("subspaces")]
    cells = [cell.strip(" \\") for cell in lines[0].split("&")]
    assert cells[1:4] == [
        f"{value:.4f}"
        for value in accuracy_interval(y[400:], models["subspaces"].fit(X[:400], y[:400]).predict(X[400:]))
    ]
    assert len(cells) == 1 + len(table.columns)
    for column in ("low", "high", "pvalue", "fit", "predict", "size"):
        assert column in latex

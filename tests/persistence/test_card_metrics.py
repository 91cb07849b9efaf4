"""The numbers of model cards are scikit-learn's on the same predictions."""

import re

import numpy as np
import pytest
from cards import card_of, ends, estimates, files, near, rows
from scipy.optimize import linear_sum_assignment
from scipy.stats import bootstrap
from sklearn import metrics
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer

from skfashion.baselines import SpectralClusterer, SubspaceClassifier
from skfashion.metrics import accuracy_interval
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    MLPClassifier,
    MLPRegressor,
    VariationalAutoencoder,
)
from skfashion.persistence import model_card

NAMES = np.array(["T-shirt", "pair | of $a_b$ *trousers*", "<b>", "# four", "5", "`six`", "7", "8", "9", "[10](x)"])


def test_metrics_of_a_classifier_are_those_of_scikit_learn(split, mlp, tmp_path):
    _, _, X, y = split
    card = card_of(mlp, tmp_path, X, y)
    predicted, proba = mlp.predict(X), mlp.predict_proba(X)
    assert estimates(card) == {
        "Accuracy": near(metrics.accuracy_score(y, predicted)),
        "Balanced accuracy": near(metrics.balanced_accuracy_score(y, predicted)),
        "Log loss": near(metrics.log_loss(y, proba)),
    }
    assert ends(rows(card, "Metrics")[0][2]) == near([*accuracy_interval(y, predicted)[1:]])
    recall = metrics.recall_score(y, predicted, average=None, zero_division=np.nan)
    precision = metrics.precision_score(y, predicted, average=None, zero_division=np.nan)
    table = rows(card, "Classes one by one")
    assert [int(row[1]) for row in table] == np.bincount(y).tolist()
    for column, expected in ((2, recall), (4, precision)):
        shown = [np.nan if row[column] == "-" else float(row[column]) for row in table]
        assert shown == pytest.approx(expected, abs=5.1e-5, nan_ok=True)


def test_intervals_hold_the_estimate_and_shrink_with_more_images(split, mlp, tmp_path):
    _, _, X, y = split
    widths = []
    for n in (50, 200):
        for _, estimate, interval in (table := rows(card_of(mlp, tmp_path / str(n), X[:n], y[:n]), "Metrics")):
            low, high = ends(interval)
            assert low <= float(estimate) <= high
        widths.append([high - low for low, high in (ends(row[2]) for row in table)])
    assert all(few > many for few, many in zip(*widths, strict=True))


def test_intervals_are_those_of_95_percent(split, mlp, tmp_path):
    _, _, X, y = split
    card = card_of(mlp, tmp_path, X, y)
    losses = -mlp.predict_log_proba(X)[np.arange(len(y)), y]
    (interval,) = (row[2] for row in rows(card, "Metrics") if row[0] == "Log loss")
    expected = bootstrap((losses,), np.mean, method="percentile", n_resamples=4000, rng=0).confidence_interval
    assert np.diff(ends(interval)) == pytest.approx(np.diff(expected), rel=0.1)  # at 90 % it is 0.84 of that
    predicted = mlp.predict(X)
    for label, row in enumerate(rows(card, "Classes one by one")):
        for column, of in ((2, y == label), (4, predicted == label)):
            if of.any():
                assert ends(row[column + 1]) == near([*accuracy_interval(y[of], predicted[of])[1:]])


def test_the_most_confused_pairs_are_the_largest_of_the_confusion_matrix(split, mlp, tmp_path):
    _, _, X, y = split
    table = rows(card_of(mlp, tmp_path, X, y), "Most confused pairs")
    confusion = metrics.confusion_matrix(y, mlp.predict(X))
    counts = [int(row[2]) for row in table]
    assert [confusion[int(row[0]), int(row[1])] for row in table] == counts
    assert counts == sorted(confusion[~np.eye(10, dtype=bool)])[: -len(counts) - 1 : -1]
    assert table[0][3] == f"{100 * counts[0] / confusion[int(table[0][0])].sum():.1f} %"


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_metrics_of_a_regressor_are_those_of_scikit_learn(split, tmp_path, n_outputs):
    X, y, X_test, y_test = split
    y, y_test = (np.c_[each, -3.0 * each][:, :n_outputs].squeeze() for each in (y, y_test))
    model = MLPRegressor((16,), batch_size=32, max_epochs=4, random_state=0).fit(X, y)
    card = card_of(model, tmp_path, X_test, y_test)
    predicted = model.predict(X_test)
    assert estimates(card) == {
        "R2": near(metrics.r2_score(y_test, predicted)),
        "Mean absolute error": near(metrics.mean_absolute_error(y_test, predicted)),
    }
    assert files(tmp_path) == {"README.md", "estimator.html", "training_curve.png"}


@pytest.mark.parametrize(
    "model",
    [SpectralClusterer(4, random_state=0), make_pipeline(PCA(8, random_state=0), KMeans(12, random_state=0))],
    ids=["ours", "Pipeline"],
)
def test_metrics_of_a_clusterer_are_those_of_scikit_learn(split, tmp_path, model):
    X, _, X_test, y_test = split
    clusters = model.fit(X).predict(X_test)
    counts = metrics.cluster.contingency_matrix(y_test, clusters)
    matched = counts[linear_sum_assignment(-counts)].sum()
    card = card_of(model, tmp_path / "card", X_test, NAMES[y_test])
    assert "the best one-to-one matching of clusters and classes" in card
    table = rows(card, "Metrics")
    assert {name: float(value) for name, value, _ in table} == {
        "Clustering accuracy": near(matched / len(y_test)),
        "Normalised mutual information": near(metrics.normalized_mutual_info_score(y_test, clusters)),
        "Adjusted Rand index": near(metrics.adjusted_rand_score(y_test, clusters)),
    }
    assert [row[2] for row in table] == ["-"] * 3
    assert "Intervals" not in card
    with pytest.raises(ValueError, match="clusterers need"):
        model_card(model, tmp_path / "other", X_test)
    with pytest.raises(ValueError, match="neither predicts nor reconstructs"):
        model_card(DBSCAN().fit(X), tmp_path / "other", X_test, y_test)


@pytest.mark.parametrize("before", [(), (FunctionTransformer(lambda X: X / 255),)], ids=["alone", "last step"])
def test_the_error_of_an_autoencoder_is_its_score(split, tmp_path, before):
    X, _, X_test, _ = split
    model = make_pipeline(*before, Autoencoder(4, (16,), max_epochs=2, random_state=0)).fit(X)
    card = card_of(model, tmp_path, X_test)
    assert estimates(card) == {"Reconstruction error (MSE per pixel)": near(-model.score(X_test))}
    assert files(tmp_path) == {"README.md", "estimator.html", "training_curve.png", "reconstructions.png"}
    with pytest.raises(ValueError, match="without their noise"):
        model_card(model, tmp_path / "other", X_test, X_test[:, 0])


def test_the_error_of_denoising_is_the_score_on_clean_images(split, tmp_path):
    X, _, X_test, _ = split
    model = Autoencoder(4, (16,), max_epochs=2, random_state=0).fit(X)
    noise = np.random.default_rng(0).integers(0, 50, X_test.shape, dtype=np.uint8)
    noisy = np.minimum(X_test, 255 - noise) + noise
    card = card_of(model, tmp_path, noisy, X_test)
    assert estimates(card) == {"Denoising error (MSE per pixel)": near(-model.score(noisy, X_test))}


@pytest.mark.parametrize(
    "before",
    [(), (MinMaxScaler(clip=True),), (MinMaxScaler(), Normalizer())],
    ids=["alone", "last step", "after a step without a way back"],
)
def test_the_error_of_a_conditional_autoencoder_is_that_of_the_right_classes(split, tmp_path, before):
    X, y, X_test, y_test = split
    settings = {"n_channels": (), "hidden_layer_sizes": (16,), "max_epochs": 2, "conditional": True, "random_state": 0}
    model = make_pipeline(*before, VariationalAutoencoder(4, **settings)).fit(X, NAMES[y])
    card = card_of(model, tmp_path, X_test, NAMES[y_test])
    assert estimates(card) == {"Reconstruction error (MSE per pixel)": near(-model.score(X_test, NAMES[y_test]))}
    assert files(tmp_path) == {"README.md", "estimator.html", "training_curve.png", "reconstructions.png"}
    with pytest.raises(ValueError, match="score_samples needs y"):
        model_card(model, tmp_path / "other", X_test)


def test_metrics_of_an_outlier_detector(split, tmp_path):
    X, y, X_test, y_test = split
    inner = Autoencoder(4, (16,), max_epochs=2, random_state=0)
    model = AutoencoderOutlierDetector(inner, random_state=0).fit(X[y < 8])
    found = model.predict(X_test) == -1
    assert estimates(card_of(model, tmp_path / "without", X_test)) == {"Share taken for outliers": near(found.mean())}
    outlier = y_test >= 8
    card = card_of(model, tmp_path / "with", X_test, np.where(outlier, -1, 1))
    assert estimates(card) == {
        "ROC AUC": near(metrics.roc_auc_score(~outlier, model.score_samples(X_test))),
        "True positive rate (outliers)": near(found[outlier].mean()),
        "False positive rate": near(found[~outlier].mean()),
    }
    with pytest.raises(ValueError, match="-1 for outliers"):
        model_card(model, tmp_path / "other", X_test, y_test)


def test_several_labels_per_image(split, tmp_path):
    X, y, X_test, y_test = split
    labels, truth = (np.c_[each < 5, each % 2 == 0, each == 3].astype(int) for each in (y, y_test))
    model = MLPClassifier((16,), batch_size=32, max_epochs=5, random_state=0).fit(X, labels)
    card = card_of(model, tmp_path, X_test, truth, class_names=["low", "even", "three"])
    predicted = model.predict(X_test)
    assert estimates(card) == {
        "Accuracy (all labels of an image right)": near(metrics.accuracy_score(truth, predicted)),
        "Hamming loss": near(metrics.hamming_loss(truth, predicted)),
    }
    table = rows(card, "Classes one by one")
    assert [row[0] for row in table] == ["low", "even", "three"]
    recall = metrics.recall_score(truth, predicted, average=None, zero_division=0)
    assert [float(row[2]) for row in table] == near(recall.tolist())
    assert "confusion_matrix.png" not in files(tmp_path)
    with pytest.raises(ValueError, match="indicator matrix"):
        model_card(model, tmp_path / "other", X_test, truth[:, :2])


def test_several_targets_per_image(split, tmp_path):
    X, y, X_test, y_test = split
    targets, truth = (np.c_[each % 3, each > 4] for each in (y, y_test))
    model = MultiOutputClassifier(MLPClassifier((16,), batch_size=32, max_epochs=4, random_state=0)).fit(X, targets)
    card = card_of(model, tmp_path, X_test, truth)
    equal = model.predict(X_test) == truth
    assert estimates(card) == {
        "Accuracy (all targets of an image right)": near(equal.all(axis=1).mean()),
        "Accuracy of target 0": near(equal[:, 0].mean()),
        "Accuracy of target 1": near(equal[:, 1].mean()),
    }
    with pytest.raises(ValueError, match="shape of the predictions"):
        model_card(model, tmp_path / "other", X_test, truth[:, :1])
    with pytest.raises(ValueError, match="has classes for each target"):
        model_card(model, tmp_path / "other", X_test, truth, class_names=["a", "b"])


@pytest.mark.parametrize("n_classes", [1, 2, 10, 30, 31])
def test_numbers_of_classes(split, tmp_path, n_classes):
    X, *_ = split
    names = [f"a very long name of class {n} that fills more than a line" for n in range(31)]
    y = np.array(names)[np.arange(len(X)) % n_classes]
    card = card_of(MLPClassifier((8,), max_epochs=1, random_state=0).fit(X, y), tmp_path, X, y)
    assert len(rows(card, "Classes one by one")) == n_classes
    assert ("confusion_matrix.png" in files(tmp_path)) == (n_classes <= 30)
    assert all(value >= 0 for value in estimates(card).values())


def test_names_of_classes_are_no_markup(split, tmp_path):
    X, y, X_test, y_test = split
    card = card_of(SubspaceClassifier(3).fit(X, NAMES[y]), tmp_path, X_test, NAMES[y_test])
    shown = [row[0] for row in rows(card, "Classes one by one")]
    assert [re.sub(r"\\(.)", r"\1", name) for name in shown] == sorted(NAMES)
    assert "\\<b\\>" in shown
    assert "pair \\| of \\$a\\_b\\$ \\*trousers\\*" in shown


def test_a_class_without_test_images_has_no_recall(split, mlp, tmp_path):
    _, _, X, y = split
    card = card_of(mlp, tmp_path, X[y < 9], y[y < 9])
    assert rows(card, "Classes one by one")[9][:4] == ["9", "0", "-", "-"]
    expected = metrics.recall_score(y[y < 9], mlp.predict(X[y < 9]), average="macro", labels=range(9))
    assert estimates(card)["Balanced accuracy"] == near(expected)


def test_one_test_image(split, mlp, tmp_path):
    _, _, X, y = split
    assert estimates(card_of(mlp, tmp_path / "labels", X[:1], y[:1]))["Accuracy"] in (0, 1)
    ridge = Ridge().fit(X, y)
    card = card_of(ridge, tmp_path / "numbers", X[:1], y[:1])
    assert rows(card, "Metrics") == [["Mean absolute error", rows(card, "Metrics")[0][1], "-"]]

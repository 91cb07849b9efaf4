"""Calibration and selective prediction, against values that are counted one by one."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator

from skfashion.metrics import expected_calibration_error, reliability_bins, risk_coverage_curve, threshold_for_risk
from skfashion.neural_network import MLPClassifier


@pytest.fixture(scope="module")
def probabilities():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.full(5, 0.3), size=2000)
    return rng.integers(0, 5, 2000), proba


@pytest.fixture(scope="module")
def model(garments):
    X, y = garments
    return MLPClassifier((32,), max_epochs=30, batch_size=16, random_state=0).fit(X[:250], y[:250])


class Softmax(ClassifierMixin, BaseEstimator):
    """Features are the logits of the classes."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.asarray(X)

    def predict_proba(self, X):
        return softmax(X, axis=1)

    def predict(self, X):
        return self.classes_[np.argmax(X, axis=1)]


def counted(y, proba, n_bins):
    """The expected calibration error, bin after bin."""
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == y
    total = 0.0
    for number in range(n_bins):
        low, high = number / n_bins, (number + 1) / n_bins
        members = (confidence > low) & (confidence <= high)
        if members.any():
            total += members.sum() * abs(right[members].mean() - confidence[members].mean())
    return total / len(y)


@pytest.mark.parametrize("n_bins", [1, 7, 15, 100])
def test_calibration_error_is_that_of_its_definition(n_bins, probabilities):
    y, proba = probabilities
    assert expected_calibration_error(y, proba, n_bins=n_bins) == pytest.approx(counted(y, proba, n_bins))


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_bins_are_those_of_scikit_learn(strategy, probabilities):
    y, proba = probabilities
    bins = reliability_bins(y, proba, n_bins=10, strategy=strategy)
    right, confidence = proba.argmax(axis=1) == y, proba.max(axis=1)
    accuracy, mean = calibration_curve(right, confidence, n_bins=10, strategy=strategy)
    np.testing.assert_allclose(bins.accuracy, accuracy)
    np.testing.assert_allclose(bins.confidence, mean)
    assert bins.counts.sum() == len(y)
    if strategy == "quantile":
        assert set(bins.counts) == {200}


def test_true_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(4), size=100_000)
    y = (rng.random((100_000, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(y, proba) < 0.005
    sure = np.eye(4)[proba.argmax(axis=1)]
    assert expected_calibration_error(y, sure) == pytest.approx((proba.argmax(axis=1) != y).mean())


def test_labels_of_any_kind(probabilities):
    y, proba = probabilities
    names = np.array(["e", "b", "x", "c", "a"])
    expected = expected_calibration_error(y, proba)
    assert expected_calibration_error(names[y], proba, labels=names) == expected
    few = y < 3
    assert expected_calibration_error(y[few], proba[few], labels=range(5)) == pytest.approx(
        counted(y[few], proba[few], 15)
    )


def test_temperature_scaling_lowers_the_error(model, garments):
    """Of an overconfident network, by scikit-learn's own tool around a frozen estimator."""
    X, y = garments
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(X[250:400], y[250:400])
    before, after = (
        expected_calibration_error(y[400:], each.predict_proba(X[400:]), labels=each.classes_)
        for each in (model, calibrated)
    )
    assert after < before


def with_temperature(model, X, y):
    """A calibrated model, and its temperature."""
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(X, y)
    (calibrator,) = calibrated.calibrated_classifiers_[0].calibrators
    return calibrated, 1 / calibrator.beta_


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_what_is_calibrated_stays_as_it_is(garments, label_smoothing):
    """Too sure of itself, or not enough: a second temperature from the same images is 1, and one from others nearly."""
    X, y = garments
    network = MLPClassifier((32,), max_epochs=80, batch_size=16, label_smoothing=label_smoothing, random_state=0)
    once, first = with_temperature(network.fit(X[:200], y[:200]), X[200:400], y[200:400])
    assert first < 0.9 if label_smoothing else first > 1.1
    again, second = with_temperature(once, X[200:400], y[200:400])
    assert second == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(again.predict_proba(X[400:]), once.predict_proba(X[400:]), atol=0.01)
    others, third = with_temperature(once, X[400:], y[400:])
    assert third == pytest.approx(1, abs=0.15)  # 200 images of other 200
    np.testing.assert_array_equal(others.predict(X), network.predict(X))


def test_true_probabilities_stay_as_they_are():
    """Of a model that is right by construction, whose error is that of the sample."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3)).astype(np.float32)
    y = (rng.random((len(X), 1)) > softmax(X, axis=1).cumsum(axis=1)).sum(axis=1).clip(max=2)
    model = Softmax().fit(X, y)
    calibrated, temperature = with_temperature(model, X[:10_000], y[:10_000])
    assert temperature == pytest.approx(1, abs=0.05)
    before, after = (
        expected_calibration_error(y[10_000:], each.predict_proba(X[10_000:])) for each in (model, calibrated)
    )
    assert before < 0.015
    assert after < before + 0.01


def test_risk_and_coverage_are_counted_one_by_one():
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    confidence = rng.integers(0, 40, 300) / 40  # many are equal
    curve = risk_coverage_curve(y, predicted, confidence)
    assert curve.thresholds.tolist() == sorted(set(confidence.tolist()), reverse=True)
    for coverage, risk, threshold in zip(*curve, strict=True):
        kept = confidence >= threshold
        assert coverage == pytest.approx(kept.mean())
        assert risk == pytest.approx((y != predicted)[kept].mean())
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx((y != predicted).mean())


def test_a_perfect_order_has_all_errors_at_its_end():
    y, predicted = np.zeros(10, dtype=int), np.array([0] * 7 + [1] * 3)
    curve = risk_coverage_curve(y, predicted, -np.arange(10.0))
    np.testing.assert_allclose(curve.risk, [0] * 7 + [1 / 8, 2 / 9, 3 / 10])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"y_proba": np.full((3, 2), 0.7)}, "probabilities"),
        ({"y_proba": [[-0.5, 1.5]] * 3}, "probabilities"),
        ({"y_proba": [[0.5, np.nan]] * 3}, "NaN"),
        ({"y_proba": [[0.5, 0.5]] * 2}, "inconsistent"),
        ({"y_proba": [[0.2, 0.3, 0.5]] * 3}, "3 columns for 2 classes: pass labels"),
        ({"labels": [0, 7]}, r"y_true holds labels without a column in y_proba: \['1'\]"),
        ({"n_bins": 0}, "n_bins"),
        ({"strategy": "width"}, "strategy must be 'uniform' or 'quantile'. Got 'width'"),
    ],
)
def test_what_is_no_probability_is_refused(changes, says):
    given = {"y_true": [0, 1, 1], "y_proba": [[0.5, 0.5]] * 3, **changes}
    for function in (expected_calibration_error, reliability_bins):
        with pytest.raises(ValueError, match=says):
            function(**given)


def test_confidences_that_are_none_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        risk_coverage_curve([0, 1], [0, 1], [0.5, np.nan])
    with pytest.raises(ValueError, match="inconsistent"):
        risk_coverage_curve([0, 1], [0, 1], [0.5])


@pytest.mark.parametrize(
    "function", [risk_coverage_curve, lambda *given: threshold_for_risk(*given, risk=0.5)], ids=["curve", "threshold"]
)
def test_labels_of_two_kinds_or_numbers_are_no_errors(function):
    with pytest.raises(ValueError, match="Mix of label"):
        function(["0", "1"] * 50, [0, 1] * 50, [0.9, 0.8] * 50)
    with pytest.raises(ValueError, match="continuous"):
        function([0.5, 0.7] * 50, [0.51, 0.7] * 50, [0.9, 0.8] * 50)


@pytest.mark.parametrize("function", [reliability_bins, expected_calibration_error])
def test_numbers_are_no_classes(function):
    with pytest.raises(ValueError, match="continuous"):
        function([0.5, 0.7], [[0.9, 0.1], [0.8, 0.2]])


@pytest.mark.parametrize("n", [5, 25, 49, 301, 313])
def test_quantiles_divide_predictions_evenly(n):
    """No bin has one prediction more or less because a quantile was rounded; ties stay together."""
    for seed in range(20):
        right = np.random.default_rng(seed).random(n) / 2 + 0.5
        counts = reliability_bins(
            np.zeros(n, int), np.c_[right, 1 - right], labels=[0, 1], n_bins=12, strategy="quantile"
        )
        assert np.ptp(counts.counts) <= 1
        assert counts.counts.sum() == n
    tied = np.repeat([0.6, 0.8], [7, 5])
    bins = reliability_bins(np.zeros(12, int), np.c_[tied, 1 - tied], labels=[0, 1], n_bins=4, strategy="quantile")
    assert bins.counts.tolist() == [7, 5]


def test_tensors_that_record_gradients(probabilities):
    y, proba = probabilities
    tensor = torch.tensor(proba, requires_grad=True)
    assert expected_calibration_error(y, tensor) == expected_calibration_error(y, proba)
    confidence, predicted = tensor.max(dim=1)
    curve = risk_coverage_curve(y, predicted, confidence)
    np.testing.assert_array_equal(curve.risk, risk_coverage_curve(y, proba.argmax(1), proba.max(1)).risk)

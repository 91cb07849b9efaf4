"""Displays of confidence: what they hold and draw is what the metrics say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from skfashion.inspection import MisclassifiedDisplay, ReliabilityDisplay, RiskCoverageDisplay
from skfashion.metrics import accuracy_interval, expected_calibration_error, reliability_bins, risk_coverage_curve
from skfashion.neural_network import MLPClassifier

DISPLAYS = [ReliabilityDisplay, RiskCoverageDisplay]


def test_reliability_is_drawn_with_its_intervals(mlp, garments):
    X, y = garments
    display = ReliabilityDisplay.from_estimator(mlp, X, y, n_bins=5)
    proba = mlp.predict_proba(X)
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == y
    x, heights = display.line_.get_data()
    segments = display.intervals_.get_segments()
    assert len(x) == len(segments) == len(display.bins.counts)
    for index, (at, height) in enumerate(zip(x, heights, strict=True)):
        members = np.ceil(confidence * 5) == np.ceil(at * 5)
        assert at == pytest.approx(confidence[members].mean())
        expected = accuracy_interval(np.ones(members.sum()), right[members])
        assert height == pytest.approx(expected.estimate)
        np.testing.assert_allclose(segments[index][:, 1], expected[1:])
    error = expected_calibration_error(y, proba, n_bins=5)
    assert display.error == error
    assert f"MLPClassifier: calibration error {error:.3f}" in legend(display)


def test_bins_of_equal_counts(mlp, garments):
    X, y = garments
    found = ReliabilityDisplay.from_estimator(mlp, X, y, strategy="quantile", n_bins=5).bins
    expected = reliability_bins(y, mlp.predict_proba(X), strategy="quantile", n_bins=5)
    np.testing.assert_array_equal(found.counts, expected.counts)
    assert np.ptp(found.counts) <= 1


def test_the_risk_begins_with_that_of_the_most_confident():
    curve = risk_coverage_curve([0, 1, 1], [1, 1, 1], [0.9, 0.8, 0.7])
    display = RiskCoverageDisplay.from_predictions([0, 1, 1], [1, 1, 1], [0.9, 0.8, 0.7])
    assert display.line_.get_ydata()[0] == 100 * curve.risk[0] == 100


def test_risk_is_drawn_in_percent(mlp, garments):
    X, y = garments
    display = RiskCoverageDisplay.from_estimator(mlp, X, y, name="a network")
    proba = mlp.predict_proba(X)
    curve = risk_coverage_curve(y, mlp.predict(X), proba.max(axis=1))
    x, heights = display.line_.get_data()
    np.testing.assert_allclose(x, 100 * np.r_[0, curve.coverage])
    np.testing.assert_allclose(heights[1:], 100 * curve.risk)
    assert display.area_ == pytest.approx(np.trapezoid(heights, x) / 1e4)
    assert legend(display) == [f"a network: area {display.area_:.4f}"]


@pytest.mark.parametrize("display", DISPLAYS)
def test_several_classifiers_on_one_axes(display, mlp, garments):
    X, y = garments
    first = display.from_estimator(mlp, X, y, name="one $ two")
    second = display.from_estimator(mlp, X[:300], y[:300], name="other", ax=first.ax_, line_kw={"color": "k"})
    assert second.ax_ is first.ax_
    assert [text.partition(":")[0] for text in legend(second) if ":" in text] == ["one $ two", "other"]
    assert sum(line.get_linestyle() == ":" for line in first.ax_.get_lines()) == (display is ReliabilityDisplay)
    assert second.line_.get_color() == "k"
    first.figure_.canvas.draw()
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("display", DISPLAYS)
def test_searches_and_frozen_estimators(display, mlp, garments):
    X, y = garments
    search = GridSearchCV(mlp, {"max_epochs": [1]}, cv=2).fit(X[:200], y[:200])
    for wrapped, inner in ((search, search.best_estimator_), (FrozenEstimator(mlp), mlp)):
        expected = display.from_estimator(inner, X, y).line_.get_xydata()
        np.testing.assert_array_equal(display.from_estimator(wrapped, X, y).line_.get_xydata(), expected)


@pytest.mark.parametrize("display", DISPLAYS)
def test_who_gives_no_confidence_is_refused(display, garments):
    X, y = garments
    with pytest.raises(TypeError, match="LinearSVC has no predict_proba"):
        display.from_estimator(LinearSVC().fit(X / 255, y), X, y)


@pytest.mark.parametrize("n_classes", [1, 10, 30])
def test_numbers_of_classes(n_classes):
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(n_classes), size=200)
    y = rng.integers(0, n_classes, 200)
    labels = range(n_classes)
    reliability = ReliabilityDisplay.from_predictions(y, proba, labels=labels)
    assert reliability.bins.counts.sum() == 200
    risk = RiskCoverageDisplay.from_predictions(y, proba.argmax(axis=1), proba.max(axis=1))
    assert risk.curve.risk[-1] == pytest.approx((y != proba.argmax(axis=1)).mean())
    reliability.figure_.canvas.draw()


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_a_threshold_decides_which_class_is_predicted(garments):
    X, y = garments[0] / 255, garments[1] == 6
    model = FixedThresholdClassifier(GaussianNB(var_smoothing=1.0), threshold=0.01).fit(X[:300], y[:300])
    proba, predicted = model.predict_proba(X), model.predict(X)
    assert (predicted != (proba[:, 1] > 0.5)).any()
    curve = RiskCoverageDisplay.from_estimator(model, X, y).curve
    assert curve.risk[-1] == pytest.approx(1 - model.score(X, y))
    expected = risk_coverage_curve(y, predicted, proba[np.arange(len(y)), predicted.astype(int)])
    np.testing.assert_array_equal(curve.thresholds, expected.thresholds)
    np.testing.assert_array_equal(curve.risk, expected.risk)


@pytest.mark.parametrize("display", [*DISPLAYS, MisclassifiedDisplay])
def test_who_is_no_classifier_is_refused(display, garments):
    X, y = garments[0][:100] / 255, garments[1][:100]
    for model in (KMeans(2, n_init=1), GaussianMixture(2, reg_covar=0.1), LinearRegression()):
        with pytest.raises(TypeError, match=f"{type(model).__name__} is not a classifier"):
            display.from_estimator(model.fit(X, y), X, y)
    labels = np.column_stack([y == 1, y == 2]).astype(int)
    with pytest.raises(ValueError, match=r"several labels|1d array"):
        display.from_estimator(MLPClassifier((4,), max_epochs=1).fit(X, labels), X, labels)
    assert not plt.get_fignums()


def test_a_worse_classifier_that_comes_later_is_seen():
    confidence = np.linspace(1, 0, 200)
    better = RiskCoverageDisplay.from_predictions(np.zeros(200), np.arange(200) > 190, confidence)
    worse = RiskCoverageDisplay.from_predictions(np.zeros(200), np.arange(200) % 2, confidence, ax=better.ax_)
    low, high = better.ax_.get_ylim()
    assert low <= 0
    assert worse.line_.get_ydata().max() <= high


@pytest.mark.parametrize("display", DISPLAYS)
def test_who_is_always_right_is_seen(display):
    if display is ReliabilityDisplay:
        drawn = display.from_predictions([0, 1], np.eye(2))
    else:
        drawn = display.from_predictions([0, 1], [0, 1], [0.9, 0.8])
    (left, right), (low, high) = drawn.ax_.get_xlim(), drawn.ax_.get_ylim()
    x, y = drawn.line_.get_data()
    assert low < min(y) <= max(y) < high
    assert left <= min(x) <= max(x) <= right

"""Displays of confidence: what they hold and draw is what the metrics say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.svm import LinearSVC

from skfashion.inspection import ReliabilityDisplay, RiskCoverageDisplay
from skfashion.metrics import accuracy_interval, expected_calibration_error, risk_coverage_curve

DISPLAYS = [ReliabilityDisplay, RiskCoverageDisplay]


def test_reliability_is_drawn_with_its_intervals(mlp, garments):
    X, y = garments
    display = ReliabilityDisplay.from_estimator(mlp, X, y, n_bins=5)
    proba = mlp.predict_proba(X)
    confidence, right = proba.max(axis=1), proba.argmax(axis=1) == y
    x, heights = display.line_.get_data()
    segments = display.intervals_.get_segments()
    assert len(x) == len(segments) == len(display.bins.counts)
    for place, (at, height) in enumerate(zip(x, heights, strict=True)):
        members = np.ceil(confidence * 5) == np.ceil(at * 5)
        assert at == pytest.approx(confidence[members].mean())
        expected = accuracy_interval(np.ones(members.sum()), right[members])
        assert height == pytest.approx(expected.estimate)
        np.testing.assert_allclose(segments[place][:, 1], expected[1:])
    error = expected_calibration_error(y, proba, n_bins=5)
    assert display.error == error
    assert f"MLPClassifier: calibration error {error:.3f}" in legend(display)


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

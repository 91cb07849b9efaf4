"""A threshold for a risk: its promise, on draws whose true risk is known, and what it says of those given."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import binom

from skfashion.metrics import risk_coverage_curve, threshold_for_risk
from skfashion.neural_network import MLPClassifier

RISK = 0.1


def drawn(rng, n_samples):
    """Predictions of which a share of (1 - confidence) is wrong: labels, predictions and confidences above 0.5."""
    confidence = rng.uniform(0.5, 1, n_samples)
    return np.zeros(n_samples), (rng.uniform(size=n_samples) > confidence).astype(int), confidence


def true_risk(threshold):
    return (1 - threshold) / 2


def test_the_promise_holds_in_nine_of_ten_draws():
    """The threshold of the curve itself, without a bound, misses the risk far more often."""
    rng = np.random.default_rng(0)
    risks, unbounded = [], []
    for _ in range(120):
        predictions = drawn(rng, 3000)
        risks.append(true_risk(threshold_for_risk(*predictions, risk=RISK, confidence_level=0.9).threshold))
        curve = risk_coverage_curve(*predictions)
        unbounded.append(true_risk(curve.thresholds[curve.risk <= RISK][-1]))
    assert np.mean(np.array(risks) > RISK) < 0.1
    assert np.mean(np.array(unbounded) > RISK) > 1 / 3


def test_more_predictions_come_closer_to_what_is_possible():
    """A risk of 0.1 is reached by the threshold 0.8, above which 40 % lie."""
    rng = np.random.default_rng(0)
    coverages = [threshold_for_risk(*drawn(rng, n), risk=RISK).coverage for n in (1000, 10_000, 100_000)]
    assert coverages == sorted(coverages)
    assert coverages[-1] == pytest.approx(0.4, abs=0.02)


def test_the_bound_is_that_of_its_definition():
    """So many errors or fewer are as improbable at the bound as a third of what is allowed."""
    kept = threshold_for_risk(*drawn(np.random.default_rng(0), 3000), risk=RISK, confidence_level=0.8)
    n_kept = round(kept.coverage * 3000)
    n_wrong = round(kept.risk * n_kept)
    bound = brentq(lambda risk: binom.cdf(n_wrong, n_kept - 1, risk) - 0.2 / 3, 1e-6, 1 - 1e-6)
    assert kept.bound == pytest.approx(bound)
    assert kept.bound <= RISK


def test_a_higher_risk_or_a_lower_probability_keeps_more():
    predictions = drawn(np.random.default_rng(0), 2000)
    by_risk = [threshold_for_risk(*predictions, risk=risk).coverage for risk in (0.08, 0.12, 0.2, 0.5)]
    by_level = [threshold_for_risk(*predictions, risk=RISK, confidence_level=p).coverage for p in (0.99, 0.9, 0.5)]
    for coverages in (by_risk, by_level):
        assert coverages == sorted(set(coverages))
    assert by_risk[-1] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_reaches_the_threshold_is_what_was_counted(dtype):
    """Also where many confidences are equal, and in the precision of a network."""
    y, predicted, confidence = drawn(np.random.default_rng(0), 5000)
    confidence = confidence.round(2).astype(dtype)
    kept = threshold_for_risk(y, predicted, confidence, risk=0.15)
    reached = confidence >= kept.threshold
    assert 0.2 < kept.coverage < 1
    assert kept.coverage == pytest.approx(reached.mean())
    assert kept.risk == pytest.approx((predicted != y)[reached].mean())


def test_without_an_error_all_are_kept():
    kept = threshold_for_risk(["a"] * 300, ["a"] * 300, np.arange(300.0), risk=0.05)
    assert kept[:3] == (0.0, 1.0, 0.0)


def test_a_network_answers_that_it_does_not_know(garments):
    """By one line, in any labels."""
    X, y = garments
    names = np.array([f"garment {number}" for number in range(10)])[y]
    model = MLPClassifier((32,), max_epochs=20, batch_size=16, random_state=0).fit(X[:300], names[:300])
    confidence, predicted = model.predict_proba(X[300:]).max(axis=1), model.predict(X[300:])
    kept = threshold_for_risk(names[300:], predicted, confidence, risk=0.2)
    answers = np.where(confidence >= kept.threshold, predicted, "ask a person")
    assert (answers != "ask a person").mean() == pytest.approx(kept.coverage)
    assert 0.1 < kept.coverage < 1


@pytest.mark.parametrize("n_samples", [1, 2, 10, 100])
def test_too_few_predictions_prove_nothing(n_samples):
    with pytest.raises(ValueError, match=r"No threshold keeps the risk below 0.01 with a probability of 0.95"):
        threshold_for_risk(np.zeros(n_samples), np.zeros(n_samples), np.arange(n_samples), risk=0.01)


def test_what_is_always_wrong_is_not_kept():
    with pytest.raises(ValueError, match=r"100.00% are wrong, which is known to stay below 100.00% only"):
        threshold_for_risk(np.zeros(500), np.ones(500), np.ones(500), risk=0.5)


@pytest.mark.parametrize("changes", [{"risk": 0.0}, {"risk": 1.0}, {"risk": 0.1, "confidence_level": 1.0}])
def test_shares_that_are_none_are_refused(changes):
    with pytest.raises(ValueError, match=list(changes)[-1]):
        threshold_for_risk([0, 1], [0, 1], [0.5, 0.6], **changes)
    with pytest.raises(TypeError, match="risk"):
        threshold_for_risk([0, 1], [0, 1], [0.5, 0.6], risk="low")


def test_it_starts_at_the_largest_share_that_passes():
    """Errors that come just after an eighth of the predictions do not end the search where a half of them passes."""
    predicted = np.zeros(2000, dtype=int)
    predicted[260:320] = 1
    confidence = np.linspace(1, 0.5, 2000)
    kept = threshold_for_risk(np.zeros(2000, dtype=int), predicted, confidence, risk=0.1)
    assert kept.threshold == 0.5
    assert kept.coverage == 1
    assert kept.risk == 0.03

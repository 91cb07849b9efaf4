"""Density and coverage, precision and recall."""

import numpy as np
import pytest

from skfashion.metrics import _fidelity, density_coverage, generative_precision_recall


def by_pairs(X, Y):
    """Distances of all pairs, one by one."""
    return np.array([[np.sqrt(sum((a - b) ** 2 for a, b in zip(x, y, strict=True))) for y in Y] for x in X])


def radii(X, k):
    return [sorted(np.delete(row, index))[k - 1] for index, row in enumerate(by_pairs(X, X))]


@pytest.fixture(params=[(40, 30, 3), (25, 60, 1)], ids=str)
def sets(request):
    n, m, d = request.param
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) * 0.5 + 0.3


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("n_distances", [1, 100, 10**6])
def test_by_brute_force(sets, k, n_distances, monkeypatch):
    monkeypatch.setattr(_fidelity, "_N_DISTANCES", n_distances)
    real, made = sets
    distances, real_radii, made_radii = by_pairs(real, made), radii(real, k), radii(made, k)
    inside = [[distances[i, j] <= real_radii[i] for j in range(len(made))] for i in range(len(real))]
    density, coverage = density_coverage(made, real, n_neighbors=k)
    assert density == pytest.approx(np.sum(inside) / (k * len(made)))
    assert coverage == pytest.approx(np.mean([any(row) for row in inside]))
    precision, recall = generative_precision_recall(made, real, n_neighbors=k)
    assert precision == pytest.approx(np.mean(np.any(inside, axis=0)))
    assert recall == pytest.approx(np.mean([(row <= made_radii).any() for row in distances]))


def test_closed_cases():
    real = np.random.default_rng(0).normal(10, size=(200, 3))
    # Each sample lies in its own ball and, where no two distances are equal, k others lie in it.
    assert density_coverage(real, real, n_neighbors=4) == pytest.approx((5 / 4, 1))
    assert generative_precision_recall(real, real) == (1, 1)
    assert density_coverage(real + 10, real) == (0, 0)
    assert generative_precision_recall(real + 10, real) == (0, 0)


def test_fidelity_and_diversity_are_told_apart():
    rng = np.random.default_rng(0)
    real = rng.normal(20, size=(600, 2))
    one_mode = rng.normal(20, 0.2, size=(600, 2))  # where a sixth of the real samples lie
    wide = rng.uniform(14, 26, size=(600, 2))  # everywhere, also where none lie
    assert density_coverage(one_mode, real).density > 0.8 > 3 * density_coverage(wide, real).density
    assert density_coverage(one_mode, real).coverage < 0.3 < density_coverage(wide, real).coverage
    precision, recall = generative_precision_recall(one_mode, real)
    assert precision > 0.95
    assert recall < 0.25
    assert generative_precision_recall(wide, real).recall > 0.95 > 2 * generative_precision_recall(wide, real).precision


def test_expectations_of_equal_distributions():
    rng = np.random.default_rng(0)
    found = [density_coverage(*rng.normal(size=(2, 400, 4)), n_neighbors=3) for _ in range(30)]
    density, coverage = np.mean(found, axis=0)
    assert density == pytest.approx(1, abs=0.02)
    assert coverage == pytest.approx(1 - 2**-3, abs=0.01)


def test_duplicates_lie_in_balls_of_no_radius():
    real = np.repeat([[0.1, 0.7], [0.3, 0.9]], 8, axis=0)
    assert density_coverage(real, real, n_neighbors=3).coverage == 1
    assert generative_precision_recall(real[:8], real) == (1, 0.5)


def test_levels_and_brightness_are_one_scale(garments):
    X = garments[0]
    expected = density_coverage(X[:100] / 255, X[100:200] / 255)
    assert density_coverage((X[:100] / 255).astype(np.float32), X[100:200]) == pytest.approx(expected)
    assert density_coverage(X[:100], X[100:200]) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [density_coverage, generative_precision_recall])
def test_bad_input(metric):
    real = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match="X has 1 features, but X_real has 2"):
        metric(real[:, :1], real)
    with pytest.raises(ValueError, match=r"X_real must hold more than n_neighbors=20 samples\. Got 20"):
        metric(real, real, n_neighbors=20)
    with pytest.raises(ValueError, match="n_neighbors == 0, must be >= 1"):
        metric(real, real, n_neighbors=0)
    with pytest.raises(TypeError, match="n_neighbors"):
        metric(real, real, n_neighbors=2.0)
    with pytest.raises(ValueError, match="NaN"):
        metric(real * np.nan, real)
    with pytest.raises(ValueError, match="minimum of 1"):
        metric(real[:0], real)
    with pytest.raises(ValueError, match=r"X must hold more than n_neighbors=4 samples\. Got 3"):
        generative_precision_recall(real[:3], real, n_neighbors=4)

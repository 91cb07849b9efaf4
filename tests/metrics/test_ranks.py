"""Average ranks of models, against the example and the tables of Demšar (2006), and what is refused."""

import numpy as np
import pandas
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from skfashion.metrics import compare_ranks

# Table 6: ranks of four variants of C4.5 by their areas under the curve on 14 data sets.
DEMSAR = {
    "C4.5": [4, 1, 4, 4, 4, 1, 3, 2.5, 4, 2.5, 4, 3, 4, 3],
    "C4.5+m": [3, 2, 1, 1, 2, 2.5, 2, 2.5, 3, 2.5, 2.5, 2, 1, 1],
    "C4.5+cf": [2, 3, 2, 3, 3, 4, 4, 4, 2, 2.5, 1, 4, 2, 4],
    "C4.5+m+cf": [1, 4, 3, 2, 1, 2.5, 1, 1, 1, 2.5, 2.5, 1, 3, 2],
}


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    return {name: rng.normal(mean, 1, 12) for name, mean in (("a", 2), ("b", 1.5), ("c", 1), ("d", -1))}


def demsar(**arguments):
    return compare_ranks(DEMSAR, greater_is_better=False, **arguments)


def test_the_published_example():
    comparison = demsar()
    assert list(comparison.ranks) == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert list(comparison.ranks.values()) == pytest.approx([1.964, 2.0, 2.893, 3.143], abs=5e-4)
    assert comparison.n_repetitions == 14
    assert comparison.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert len(comparison.groups) == 1  # the paper: not powerful enough
    at_ten = demsar(alpha=0.1)
    assert at_ten.critical_difference == pytest.approx(1.12, abs=5e-3)
    assert at_ten.groups == [["C4.5+m+cf", "C4.5+m", "C4.5+cf"], ["C4.5+cf", "C4.5"]]


@pytest.mark.parametrize(
    ("alpha", "published"),
    [
        (0.05, [2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.1, [2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_critical_values_of_table_5(alpha, published):
    for n_models, value in enumerate(published, start=3):
        scores = {str(number): np.arange(6) + number for number in range(n_models)}
        found = compare_ranks(scores, alpha=alpha).critical_difference
        assert found == pytest.approx(value * np.sqrt(n_models * (n_models + 1) / 36), rel=5e-4)


def test_friedman_as_the_paper_counts(scores):
    ranks = np.argsort(np.argsort(-np.column_stack(list(scores.values())), axis=1), axis=1) + 1.0
    n, k = ranks.shape
    chi_squared = 12 * n / (k * (k + 1)) * ((ranks.mean(axis=0) ** 2).sum() - k * (k + 1) ** 2 / 4)
    assert compare_ranks(scores).pvalue == pytest.approx(stats.chi2.sf(chi_squared, k - 1))


def test_a_pair_differs_beyond_the_critical_difference(scores):
    comparison = compare_ranks(scores)
    ranks = np.array(list(comparison.ranks.values()))
    beyond = np.abs(ranks[:, None] - ranks) > comparison.critical_difference
    np.testing.assert_array_equal(comparison.pvalues < 0.05, beyond)
    assert beyond.any()
    assert not beyond.all()


def test_wilcoxon_and_holm(scores):
    comparison = compare_ranks(scores, test="wilcoxon")
    names = list(comparison.ranks)
    one, other = np.triu_indices(4, 1)
    raw = [stats.wilcoxon(scores[names[i]], scores[names[j]]).pvalue for i, j in zip(one, other, strict=True)]
    np.testing.assert_allclose(comparison.pvalues[one, other], multipletests(raw, method="holm")[1])
    np.testing.assert_array_equal(comparison.pvalues, comparison.pvalues.T)
    assert np.isnan(comparison.critical_difference)


@pytest.mark.parametrize("test", ["nemenyi", "wilcoxon"])
def test_groups_are_all_longest_runs_without_a_difference(test):
    rng = np.random.default_rng(1)
    scores = {str(number): rng.normal(number / 2, 1, 30) for number in range(8)}
    comparison = compare_ranks(scores, test=test)
    names, equal = list(comparison.ranks), comparison.pvalues >= 0.05
    spans = [(start, end) for start in range(8) for end in range(start + 2, 9) if equal[start:end, start:end].all()]
    longest = [span for span in spans if not any(a <= span[0] and span[1] <= b and (a, b) != span for a, b in spans)]
    assert comparison.groups == [names[start:end] for start, end in longest]
    assert len(longest) > 1


@pytest.mark.parametrize("test", ["nemenyi", "wilcoxon"])
def test_equal_models_are_one_group(test):
    comparison = compare_ranks({name: [1.0, 2.0, 3.0] for name in "abc"}, test=test)
    assert comparison.pvalue == 1
    assert (comparison.pvalues == 1).all()
    assert comparison.groups == [["a", "b", "c"]]
    assert set(comparison.ranks.values()) == {2.0}


def test_a_frame_and_errors(scores):
    frame = compare_ranks(pandas.DataFrame(scores))
    errors = compare_ranks({name: -column for name, column in scores.items()}, greater_is_better=False)
    for other in (frame, errors):
        assert other.ranks == compare_ranks(scores).ranks
        np.testing.assert_array_equal(other.pvalues, compare_ranks(scores).pvalues)


@pytest.mark.parametrize(
    ("scores", "arguments", "error", "says"),
    [
        ([[1, 2]], {}, TypeError, "must be a dict"),
        ({"a": [1, 2], "b": [1, 2]}, {}, ValueError, "At least three.*mcnemar_test"),
        ({"a": [1], "b": [1], "c": [1]}, {}, ValueError, "two repetitions"),
        ({"a": [1, 2], "b": [1, 2], "c": [1, 2, 3]}, {}, ValueError, r"one score in each.*'c': \(3,\)"),
        ({"a": [[1, 2]], "b": [[1, 2]], "c": [[1, 2]]}, {}, ValueError, "one score in each"),
        ({"a": [1, np.nan], "b": [1, 2], "c": [1, 2]}, {}, ValueError, "scores of 'a'"),
        ({1: [1, 2], "1": [2, 1], "b": [1, 2], "c": [1, 2]}, {}, ValueError, "Names must differ as text"),
        (DEMSAR, {"test": "bonferroni"}, ValueError, "'test' parameter"),
        (DEMSAR, {"alpha": 0.0}, ValueError, "'alpha' parameter"),
    ],
)
def test_what_cannot_be_ranked_is_refused(scores, arguments, error, says):
    with pytest.raises(error, match=says):
        compare_ranks(scores, **arguments)


def test_rounding_breaks_no_ties():
    """Accuracies in percent and as shares have the same signed ranks."""
    hits = np.random.default_rng(0).integers(80, 92, size=(4, 30))
    percent = {str(number): row.astype(float) for number, row in enumerate(hits)}
    shares = {name: row / 100 for name, row in percent.items()}
    found = compare_ranks(shares, test="wilcoxon").pvalues
    np.testing.assert_array_equal(found, compare_ranks(percent, test="wilcoxon").pvalues)
    alone = [stats.wilcoxon(hits[one] - hits[two]).pvalue for one in range(4) for two in range(one)]
    corrected = multipletests(alone, method="holm")[1]
    np.testing.assert_allclose(sorted(found[np.tril_indices(4, -1)]), sorted(corrected))


def test_scores_that_only_rounding_tells_apart_share_a_rank():
    table = {"a": [0.1 + 0.2, 0.5, 0.9], "b": [0.3, 0.4, 0.8], "c": [0.2, 0.3, 0.7]}
    assert compare_ranks(table).ranks == pytest.approx({"a": (1.5 + 1 + 1) / 3, "b": (1.5 + 2 + 2) / 3, "c": 3.0})


def test_a_large_score_hides_no_differences():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 1, 20)
    table = {"a": low + rng.uniform(0.01, 0.1, 20), "b": low, "c": low - 0.1}
    large = {name: np.r_[column, 1e14] for name, column in table.items()}
    assert compare_ranks(large, test="wilcoxon").pvalues.max(initial=0, where=~np.eye(3, dtype=bool)) < 0.01


def test_pairs_are_compared_only_where_friedmans_test_finds_a_difference():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        scores = dict(zip("abc", rng.normal([[0.0], [0.35], [0.7]], 1, (3, 14)), strict=True))
        comparison = compare_ranks(scores, test="wilcoxon")
        if comparison.pvalue >= 0.05 and (comparison.pvalues < 0.05).any():
            found.append(comparison.groups)
    assert found
    assert all(len(groups) == 1 and len(groups[0]) == 3 for groups in found)


@pytest.mark.parametrize("test", ["nemenyi", "wilcoxon"])
def test_the_order_in_which_models_are_given_changes_nothing(scores, test):
    expected = compare_ranks(scores, test=test)
    shuffled = compare_ranks({name: scores[name] for name in "cdab"}, test=test)
    assert list(shuffled.ranks.items()) == list(expected.ranks.items())
    np.testing.assert_allclose(shuffled.pvalues, expected.pvalues)
    assert shuffled.groups == expected.groups

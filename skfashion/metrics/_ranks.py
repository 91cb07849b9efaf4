"""Average ranks of several models over repetitions, and which of them differ."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.utils import check_array

from skfashion._layout import as_array
from skfashion._private_sklearn import Interval as Range
from skfashion._private_sklearn import StrOptions, validate_params
from skfashion.metrics._corrections import holm_of_pairs


class RankComparison(NamedTuple):
    """Models by their average ranks.

    Attributes
    ----------
    ranks : dict of str to float
        The average rank of each model, the best one first; 1 is the best rank.
    pvalue : float
        The p-value of Friedman's test of whether all models are equal.
    pvalues : ndarray of shape (n_models, n_models)
        P-values of the pairwise tests, corrected for their number, in the order of `ranks`; 1 on the diagonal.
    critical_difference : float
        The difference of average ranks beyond which two models differ by Nemenyi's test; NaN with another test.
    groups : list of list of str
        Groups of at least two models of adjacent ranks, no pair of which differs; no group is part of another.
    n_repetitions : int
        The number of repetitions.

    Examples
    --------
    >>> from skfashion.metrics import compare_ranks
    >>> scores = {"a": [0.9, 0.8, 0.9, 0.7], "b": [0.8, 0.7, 0.8, 0.6], "c": [0.6, 0.5, 0.5, 0.4]}
    >>> comparison = compare_ranks(scores)
    >>> comparison.ranks
    {'a': 1.0, 'b': 2.0, 'c': 3.0}
    >>> comparison.groups
    [['a', 'b'], ['b', 'c']]
    """

    ranks: dict
    pvalue: float
    pvalues: np.ndarray
    critical_difference: float
    groups: list
    n_repetitions: int


@validate_params(
    {
        "test": [StrOptions({"nemenyi", "wilcoxon"})],
        "alpha": [Range(Real, 0, 1, closed="neither")],
        "greater_is_better": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def compare_ranks(scores, *, test="nemenyi", alpha=0.05, greater_is_better=True):
    """Rank models in each of several repetitions, and find out which of them differ.

    Friedman's test says whether any of them differ. If so, each pair is compared.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_repetitions,)
        The scores of each of at least three models, in the same repetitions: data sets, seeds or folds.
    test : {"nemenyi", "wilcoxon"}, default="nemenyi"
        How pairs are compared: by the difference of their average ranks, or by Wilcoxon's signed-rank test of their
        scores with Holm's correction, which does not depend on the other models.
    alpha : float in (0, 1), default=0.05
        The significance level.
    greater_is_better : bool, default=True
        Whether higher scores are better; False for errors.

    Returns
    -------
    RankComparison
        Average ranks, p-values and groups of models that do not differ.

    Raises
    ------
    ValueError
        If there are fewer than three models or two repetitions, if two names are the same text, or if scores are
        missing, not finite or different in number.
    TypeError
        If `scores` is not a dict.

    Notes
    -----
    Repetitions count as independent, which data sets are. Folds of a cross-validation share training images, and seeds
    share all of them: p-values are then about this data set only, and those of folds are too small. Few repetitions
    cannot show a difference: the smallest p-value of Wilcoxon's test on n of them is :math:`2^{1-n}`.

    References
    ----------
    J. Demšar, `Statistical Comparisons of Classifiers over Multiple Data Sets
    <https://www.jmlr.org/papers/v7/demsar06a.html>`_, 2006; A. Benavoli et al., `Should We Really Use Post-Hoc Tests
    Based on Mean-Ranks? <https://www.jmlr.org/papers/v17/benavoli16a.html>`_, 2016, who prefer Wilcoxon's test.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skfashion.baselines import KNNClassifier, SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.metrics import compare_ranks
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> models = {"subspaces": SubspaceClassifier(5), "means": SubspaceClassifier(1), "neighbours": KNNClassifier(50)}
    >>> comparison = compare_ranks({name: cross_val_score(model, X, y, cv=8) for name, model in models.items()})
    >>> next(iter(comparison.ranks))
    'subspaces'
    >>> comparison.pvalue < 0.01
    True
    """
    names, scores = _table(scores)
    scores = np.array([_tied(row, _rounding(row)) for row in scores])
    n_repetitions, n_models = scores.shape
    better = scores if greater_is_better else -scores
    all_ranks = stats.rankdata(-better, axis=1).mean(axis=0)
    order = np.argsort(all_ranks, kind="stable")
    names, better, ranks = [names[index] for index in order], better[:, order], all_ranks[order]
    # Ranks that are all tied differ in nothing; scipy divides by zero.
    varied = (better != better[:, :1]).any()
    pvalue = float(stats.friedmanchisquare(*better.T).pvalue) if varied else 1.0
    scale = np.sqrt(n_models * (n_models + 1) / (12 * n_repetitions))
    if test == "nemenyi":
        pvalues = stats.studentized_range.sf(np.abs(ranks[:, None] - ranks) / scale, n_models, np.inf)
        critical_difference = float(stats.studentized_range.ppf(1 - alpha, n_models, np.inf) * scale)
    else:
        pvalues, critical_difference = _wilcoxon(better), np.nan
    np.fill_diagonal(pvalues, 1)
    equal = pvalues >= alpha if pvalue < alpha else np.ones_like(pvalues, dtype=bool)
    groups = [names[start:end] for start, end in _runs(equal)]
    return RankComparison(
        dict(zip(names, ranks.tolist(), strict=True)), pvalue, pvalues, critical_difference, groups, n_repetitions
    )


def _table(scores):
    """Names of models, and their scores in columns."""
    if not hasattr(scores, "items"):
        raise TypeError(f"scores must be a dict of names and scores. Got {scores!r} instead.")
    columns = {
        str(name): check_array(as_array(column), ensure_2d=False, dtype=float, input_name=f"scores of {name!r}")
        for name, column in scores.items()
    }
    if len(columns) < len(list(scores)):  # a frame counts its rows
        raise ValueError(f"Names must differ as text. Got {list(scores)}.")
    if len(columns) < 3:
        raise ValueError(
            f"At least three models are needed for ranks. Got {list(columns)}: compare two by mcnemar_test on their "
            "predictions, or by scipy.stats.wilcoxon on their scores."
        )
    shapes = {name: column.shape for name, column in columns.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise ValueError(f"Each model needs one score in each repetition. Got scores of shapes {shapes}.")
    table = np.column_stack(list(columns.values()))
    if len(table) < 2:
        raise ValueError("At least two repetitions are needed. Got 1.")
    return list(columns), table


def _wilcoxon(scores):
    """Corrected p-values of all pairs of columns; those of equal columns are 1."""
    return holm_of_pairs(scores.shape[1], lambda one, other: _wilcoxon_of_a_pair(scores[:, one], scores[:, other]))


def _wilcoxon_of_a_pair(one, other):
    rounding, sizes = np.maximum(_rounding(one), _rounding(other)), np.abs(one - other)
    sizes = _tied(np.where(sizes <= rounding, 0.0, sizes), rounding)
    return float(stats.wilcoxon(np.copysign(sizes, one - other)).pvalue) if sizes.any() else 1.0


def _rounding(scores):
    """How far rounding may move scores that were computed in a few steps."""
    return 16 * np.finfo(np.float64).eps * np.abs(scores)


def _tied(values, rounding):
    """Values of which those that differ only by rounding are equal: shares of images often tie."""
    order = np.argsort(values, kind="stable")
    values, rounding = values[order], rounding[order]
    begins = np.diff(values, prepend=-np.inf) > np.minimum(rounding, np.r_[0.0, rounding[:-1]])
    tied = np.empty_like(values)
    tied[order] = values[begins][np.cumsum(begins) - 1]
    return tied


def _runs(equal):
    """Start and end of the longest runs of at least two ranks, all pairs of which are equal."""
    runs, furthest = [], 0
    for start in range(len(equal)):
        end = start + 1
        while end < len(equal) and equal[start : end + 1, end].all():
            end += 1
        if end > furthest and end - start > 1:
            runs.append((start, end))
        furthest = max(furthest, end)
    return runs

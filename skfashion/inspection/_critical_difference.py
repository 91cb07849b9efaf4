"""Critical difference diagram: models by their average ranks, and which of them do not differ."""

import numpy as np

from skfashion.inspection._drawing import axes_for, check_kw, merged_kw, own_limits
from skfashion.metrics import compare_ranks

# In rows of text: the distance of the first bar from the scale of ranks, and of bars from each other.
_FIRST_BAR, _BAR_STEP = 0.5, 0.4


class CriticalDifferenceDisplay:
    """Critical difference diagram: models by average rank; a bar joins those that do not differ significantly.

    It is made by :meth:`from_scores`. The best model is on the left.

    Parameters
    ----------
    comparison : RankComparison
        What :func:`~skfashion.metrics.compare_ranks` returns.

    Attributes
    ----------
    bars_ : list of matplotlib.lines.Line2D
        The bars, one for each group.
    labels_ : list of matplotlib.text.Text
        The names of the models with their ranks, the best one first.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    References
    ----------
    J. Demšar, `Statistical Comparisons of Classifiers over Multiple Data Sets
    <https://www.jmlr.org/papers/v7/demsar06a.html>`_, 2006, figure 1.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skfashion.baselines import KNNClassifier, SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import CriticalDifferenceDisplay
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> models = {"subspaces": SubspaceClassifier(5), "means": SubspaceClassifier(1), "neighbours": KNNClassifier(50)}
    >>> scores = {name: cross_val_score(model, X, y, cv=8) for name, model in models.items()}
    >>> display = CriticalDifferenceDisplay.from_scores(scores)
    >>> len(display.labels_)
    3
    """

    def __init__(self, comparison):
        self.comparison = comparison

    @classmethod
    def from_scores(cls, scores, *, test="nemenyi", alpha=0.05, greater_is_better=True, ax=None, line_kw=None):
        """Compare the ranks of models, and draw them.

        Parameters
        ----------
        scores : dict of str to array-like of shape (n_repetitions,)
            The scores of each of at least three models, in the same repetitions: data sets, seeds or folds.

        test : {"nemenyi", "wilcoxon"}, default="nemenyi"
            How pairs are compared, see :func:`~skfashion.metrics.compare_ranks`.

        alpha : float in (0, 1), default=0.05
            The significance level.

        greater_is_better : bool, default=True
            Whether higher scores are better; False for errors.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the bars.

        Returns
        -------
        display : CriticalDifferenceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        comparison = compare_ranks(scores, test=test, alpha=alpha, greater_is_better=greater_is_better)
        return cls(comparison).plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the ranks.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the bars.

        Returns
        -------
        display : CriticalDifferenceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        levels = _levels(self._spans())
        top = _FIRST_BAR + _BAR_STEP * (max(levels, default=-1) + 1) + 0.4
        n_models = len(self.comparison.ranks)
        bottom = top + (n_models + 1) // 2
        with axes_for(self, ax, (8.5, 0.8 + 0.25 * (bottom + 1))) as ax:
            ax = own_limits(ax)
            self._draw_scale(ax, bottom)
            self.labels_ = self._draw_models(ax, top)
            self.bars_ = self._draw_bars(ax, levels, line_kw)
        return self

    def _spans(self):
        """The lowest and highest rank of each group."""
        ranks = self.comparison.ranks
        return [(ranks[group[0]], ranks[group[-1]]) for group in self.comparison.groups]

    def _draw_scale(self, ax, bottom):
        """Draw the scale of ranks on top, and above it how far two have to be apart."""
        n_models, difference = len(self.comparison.ranks), self.comparison.critical_difference
        ax.set_axis_on()
        ax.set(xlim=(0.9, n_models + 0.1), ylim=(bottom, 0), yticks=[], autoscale_on=False)
        for side in ("left", "right", "bottom"):
            ax.spines[side].set_visible(False)
        ax.xaxis.set_ticks_position("top")
        ax.xaxis.set_label_position("top")
        ax.set_xticks(np.unique(np.linspace(1, n_models, min(n_models, 7)).round()))
        text = f"average rank in {self.comparison.n_repetitions:,} repetitions"
        if not np.isnan(difference):
            text += f", critical difference {difference:.2f}"
        ax.set_xlabel(f"{text}\np-value of Friedman's test {self.comparison.pvalue:.2g}", fontsize=9)

    def _draw_models(self, ax, top):
        """Lead a line from each rank to a name beside the axes: the better half on the left."""
        import matplotlib

        ranks, color = self.comparison.ranks, matplotlib.rcParams["text.color"]
        n_left, labels = (len(ranks) + 1) // 2, []
        left, right = 0.9, len(ranks) + 0.1
        for index, (name, rank) in enumerate(ranks.items()):
            is_left = index < n_left
            row, end = (index, left) if is_left else (len(ranks) - 1 - index, right)
            y = top + row + 0.3
            ax.plot([rank, rank, end], [0, y, y], color=color, linewidth=0.8)
            text = f"{name}  {rank:.2f} " if is_left else f" {rank:.2f}  {name}"
            align = {"ha": "right" if is_left else "left", "va": "center", "fontsize": 9}
            labels.append(ax.text(end, y, text, parse_math=False, **align))
        return labels

    def _draw_bars(self, ax, levels, line_kw):
        from matplotlib.lines import Line2D

        style = merged_kw(Line2D, {"color": "tab:blue", "linewidth": 4, "solid_capstyle": "butt"}, line_kw)
        return [
            ax.plot([low - 0.05, high + 0.05], 2 * [_FIRST_BAR + _BAR_STEP * level], **style)[0]
            for (low, high), level in zip(self._spans(), levels, strict=True)
        ]


def _levels(spans):
    """For each span, sorted by where it begins, the first level on which it meets none before."""
    ends, levels = [], []
    for low, high in spans:
        level = next((level for level, end in enumerate(ends) if end + 0.1 < low), len(ends))
        ends[level : level + 1] = [high]
        levels.append(level)
    return levels

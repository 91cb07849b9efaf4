"""Parallel coordinates of hyper-parameter settings, coloured by score."""

from numbers import Integral, Real

import numpy as np

from skfashion.inspection._drawing import axes_for, check_kw, merged_kw, own_limits
from skfashion.inspection._trials import candidates_of_search, checked_trials, trials_of_study


class ParallelCoordinatesDisplay:
    """The settings of a search as lines across one axis per parameter, coloured by score.

    It is made by :meth:`from_estimator`, :meth:`from_study` or :meth:`from_trials`. Numbers that span a factor of 100
    or more are drawn on a logarithmic axis; other values are placed in order of appearance. A line skips a parameter
    that its setting does not have.

    Parameters
    ----------
    params : list of dict
        The settings.

    scores : ndarray of shape (n_trials,)
        Their scores.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        One line per setting.
    axes_names_ : list of str
        The parameters, from left to right.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skfashion.baselines import KNNClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ParallelCoordinatesDisplay
    >>> X, y = make_garments(200, random_state=0, return_X_y=True)
    >>> search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 5], "metric": ["cosine", "euclidean"]}, cv=2)
    >>> display = ParallelCoordinatesDisplay.from_estimator(search.fit(X, y))
    >>> display.axes_names_
    ['metric', 'n_neighbors']
    """

    def __init__(self, params, scores):
        self.params = params
        self.scores = scores

    @classmethod
    def from_estimator(cls, search, *, ax=None, line_kw=None):
        """Draw the candidates of a fitted search of scikit-learn.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, …
            With ``cv_results_``. If there are several scores, ``refit`` must name one. A candidate of successive
            halving is drawn once, with its score in the last rung that it took part in.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ParallelCoordinatesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls.from_trials(*candidates_of_search(search), ax=ax, line_kw=line_kw)

    @classmethod
    def from_study(cls, study, *, ax=None, line_kw=None):
        """Draw the finished trials of an Optuna study.

        Parameters
        ----------
        study : optuna.Study
            With one objective.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ParallelCoordinatesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls.from_trials(*trials_of_study(study), ax=ax, line_kw=line_kw)

    @classmethod
    def from_trials(cls, params, scores, *, ax=None, line_kw=None):
        """Draw settings and scores.

        Parameters
        ----------
        params : list of dict
            The settings.

        scores : array-like of shape (n_trials,)
            Their scores. Trials whose score is not finite are left out.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ParallelCoordinatesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls(*checked_trials(params, scores)).plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ParallelCoordinatesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        names = sorted({name for setting in self.params for name in setting})
        with axes_for(self, ax, (max(4.0, 1.6 * len(names) + 1.5), 3.6)) as outer:
            import matplotlib

            low, high = self.scores.min(), self.scores.max()
            colors = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(low, high if high > low else low + 1))
            ax = own_limits(outer)
            heights = self._add_axes(ax, names)
            self.lines_ = [None] * len(self.params)
            for row in np.argsort(self.scores, kind="stable"):  # the highest scores lie on top
                columns = np.flatnonzero(np.isfinite(heights[row]))
                style = {"color": colors.to_rgba(self.scores[row]), "linewidth": 1.2, "marker": "o", "markersize": 3}
                style = merged_kw(matplotlib.lines.Line2D, style, line_kw)
                (self.lines_[row],) = ax.plot(columns, heights[row, columns], **style)
            self.axes_names_ = names
            ax.set_xticks(range(len(names)), [name.replace("__", "\n") for name in names], parse_math=False)
            ax.set(yticks=[], xlim=(-0.5, len(names) - 0.8), ylim=(-0.08, 1.08))
            ax.grid(False)  # some styles draw one
            ax.spines[:].set_visible(False)
            outer.figure.colorbar(colors, ax=outer, label="score")
        return self

    def _add_axes(self, ax, names):
        """Draw one axis per parameter; return the heights at which settings cross it: (n_trials, n_parameters)."""
        heights = np.full((len(self.params), len(names)), np.nan)
        box = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "alpha": 0.8, "pad": 1}
        for column, name in enumerate(names):
            rows = [row for row, setting in enumerate(self.params) if name in setting]
            heights[rows, column], ticks = _positions([self.params[row][name] for row in rows])
            ax.axvline(column, color="0.6", linewidth=0.8, zorder=0)
            style = {"ha": "right", "va": "center", "fontsize": 8, "zorder": 3, "bbox": box, "parse_math": False}
            for height, label in ticks:
                ax.text(column - 0.03, height, label, **style)
        return heights


def _positions(values):
    """Positions of values between 0 and 1, and ticks: pairs of a position and a label."""
    numbers = all(isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(value) for value in values)
    if not numbers or len(set(values)) == 1:
        labels = list(dict.fromkeys(str(value) for value in values))
        order = {label: position for position, label in zip(_evenly(len(labels)), labels, strict=True)}
        return [order[str(value)] for value in values], [(position, label) for label, position in order.items()]
    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low >= 100
    scale = np.log if logarithmic else np.asarray
    positions = (scale(values) - scale(low)) / (scale(high) - scale(low))
    tick_values = sorted(set(values)) if len(set(values)) <= 6 else [low, high]
    ticks = [float((scale(value) - scale(low)) / (scale(high) - scale(low))) for value in tick_values]
    return positions, list(zip(ticks, _tick_labels(tick_values), strict=True))


def _tick_labels(values):
    """Whole numbers as they are, others with three digits, or as many as tell them apart."""
    if all(isinstance(value, Integral) for value in values):
        return [str(value) for value in values]
    digits = next((n for n in range(3, 17) if len({f"{value:.{n}g}" for value in values}) == len(values)), 17)
    return [f"{value:.{digits}g}" for value in values]


def _evenly(n):
    return [0.5] if n == 1 else np.linspace(0, 1, n).tolist()

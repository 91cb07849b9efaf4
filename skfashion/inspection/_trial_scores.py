"""Optimization history of a search: score of each trial, and the best so far."""

import numpy as np

from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw, whole_numbers
from skfashion.inspection._trials import checked_trials, is_minimized, trials_of_search, trials_of_study


class TrialScoresDisplay:
    """The score of each trial of a search in the order in which they ran, and the best so far.

    It is made by :meth:`from_estimator`, :meth:`from_study` or :meth:`from_trials`.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        The scores of the trials.

    minimize : bool, default=False
        Whether lower scores are better.

    rungs : ndarray of shape (n_trials,), default=None
        The rung of successive halving to which each trial belongs, in ascending order: the best is that of a rung, as
        scores of other rungs come from other amounts of training. None stands for a single rung.

    Attributes
    ----------
    points_ : matplotlib.lines.Line2D
        One point per trial.
    best_ : matplotlib.lines.Line2D
        The best so far, with a gap between rungs.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.inspection import TrialScoresDisplay
    >>> display = TrialScoresDisplay.from_trials([0.3, 0.1, 0.2], minimize=True)
    >>> display.best_.get_ydata().tolist()
    [0.3, 0.1, 0.1]
    """

    def __init__(self, scores, *, minimize=False, rungs=None):
        self.scores = scores
        self.minimize = minimize
        self.rungs = rungs

    @classmethod
    def from_estimator(cls, search, *, ax=None, line_kw=None):
        """Draw the candidates of a fitted search of scikit-learn.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, …
            With ``cv_results_``. If there are several scores, ``refit`` must name one.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrialScoresDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        _, scores, rungs = trials_of_search(search)
        return cls(_with_gaps(scores), rungs=rungs).plot(ax, line_kw=line_kw)

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
        display : TrialScoresDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls.from_trials(trials_of_study(study)[1], minimize=is_minimized(study), ax=ax, line_kw=line_kw)

    @classmethod
    def from_trials(cls, scores, *, minimize=False, ax=None, line_kw=None):
        """Draw scores.

        Parameters
        ----------
        scores : array-like of shape (n_trials,)
            The scores of the trials. Scores that are not finite leave a gap.

        minimize : bool, default=False
            Whether lower scores are better.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrialScoresDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls(_with_gaps(scores), minimize=minimize).plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the points.

        Returns
        -------
        display : TrialScoresDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        style = {"linestyle": "", "marker": "o", "markersize": 4, "color": "#3f90da", "label": "trial"}
        with axes_for(self, ax, (6.4, 3.6)) as ax:
            from matplotlib.lines import Line2D

            trials = np.arange(1, len(self.scores) + 1)
            (self.points_,) = ax.plot(trials, self.scores, **merged_kw(Line2D, style, line_kw))
            rungs = np.split(trials, [] if self.rungs is None else np.flatnonzero(np.diff(self.rungs)) + 1)
            label = "best so far" if len(rungs) == 1 else "best so far in the rung"
            best = _best_so_far(self.scores, rungs, self.minimize)
            (self.best_,) = ax.plot(*best, color="#bd1f01", drawstyle="steps-post", marker="_", label=label)
            whole_numbers(ax.xaxis)
            ax.set(xlabel="trial", ylabel="score")
            ax.grid(alpha=0.3)
            add_legend(ax)
        return self


def _with_gaps(scores):
    """Scores, at least one of which is finite, with nan for those that are not."""
    scores = np.asarray(scores, dtype=float)
    checked_trials([{}] * len(scores), scores)
    return np.where(np.isfinite(scores), scores, np.nan)


def _best_so_far(scores, rungs, minimize):
    """The numbers of the trials, counted from 1, and the best score in the rung until each, with nan between rungs."""
    best = np.fmin if minimize else np.fmax
    x, y = [], []
    for trials in rungs:
        x += [*trials, np.nan]
        y += [*best.accumulate(scores[trials - 1]), np.nan]
    return x[:-1], y[:-1]

"""Training curves: loss and score over epochs or seconds, after a training or during it."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import is_classifier

from skfashion._nested import steps_of
from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw, whole_numbers
from skfashion.inspection._labels import distinct_colors
from skfashion.inspection._live_curves import LiveCurves

_TITLES = {"loss": "loss", "accuracy": "accuracy", "learning_rate": "learning rate"}

# How many models are drawn while they are trained: of a search with more, those that came last.
_N_LIVE = 10

# Lines in a column of the legend.
_LONGEST_LEGEND = 24


class TrainingCurveDisplay(LiveCurves):
    """Loss, score or another quantity over epochs or seconds of training, for one or several models.

    It is made by :meth:`from_estimator` or :meth:`from_histories`. Lines are solid for the training images and dashed
    for held-out ones.

    A display is also a callback of scikit-learn, which draws while models are trained:
    ``model.set_callbacks(TrainingCurveDisplay())``, where the model may be a Pipeline or a search too. In a notebook a
    picture grows below the cell, in a terminal a text chart; if the output goes to a file, one is printed at the end.
    Models are named by their position in a search; a picture shows the last ten. The result of the training does not
    change, and after it the display holds all histories. Nothing is drawn in workers of ``cross_validate``, which does
    not pass callbacks on.

    Parameters
    ----------
    histories : dict of str to list of dict, default=None
        For each model one dict per epoch, as in ``history_`` of the estimators. None for a callback, which fills it.

    metric : str, default="loss"
        The quantity: ``"loss"`` stands for ``train_loss`` and ``valid_loss``, ``"accuracy"`` likewise; any other key of
        the histories, for instance ``"learning_rate"``, stands for itself.

    against : {"epochs", "seconds"}, default="epochs"
        The horizontal axis.

    Attributes
    ----------
    lines_ : dict of (str, str) to matplotlib.lines.Line2D
        The line of each model and quantity, for instance ``("mlp", "valid_loss")``.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import TrainingCurveDisplay
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(200, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier((16,), max_epochs=3, random_state=0).fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    >>> display = TrainingCurveDisplay.from_estimator(mlp, metric="accuracy")
    >>> sorted(quantity for _, quantity in display.lines_)
    ['train_accuracy', 'valid_accuracy']

    Live, as a callback:

    >>> live = TrainingCurveDisplay(metric="accuracy")
    >>> mlp = MLPClassifier((16,), max_epochs=3, random_state=0).set_callbacks(live).fit(X, y)
    accuracy
    ...
    >>> len(live.histories[""])
    3
    """

    def __init__(self, histories=None, *, metric="loss", against="epochs"):
        super().__init__()
        if histories is not None:
            self.histories = histories
        self.metric = metric
        self.against = against

    @classmethod
    def from_estimator(cls, estimator, *, metric="loss", against="epochs", ax=None, line_kw=None):
        """Draw the history of a fitted estimator, or of several.

        Parameters
        ----------
        estimator : estimator, Pipeline, search, or dict of str to these
            With ``history_``, or ``loss_curve_`` as the perceptrons of scikit-learn. Of a Pipeline the last step is
            drawn, of a search the best estimator.

        metric : str, default="loss"
            The quantity, see the class.

        against : {"epochs", "seconds"}, default="epochs"
            The horizontal axis.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        models = estimator if isinstance(estimator, dict) else {"": estimator}
        histories = {name: _history(model) for name, model in models.items()}
        return cls.from_histories(histories, metric=metric, against=against, ax=ax, line_kw=line_kw)

    @classmethod
    def from_histories(cls, histories, *, metric="loss", against="epochs", ax=None, line_kw=None):
        """Draw histories, for instance stored ones.

        Parameters
        ----------
        histories : dict of str to list of dict
            For each model one dict per epoch.

        metric : str, default="loss"
            The quantity, see the class.

        against : {"epochs", "seconds"}, default="epochs"
            The horizontal axis.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls(histories, metric=metric, against=against).plot(ax, line_kw=line_kw)

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
        display : TrainingCurveDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        ValueError
            If there are no histories, or if one lacks the quantity to draw.
        TypeError
            If `histories` is not a dict.
        """
        check_kw(line_kw=line_kw)
        _check(self.histories, self.metric, self.against)
        with axes_for(self, ax, (6.4, 4.0)) as ax:
            self.lines_ = self._draw(ax, self.histories, line_kw)
        return self

    def _draw_live(self, ax):
        """Draw the last histories of a training that goes on."""
        self._draw(ax, self._last(), None)

    def _curves(self):
        """The last histories of a training that goes on, as arguments of :func:`text_chart`."""
        lines = {
            _label(name, quantity): (self._x(history), [row.get(quantity, np.nan) for row in history])
            for name, history in self._last().items()
            for quantity in _quantities(history, self.metric)
        }
        return {"lines": lines, "title": _TITLES.get(self.metric, self.metric), "xlabel": self.against}

    def _last(self):
        names = list(self.histories)[-_N_LIVE:]
        histories = {name: self.histories[name] for name in names}
        _check(histories, self.metric, self.against)
        return histories

    def _draw(self, ax, histories, line_kw):
        """Draw the lines of some histories."""
        lines = {}
        colors = distinct_colors(len(histories))
        for (name, history), color in zip(histories.items(), colors, strict=True):
            lines |= self._lines_of(ax, name, history, color, line_kw)
        xlabel = "epoch" if self.against == "epochs" else "seconds"
        ax.set(xlabel=xlabel, ylabel=_TITLES.get(self.metric, self.metric))
        if self.against == "epochs":
            whole_numbers(ax.xaxis)
        ax.grid(alpha=0.3)
        if len(lines) > 1:
            beside = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "ncols": -(-len(lines) // _LONGEST_LEGEND)}
            add_legend(ax, **(beside if len(colors) > 1 else {}))
        return lines

    def _x(self, history):
        if self.against == "seconds":
            return np.cumsum([row["duration"] for row in history]).tolist()
        return [row["epoch"] for row in history]

    def _lines_of(self, ax, name, history, color, line_kw):
        """Draw the quantities of one model."""
        from matplotlib.lines import Line2D

        lines, x = {}, self._x(history)
        for quantity in _quantities(history, self.metric):
            held_out = quantity.startswith("valid_")
            style = {"color": color, "linestyle": "--" if held_out else "-", "label": _label(name, quantity)}
            y = [row.get(quantity, np.nan) for row in history]
            (lines[name, quantity],) = ax.plot(x, y, **merged_kw(Line2D, style, line_kw))
        return lines


def _label(name, quantity):
    """How a line is called in the legend."""
    held_out = quantity.startswith("valid_")
    if name == "":  # the only model
        images = "training images" if quantity.startswith("train_") else quantity.replace("_", " ")
        return "held-out images" if held_out else images
    return f"{name}, held out" if held_out else f"{name}"


def _check(histories, metric, against):
    if against not in ("epochs", "seconds"):
        raise ValueError(f"against must be 'epochs' or 'seconds'. Got {against!r} instead.")
    if not isinstance(histories, Mapping):
        raise TypeError(f"histories must be a dict of names and histories. Got {type(histories).__name__} instead.")
    if not histories:
        raise ValueError("histories must hold at least one history.")
    for name, history in histories.items():
        if against == "seconds" and not all("duration" in epoch for epoch in history):
            raise ValueError(f"The history {name!r} holds no 'duration' of its epochs.")
        if not _quantities(history, metric):
            known = sorted({key.removeprefix("train_").removeprefix("valid_") for row in history for key in row})
            raise ValueError(f"The history {name!r} holds no {metric!r}; there are {known}.")


def _history(model):
    model = steps_of(model)[-1]
    if getattr(model, "history_", None):
        return model.history_
    if getattr(model, "loss_curve_", None):  # a perceptron of scikit-learn
        scores = getattr(model, "validation_scores_", None) if is_classifier(model) else None
        accuracy = {} if scores is None else {"valid_accuracy": scores}
        columns = {"train_loss": model.loss_curve_, **accuracy}
        return [
            {"epoch": epoch, **dict(zip(columns, row, strict=True))}
            for epoch, row in enumerate(zip(*columns.values(), strict=True), start=1)
        ]
    raise TypeError(f"{type(model).__name__} has no 'history_': it is not fitted, or not trained in epochs.")


def _quantities(history, metric):
    """The keys of a metric in a history: for training images, for held-out images, or the metric itself."""
    names = (f"train_{metric}", f"valid_{metric}", metric)
    return [name for name in names if any(row.get(name) is not None for row in history)]

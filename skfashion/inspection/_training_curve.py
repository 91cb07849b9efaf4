"""Training curves: loss and score over epochs or seconds."""

import numpy as np
from sklearn.base import is_classifier

from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw, whole_numbers
from skfashion.inspection._estimators import steps_of
from skfashion.inspection._labels import distinct_colors

_TITLES = {"loss": "loss", "accuracy": "accuracy", "learning_rate": "learning rate"}


class TrainingCurveDisplay:
    """Loss, score or another quantity over epochs or seconds of training, for one or several models.

    It is made by :meth:`from_estimator` or :meth:`from_histories`. Lines are solid for the training images and dashed
    for held-out ones.

    Parameters
    ----------
    histories : dict of str to list of dict
        For each model one dict per epoch, as in ``history_`` of the estimators.

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
    """

    def __init__(self, histories, *, metric="loss", against="epochs"):
        self.histories = histories
        self.metric = metric
        self.against = against

    @classmethod
    def from_estimator(cls, estimator, *, metric="loss", against="epochs", ax=None, line_kw=None):
        """Draw the history of a fitted estimator, or of several.

        Parameters
        ----------
        estimator : estimator, Pipeline, search, or dict of str to these
            With ``history_``, or ``loss_curve_`` as the perceptrons of scikit-learn. The last step of a Pipeline and
            the best estimator of a search count.

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
        if against not in ("epochs", "seconds"):
            raise ValueError(f"against must be 'epochs' or 'seconds'. Got {against!r} instead.")
        if not histories:
            raise ValueError("histories must hold at least one history.")
        for name, history in histories.items():
            if against == "seconds" and not all("duration" in epoch for epoch in history):
                raise ValueError(f"The history {name!r} holds no 'duration' of its epochs.")
            if not _quantities(history, metric):
                known = sorted({key.removeprefix("train_").removeprefix("valid_") for row in history for key in row})
                raise ValueError(f"The history {name!r} holds no {metric!r}; there are {known}.")
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
        """
        check_kw(line_kw=line_kw)
        with axes_for(self, ax, (6.4, 4.0)) as ax:
            self.lines_ = {}
            colors = distinct_colors(len(self.histories))
            for (name, history), color in zip(self.histories.items(), colors, strict=True):
                self._add_lines(ax, name, history, color, line_kw)
            xlabel = "epoch" if self.against == "epochs" else "seconds"
            ax.set(xlabel=xlabel, ylabel=_TITLES.get(self.metric, self.metric))
            if self.against == "epochs":
                whole_numbers(ax.xaxis)
            ax.grid(alpha=0.3)
            if len(self.lines_) > 1:
                add_legend(ax, **({"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if len(colors) > 1 else {}))
        return self

    def _add_lines(self, ax, name, history, color, line_kw):
        """Draw the quantities of one model."""
        from matplotlib.lines import Line2D

        seconds = np.cumsum([row["duration"] for row in history]) if self.against == "seconds" else None
        x = [row["epoch"] for row in history] if seconds is None else seconds
        for quantity in _quantities(history, self.metric):
            held_out = quantity.startswith("valid_")
            if name == "":  # the only model
                label = "held-out images" if held_out else "training images"
            else:
                label = f"{name}, held out" if held_out else f"{name}"
            style = {"color": color, "linestyle": "--" if held_out else "-", "label": label}
            y = [row.get(quantity, np.nan) for row in history]
            (self.lines_[name, quantity],) = ax.plot(x, y, **merged_kw(Line2D, style, line_kw))


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

"""How training went."""

import numpy as np
from sklearn.base import is_classifier

from skfashion.inspection._drawing import add_legend, axes_for, style_of, whole_numbers
from skfashion.inspection._estimators import steps_of
from skfashion.inspection._labels import distinct_colors

_TITLES = {"loss": "loss", "accuracy": "accuracy", "learning_rate": "learning rate"}


class TrainingCurveDisplay:
    """A quantity over the epochs, or the seconds, of training, for one or several models.

    It is made by :meth:`from_estimator` or :meth:`from_histories`. Lines are solid for the training images and dashed
    for held-out ones.

    Parameters
    ----------
    histories : dict of str to list of dict
        Of each model, one dict an epoch, as in ``history_`` of the estimators.

    metric : str, default="loss"
        What to draw: ``"loss"`` and ``"accuracy"`` stand for ``train_loss`` and ``valid_loss`` and so on, others for
        what the histories hold, for instance ``"learning_rate"``.

    against : {"epochs", "seconds"}, default="epochs"
        The horizontal axis.

    Attributes
    ----------
    lines_ : dict of (str, str) to matplotlib.lines.Line2D
        The line of each model and quantity, for instance ``("mlp", "valid_loss")``.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

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
    def from_estimator(cls, estimator, *, metric="loss", against="epochs", ax=None, **line):
        """Draw the history of a fitted estimator, or of several.

        Parameters
        ----------
        estimator : estimator, Pipeline, search, or dict of str to these
            With ``history_``, or ``loss_curve_`` as the perceptrons of scikit-learn have it; of a Pipeline its last
            step, of a search its best estimator.

        metric, against
            As in the class.

        ax, **line
            As in :meth:`plot`.

        Returns
        -------
        TrainingCurveDisplay
            What was drawn.
        """
        models = estimator if isinstance(estimator, dict) else {"": estimator}
        histories = {name: _history(model) for name, model in models.items()}
        return cls.from_histories(histories, metric=metric, against=against, ax=ax, **line)

    @classmethod
    def from_histories(cls, histories, *, metric="loss", against="epochs", ax=None, **line):
        """Draw histories, for instance some that were stored.

        Parameters
        ----------
        histories : dict of str to list of dict
            As in the class.

        metric, against
            As in the class.

        ax, **line
            As in :meth:`plot`.

        Returns
        -------
        TrainingCurveDisplay
            What was drawn.
        """
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
        return cls(histories, metric=metric, against=against).plot(ax, **line)

    def plot(self, ax=None, **line):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        **line
            Handed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        TrainingCurveDisplay
            This display.
        """
        with axes_for(self, ax, (6.4, 4.0)) as ax:
            self.lines_ = {}
            colors = distinct_colors(len(self.histories))
            for (name, history), color in zip(self.histories.items(), colors, strict=True):
                self._add_lines(ax, name, history, color, line)
            xlabel = "epoch" if self.against == "epochs" else "seconds"
            ax.set(xlabel=xlabel, ylabel=_TITLES.get(self.metric, self.metric))
            if self.against == "epochs":
                whole_numbers(ax.xaxis)
            ax.grid(alpha=0.3)
            if len(self.lines_) > 1:
                add_legend(ax, **({"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if len(colors) > 1 else {}))
        return self

    def _add_lines(self, ax, name, history, color, line):
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
            (self.lines_[name, quantity],) = ax.plot(x, y, **style_of(Line2D, style, line))


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
    """The names under which epochs hold a metric: of training, of held-out images, or just one."""
    names = (f"train_{metric}", f"valid_{metric}", metric)
    return [name for name in names if any(row.get(name) is not None for row in history)]

"""Reliability diagram: accuracy of predictions by their confidence."""

import numpy as np

from skfashion.inspection._class_scores import probabilistic_classifier_in
from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw
from skfashion.metrics import expected_calibration_error, reliability_bins
from skfashion.metrics._comparison import proportion_interval

# A little beyond [0, 1], where whole markers can be seen.
_LIMITS = -0.02, 1.02


class ReliabilityDisplay:
    """Reliability diagram: the accuracy of predictions by their confidence, for any number of classes.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`. Where the curve is below the diagonal, the
    classifier is overconfident: it is right less often than its confidence says. For the calibration of a binary
    classifier use scikit-learn's :class:`~sklearn.calibration.CalibrationDisplay`.

    Parameters
    ----------
    bins : ReliabilityBins
        Mean confidence, accuracy and number of predictions of each bin, see
        :func:`~skfashion.metrics.reliability_bins`.

    error : float
        The expected calibration error.

    name : str, default=None
        The name of the classifier, for the legend.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The curve.
    intervals_ : matplotlib.collections.LineCollection
        The 95 % intervals of the accuracies.
    diagonal_ : matplotlib.lines.Line2D
        Where the curve of a calibrated classifier lies.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ReliabilityDisplay
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(800, random_state=0, return_X_y=True)
    >>> model = MLPClassifier((32,), max_epochs=5, batch_size=32, random_state=0).fit(X[:500], y[:500])
    >>> display = ReliabilityDisplay.from_estimator(model, X[500:], y[500:])
    >>> int(display.bins.counts.sum())
    300
    """

    def __init__(self, bins, *, error, name=None):
        self.bins = bins
        self.error = error
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_bins=15, strategy="uniform", name=None, ax=None, line_kw=None):
        """Predict probabilities, and draw how accurate they are.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier with ``predict_proba``.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images that it was not trained on.

        y : array-like of shape (n_samples,)
            Their labels.

        n_bins : int, default=15
            The number of bins; those without a prediction are left out.

        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width, or with equally many predictions each.

        name : str, default=None
            The name in the legend; None takes that of the class.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on, for instance those of another classifier; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the curve.

        Returns
        -------
        display : ReliabilityDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator is not a classifier with ``predict_proba``.
        """
        check_kw(line_kw=line_kw)
        estimator = probabilistic_classifier_in(estimator)
        return cls.from_predictions(
            y,
            estimator.predict_proba(X),
            labels=estimator.classes_,
            n_bins=n_bins,
            strategy=strategy,
            name=type(estimator).__name__ if name is None else name,
            ax=ax,
            line_kw=line_kw,
        )

    @classmethod
    def from_predictions(
        cls, y_true, y_proba, *, labels=None, n_bins=15, strategy="uniform", name=None, ax=None, line_kw=None
    ):
        """Draw how accurate probabilities are.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_proba : array-like of shape (n_samples, n_classes)
            Predicted probabilities.

        labels : array-like of shape (n_classes,), default=None
            The class of each column, such as ``classes_``; None takes the sorted labels of `y_true`.

        n_bins : int, default=15
            The number of bins; those without a prediction are left out.

        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width, or with equally many predictions each.

        name : str, default=None
            The name in the legend.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the curve.

        Returns
        -------
        display : ReliabilityDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        settings = {"labels": labels, "n_bins": n_bins, "strategy": strategy}
        bins = reliability_bins(y_true, y_proba, **settings)
        error = expected_calibration_error(y_true, y_proba, **settings)
        return cls(bins, error=error, name=name).plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` of the curve.

        Returns
        -------
        display : ReliabilityDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        confidence, accuracy, counts = self.bins
        low, high = np.transpose([_interval(share, count) for share, count in zip(accuracy, counts, strict=True)])
        text = f"calibration error {self.error:.3f}"
        with axes_for(self, ax, (5.2, 4.4)) as ax:
            from matplotlib.lines import Line2D

            self.diagonal_ = _diagonal_of(ax)
            defaults = {"marker": "o", "markersize": 4, "label": text if self.name is None else f"{self.name}: {text}"}
            (self.line_,) = ax.plot(confidence, accuracy, **merged_kw(Line2D, defaults, line_kw))
            self.intervals_ = ax.vlines(confidence, low, high, color=self.line_.get_color(), alpha=0.5)
            ax.set(xlabel="confidence", ylabel="accuracy", xlim=_LIMITS, ylim=_LIMITS)
            add_legend(ax, loc="upper left", fontsize=8)
        return self


def _interval(share, count):
    """The ends of the interval of a share of so many predictions."""
    return proportion_interval(round(share * count), int(count))[1:]


def _diagonal_of(ax):
    """The diagonal of axes, drawn once for all classifiers on them."""
    for line in ax.get_lines():
        if line.get_gid() == "diagonal":
            return line
    return ax.plot([0, 1], [0, 1], color="gray", linestyle=":", gid="diagonal", label="calibrated")[0]

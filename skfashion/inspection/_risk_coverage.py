"""Risk-coverage curve: errors among the predictions of highest confidence."""

import numpy as np
from sklearn.metrics import auc

from skfashion.inspection._class_scores import confidences_of, probabilistic_classifier_in, single_labels
from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw
from skfashion.metrics import risk_coverage_curve


class RiskCoverageDisplay:
    """Risk-coverage curve: the share of errors among the most confident predictions, by the share that is kept.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`. It shows how many images a person has to check,
    those of the lowest confidence first, until the rest is accurate enough.

    Parameters
    ----------
    curve : RiskCoverageCurve
        Coverage, risk and thresholds, see :func:`~skfashion.metrics.risk_coverage_curve`.

    name : str, default=None
        The name of the classifier, for the legend.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The curve.
    area_ : float
        The area under the curve, the mean risk over all coverages, in [0, 1].
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import RiskCoverageDisplay
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(800, random_state=0, return_X_y=True)
    >>> model = MLPClassifier((32,), max_epochs=5, batch_size=32, random_state=0).fit(X[:500], y[:500])
    >>> display = RiskCoverageDisplay.from_estimator(model, X[500:], y[500:])
    >>> bool(display.area_ < display.curve.risk[-1])
    True
    """

    def __init__(self, curve, *, name=None):
        self.curve = curve
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None, line_kw=None):
        """Predict, and draw the errors by the probability of the predicted class.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier with ``predict_proba``.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images that it was not trained on.

        y : array-like of shape (n_samples,)
            Their labels.

        name : str, default=None
            The name in the legend; None takes that of the class.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on, for instance those of another classifier; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator is not a classifier with ``predict_proba``.
        """
        check_kw(line_kw=line_kw)
        estimator = probabilistic_classifier_in(estimator)
        predicted = single_labels(estimator, X)
        confidence = confidences_of(estimator, X, predicted)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, predicted, confidence, name=name, ax=ax, line_kw=line_kw)

    @classmethod
    def from_predictions(cls, y_true, y_pred, confidence, *, name=None, ax=None, line_kw=None):
        """Draw the errors of predictions by their confidence.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels.

        confidence : array-like of shape (n_samples,)
            Finite numbers, higher for predictions that are kept first.

        name : str, default=None
            The name in the legend.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        return cls(risk_coverage_curve(y_true, y_pred, confidence), name=name).plot(ax, line_kw=line_kw)

    def plot(self, ax=None, *, line_kw=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(line_kw=line_kw)
        # From no prediction on, among which the risk is that of the most confident ones.
        coverage, risk = np.r_[0, self.curve.coverage], np.r_[self.curve.risk[0], self.curve.risk]
        self.area_ = float(auc(coverage, risk))
        text = f"area {self.area_:.4f}"
        with axes_for(self, ax, (5.2, 4.0)) as ax:
            from matplotlib.lines import Line2D

            defaults = {"label": text if self.name is None else f"{self.name}: {text}"}
            (self.line_,) = ax.plot(100 * coverage, 100 * risk, **merged_kw(Line2D, defaults, line_kw))
            ax.set(
                xlabel="predictions that are kept, in percent", ylabel="errors among them, in percent", xlim=(0, 100)
            )
            # From just below 0, where a line can be seen; up to what the curves of other classifiers will need.
            ax.set_ylim(bottom=-0.02 * ax.get_ylim()[1], auto=None)
            add_legend(ax, loc="upper left", fontsize=8)
        return self

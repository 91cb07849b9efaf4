"""Class balance: share of each class in one or several sets of labels."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from skfashion.inspection._drawing import add_legend, axes_for, check_kw, merged_kw, own_limits
from skfashion.inspection._labels import labels_of, names_of


class ClassBalanceDisplay:
    """The share of each class in one or several sets of labels, side by side.

    It is made by :meth:`from_labels`.

    Parameters
    ----------
    counts : dict of str to ndarray of shape (n_classes,)
        The number of samples per class in each set.

    class_names : sequence of str of length n_classes
        The classes.

    Attributes
    ----------
    bars_ : dict of str to matplotlib.container.BarContainer
        The bars of each set.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ClassBalanceDisplay
    >>> y = make_garments(100, random_state=0).target
    >>> display = ClassBalanceDisplay.from_labels({"train": y[:80], "test": y[80:]})
    >>> int(display.counts["test"].sum())
    20
    """

    def __init__(self, counts, class_names):
        self.counts = counts
        self.class_names = class_names

    @classmethod
    def from_labels(cls, labels, *, class_names=None, ax=None, bar_kw=None):
        """Count labels and draw the share of each class.

        Parameters
        ----------
        labels : dict of str to array-like of shape (n_samples,), or array-like
            The sets, for instance ``{"train": y_train, "test": y_test}``.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        bar_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        display : ClassBalanceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(bar_kw=bar_kw)
        sets = labels if isinstance(labels, dict) else {"samples": labels}
        if not sets:
            raise ValueError("labels must hold at least one set of labels.")
        sets = {name: labels_of(y) for name, y in sets.items()}
        for y in sets.values():
            check_classification_targets(y)
        classes = unique_labels(*sets.values())
        counts = {name: np.array([(y == label).sum() for label in classes]) for name, y in sets.items()}
        return cls(counts, names_of(classes.tolist(), class_names)).plot(ax, bar_kw=bar_kw)

    def plot(self, ax=None, *, bar_kw=None):
        """Draw the shares.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        bar_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.barh`.

        Returns
        -------
        display : ClassBalanceDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(bar_kw=bar_kw)
        n_classes, n_sets = len(self.class_names), len(self.counts)
        with axes_for(self, ax, (6.4, 1.2 + 0.12 * n_classes * (n_sets + 1))) as ax:
            from matplotlib.patches import Rectangle

            if _shared_names(ax) not in (None, self.class_names):
                ax = own_limits(ax)
            height = 0.8 / n_sets
            self.bars_ = {}
            for number, (name, counts) in enumerate(self.counts.items()):
                positions = np.arange(n_classes) + height * (number - (n_sets - 1) / 2)
                defaults = {"label": f"{name}: {counts.sum():,} images"}
                shares = 100 * counts / counts.sum()
                style = {"height": height, **merged_kw(Rectangle, defaults, bar_kw)}
                self.bars_[name] = ax.barh(positions, shares, **style)
            ax.set_yticks(range(n_classes), self.class_names, parse_math=False)
            ax.yaxis.set_inverted(True)
            ax.set(xlabel="share in percent")
            add_legend(ax, loc="center left", bbox_to_anchor=(1.01, 0.5))
        return self


def _shared_names(ax):
    """The tick labels of axes with data that share the vertical axis of `ax`; None if there are no such axes."""
    if not any(other.has_data() for other in ax.get_shared_y_axes().get_siblings(ax) if other is not ax):
        return None
    return [label.get_text() for label in ax.get_yticklabels()]

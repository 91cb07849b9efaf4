"""Misclassified images: the errors of highest confidence, or those of the most confused pairs of classes."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skfashion.inspection._class_scores import classifier_in, confidences_of, single_labels
from skfashion.inspection._drawing import axes_for, check_columns, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import names_of
from skfashion.inspection._pictures import Images
from skfashion.metrics import ConfusedPair, most_confused_pairs
from skfashion.metrics._checks import check_confidence, check_predictions
from skfashion.metrics._confidence import ROUNDING


class MisclassifiedDisplay:
    """The highest-confidence errors of a classifier, with true and predicted classes.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`. With `n_pairs` there is a row for each of the most
    confused pairs of classes, see :func:`~skfashion.metrics.most_confused_pairs`. For the confusion matrix use
    scikit-learn's :class:`~sklearn.metrics.ConfusionMatrixDisplay`, whose ``display_labels`` take the names of the
    classes.

    Parameters
    ----------
    images : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        The pictures, highest-confidence errors first; with `pairs` one pair after the other.

    indices : ndarray of shape (n_images,)
        Their positions in X.

    true_names, predicted_names : sequence of str of length n_images
        Their true and predicted classes.

    confidence : ndarray of shape (n_images,), default=None
        The probability of the predicted class.

    n_errors, n_samples : int
        The number of errors, and of samples.

    pairs : list of ConfusedPair, default=None
        The pairs of classes that have a row each, with the names of the classes.

    pair_indices : ndarray of shape (n_images,), default=None
        Which of the pairs each picture belongs to.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The pictures.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.baselines import SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import MisclassifiedDisplay
    >>> garments = make_garments(600, random_state=0)
    >>> X, y = garments.data, garments.target
    >>> model = SubspaceClassifier(5).fit(X[:400], y[:400])
    >>> display = MisclassifiedDisplay.from_estimator(
    ...     model, X[400:], y[400:], class_names=garments.target_names, n_images=8
    ... )
    >>> len(display.images_)
    8
    """

    def __init__(
        self,
        images,
        indices,
        true_names,
        predicted_names,
        *,
        confidence=None,
        n_errors,
        n_samples,
        pairs=None,
        pair_indices=None,
    ):
        self.images = images
        self.indices = indices
        self.true_names = true_names
        self.predicted_names = predicted_names
        self.confidence = confidence
        self.n_errors = n_errors
        self.n_samples = n_samples
        self.pairs = pairs
        self.pair_indices = pair_indices

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        class_names=None,
        n_images=10,
        n_pairs=None,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Predict, and draw the errors.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier; with ``predict_proba`` the highest-confidence errors come first.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        y : array-like of shape (n_samples,)
            Their labels.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_images : int, default=10
            Maximum number of errors; with `n_pairs`, of each pair.

        n_pairs : int, default=None
            Maximum number of pairs of classes, the most frequently confused ones first, with a row of errors each. None
            shows the errors of highest confidence of all pairs.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most. Pairs have a row each, and take None only.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator is not a classifier.
        ValueError
            If there is no error to show, or if the classifier predicts several labels for an image.
        """
        check_kw(imshow_kw=imshow_kw)
        estimator = classifier_in(estimator)
        predicted = single_labels(estimator, X)
        confidence = confidences_of(estimator, X, predicted) if hasattr(estimator, "predict_proba") else None
        errors = _errors(y, predicted, confidence, class_names, n_images, n_pairs)
        pictures = Images(X, image_shape, estimator).pictures(errors["indices"])
        return cls(pictures, **errors).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        *,
        confidence=None,
        class_names=None,
        n_images=10,
        n_pairs=None,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the errors among predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels.

        confidence : array-like of shape (n_samples,), default=None
            The probability of each prediction; None keeps the order of X.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_images : int, default=10
            Maximum number of errors; with `n_pairs`, of each pair.

        n_pairs : int, default=None
            Maximum number of pairs of classes, the most frequently confused ones first, with a row of errors each. None
            shows the errors of highest confidence of all pairs.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most. Pairs have a row each, and take None only.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        ValueError
            If there is no error to show, if labels are not class labels or mix types, such as 1 and "1", or if
            confidences are not probabilities.
        """
        check_kw(imshow_kw=imshow_kw)
        check_consistent_length(X, y_true)
        errors = _errors(y_true, y_pred, confidence, class_names, n_images, n_pairs)
        pictures = Images(X, image_shape).pictures(errors["indices"])
        return cls(pictures, **errors).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most. Pairs have a row each, and take None only.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        if self.pairs is None:
            n_columns, cells = check_columns(n_columns, len(self.images), 5), None
        elif n_columns is None:
            n_columns, cells = self._cells_of_pairs()
        else:
            raise ValueError(f"n_columns must be None for pairs, which have a row each. Got {n_columns!r} instead.")
        captions, rows = self._texts()
        images, imshow_kw = unsigned_style(self.images, imshow_kw)
        shown = images if cells is None else np.repeat(images[:1], n_columns * len(rows), axis=0)
        width, height = grid_size(shown, n_columns, captions, label_width=0.0 if cells is None else 1.6)
        grid = {"cells": cells, "captions": captions, "row_labels": rows, "imshow_kw": imshow_kw}
        with axes_for(self, ax, (1.25 * width, 1.25 * height)) as ax:
            self.images_, self.captions_ = draw_grid(ax, images, n_columns, **grid)
            title = f"{self.n_errors:,} of {self.n_samples:,} misclassified"
            self.images_[0].axes.set_title(title, fontsize=10)  # other axes than ax if that shares its limits
        return self

    def _cells_of_pairs(self):
        """The length of the longest row, and where each error is among rows of this length."""
        rows = self.pair_indices.tolist()
        n_columns = max(map(rows.count, rows))
        return n_columns, [row * n_columns + rows[:index].count(row) for index, row in enumerate(rows)]

    def _texts(self):
        """What is written below each picture, and beside each row."""
        shares = None if self.confidence is None else [f"{100 * share:.0f} %" for share in self.confidence]
        if self.pairs is not None:
            return shares, [
                f"{true},\nnot {predicted}\n{count:,} {'error' if count == 1 else 'errors'}"
                for true, predicted, count, _ in self.pairs
            ]
        names = zip(self.true_names, self.predicted_names, strict=True)
        captions = [f"{true},\nnot {predicted}" for true, predicted in names]
        if shares is not None:
            captions = [f"{caption}\n{share}" for caption, share in zip(captions, shares, strict=True)]
        return captions, []


def _errors(y_true, y_pred, confidence, class_names, n_images, n_pairs):
    """The errors to show, as keyword arguments of the display: all but their pictures."""
    check_scalar(n_images, "n_images", Integral, min_val=1)
    y_true, y_pred = check_predictions(y_true, y_pred)
    check_consistent_length(y_true, confidence)
    wrong = np.flatnonzero(y_true != y_pred)
    if not len(wrong):
        raise ValueError(f"All {len(y_true)} predictions are right: there is no error to show.")
    if confidence is not None:
        confidence = check_confidence(confidence)
        if confidence.min() < -ROUNDING or confidence.max() > 1 + ROUNDING:
            raise ValueError(
                "confidence must hold probabilities, numbers from 0 to 1. "
                f"Got numbers from {confidence.min():g} to {confidence.max():g}."
            )
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    pairs = rows = None
    indices = wrong[:n_images]
    if n_pairs is not None:
        pairs = most_confused_pairs(y_true, y_pred, n_pairs=n_pairs)
        true, predicted = y_true[wrong], y_pred[wrong]
        of_pairs = [wrong[(true == pair.true) & (predicted == pair.predicted)][:n_images] for pair in pairs]
        indices, rows = np.concatenate(of_pairs), np.repeat(np.arange(len(pairs)), list(map(len, of_pairs)))
        pairs = [
            ConfusedPair(*names_of([true, predicted], class_names), count, share)
            for true, predicted, count, share in pairs
        ]
    return {
        "indices": indices,
        "true_names": names_of(y_true[indices].tolist(), class_names),
        "predicted_names": names_of(y_pred[indices].tolist(), class_names),
        "confidence": None if confidence is None else confidence[indices],
        "n_errors": len(wrong),
        "n_samples": len(y_true),
        "pairs": pairs,
        "pair_indices": rows,
    }

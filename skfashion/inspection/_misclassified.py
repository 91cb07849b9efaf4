"""Misclassified images, highest-confidence errors first."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from skfashion.inspection._drawing import axes_for, check_columns, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._estimators import unwrapped
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images


class MisclassifiedDisplay:
    """The highest-confidence errors of a classifier, with true and predicted classes.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`. For the confusion matrix take scikit-learn's
    :class:`~sklearn.metrics.ConfusionMatrixDisplay`, whose ``display_labels`` take the names of the classes.

    Parameters
    ----------
    images : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        The pictures, highest-confidence errors first.

    indices : ndarray of shape (n_images,)
        Their positions in X.

    true_names, predicted_names : sequence of str of length n_images
        Their true and predicted classes.

    confidence : ndarray of shape (n_images,), default=None
        The probability of the predicted class.

    n_errors, n_samples : int
        The number of errors, and of samples.

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

    def __init__(self, images, indices, true_names, predicted_names, *, confidence=None, n_errors, n_samples):
        self.images = images
        self.indices = indices
        self.true_names = true_names
        self.predicted_names = predicted_names
        self.confidence = confidence
        self.n_errors = n_errors
        self.n_samples = n_samples

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        class_names=None,
        n_images=10,
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
            Maximum number of errors.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        estimator = unwrapped(estimator)
        predicted, confidence = estimator.predict(X), None
        if np.ndim(predicted) != 1:
            raise ValueError(
                f"{type(estimator).__name__} predicts several labels for an image: MisclassifiedDisplay shows errors "
                "of one label per image."
            )
        if hasattr(estimator, "predict_proba"):
            columns = np.searchsorted(estimator.classes_, predicted)
            confidence = estimator.predict_proba(X)[np.arange(len(predicted)), columns]
        errors = _errors(y, predicted, confidence, class_names, n_images)
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
            Maximum number of errors.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        ValueError
            If there is no error to show.
        """
        check_kw(imshow_kw=imshow_kw)
        check_consistent_length(X, y_true)
        errors = _errors(y_true, y_pred, confidence, class_names, n_images)
        pictures = Images(X, image_shape).pictures(errors["indices"])
        return cls(pictures, **errors).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : MisclassifiedDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_columns = check_columns(n_columns, len(self.images), 5)
        shares = [""] * len(self.images) if self.confidence is None else [f"\n{100 * c:.0f} %" for c in self.confidence]
        captions = [
            f"{true},\nnot {predicted}{share}"
            for true, predicted, share in zip(self.true_names, self.predicted_names, shares, strict=True)
        ]
        width, height = grid_size(self.images, n_columns, captions[0].count("\n") + 1)
        images, imshow_kw = unsigned_style(self.images, imshow_kw)
        with axes_for(self, ax, (1.25 * width, 1.25 * height)) as ax:
            self.images_, self.captions_ = draw_grid(ax, images, n_columns, captions=captions, imshow_kw=imshow_kw)
            title = f"{self.n_errors:,} of {self.n_samples:,} misclassified"
            self.images_[0].axes.set_title(title, fontsize=10)  # other axes than ax if that shares its limits
        return self


def _errors(y_true, y_pred, confidence, class_names, n_images):
    """The errors to show, as keyword arguments of the display: all but their pictures."""
    check_scalar(n_images, "n_images", Integral, min_val=1)
    y_true, y_pred = labels_of(y_true), labels_of(y_pred)
    check_consistent_length(y_true, y_pred, confidence)
    check_classification_targets(y_true)
    check_classification_targets(y_pred)
    unique_labels(y_true, y_pred)  # raises if they are of two kinds, such as 1 and "1"
    wrong = np.flatnonzero(y_true != y_pred)
    if not len(wrong):
        raise ValueError(f"All {len(y_true)} predictions are right: there is no error to show.")
    if confidence is not None:
        confidence = column_or_1d(confidence)
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    indices = wrong[:n_images]
    return {
        "indices": indices,
        "true_names": names_of(y_true[indices].tolist(), class_names),
        "predicted_names": names_of(y_pred[indices].tolist(), class_names),
        "confidence": None if confidence is None else confidence[indices],
        "n_errors": len(wrong),
        "n_samples": len(y_true),
    }

"""What a classifier gets wrong."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from skfashion.inspection._drawing import as_drawn, axes_for, columns_of, draw_grid, grid_size
from skfashion.inspection._estimators import unwrapped
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images


class MisclassifiedDisplay:
    """The errors of a classifier of which it is most sure, with true and predicted classes.

    It is made by :meth:`from_estimator` or :meth:`from_predictions`. For the confusion matrix take scikit-learn's
    :class:`~sklearn.metrics.ConfusionMatrixDisplay`, whose ``display_labels`` take the names of the classes.

    Parameters
    ----------
    images : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        The pictures, surest errors first.

    indices : ndarray of shape (n_images,)
        Where they are in X.

    true_names, predicted_names : sequence of str of length n_images
        Their classes, and what they were taken for.

    confidence : ndarray of shape (n_images,), default=None
        The probability of the predicted class.

    n_errors, n_samples : int
        How many errors there are among how many samples.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The pictures.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

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
        cls, estimator, X, y, *, class_names=None, n_images=10, image_shape=None, ax=None, n_columns=None, **imshow
    ):
        """Predict, and draw what is wrong.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier; with ``predict_proba`` the surest errors come first.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        y : array-like of shape (n_samples,)
            Their labels.

        class_names, n_images, image_shape, ax, n_columns, **imshow
            As in :meth:`from_predictions`.

        Returns
        -------
        MisclassifiedDisplay
            What was drawn.
        """
        estimator = unwrapped(estimator)
        predicted, confidence = estimator.predict(X), None
        if np.ndim(predicted) != 1:
            raise ValueError(
                f"{type(estimator).__name__} predicts several labels for an image: MisclassifiedDisplay shows errors "
                "of one label per image."
            )
        if hasattr(estimator, "predict_proba"):
            places = np.searchsorted(estimator.classes_, predicted)
            confidence = estimator.predict_proba(X)[np.arange(len(predicted)), places]
        display = cls._of(y, predicted, confidence, class_names, n_images)
        display.images = Images(X, image_shape, estimator).pictures(display.indices)
        return display.plot(ax, n_columns=n_columns, **imshow)

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
        **imshow,
    ):
        """Draw what is wrong among predictions.

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
            How many errors to show at most.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        MisclassifiedDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there is no error to show.
        """
        check_consistent_length(X, y_true)
        display = cls._of(y_true, y_pred, confidence, class_names, n_images)
        display.images = Images(X, image_shape).pictures(display.indices)
        return display.plot(ax, n_columns=n_columns, **imshow)

    @classmethod
    def _of(cls, y_true, y_pred, confidence, class_names, n_images):
        """Find the errors to show; their images are still to come."""
        check_scalar(n_images, "n_images", Integral, min_val=1)
        y_true, y_pred = labels_of(y_true), labels_of(y_pred)
        check_consistent_length(y_true, y_pred, confidence)
        check_classification_targets(y_true)
        check_classification_targets(y_pred)
        unique_labels(y_true, y_pred)  # of one kind: a 1 is no "1"
        wrong = np.flatnonzero(y_true != y_pred)
        if not len(wrong):
            raise ValueError(f"All {len(y_true)} predictions are right: there is no error to show.")
        if confidence is not None:
            confidence = column_or_1d(confidence)
            wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
        shown = wrong[:n_images]
        return cls(
            None,
            shown,
            names_of(y_true[shown].tolist(), class_names),
            names_of(y_pred[shown].tolist(), class_names),
            confidence=None if confidence is None else confidence[shown],
            n_errors=len(wrong),
            n_samples=len(y_true),
        )

    def plot(self, ax=None, *, n_columns=None, **imshow):
        """Draw the errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        n_columns : int, default=None
            Images in a row; None takes five at most.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        MisclassifiedDisplay
            This display.
        """
        n_columns = columns_of(n_columns, len(self.images), 5)
        shares = [""] * len(self.images) if self.confidence is None else [f"\n{100 * c:.0f} %" for c in self.confidence]
        captions = [
            f"{true},\nnot {predicted}{share}"
            for true, predicted, share in zip(self.true_names, self.predicted_names, shares, strict=True)
        ]
        width, height = grid_size(self.images, n_columns, captions[0].count("\n") + 1)
        images, imshow = as_drawn(self.images, imshow)
        with axes_for(self, ax, (1.25 * width, 1.25 * height)) as ax:
            self.images_, self.captions_ = draw_grid(ax, images, n_columns, captions=captions, **imshow)
            title = f"{self.n_errors:,} of {self.n_samples:,} are wrong"
            self.images_[0].axes.set_title(title, fontsize=10)  # which are not ax where that shares its limits
        return self

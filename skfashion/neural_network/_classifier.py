"""What all neural classifiers share: labels, weights, held-out images, and predictions."""

import warnings
from numbers import Real

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.callback import with_callbacks
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.multiclass import is_multilabel as is_multilabel_indicator
from sklearn.utils.validation import check_is_fitted
from torch.nn.functional import logsigmoid

from skfashion._images import as_array
from skfashion._private_sklearn import Interval, StrOptions, _check_partial_fit_first_call, _fit_context
from skfashion.modules._multilabel import MultilabelLoss
from skfashion.neural_network._base import BaseNet
from skfashion.neural_network._classifier_net import ClassifierNet
from skfashion.neural_network._parameters import CLASSIFIER_ATTRIBUTES, CLASSIFIER_PARAMETERS


def _accuracy(output, target):
    return {"accuracy": output.argmax(1) == target}


def _subset_accuracy(output, target):
    return {"accuracy": ((output > 0) == (target > 0)).all(1)}


class BaseNetClassifier(ClassifierMixin, BaseNet):
    """A network with an output per class, trained on the cross-entropy.

    If y is an indicator matrix, classes do not exclude each other: each has a cross-entropy and a probability of its
    own.
    """

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    _docstring_parts = {
        **BaseNet._docstring_parts,
        "classifier_parameters": CLASSIFIER_PARAMETERS,
        "classifier_attributes": CLASSIFIER_ATTRIBUTES,
    }

    @property
    def _monitor(self):
        # Few images have all of many labels right: their share stays at 0 for long.
        return ("valid_loss", -1) if self._is_multilabel else ("valid_accuracy", 1)

    _net_class = ClassifierNet

    # Whether classes do not exclude each other.
    _is_multilabel = False

    def __init__(self, *, label_smoothing=0.0, class_weight=None, **shared):
        super().__init__(**shared)
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _criterion(self):
        smoothing = {"label_smoothing": float(self.label_smoothing)}
        if self._is_multilabel:
            return MultilabelLoss, smoothing
        return torch.nn.CrossEntropyLoss, {"reduction": "none", **smoothing}

    def _metrics(self):
        return _subset_accuracy if self._is_multilabel else _accuracy

    def _n_outputs(self):
        return len(self.classes_)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None):
        """Train the network on images X and labels y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255 of any dtype, some of them above 127, are levels, which are scaled
            to [0, 1]; other numbers are taken as they are. X is neither copied to float nor kept. A sparse matrix is
            made dense.

        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The labels: ints, strings, bools, whatever can be sorted; or an indicator matrix of 0 and 1, whose columns
            are classes that do not exclude each other.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        X_val, y_val : array-like, default=None
            Images and labels that are evaluated after each epoch, and that early stopping watches.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not as described, or if the training diverges. The estimator is then as it
            was before.
        """
        resume = self.warm_start and hasattr(self, "net_")
        with self._fit_task(X, y, sample_weight) as monitor:
            X, y = self._check_images(X, y, reset=not resume, multi_output=True)
            kept = self._kept_rows(X, y, sample_weight, new_classes=not resume, resume=resume)
            valid = self._check_validation(X_val, y_val)
            self._learn(X, *kept, len(self.classes_), resume=resume, valid=valid, monitor=monitor)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one pass over X, at a constant learning rate; the optimizer goes on from the previous pass.

        Unlike ``fit`` it does not survive Ctrl-C: the model is then as it was before the pass.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.

        classes : array-like of shape (n_classes,), default=None
            All labels that any call will see; required in the first call, unless ``fit`` came before.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} is not supported by partial_fit, which does not see all images: "
                "pass a dict, for instance from sklearn.utils.class_weight.compute_class_weight."
            )
        resume = hasattr(self, "net_")
        with self._all_or_nothing():
            _check_partial_fit_first_call(self, None if classes is None else as_array(classes))
            X, y = self._check_images(X, y, reset=not resume, multi_output=True)
            kept = self._kept_rows(X, y, sample_weight, new_classes=False, resume=resume)
            self._learn(X, *kept, len(self.classes_), resume=resume, one_pass=True)
        return self

    def _kept_rows(self, X, y, sample_weight, *, new_classes, resume):
        """Return the rows of X that weigh something, their encoded labels and their weights (None if all are 1)."""
        y = self._check_labels(y, new_classes=new_classes, resume=resume)
        rows, weight = self._weighed_rows(X, sample_weight)
        if self._is_multilabel:
            weight = self._relative_weights(weight, len(rows), resume=resume)
            return rows, y[rows].astype(np.float32), weight
        if self.class_weight is not None:
            by_class = self._weights_by_class(y[rows], weight, np.unique(y[rows]) if new_classes else self.classes_)
            rows, weight = rows[by_class > 0], (by_class if weight is None else weight * by_class)[by_class > 0]
        encoder = LabelEncoder()
        if new_classes:
            encoder.fit(y[rows])
            self.classes_ = encoder.classes_
        encoder.classes_ = self.classes_
        return rows, encoder.transform(y[rows]), self._relative_weights(weight, len(rows), resume=resume)

    def _check_labels(self, y, *, new_classes, resume):
        """Return labels (n,), or an indicator matrix (n, n_classes) in which classes do not exclude each other."""
        check_classification_targets(y)
        is_multilabel = is_multilabel_indicator(y)
        if resume and is_multilabel != self._is_multilabel:
            raise ValueError(
                f"y is {'an indicator matrix' if is_multilabel else 'labels'}, but {type(self).__name__} was fitted on "
                f"{'an indicator matrix' if self._is_multilabel else 'labels'}."
            )
        self._is_multilabel = is_multilabel
        if not is_multilabel:
            return column_or_1d(y, warn=True)
        if self.class_weight is not None:
            raise ValueError(
                f"class_weight={self.class_weight!r} weighs classes that exclude each other: y must be 1-D."
            )
        if new_classes:
            self.classes_ = np.arange(y.shape[1])
        if y.shape[1] != len(self.classes_):
            raise ValueError(f"y has {y.shape[1]} columns, but there are {len(self.classes_)} classes.")
        return y

    def _weights_by_class(self, y, sample_weight, known):
        """The weight of each label in y by its class; a class that `class_weight` does not name weighs 1."""
        if isinstance(self.class_weight, str):
            weights = compute_class_weight(self.class_weight, classes=known, y=y, sample_weight=sample_weight)
        else:
            self._check_class_weight(known.tolist())
            weights = np.array([self.class_weight.get(label, 1.0) for label in known.tolist()], dtype=np.float64)
        self._weight_of_class = dict(zip(known.tolist(), weights.tolist(), strict=True))
        by_class = weights[np.searchsorted(known, y).clip(max=len(known) - 1)]
        if not np.isfinite(weights).all() or (weights < 0).any() or not by_class.any():
            raise ValueError(
                "The 'class_weight' parameter must hold non-negative weights that are not all zero for the classes in "
                f"y. Got {self.class_weight!r} instead."
            )
        return by_class

    def _check_class_weight(self, classes):
        """Raise a ValueError if `class_weight` names no class, and warn if it names some that are none."""
        unknown = [label for label in self.class_weight if label not in classes]
        unnamed = [label for label in classes if label not in self.class_weight]
        if not unknown or not unnamed:
            return
        said = f"'class_weight' names {unknown}, but the classes are {classes}"
        if len(unnamed) == len(classes):
            raise ValueError(f"{said}.")
        warnings.warn(f"{said}; {unnamed} weigh 1.", UserWarning, stacklevel=2)  # one may be missing from a fold

    def _check_validation(self, X_val, y_val):
        """Return the validation images with their encoded labels as a set, or None."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val must be given together.")
        X_val, y_val = self._check_images(X_val, y_val, reset=False, multi_output=True)
        y_val = self._check_labels(y_val, new_classes=False, resume=True)
        if self._is_multilabel:
            return self._image_set(X_val, y=y_val.astype(np.float32))
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        weight = None
        if self.class_weight is not None:
            weight = np.array([self._weight_of_class[label] for label in y_val.tolist()])
        return self._image_set(X_val, y=encoder.transform(y_val), weight=weight)

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32, or float64 if X is float64
            In the order of `classes_`.
        """
        check_is_fitted(self)
        if self._is_multilabel:
            return self._per_image(X, lambda module, images: module(images).sigmoid())
        return _normalized(self._per_image(X, lambda module, images: module(images).softmax(1)))

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32, or float64 if X is float64
            In the order of `classes_`; finite where the probability underflows.
        """
        check_is_fitted(self)
        if self._is_multilabel:
            return self._per_image(X, lambda module, images: logsigmoid(module(images)))
        return self._per_image(X, lambda module, images: module(images).log_softmax(1))

    def predict(self, X):
        """Return the most probable class, or, after a fit on an indicator matrix, which classes are probable.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Labels, in the dtype of the y that was fitted; an indicator matrix is int64.
        """
        check_is_fitted(self)
        if self._is_multilabel:
            return self._per_image(X, lambda module, images: module(images) > 0).astype(np.int64)
        best = self._per_image(X, lambda module, images: module(images).argmax(1))
        return self.classes_[best]


def _normalized(probabilities):
    """Probabilities that sum to 1 in their own precision."""
    if probabilities.dtype == np.float64:
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities

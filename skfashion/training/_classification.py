"""Classification: one class per image, or several."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d, compute_class_weight
from torch import nn
from torch.nn.functional import logsigmoid

from skfashion.modules._losses import CrossEntropyLoss, MultilabelLoss
from skfashion.modules._predictions import Probabilities
from skfashion.training._net import Net
from skfashion.training._task import Task


class ClassifierNet(ClassifierMixin, Net):
    """A net whose outputs are scores of `n_classes` that exclude each other; it predicts their indices."""

    @property
    def classes_(self):
        return np.arange(self.n_classes)

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


class LabelTask(Task):
    """What tasks of classes and of labels share: a network that starts as it is, and ends in probabilities."""

    def start(self, net, images):
        pass

    def predictor(self, module):
        return Probabilities(module, self.last_layer)


@dataclass(kw_only=True)
class ClassificationTask(LabelTask):
    """One of several classes per image, by the cross-entropy.

    Attributes
    ----------
    label_smoothing : float
        The share of each target that is spread evenly over all classes.
    class_weight : dict, "balanced" or None
        Weights of the classes.
    classes : ndarray of shape (n_classes,) or None
        The labels; None until :meth:`encode` has found them.
    """

    label_smoothing: float
    class_weight: dict | str | None
    classes: np.ndarray | None = None

    outputs = "classes"
    last_layer = nn.Softmax(dim=1)
    monitor = ("valid_accuracy", 1)
    net_class = ClassifierNet

    @property
    def net_arguments(self):
        return {"n_classes": len(self.classes)}

    def criterion(self):
        return CrossEntropyLoss, {"label_smoothing": float(self.label_smoothing)}

    def metrics(self):
        return _accuracy

    def strata(self, images):
        return self.classes[images.y.cpu().numpy()]  # labels, which an error names where there are too few

    def encode(self, y, rows, weight):
        """Return what images learn: ``rows`` of positive weight, their classes ``y``, and their ``weight``.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Labels.
        rows : ndarray of int
            The rows of positive weight.
        weight : ndarray of float or None
            Their weights; None if all are 1.
        """
        y = column_or_1d(y, warn=True)
        self._check_names_of_classes(y[rows])
        rows, weight = self._of_classes_that_count(y, rows, weight)
        if self.classes is None:
            self.classes = LabelEncoder().fit(y[rows]).classes_
        encoded = self._encoded(y[rows])
        if self.class_weight is not None:
            by_class = self._weights_by_class(y[rows], weight)[encoded]
            weight = by_class if weight is None else weight * by_class
        return {"rows": rows, "y": encoded, "weight": weight}

    def encode_validation(self, y, rows, weight):
        """As :meth:`encode`, for images that are only looked at."""
        y = column_or_1d(y, warn=True)
        rows, weight = self._of_classes_that_count(y, rows, weight)
        y = y[rows]
        encoded = self._encoded(y)
        if self.class_weight is not None:
            by_class = self._weights[encoded]
            weight = by_class if weight is None else weight * by_class
        return {"rows": rows, "y": encoded, "weight": weight}

    def _of_classes_that_count(self, y, rows, weight):
        """The rows, and their weights, but for those of classes to which `class_weight` gives a weight of 0."""
        if not isinstance(self.class_weight, dict):
            return rows, weight
        left_out = [label for label in np.unique(y[rows]).tolist() if self.class_weight.get(label) == 0]
        counts = ~np.isin(y[rows], left_out)
        if not counts.any():
            raise self._invalid_weights()
        return rows[counts], None if weight is None else weight[counts]

    def _encoded(self, y):
        """The indices of labels, compared by value: in the dtype of the classes strings are cut off, and ints wrap."""
        classes = self.classes
        if y.dtype.kind == classes.dtype.kind and y.dtype.kind in "mM":  # in days and in seconds, say
            common = np.result_type(y, classes)
            y, classes = y.astype(common), classes.astype(common)
        encoder = LabelEncoder()
        encoder.classes_ = _as_objects(classes)
        try:
            return encoder.transform(_as_objects(y))
        except ValueError as error:
            raise ValueError(f"{error}. The classes are {_as_objects(self.classes).tolist()}.") from error

    def _weights_by_class(self, y, sample_weight):
        """The weight of each class; one that `class_weight` does not name weighs 1."""
        known, weights = self.classes, np.ones(len(self.classes))
        if isinstance(self.class_weight, str):
            present = np.isin(known, y)  # a fit that goes on may lack some
            weights[present] = compute_class_weight(
                self.class_weight, classes=known[present], y=y, sample_weight=sample_weight
            )
        else:
            weights[:] = [self.class_weight.get(label, 1.0) for label in known.tolist()]
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise self._invalid_weights()
        self._weights = weights
        return weights

    def _invalid_weights(self):
        return ValueError(
            "The 'class_weight' parameter must hold non-negative weights that are not all zero for the classes in y. "
            f"Got {self.class_weight!r} instead."
        )

    def _check_names_of_classes(self, y):
        """Raise a ValueError if `class_weight` names no class, and warn if it names some that are none."""
        if not isinstance(self.class_weight, dict):
            return
        classes = np.unique(y).tolist() if self.classes is None else self.classes.tolist()
        unknown = [label for label in self.class_weight if label not in classes]
        if self.classes is not None:  # a class of weight 0 was not fitted
            unknown = [label for label in unknown if self.class_weight[label] != 0]
        unnamed = [label for label in classes if label not in self.class_weight]
        if not unknown or not unnamed:
            return
        said = f"'class_weight' names {unknown}, but the classes are {classes}"
        if len(unnamed) == len(classes):
            raise ValueError(f"{said}.")
        warnings.warn(f"{said}; {unnamed} weigh 1.", UserWarning, stacklevel=2)  # one may be missing from a fold

    @staticmethod
    def probabilities(scores):
        return scores.softmax(1)

    @staticmethod
    def normalized(probabilities):
        """Probabilities as arrays that sum to 1 in their own precision."""
        if probabilities.dtype == np.float64:
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    @staticmethod
    def log_probabilities(scores):
        return _finite(scores.log_softmax(1))

    @staticmethod
    def best(scores):
        """The indices of the most probable classes, as floats: NaN where there are no probabilities."""
        return scores.argmax(1).where(scores.amax(1).isfinite(), torch.nan)

    def labels(self, best):
        """The labels of the indices that :meth:`best` gives."""
        return self.classes[best.astype(np.int64)]


@dataclass(kw_only=True)
class MultilabelTask(LabelTask):
    """Classes that do not exclude each other: each has a cross-entropy and a probability of its own.

    Attributes are those of :class:`ClassificationTask`. Early stopping watches the loss: few images have all of many
    labels right, so their share stays at 0 for long.
    """

    label_smoothing: float
    class_weight: None = None
    classes: np.ndarray | None = None

    outputs = "labels"
    last_layer = nn.Sigmoid()
    net_class = Net
    nonlinearity = staticmethod(torch.sigmoid)

    def criterion(self):
        return MultilabelLoss, {"label_smoothing": float(self.label_smoothing)}

    def metrics(self):
        return _subset_accuracy

    def strata(self, images):
        return None

    def encode(self, y, rows, weight):
        """Return what images learn, as :meth:`ClassificationTask.encode`; y is an indicator matrix."""
        if self.class_weight is not None:
            raise ValueError(f"class_weight={self.class_weight!r} needs mutually exclusive classes: y must be 1-D.")
        if self.classes is None:
            self.classes = np.arange(y.shape[1])
        return self.encode_validation(y, rows, weight)

    def encode_validation(self, y, rows, weight):
        """As :meth:`encode`, for images that are only looked at."""
        if y.shape[1] != len(self.classes):
            raise ValueError(f"y has {y.shape[1]} columns, but there are {len(self.classes)} classes.")
        if not np.isin(y[rows], (0, 1)).all():
            raise ValueError(f"An indicator matrix holds 0 and 1, but y holds {np.unique(y[rows]).tolist()[:5]}.")
        return {"rows": rows, "y": y[rows].astype(np.float32), "weight": weight}

    @staticmethod
    def probabilities(scores):
        return scores.sigmoid()

    @staticmethod
    def normalized(probabilities):
        """Probabilities as they are: those of classes that do not exclude each other have no sum."""
        return probabilities

    @staticmethod
    def log_probabilities(scores):
        return _finite(logsigmoid(scores))

    @staticmethod
    def best(scores):
        """1 for each class that is more probable than not, else 0; NaN where there is no probability."""
        return (scores > 0).where(~scores.isnan(), torch.nan)

    def labels(self, best):
        """An indicator matrix of what :meth:`best` gives."""
        return best.astype(np.int64)


def _as_objects(labels):
    """Labels as Python's own values; times are strings, since those of nanoseconds would be ints."""
    return (labels.astype(str) if labels.dtype.kind in "mM" else labels).astype(object)


def _finite(logarithms):
    """Logarithms of probabilities, of which that of 0 is the smallest number there is."""
    return logarithms.clamp(min=torch.finfo(logarithms.dtype).min)


def _accuracy(output, target):
    return {"accuracy": output.argmax(1) == target}


def _subset_accuracy(output, target):
    return {"accuracy": ((output > 0) == (target > 0.5)).all(1)}

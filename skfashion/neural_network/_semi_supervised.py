"""A classifier that learns from images with labels and from images without."""

from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import column_or_1d

from skfashion._atomic import all_or_nothing
from skfashion._exported import ModuleExport
from skfashion._images import ImageInput, fitted_on_images_of
from skfashion._labels import as_labels, is_unlabelled
from skfashion._private_sklearn import _fit_context, _safe_indexing
from skfashion._weights import checked_weights, weighted_rows
from skfashion.neural_network._base import BaseNet
from skfashion.neural_network._class_predictions import ClassPredictions
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._clones import CloneMark
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._inner_network import fit_of_an_inner_network, seed_inner
from skfashion.neural_network._per_image import per_image
from skfashion.neural_network._resnet import ResNetClassifier
from skfashion.neural_network._supervised import ImageEmbedding
from skfashion.neural_network._types import Augmentation
from skfashion.training._augmentation import augmentation_steps, mirrors, refuse_mixing
from skfashion.training._consistency import Consistency

# Attributes of the inner network that are those of its owner, too.
_SHARED = (
    *("classes_", "history_", "loss_", "loss_curve_", "n_epochs_", "n_iter_", "best_epoch_", "interrupted_"),
    *("validation_scores_", "best_validation_score_", "validation_loss_curve_"),
)


@estimator
class SemiSupervisedClassifier(
    ClassPredictions, ImageEmbedding, ModuleExport, CloneMark, ImageInput, CallbackSupportMixin, BaseEstimator
):
    """A network that learns from few labelled images and from many without labels.

    In every step the network predicts pseudo-labels for weakly augmented unlabelled images. Where it is confident, it
    learns to predict them for strongly augmented versions of these images. Labelled images are learnt from as usual.

    See Also
    --------
    EncoderClassifier : Learns from unlabelled images before it sees the first label.
    sklearn.semi_supervised.SelfTrainingClassifier : Fits any classifier again on its own confident predictions.

    Notes
    -----
    An epoch is one pass over the unlabelled images. Each step takes as many images as the `batch_size` of the inner
    estimator, of which a share of `labelled_share` have labels; labelled images are repeated as needed.
    The entry ``train_pseudo_labelled`` of the history is the share of unlabelled images whose pseudo-label counted;
    ``train_accuracy`` is measured on all images that count: those with labels, and those with pseudo-labels.

    The strong augmentation must not change the class, and the network has to be able to learn that: convolutional
    networks gain most, while a perceptron, to which a shifted image is a different one, may get worse.

    In a search, the score is that of the labelled images of each fold, see :meth:`score`; scorers that are given by
    name know nothing about missing labels.

    References
    ----------
    K. Sohn et al., `FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence
    <https://arxiv.org/abs/2001.07685>`_, 2020: a constant `threshold`.

    Y. Wang et al., `FreeMatch: Self-adaptive Thresholding for Semi-supervised Learning
    <https://arxiv.org/abs/2205.07246>`_, 2023: the adaptive one.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import CNNClassifier, SemiSupervisedClassifier
    >>> X, y = make_garments(1200, random_state=0, return_X_y=True)
    >>> few = np.where(np.arange(1000) < 100, y[:1000], -1)
    >>> cnn = CNNClassifier(batch_size=32, max_epochs=6)
    >>> model = SemiSupervisedClassifier(cnn, random_state=0).fit(X[:1000], few)
    >>> model.score(X[1000:], y[1000:]) > 0.6
    True
    """

    estimator: BaseNetClassifier | None = parameter(
        None,
        """
        The network that is cloned and trained; its parameters say how: ``max_epochs``, ``batch_size``,
        ``augmentation``, which are the weak changes, and so on. None stands for ``ResNetClassifier()``.""",
        positional=True,
    )
    threshold: float | Literal["adaptive"] = parameter(
        "adaptive",
        """
        The lowest probability of a prediction that counts as a pseudo-label. ``"adaptive"`` follows the mean
        confidence of the network, and is lower for classes that it predicts rarely; it suits networks that are trained
        with label smoothing, which never come near to 1.""",
        number(float, 0, 1, closed="both"),
    )
    labelled_share: float = parameter(
        0.5, "The share of labelled images in each batch.", number(float, 0, 1, closed="neither")
    )
    unlabelled_weight: float = parameter(
        1.0, "The weight of the mean loss of unlabelled images, relative to that of labelled ones.", number(float, 0)
    )
    strong_augmentation: Augmentation = parameter(
        "auto",
        """
        The strong changes, as `augmentation` of the networks. ``"auto"`` is ``"flip+shift+erase+erase"`` for
        images, without the flip if the weak changes have none, and nothing for rows that are not images. Neither these
        nor the weak changes may mix images.""",
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        """
        Seeds the network, unless that has a `random_state` of its own. Pass an int for the same model in every
        call.""",
        "random_state",
    )

    _fitted_attributes = {
        "estimator_ : classifier": "The fitted network.",
        "classes_ : ndarray of shape (n_classes,)": "The labels.",
        **BaseNet._fitted_attributes,
        "history_ : list of dict": "One dict per epoch, as of the inner network; see Notes.",
    }

    @property
    def net_(self):
        """The fitted net of `estimator_`."""
        return self.estimator_.net_

    @property
    def module_(self):
        """The fitted network; a view of `net_`, so that its weights are stored once."""
        return self.net_.module_

    @property
    def _task(self):
        return self.estimator_._task

    @property
    def _images_of_inner(self):
        inner = self._given()
        return inner._declared_layout(), inner._known_images()[1]

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network on images X, of which some have labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255, some of them above 127, are levels, which are scaled to
            [0, 1].

        y : array-like of shape (n_samples,)
            Labels: ints, strings, anything that can be sorted. The label of an unlabelled image is -1, or None or NaN
            among objects, or NaT among times. An array of strings needs ``dtype=object`` for them.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        X_val, y_val, sample_weight_val : array-like, default=None
            Labelled validation images and their weights; evaluated after each epoch, and monitored by early stopping.

        Returns
        -------
        self : object
            The fitted estimator. If all images have labels, it equals the inner estimator fitted by itself.

        Raises
        ------
        ValueError
            If an input or a parameter is not as described, if no image has a label, or if the training diverges. The
            estimator is then as it was before.
        """
        with fit_of_an_inner_network(self, X, y, sample_weight) as fitting, all_or_nothing(self):
            labelled, y = _labels(y)
            if not labelled.any():
                raise ValueError("y holds no label: images without one are -1, or None among strings.")
            X, y = self._validate_images(X, y, reset=True)
            weight = checked_weights(sample_weight, X)
            X = self._on_the_scale(X, np.flatnonzero(weight), reset=True)
            self.estimator_ = self._new_estimator()
            for name, value in self._augmentations().items():
                refuse_mixing(name, value, self.image_shape_, "a pseudo-label is that of one image")
            if X_val is not None:
                X_val, _ = self._validate_images(X_val, reset=False)
                counted = None if sample_weight_val is None else weighted_rows(sample_weight_val, X_val)[0]
                X_val = self._on_the_scale(X_val, counted, reset=False)
            consistency = self._consistency(np.flatnonzero(~labelled & (weight > 0)), weight)
            known = None if sample_weight is None and labelled.all() else weight * labelled
            with fitted_on_images_of(self, self.estimator_, consistency=consistency), fitting(self.estimator_):
                self.estimator_.fit(X, y, known, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
            for name in _SHARED:
                setattr(self, name, getattr(self.estimator_, name))
            self._unmark()
        return self

    def score(self, X, y, sample_weight=None):
        """Return the accuracy on those images that have a label.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of shape (n_samples,)
            Their labels, as in :meth:`fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the images.

        Returns
        -------
        float
            The share of correct predictions.

        Raises
        ------
        ValueError
            If no image has a label.
        """
        labelled, y = _labels(y)
        if not labelled.any():
            raise ValueError("y holds no label to score by.")
        if not labelled.all():
            rows = np.flatnonzero(labelled)
            X, y = _safe_indexing(X, rows), y[rows]
            sample_weight = None if sample_weight is None else _safe_indexing(sample_weight, rows)
        return super().score(X, y, sample_weight)

    def _per_image(self, X, function):
        return per_image(self, self.net_, X, function)

    def _as_predictor(self):
        return self.estimator_._as_predictor()

    def _given(self):
        return ResNetClassifier() if self.estimator is None else self.estimator

    def _new_estimator(self):
        inner = clone(self._given())
        if inner.distributed:
            raise ValueError(f"{type(self).__name__} cannot share a training: set distributed=False.")
        seed_inner(self, inner)
        return inner

    def _consistency(self, rows, weight):
        """How the network learns from the rows without labels; None if there are none."""
        if not len(rows):
            return None
        row_weight = weight[rows] / weight[rows].mean()
        return Consistency(
            rows,
            row_weight=None if (row_weight == 1).all() else row_weight,
            labelled_share=self.labelled_share,
            threshold=self.threshold,
            weight=self.unlabelled_weight,
            augmentation=augmentation_steps(self._augmentations()["strong_augmentation"], self.image_shape_),
        )

    def _augmentations(self):
        """The weak and the strong changes by the names of their parameters."""
        shape, weak, strong = self.image_shape_, self.estimator_.augmentation, self.strong_augmentation
        if isinstance(strong, str) and strong == "auto":
            flips = mirrors(augmentation_steps(weak, shape))
            strong = ("flip+" if flips else "") + "shift+erase+erase" if shape[1] > 1 else None
        return {"estimator__augmentation": weak, "strong_augmentation": strong}


def _labels(y):
    """Which images have a label, and labels for all of them: those without get some label that is there."""
    _check_strings(y)
    y = column_or_1d(as_labels(y), warn=True)
    labelled = ~_are_unlabelled(y)
    if y.dtype.kind == "O" and not any(isinstance(label, str) for label in y[labelled]):
        return labelled, np.array(np.where(labelled, y, next(iter(y[labelled]), 0)).tolist())
    if labelled.any() and not labelled.all():
        y = np.where(labelled, y, y[labelled][0])
    return labelled, y


def _check_strings(y):
    """Raise a ValueError if an array of strings holds what -1 or NaN becomes there."""
    for lost in ("-1", "nan"):
        if isinstance(y, np.ndarray) and y.dtype.kind == "U" and (y == lost).any():
            raise ValueError(f"y holds the string {lost!r}: for images without a label, y needs dtype=object.")


def _are_unlabelled(y):
    if y.dtype.kind == "O":
        return np.array([is_unlabelled(label) for label in y], dtype=bool)
    if y.dtype.kind in "mM":
        return np.isnat(y)
    return np.zeros(len(y), dtype=bool) if y.dtype.kind in "USb" else y == -1

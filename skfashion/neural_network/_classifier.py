"""The base of neural classifiers: labels in, probabilities and labels out."""

from typing import Literal

from sklearn.utils.multiclass import is_multilabel as is_indicator

from skfashion._labels import check_classes, distinct_classes
from skfashion._private_sklearn import _check_partial_fit_first_call, _fit_context
from skfashion.neural_network._class_predictions import ClassPredictions
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._supervised import SupervisedNet
from skfashion.training._classification import ClassificationTask, MultilabelTask


@estimator
class BaseNetClassifier(ClassPredictions, SupervisedNet):
    """A network with one output per class, trained on the cross-entropy.

    If y is an indicator matrix (multilabel classification), classes are not mutually exclusive: each has its own binary
    cross-entropy and its own probability.

    A subclass is decorated with :func:`estimator`, declares its parameters, and has a method ``_network`` that returns
    the ``Network`` that they describe.

    See Also
    --------
    MLPClassifier, CNNClassifier, ResNetClassifier, EncoderClassifier : Its subclasses here.

    Examples
    --------
    >>> import torch
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.extending import BaseNetClassifier, Network, estimator, number, parameter
    >>> def linear_model(n_features, n_outputs, scale):
    ...     model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(n_features, n_outputs))
    ...     torch.nn.init.normal_(model[1].weight, std=scale)
    ...     return model
    >>> @estimator
    ... class LinearClassifier(BaseNetClassifier):
    ...     scale: float = parameter(0.01, "Standard deviation of the initial weights.", number(float, 0))
    ...
    ...     def _network(self):
    ...         sizes = {"n_features": self.n_features_in_, "n_outputs": len(self.classes_)}
    ...         return Network(module=linear_model, arguments={**sizes, "scale": self.scale}, foreign=True)
    >>> X, y = make_garments(500, random_state=0, return_X_y=True)
    >>> LinearClassifier(scale=0.1, random_state=0).fit(X, y).score(X, y) > 0.5
    True
    """

    label_smoothing: float = parameter(
        0.0, "The share of each target that is spread evenly over all classes.", number(float, 0, 1)
    )
    class_weight: dict | Literal["balanced"] | None = parameter(
        None,
        """
        Weights of the classes; ``"balanced"`` gives every class the same total weight. They count in the losses and
        accuracies of `history_`, and so for early stopping, but not in ``score``. Must be None for multilabel y.""",
    )

    _fitted_attributes = {"classes_ : ndarray of shape (n_classes,)": "The labels."}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
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

        Raises
        ------
        ValueError
            If `early_stopping` is True or `class_weight` is ``"balanced"``, or if an input is not as described.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} is not supported by partial_fit, which does not see all images: "
                "pass a dict, for instance from sklearn.utils.class_weight.compute_class_weight."
            )
        return self._fit(X, y, sample_weight, one_pass=True, classes=classes)

    @property
    def _n_outputs(self):
        return len(self.classes_)

    def _examples(self, X, y, sample_weight, *, resume, one_pass, classes=None):
        if one_pass:
            _check_partial_fit_first_call(self, None if classes is None else distinct_classes(classes))
        X, y = self._checked(X, y, reset=not resume)
        task = self._new_task(y)
        if resume and one_pass:
            task.go_on_from(self._task)
        if resume or one_pass:
            task.classes = self.classes_
        examples = task.encode(y, *self._weighted_rows(X, sample_weight))
        self._task, self.classes_ = task, task.classes
        return self._on_the_scale(X, self._rows_that_count(examples["rows"]), reset=not resume), examples

    def _checked(self, X, y, *, reset):
        X, y = self._validate_images(X, y, reset=reset, multi_output=True)
        check_classes(y)
        kind = _kind_of(y)
        if not reset and kind is not type(self._task):
            names = {MultilabelTask: "an indicator matrix", ClassificationTask: "labels"}
            raise ValueError(f"y is {names[kind]}, but {type(self).__name__} was fitted on {names[type(self._task)]}.")
        return X, y

    def _new_task(self, y):
        """What the labels y ask for, by the parameters as they are now."""
        return _kind_of(y)(label_smoothing=self.label_smoothing, class_weight=self.class_weight)


def _kind_of(y):
    return MultilabelTask if is_indicator(y) else ClassificationTask

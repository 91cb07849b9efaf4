"""The base of neural regressors: numbers in, numbers out."""

import warnings
from typing import Literal

from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skfashion._private_sklearn import _fit_context
from skfashion.neural_network._declaring import estimator, parameter
from skfashion.neural_network._supervised import SupervisedNet
from skfashion.training._regression import RegressionTask


@estimator
class BaseNetRegressor(RegressorMixin, SupervisedNet):
    """A network with one output per target.

    Targets are standardised for training, so that a learning rate suits any unit; predictions are in the units of y.

    A subclass is decorated with :func:`estimator`, declares its parameters, and has a method ``_network`` that returns
    the ``Network`` that they describe.

    See Also
    --------
    MLPRegressor, CNNRegressor, ResNetRegressor : Its subclasses here.

    Examples
    --------
    >>> import torch
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.extending import BaseNetRegressor, Network, estimator
    >>> def linear_model(n_features, n_outputs):
    ...     return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(n_features, n_outputs))
    >>> @estimator
    ... class LinearRegressor(BaseNetRegressor):
    ...     def _network(self):
    ...         sizes = {"n_features": self.n_features_in_, "n_outputs": self._n_outputs}
    ...         return Network(module=linear_model, arguments=sizes, foreign=True)
    >>> X = make_garments(500, random_state=0).data
    >>> brightness = X.mean(axis=1)
    >>> LinearRegressor(batch_size=32, random_state=0).fit(X, brightness).score(X, brightness) > 0.8
    True
    """

    loss: Literal["squared_error", "absolute_error", "huber"] = parameter(
        "squared_error",
        """
        The distance between targets and predictions, in standard deviations of the training targets, as a mean over
        the targets of an image. ``"huber"`` is squared up to one standard deviation, and absolute beyond: the
        loss of an outlier grows only linearly with its distance.""",
    )

    _fitted_attributes = {
        "n_outputs_ : int": "Targets per image.",
        "history_ : list of dict": """
            One dict per epoch: ``epoch``, ``train_loss``, ``train_r2`` (as measured during the epoch), ``valid_loss``
            and ``valid_r2`` (if there are validation images), ``learning_rate``, and ``duration`` in seconds.""",
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one pass over X, at a constant learning rate; the optimizer goes on from the previous pass.

        The first pass, or ``fit`` before it, decides how targets are standardised. Unlike ``fit`` it does not survive
        Ctrl-C: the model is then as it was before the pass.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `early_stopping` is True, or if an input is not as described.
        """
        return self._fit(X, y, sample_weight, one_pass=True)

    @property
    def _n_outputs(self):
        return self.n_outputs_

    def _examples(self, X, y, sample_weight, *, resume, one_pass):
        X, y = self._checked(X, y, reset=not resume)
        task = RegressionTask(loss=self.loss)
        if resume:
            task.measure_as(self._task)
        if resume and one_pass:
            task.go_on_from(self._task)
        examples = task.encode(y, *self._weighted_rows(X, sample_weight))
        if one_pass and not resume and task.is_constant.any():
            warnings.warn(
                f"The targets of the first partial_fit are all the same ({task.mean}), so their scale is unknown "
                "and taken to be 1. Begin with targets that differ.",
                UserWarning,
                stacklevel=6,
            )
        self._task, self.n_outputs_ = task, len(task.mean)
        return self._on_the_scale(X, self._rows_that_count(examples["rows"]), reset=not resume), examples

    def _checked(self, X, y, *, reset):
        return self._validate_images(X, y, reset=reset, multi_output=True, y_numeric=True)

    def predict(self, X):
        """Return the predicted targets of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), dtype float64
            In the shape and the units of the y that was fitted; computed in float32.
        """
        check_is_fitted(self)
        return self._task.targets(self._per_image(X, lambda module, images: module(images)))

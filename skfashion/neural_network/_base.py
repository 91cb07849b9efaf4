"""The base of all neural estimators: the single code path of every fit."""

import warnings
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._device import resolve_device
from skfashion._exported import ModuleExport
from skfashion._images import ImageInput
from skfashion._pixels import warn_of_large_numbers
from skfashion._private_sklearn import _fit_context
from skfashion._seeds import draw_seed
from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion._weights import weighted_rows
from skfashion.neural_network._callbacks import EpochTasks, data_of, history_of
from skfashion.neural_network._declaring import estimator
from skfashion.neural_network._layer_table import LayersInHTML
from skfashion.neural_network._net_params import NetParams
from skfashion.neural_network._parameters import TrainingParameters
from skfashion.neural_network._per_image import per_image
from skfashion.neural_network._sharing import common_seed
from skfashion.neural_network._stored import StoredAsArrays, with_own_containers
from skfashion.training._augmentation import augmentation_steps
from skfashion.training._build import build_net
from skfashion.training._deadline import Deadline
from skfashion.training._distributed import shared_training
from skfashion.training._early_stopping import EarlyStopping
from skfashion.training._health import (
    N_COMPARED,
    has_finite_weights,
    trainable_weights,
    warn_of_a_dead_network,
)
from skfashion.training._loader import ImageSet
from skfashion.training._snapshot import snapshot_of


@estimator
class BaseNet(
    TrainingParameters,
    LayersInHTML,
    NetParams,
    StoredAsArrays,
    ModuleExport,
    ImageInput,
    CallbackSupportMixin,
    BaseEstimator,
    ABC,
):
    """An estimator around a skorch net.

    A family of estimators defines what is learned (:meth:`_examples`, :meth:`_validation`), a final class the network
    (:meth:`_network`).
    """

    _fitted_attributes = {
        "n_features_in_ : int": "Values in a row of X.",
        "feature_names_in_ : ndarray of str": "Names of the columns, if X was a DataFrame with names.",
        "image_shape_ : tuple of int": "(channels, height, width) of an image.",
        "history_ : list of dict": """
            One dict per epoch: ``epoch``, ``train_loss`` and, for classifiers, ``train_accuracy`` (as measured during
            the epoch), ``valid_loss`` and ``valid_accuracy`` (if there are validation images), ``learning_rate``, and
            ``duration`` in seconds.""",
        "loss_, loss_curve_ : float, list of float": "The training loss of the last epoch, and of each.",
        "validation_scores_ : list of float or None": """
            The score of each epoch that early stopping monitors: the validation accuracy of classifiers (except
            multilabel ones), R² of regressors, relative to the variance of the training targets, and the negative
            validation loss of all others.""",
        "best_validation_score_ : float or None": "The highest of `validation_scores_`.",
        "validation_loss_curve_ : list of float or None": "The validation loss of each epoch.",
        "n_epochs_, n_iter_ : int": "Epochs that were run; the second is the name that tools of scikit-learn look for.",
        "best_epoch_ : int": "The epoch whose weights are used.",
        "interrupted_ : bool": "Whether Ctrl-C cut the training short.",
        "net_ : skorch.NeuralNet": "The fitted net.",
        "module_ : torch.nn.Module": "The network of `net_`.",
    }

    @property
    def module_(self):
        """The fitted network; a view of `net_`, so that its weights are stored once."""
        return self.net_.module_

    @abstractmethod
    def _network(self):
        """The :class:`~skfashion.training._build.Network` that the parameters describe."""

    @abstractmethod
    def _examples(self, X, y, sample_weight, *, resume, one_pass, **known):
        """Validate; set the task; return X as rows, and what :class:`ImageSet` needs to know of the examples."""

    @abstractmethod
    def _validation(self, X, y, sample_weight):
        """Validate; return the :class:`ImageSet` of validation images, or None where there are none."""

    @abstractmethod
    def _describe(self, net, images, *, add):
        """Fitted attributes that are measured on the training images; `add` says whether they join earlier ones."""

    # Estimators that are fitted before the first epoch, at most.
    _n_inner_fits = 0

    def _prepare(self, given, X, rows, *, resume, tasks):
        """Make what a network consists of, once the images are known: as they were `given`, and checked as X."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network on the images X and their targets y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255 of any dtype, some of them above 127, are levels, which are scaled
            to [0, 1]; other numbers are taken as they are. X is neither copied to float nor kept. A sparse matrix is
            made dense.

        y : array-like, default=None
            For classifiers, labels of shape (n_samples,): ints, strings, bools, anything that can be sorted; or an
            indicator matrix of 0 and 1 of shape (n_samples, n_classes) for multilabel classification. For regressors,
            numbers of shape (n_samples,) or (n_samples, n_outputs), in any unit. For autoencoders, the target of each
            image, for instance the image without noise, in the shape and on the scale of X; anything of another
            shape, such as labels, is ignored, as by transformers of scikit-learn, except by a conditional autoencoder,
            which takes labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        X_val, y_val, sample_weight_val : array-like, default=None
            Validation images, their targets and their weights; evaluated after each epoch, and monitored by early
            stopping.

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
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    def _fit(self, X, y, sample_weight, validation=(None, None, None), *, one_pass=False, **known):
        """Validate, hold out, build or resume the net, train it, and keep it: the way of every fit."""
        if one_pass and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        resume = (one_pass or self.warm_start) and hasattr(self, "net_")
        with (
            self._epoch_tasks(X, y, sample_weight, one_pass) as tasks,
            all_or_nothing(self),
            neutral_state(),
            shared_training() if self.distributed else nullcontext(),
        ):
            known = {**known, "resume": resume, "one_pass": one_pass}
            images, valid, seed = self._checked_images(X, y, sample_weight, validation, tasks, **known)
            train = images
            if valid is None and self.early_stopping and not one_pass:
                train, valid = self._held_out(images, seed)
            net = self._resumed_net(one_pass=one_pass) if resume else self._new_net(seed)
            if not resume:
                self._task.start(net, train)
            before = {} if one_pass else trainable_weights(net.module_)
            n_before = len(net.history)
            stopping = self._early_stopping() if self.early_stopping and not one_pass else None
            listeners = [] if tasks is None else [tasks.on(train)]
            if self.max_seconds is not None and not one_pass:
                listeners.append(Deadline(self.max_seconds))
            survives = not (one_pass or self._is_clone or self.distributed)
            extras = {"consistency": self._given_consistency, "stopping": stopping, "listeners": listeners}
            self.interrupted_ = net.train(train, valid, **extras, one_pass=one_pass, survives_ctrl_c=survives)
            if self.interrupted_:
                self._warn_of_an_interrupt(net)
            elif not one_pass:
                batch = train.take(slice(0, min(N_COMPARED, len(train))))
                losses = net.history[n_before:, "train_loss"]
                warn_of_a_dead_network(type(self).__name__, net.module_, batch, before, losses)
            vars(self).update(self._net_attributes(net, best_epoch=stopping and stopping.best_epoch))
            vars(self).update(self._describe(net, images, add=resume and one_pass))
            self._unmark()
        return self

    def _checked_images(self, X, y, sample_weight, validation, tasks, *, resume, **known):
        """Validate and encode all that is given; return training images, validation images if any, and the seed."""
        given = X
        X, examples = self._examples(X, y, sample_weight, resume=resume, **known)
        valid = self._validation(*validation)
        augmentation_steps(self.augmentation, self.image_shape_)  # an invalid one is reported before training
        rows = self._rows_that_count(examples["rows"])
        if resume:
            self._check_layout_of_a_resumed_fit()
        else:
            warn_of_large_numbers(type(self).__name__, X, rows)
        self._prepare(given, X, rows, resume=resume, tasks=tasks)
        seed = self.net_.seed if resume else draw_seed(self.random_state)  # the same images are held out again
        if self.distributed:
            seed = common_seed(self, seed, X, examples, valid, resume=resume)
        examples["weight"] = self._task.relative_weights(examples["weight"], len(examples["rows"]))
        return self._image_set(X, **examples), valid, seed

    def _check_layout_of_a_resumed_fit(self):
        declared, fitted = self._declared_layout(), self._layout
        if declared is None:
            return
        is_of_one_channel = declared.shape[0] == 1  # it comes first and last
        if declared.shape != fitted.shape or not (is_of_one_channel or declared == fitted):
            raise ValueError(
                f"{type(self).__name__} cannot go on training: rows were images of shape {fitted.row_shape}, and are "
                f"{declared.row_shape} by its parameters now. Fit with warm_start=False."
            )

    def _rows_that_count(self, rows):
        """These rows, and the unlabelled ones from which a classifier also learns."""
        consistency = self._given_consistency
        return rows if consistency is None else np.union1d(rows, consistency.rows)

    @property
    def _given_consistency(self):
        """What an estimator that trains this one by consistency knows of images without labels, or None."""
        return vars(self).get("_given_by_owner", {}).get("consistency")

    def _as_predictor(self):
        return self._task.predictor(self.module_), self._task.outputs

    def _early_stopping(self):
        return EarlyStopping(*self._task.monitor, self.tol, self.n_iter_no_change)

    def _warn_of_an_interrupt(self, net):
        name = type(self).__name__
        if not has_finite_weights(net.module_):
            raise ValueError(f"{name} had diverged when training was interrupted: lower learning_rate.")
        warnings.warn(
            f"Training of {name} interrupted by user after {len(net.history)} epochs; the model can be used as it is.",
            UserWarning,
            stacklevel=6,  # through fit and its decorators to the user's line
        )

    @contextmanager
    def _epoch_tasks(self, X, y, sample_weight, one_pass):
        """A fit as scikit-learn's callbacks see it; gives what reports its epochs, or None for a single pass."""
        if one_pass:
            yield None
            return
        context = self._init_callback_context(max_subtasks=self._n_inner_fits + self.max_epochs)
        data = data_of(X, y, sample_weight)
        context.call_on_fit_task_begin(estimator=self, **data)
        yield EpochTasks(self, context, data)
        context.call_on_fit_task_end(estimator=self, reconstruction_attributes=dict, **data)

    def _weighted_rows(self, X, sample_weight):
        """Return the indices of the rows of X with a positive weight, and their weights (None if all are 1)."""
        if sample_weight is None:
            return np.arange(len(X)), None
        return weighted_rows(sample_weight, X)

    def _validation_set(self, X, *, weight, **examples):
        """The set of validation images, of which only the ratios of weights matter."""
        return self._image_set(X, weight=None if weight is None else weight / weight.max(), **examples)

    def _image_set(self, X, *, clean=None, **examples):
        """Images and what is known of them, on the device of the parameters."""
        device = resolve_device(self.device)
        clean = None if clean is None else to_device(clean, device)
        return ImageSet(to_device(X, device), self._layout, clean=clean, **examples)

    def _held_out(self, images, seed):
        """Split a set of images in two, the second for early stopping."""
        train, valid = train_test_split(
            np.arange(len(images)),
            test_size=self.validation_fraction,
            stratify=self._task.strata(images),
            random_state=seed,
        )
        if images.weight is not None:
            images.weight /= self._task.count_only(images.weight[train])  # 1 on average over those that are trained on
        return images.subset(train), images.subset(valid)

    def _new_net(self, seed):
        self._fitted_params = with_own_containers(self.get_params(deep=False))
        return build_net(self._network(), self._task, self, layout=self._layout, seed=seed)

    def _resumed_net(self, *, one_pass):
        """A new net, by the parameters as they are now, that goes on where `net_` stopped."""
        net = self._new_net(self.net_.seed)
        try:
            net.resume(self.net_, one_pass=one_pass)
        except RuntimeError as error:
            raise ValueError(
                f"{type(self).__name__} cannot go on training: its parameters now describe another network than the "
                f"fitted one. Fit with warm_start=False. ({str(error).splitlines()[0]})"
            ) from error
        return net

    def _net_attributes(self, net, best_epoch=None):
        """The fitted attributes that a net brings with it."""
        monitor, sign = self._task.monitor
        history = history_of(net.history)
        scores = [sign * row[monitor] for row in history if monitor in row]
        losses = [row["train_loss"] for row in history]
        n_epochs = history[-1]["epoch"] if history else 0
        return {
            "net_": net,
            "history_": history,
            "loss_curve_": losses,
            "loss_": losses[-1] if losses else None,
            "validation_scores_": scores or None,
            "best_validation_score_": max(scores, default=None),
            "validation_loss_curve_": [row["valid_loss"] for row in history if "valid_loss" in row] or None,
            "n_epochs_": n_epochs,
            "n_iter_": n_epochs,
            "best_epoch_": n_epochs if best_epoch is None else best_epoch,
        }

    def _attributes_at_an_epoch(self, net, images):
        """The fitted attributes as if the fit had ended after the last epoch of `net`, apart from it."""
        apart = self._rebuilt_net(snapshot_of(net), str(net.device))
        return {**self._net_attributes(apart), **self._describe(apart, images, add=False)}

    def _per_image(self, X, function, **how):
        """Collect ``function(module, images)`` over the batches of X, see :func:`per_image`."""
        check_is_fitted(self)
        return per_image(self, self.net_, X, function, **how)

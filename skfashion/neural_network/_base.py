"""The base of all neural estimators: shared parameters, and the single code path of every fit."""

import warnings
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from typing import Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from skfashion._atomic import all_or_nothing
from skfashion._device import resolve_device
from skfashion._exported import ModuleExport
from skfashion._images import ImageInput
from skfashion._layout import as_array
from skfashion._pixels import warn_of_large_numbers
from skfashion._private_sklearn import _check_sample_weight, _fit_context
from skfashion._seeds import draw_seed
from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion.neural_network._callbacks import EpochTasks, data_of, history_of
from skfashion.neural_network._layer_table import LayersInHTML
from skfashion.neural_network._net_params import NetParams
from skfashion.neural_network._parameters import estimator, number, parameter
from skfashion.neural_network._per_image import per_image
from skfashion.neural_network._sharing import common_seed
from skfashion.neural_network._stored import StoredAsArrays
from skfashion.neural_network._types import Augmentation, Optimizer
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
    LayersInHTML, NetParams, StoredAsArrays, ModuleExport, ImageInput, CallbackSupportMixin, BaseEstimator, ABC
):
    """An estimator around a skorch net.

    A family of estimators defines what is learned (:meth:`_examples`, :meth:`_validation`), a final class the network
    (:meth:`_network`).
    """

    optimizer: Optimizer = parameter(
        "adam",
        """
        Its name, or a subclass of :class:`torch.optim.Optimizer`. ``"nesterov"`` is stochastic gradient descent with
        a Nesterov momentum of 0.9.""",
    )
    learning_rate: float = parameter(
        0.003, "The learning rate; with a schedule, its highest value.", number(float, 0, closed="neither")
    )
    optimizer_params: dict | None = parameter(
        None, 'Further arguments of the optimizer, for instance ``{"momentum": 0.9}``.'
    )
    weight_decay: float = parameter(
        0.0,
        'Weight decay as the optimizer defines it: decoupled in ``"adamw"``, an L2 penalty in the others.',
        number(float, 0),
    )
    lr_schedule: Literal["auto", "onecycle", "cosine", "adaptive"] | None = parameter(
        "auto",
        """
        The learning-rate schedule over the `max_epochs` of ``fit``, set at every step: ``"onecycle"`` rises for a
        fifth of the time and then falls to 0, ``"cosine"`` falls to 0. ``"adaptive"`` needs early stopping: the rate
        rises over the first 100 steps and is divided by 5 each time the validation score has not improved for two
        thirds of `n_iter_no_change` epochs. ``"auto"`` is ``"adaptive"`` with early stopping, else ``"onecycle"``. None
        keeps the rate constant. So does ``partial_fit``, because the number of passes is unknown: at `learning_rate`,
        or at a tenth of it after a ``fit`` with a schedule, rising over the first 100 steps.""",
    )
    batch_size: int = parameter(128, "Number of images per step of the optimizer.", number(int, 1))
    max_epochs: int = parameter(20, "Maximum number of epochs (passes over the training images).", number(int, 1))
    max_seconds: float | None = parameter(
        None,
        """
        Time after which ``fit`` stops training, at the end of an epoch. With early stopping the weights of the best
        epoch are used; without it a schedule that falls to 0 over `max_epochs` is cut off where it is. How far a
        training gets depends on the machine. None lets it run for `max_epochs`.""",
        number(float, 0, closed="neither"),
    )
    early_stopping: bool = parameter(
        False,
        """
        Whether to stop when the validation score no longer improves, and to restore the weights of the best epoch,
        which are kept in memory. Uses `X_val` of ``fit``, else holds out a `validation_fraction` of X.""",
    )
    validation_fraction: float = parameter(
        0.1, "Share of the training images that early stopping holds out.", number(float, 0, 1, closed="neither")
    )
    n_iter_no_change: int = parameter(
        10, "Epochs without improvement after which early stopping stops.", number(int, 1)
    )
    tol: float = parameter(
        0.0,
        """
        Minimum increase of the score that counts as an improvement. Scikit-learn's 1e-4 is less than one image
        contributes in most validation sets.""",
        number(float, 0),
    )
    augmentation: Augmentation = parameter(
        None,
        """
        Random changes to the training images: ``"flip"`` flips them left to right, ``"shift"`` moves them by up to one
        pixel in 28, ``"erase"`` erases a rectangle; any of them in any order, as ``"flip+shift"``. ``"mixup"`` averages
        each image with another one of its batch, with weights that are uniform on [0, 1], and ``"cutmix"`` replaces a
        rectangle of it by that of another one; the network learns both targets, weighted by their shares of the image,
        as is the training accuracy. At most one of these two may be given. ``"auto"`` is ``"flip+shift"`` for images,
        and nothing for rows that are not images. Vacated and erased pixels become zero, which is black, or the mean of
        standardised images. A callable, alone or in a sequence with names, gets a batch of
        float images (n, channels, height, width), and a :class:`torch.Generator` if it has an argument `generator`; it
        returns finite floats of the same shape. One that flips images has an attribute ``mirrors = True``.""",
    )
    warm_start: bool = parameter(False, "Whether ``fit`` starts from the weights of the previous fit.")
    precision: Literal["auto", "float32", "bfloat16"] = parameter(
        "auto",
        """
        The precision of training. ``"auto"`` is bfloat16 for large convolutions on hardware where this is faster (GPUs
        that support it, Intel's processors with AMX, AMD's with AVX512-BF16 and Arm's with BF16), else float32.
        Predictions are float32.""",
    )
    device: str | torch.device = parameter(
        "auto",
        """
        Where to compute: ``"cpu"``, or ``"cuda"`` for a GPU by NVIDIA or AMD; ``"auto"`` takes the GPU if there is
        one. Other kinds of devices, such as ``"mps"`` and ``"xpu"``, are refused: nothing was ever tested on them.""",
    )
    distributed: bool = parameter(
        False,
        """
        Whether the processes of :mod:`torch.distributed`, which ``torchrun`` starts, share each fit. All of them call
        ``fit`` with the same images; each takes its part of every batch of `batch_size`, and all end with the same
        model. It equals that of a single process, except for rounding, and for dropout and augmentation, which each
        process draws on its own. Ctrl-C, or the end of one process, ends the training of all.""",
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        """
        Drives initialisation, shuffling, dropout, augmentation and the held-out images. Pass an int for the same model
        in every call. Initial weights, the order of images, dropout and augmentation each have their own stream of
        random numbers, so that changing one does not affect the others. No global generator is read or changed.""",
        "random_state",
    )
    verbose: int = parameter(0, "0 is silent, 1 prints a line per epoch.", "verbose")
    net_params: dict | None = parameter(
        None,
        """
        Further arguments of the skorch net, for instance ``{"callbacks": [...]}``; those that a parameter of the
        estimator sets are refused. Callbacks are copied; the copies that ran are in ``net_.callbacks_``.""",
    )

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

    def _prepare(self, given, X, rows, *, resume):
        """Make what a network consists of, once the images are known: as they were `given`, and checked as X."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
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
        """Validate, encode, hold out, build or resume the net, train it, and keep it: the way of every fit."""
        if one_pass and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        resume = (one_pass or self.warm_start) and hasattr(self, "net_")
        consistency = vars(self).get("_consistency_of_owner")
        with (
            self._epoch_tasks(X, y, sample_weight, one_pass) as tasks,
            all_or_nothing(self),
            neutral_state(),
            shared_training() if self.distributed else nullcontext(),
        ):
            given = X
            X, examples = self._examples(X, y, sample_weight, resume=resume, one_pass=one_pass, **known)
            valid = self._validation(*validation)
            if not resume:
                warn_of_large_numbers(type(self).__name__, X)
            augmentation_steps(self.augmentation, self.image_shape_)  # an invalid one is reported before training
            rows = examples["rows"] if consistency is None else np.union1d(examples["rows"], consistency.rows)
            self._prepare(given, X, rows, resume=resume)
            seed = draw_seed(self.random_state)
            if self.distributed:
                seed = common_seed(self, seed, X, examples, valid, resume=resume)
            examples["weight"] = self._task.relative_weights(examples["weight"], len(examples["rows"]))
            train = self._image_set(X, **examples)
            images = train
            if valid is None and self.early_stopping and not one_pass:
                train, valid = self._held_out(train, seed)
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
            extras = {"consistency": consistency, "stopping": stopping, "listeners": listeners}
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

    def _answering(self):
        return self._task.answering(self.module_), self._task.outputs

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
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        data = data_of(X, y, sample_weight)
        context.call_on_fit_task_begin(estimator=self, **data)
        yield EpochTasks(self, context, data)
        context.call_on_fit_task_end(estimator=self, reconstruction_attributes=dict, **data)

    def _weighed_rows(self, X, sample_weight):
        """Return the indices of the rows of X that weigh something, and their weights (None if all are 1)."""
        if sample_weight is None:
            return np.arange(len(X)), None
        weight = _check_sample_weight(as_array(sample_weight), X, dtype=np.float64, ensure_non_negative=True)
        return np.flatnonzero(weight), weight[weight > 0]

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
        return images.subset(train), images.subset(valid)

    def _new_net(self, seed):
        self._fitted_params = self.get_params(deep=False)
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

"""What all neural estimators share: parameters, validation of images, seeding, and one way to train."""

import inspect
import re
import warnings
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from skfashion._device import resolve_device
from skfashion._images import ImageInput, all_or_nothing, as_array, draw_seed
from skfashion._private_sklearn import _check_sample_weight
from skfashion.neural_network._augmentation import check_augmentation
from skfashion.neural_network._callbacks import EpochMonitor, runs_inside_a_search
from skfashion.neural_network._health import (
    has_finite_weights,
    trainable_weights,
    warn_of_a_dead_network,
    warn_of_large_numbers,
)
from skfashion.neural_network._loader import ImageSet, to_device
from skfashion.neural_network._net import Net, apply_iter, epochs_of_warm_up
from skfashion.neural_network._net_params import NetParams
from skfashion.neural_network._parameters import CONSTRAINTS, SHARED_PARAMETERS
from skfashion.neural_network._precision import resolve_precision
from skfashion.neural_network._recipe import WARM_UP, EarlyStopping, resolve_optimizer, resolve_schedule
from skfashion.neural_network._snapshot import keep_alike, restore, restore_optimizer, snapshot_of, start_gently
from skfashion.neural_network._stored import StoredAsArrays

# After a schedule has ended, partial_fit goes on at this share of the learning rate: a model that has come to rest
# would be thrown off by all of it.
_RATE_AFTER_A_SCHEDULE = 0.1

# Passes of partial_fit that the history holds, so that a stream of images costs the same at every call.
_N_PASSES = 100


class BaseNet(NetParams, StoredAsArrays, ImageInput, CallbackSupportMixin, BaseEstimator):
    """An estimator around a private skorch net.

    A subclass names its ingredients: its parameters, the module (:meth:`_module`), the criterion (:meth:`_criterion`),
    what to watch while training (`_monitor`, :meth:`_metrics`), and how output becomes predictions.
    """

    _parameter_constraints = CONSTRAINTS

    # Texts that the docstrings of all estimators share; {name} stands for one of them. Defaults are filled in from the
    # signature.
    _docstring_parts = {"shared_parameters": SHARED_PARAMETERS}

    # The skorch net around the module.
    _net_class = Net

    # How many epochs of the history are those of fit; the others are passes of partial_fit.
    _n_epochs_of_fit = 0

    # What early stopping watches in the history, and whether greater is better.
    _monitor = ("valid_loss", -1)

    # Whether training is measured to be faster in bfloat16 where the hardware multiplies it natively.
    _gains_from_bfloat16 = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__doc__ is not None:  # python -OO strips docstrings
            for name, text in cls._docstring_parts.items():
                cls.__doc__ = cls.__doc__.replace(f"{{{name}}}", text)
            for name, parameter in inspect.signature(cls).parameters.items():
                default = f'"{parameter.default}"' if isinstance(parameter.default, str) else repr(parameter.default)
                stated = rf"(?m)^(    {name} : .*, default=).+$"
                cls.__doc__ = re.sub(stated, lambda line, default=default: line[1] + default, cls.__doc__)

    def __init__(
        self,
        *,
        optimizer="adam",
        learning_rate=0.003,
        optimizer_params=None,
        weight_decay=0.0,
        lr_schedule="auto",
        batch_size=128,
        max_epochs=20,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        augmentation=None,
        warm_start=False,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=0,
        net_params=None,
    ):
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.optimizer_params = optimizer_params
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augmentation = augmentation
        self.warm_start = warm_start
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.net_params = net_params

    @property
    def module_(self):
        """The fitted network; a view of `net_`, so that its weights are stored once."""
        return self.net_.module_

    def _module(self, n_outputs):
        """Return a class or function that makes the torch module, and its keyword arguments."""
        raise NotImplementedError

    def _criterion(self):
        """Return a class of a module that maps output and target to a loss an image, and its keyword arguments."""
        raise NotImplementedError

    def _metrics(self):
        """Return a function of output and target that gives a dict of values an image for the history, or None."""

    def _weighed_rows(self, X, sample_weight):
        """Return the indices of the rows of X that weigh something, and their weights (None if all are 1)."""
        if sample_weight is None:
            return np.arange(len(X)), None
        sample_weight = as_array(sample_weight)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return np.flatnonzero(weight), weight[weight > 0]

    def _image_set(self, X, rows=None, y=None, weight=None, members=slice(None), clean=None):
        """The images of a fit, on the device of the parameters; of rows, y and weight only some members."""
        kept = {"rows": rows, "y": y, "weight": weight}
        kept = {name: values[members] for name, values in kept.items() if values is not None}
        return ImageSet(X, self._layout, resolve_device(self.device), clean=clean, **kept)

    def _relative_weights(self, weight, n_rows, *, resume):
        """Weights over the mean of all weights that the model has been trained with: 1 on average, or None if all are.

        A single image of a stream has to weigh more or less than those before it, so the mean goes on with
        ``partial_fit``.
        """
        seen = getattr(self, "_mean_weight", None) if resume else None
        weight = np.ones(n_rows) if weight is None else weight
        relative = weight / weight.max()  # sums of weights may be too large, or too small, for a float
        mean = float(relative.mean() * weight.max())
        if seen is None:
            self._mean_weight, self._n_weights = mean, n_rows
            relative = relative / relative.mean()
        else:
            self._n_weights += n_rows
            self._mean_weight += (mean - seen) * (n_rows / self._n_weights)
            relative = weight / self._mean_weight
        return None if (relative == 1).all() else relative

    @contextmanager
    def _fit_task(self, X, y, sample_weight):
        """A fit as scikit-learn's callbacks see it, all or nothing; gives what reports its epochs."""
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        data = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
        context.call_on_fit_task_begin(estimator=self, **data)
        with self._all_or_nothing():
            yield EpochMonitor(self, context, data)
        context.call_on_fit_task_end(estimator=self, reconstruction_attributes=dict, **data)

    @contextmanager
    def _all_or_nothing(self):
        """Let a fit that fails leave the estimator as it was."""
        # Tensors made in inference mode could not be trained.
        with all_or_nothing(self), torch.inference_mode(False):
            yield

    def _new_net(self, n_outputs, seed):
        device = resolve_device(self.device)
        self._fitted_params = self.get_params(deep=False)
        optimizer, optimizer_params = resolve_optimizer(
            self.optimizer, self.weight_decay, self._optimizer_params(), device
        )
        module, module_params = self._module(n_outputs)
        criterion, criterion_params = self._criterion()
        net = self._net_class(
            module,
            criterion,
            **{f"module__{name}": value for name, value in module_params.items()},
            **{f"criterion__{name}": value for name, value in criterion_params.items()},
            optimizer=optimizer,
            **{f"optimizer__{name}": value for name, value in optimizer_params.items()},
            optimizer__param_groups=self._parameter_groups(),
            lr=self.learning_rate,
            lr_schedule=resolve_schedule(self.lr_schedule, self.early_stopping),
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            train_split=None,
            augmentation=self._augmentation(),
            precision=resolve_precision(self.precision, device, self._gains_from_bfloat16),
            layout=self._layout,
            metrics=self._metrics(),
            foreign=self._is_foreign(),
            seed=seed,
            device=str(device),
            verbose=self.verbose,
            **self._checked_net_params(),
        )
        return net.initialize()

    def _optimizer_params(self):
        """Arguments of the optimizer; a recipe may bring its own."""
        return self.optimizer_params

    def _parameter_groups(self):
        """Patterns of names of parameters with what the optimizer does differently with them."""
        return []

    def _augmentation(self):
        """The changes to training images; a recipe may make them depend on the images."""
        return self.augmentation

    def _is_foreign(self):
        """Whether the module is of a class that we did not write."""
        return False

    def _resumed_net(self, n_outputs, *, one_pass):
        """A new net, by the parameters as they are now, that goes on where `net_` stopped."""
        old, net = self.net_, self._new_net(n_outputs, seed=self.net_.seed)
        snapshot = snapshot_of(old)
        try:
            restore(net, snapshot)
        except RuntimeError as error:
            raise ValueError(
                f"{type(self).__name__} cannot go on training: its parameters now describe another network than the "
                f"fitted one. Fit with warm_start=False. ({str(error).splitlines()[0]})"
            ) from error
        if one_pass and old.optimizer_ is not None and keep_alike(old.optimizer_, net.optimizer_):
            restore_optimizer(net.optimizer_, snapshot["optimizer"])
        else:
            schedule_has_ended = old.optimizer_ is None and old.lr_schedule is not None
            factor = _RATE_AFTER_A_SCHEDULE if schedule_has_ended else net.gentle_factor_ or 1.0
            start_gently(net, factor if one_pass else 1.0)
        return net

    def _learn(self, X, rows, y, weight, n_outputs, *, resume, valid=None, one_pass=False, monitor=None, clean=None):
        """Train on rows of X with targets y or `clean` (None: the images themselves) and weights (None: equal)."""
        check_augmentation(self._augmentation(), self.image_shape_, denoising=clean is not None)
        if not resume:
            warn_of_large_numbers(type(self).__name__, X)
        device = resolve_device(self.device)
        seed, device_X = draw_seed(self.random_state), to_device(X, device)
        clean = None if clean is None else to_device(clean, device)
        train = np.arange(len(rows))
        if valid is None and self.early_stopping and not one_pass:
            train, held_out = train_test_split(
                train, test_size=self.validation_fraction, stratify=self._strata(y), random_state=seed
            )
            valid = self._image_set(device_X, rows, y, weight, np.sort(held_out), clean)
        train = self._image_set(device_X, rows, y, weight, np.sort(train), clean)
        if monitor is not None:
            monitor.train = train
        self._fit_net(train, valid, n_outputs, seed, resume=resume, one_pass=one_pass, monitor=monitor)

    def _strata(self, y):
        """What early stopping holds out evenly: classes that exclude each other."""
        return y if y is not None and y.ndim == 1 else None

    def _fit_net(self, train, valid, n_outputs, seed, *, resume=False, one_pass=False, monitor=None):
        """Train a new net, or go on with the old one, and set what a fit leaves behind.

        A net that is trained by ``fit`` parts with its optimizer, one trained by ``partial_fit`` keeps it for the next
        call.
        """
        net = self._resumed_net(n_outputs, one_pass=one_pass) if resume else self._new_net(n_outputs, seed)
        if not resume:
            self._start(net, train)
            if net.lr_schedule == "adaptive" or (one_pass and net.lr_schedule is not None):
                start_gently(net, 1.0)  # where no schedule brings a warm-up of its own
        before = {} if one_pass else trainable_weights(net.module_)
        n_epochs_before = len(net.history)
        stopping = None
        if self.early_stopping and not one_pass:
            rising = WARM_UP * self.max_epochs if net.lr_schedule == "onecycle" else epochs_of_warm_up(net, len(train))
            stopping = EarlyStopping(*self._monitor, self.tol, self.n_iter_no_change, n_warm_up_epochs=rising)
        interrupted = self._run(
            net,
            train,
            may_survive=not (one_pass or runs_inside_a_search()),
            dataset_valid=valid,
            epochs=1 if one_pass else self.max_epochs,
            schedule=None if one_pass else net.lr_schedule,  # nobody knows how many passes are to come
            stopping=stopping,
            monitor=monitor,
        )
        if stopping is not None:
            stopping.restore(net.module_)
        if interrupted and not has_finite_weights(net.module_):
            raise ValueError(f"{type(self).__name__} had diverged when training was interrupted: lower learning_rate.")
        if one_pass:
            del net.history[self._n_epochs_of_fit : -_N_PASSES]
        else:
            net.optimizer_ = None
            self._n_epochs_of_fit = len(net.history)
            if not interrupted:
                losses = net.history[n_epochs_before:, "train_loss"]
                warn_of_a_dead_network(type(self).__name__, net, train, before, losses)
        vars(self).update(self._net_attributes(net, best_epoch=stopping and stopping.best_epoch))
        self.interrupted_ = interrupted

    def _start(self, net, train):
        """Prepare a new net by the images that it is going to be trained on."""

    def _run(self, net, train, *, may_survive, **fit_params):
        """Train; return whether the user cut it short by Ctrl-C, which only a fit of its own may survive."""
        try:
            net.partial_fit(train, **fit_params)
        except KeyboardInterrupt:
            if not may_survive:
                raise
            if net.history and "duration" not in net.history[-1]:
                del net.history[-1]  # the epoch that was not finished
            warnings.warn(
                f"Training of {type(self).__name__} interrupted by user after {len(net.history)} epochs; the model can "
                "be used as it is.",
                stacklevel=7,
            )
            return True
        return False

    def _net_attributes(self, net, best_epoch=None):
        """The fitted attributes that a net brings with it."""
        monitor, sign = self._monitor
        internal = ("batches", "train_loss_best", "valid_loss_best")
        history = [{name: value for name, value in row.items() if name not in internal} for row in net.history]
        scores = [sign * row[monitor] for row in history if monitor in row]
        n_epochs = history[-1]["epoch"] if history else 0
        return {
            "net_": net,
            "history_": history,
            "loss_curve_": [row["train_loss"] for row in history],
            "validation_scores_": scores or None,
            "n_epochs_": n_epochs,
            "best_epoch_": n_epochs if best_epoch is None else best_epoch,
        }

    def _attributes_at_an_epoch(self, net, train):
        """The fitted attributes as if the fit had ended after the last epoch of `net`, apart from it."""
        return self._net_attributes(self._rebuilt_net(snapshot_of(net), str(net.device)))

    def _n_outputs(self):
        """The argument of :meth:`_module`; None for a network that gives images."""

    def _per_image(self, X, function, *, draws=False):
        """Collect ``function(module, images)``, a tensor of a row an image, over the batches of X.

        Floats are float32 as the network computes them, or float64 where X is; then they are the same, to float64's
        precision, whatever other images X holds, unless the function `draws` random numbers for them.
        """
        check_is_fitted(self)
        X, _ = self._validate_images(X, reset=False)
        double = X.dtype == np.float64
        given, X = X, self._pixels.read(X, type(self).__name__)
        values, start = None, 0
        images = ImageSet(X, self._layout, torch.device(self.net_.device))
        for batch in map(torch.Tensor.numpy, apply_iter(self.net_, images, function, alone=double and not draws)):
            if values is None:  # one array from the start: many small ones would fragment the memory
                widened = np.float64 if double and batch.dtype == np.float32 else batch.dtype
                values = np.empty((len(X), *batch.shape[1:]), dtype=widened)
            values[start : start + len(batch)] = batch
            start += len(batch)
        return check_finite(values, given, type(self).__name__)


def check_finite(values, X, name):
    """Return what was computed from X, or raise a ValueError if X was too large for float32 on the way."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"X holds values up to {np.abs(X).max():g}: {name} computes in float32, which overflows.")
    return values

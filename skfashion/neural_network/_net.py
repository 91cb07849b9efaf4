"""The one skorch net of the package: skorch's parts and hooks around a lean epoch loop."""

import dis
import time
from contextlib import nullcontext
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, PrintLog
from skorch.utils import TeeGenerator

from skfashion.modules._random import draw_from, set_generator, stream
from skfashion.neural_network._augmentation import augment
from skfashion.neural_network._batch_of_one import frozen_batch_norm
from skfashion.neural_network._health import check_finite_training
from skfashion.neural_network._loader import Batches, ImageSet
from skfashion.neural_network._recipe import learning_rate_factor
from skfashion.neural_network._tally import Tally, as_float32

# Validation and prediction have no gradients to keep, so their batches are larger; still small enough that the
# activations of a wide network fit into memory. Those of convolutions on a CPU have to fit into blocks that are used
# again, see keep_freed_memory.
_EVALUATION_BATCH = 512
_EVALUATION_BATCH_OF_CONVOLUTIONS = 128

# Where every batch has to have the same size: large enough to be fast, small enough for a single image to be.
_BATCH_OF_EQUAL_SIZE = 32

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end")

# What is random in training, each with a generator of its own: the order of images, what modules draw (dropout, codes),
# and augmentation.
_STREAMS = ("order", "noise", "augmentation")

# Trained weights that get a new optimizer: over so many steps the learning rate rises, until the optimizer knows the
# size of their gradients. Adam's first step, for one, moves every weight by the whole rate.
_STEPS_OF_WARM_UP = 100


class Net(NeuralNet):
    """A skorch net whose data are tensors on the device and whose random numbers come from generators of its own.

    What differs from :class:`skorch.NeuralNet`: batches are cut from an :class:`ImageSet` instead of a data loader;
    losses stay on the device until an epoch is over; the learning rate can follow a schedule step by step; a loss or a
    weight that is not finite raises; Ctrl-C is not swallowed. Callbacks run as in skorch: epoch hooks always, the hooks
    of batches and gradients if a callback has them. ``criterion`` maps an output and a target to one loss per image.

    Parameters
    ----------
    module, criterion, **kwargs
        As in :class:`skorch.NeuralNet`.
    layout : Layout
        How a row of X is an image.
    metrics : callable, default=None
        ``metrics(output, target)`` gives a dict of tensors with one value per image, averaged into the history.
    lr_schedule : {None, "onecycle", "cosine", "adaptive"}
        The course of the learning rate over the `max_epochs` of a fit; ``"adaptive"`` follows the `stopping` of
        :meth:`fit_loop`.
    augmentation : str, callable or None
        Changes to training batches.
    precision : {"float32", "bfloat16"}
        Of training; evaluation is in float32.
    foreign : bool, default=False
        Whether the module may draw random numbers in ways of its own; they are then caught.
    seed : int
        Of everything random.
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        layout=None,
        metrics=None,
        lr_schedule=None,
        augmentation=None,
        precision="float32",
        foreign=False,
        seed=0,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.layout = layout
        self.metrics = metrics
        self.lr_schedule = lr_schedule
        self.augmentation = augmentation
        self.precision = precision
        self.foreign = foreign
        self.seed = seed

    def get_default_callbacks(self):
        return [("print_log", PrintLog())] if self.verbose else []

    def initialize(self):
        self.streams_ = {name: stream(self.seed, name) for name in _STREAMS}
        self.gentle_factor_, self.n_steps_ = None, 0
        self.best_losses_ = {}
        super().initialize()
        for group in self.optimizer_.param_groups:
            group["initial_lr"] = group["lr"]  # parts of a network may have a rate of their own
        return self

    def initialize_module(self):
        with draw_from(stream(self.seed, "module")):
            super().initialize_module()
        if not self.foreign:
            self.module_.reset_weights(self.seed)
        self.module_.float()
        if self._convolutional:
            self.module_.to(memory_format=torch.channels_last)
            self.module_.register_state_dict_post_hook(_make_contiguous)
        return self

    @property
    def _convolutional(self):
        return any(parameter.ndim == 4 for parameter in self.module_.parameters())

    def get_dataset(self, X, y=None):
        """Return X if it is an :class:`ImageSet`, else make one of an array of rows."""
        if isinstance(X, ImageSet):
            return X
        return ImageSet(np.asarray(X), self.layout, torch.device(self.device), y=None if y is None else np.asarray(y))

    def get_iterator(self, dataset, training=False, batch_size=None):
        if not training:
            if batch_size is not None:
                return Batches(dataset, batch_size, channels_last=self._convolutional)
            if self._convolutional and torch.device(self.device).type == "cpu":
                return Batches(dataset, _EVALUATION_BATCH_OF_CONVOLUTIONS, channels_last=True)
            return Batches(dataset, max(self.batch_size, _EVALUATION_BATCH), channels_last=self._convolutional)
        change = None
        if self.augmentation is not None:
            generator = self._on_device("augmentation")
            change = partial(augment, augmentation=self.augmentation, generator=generator)
        order = self._on_device("order")
        return Batches(dataset, self.batch_size, order=order, augment=change, channels_last=self._convolutional)

    def _on_device(self, name):
        """A generator on the device: one of the net's own, or one that it seeds."""
        generator, device = self.streams_[name], torch.device(self.device)
        if device.type == "cpu":
            return generator
        seed = torch.randint(2**62, (), generator=generator).item()
        return torch.Generator(device).manual_seed(seed)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Count epochs on from the last one: the history need not hold all of them."""
        last = self.history[-1]["epoch"] if self.history else 0
        self.history.new_epoch()
        self.history.record("epoch", last + 1)

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train for more epochs; unlike skorch's, let KeyboardInterrupt through."""
        if not self.initialized_:
            self.initialize()
        fit_params.pop("_routing_method", None)
        self.notify("on_train_begin", X=X, y=y)
        try:
            self.fit_loop(X, y, **fit_params)
        except KeyboardInterrupt:
            self.notify("on_train_end", X=X, y=y)
            raise
        self.notify("on_train_end", X=X, y=y)
        return self

    def fit_loop(self, X, y=None, epochs=None, *, dataset_valid=None, schedule=None, stopping=None, monitor=None):
        """Train for some epochs.

        Parameters
        ----------
        X, y : ImageSet and None, or arrays
            The training data.
        epochs : int, default=None
            How many, by default `max_epochs`.
        dataset_valid : ImageSet, default=None
            Evaluated after each epoch.
        schedule : str or None, default=None
            The course of the learning rate, as `lr_schedule`.
        stopping : EarlyStopping, default=None
            Asked after each epoch.
        monitor : object, default=None
            Its ``begin_epoch()`` is called before each epoch, and its ``end_epoch(net)`` after it, which says whether
            to stop.
        """
        datasets = {"dataset_train": self.get_dataset(X, y), "dataset_valid": dataset_valid}
        noise = self._on_device("noise")
        set_generator(self.module_, noise)
        try:
            for epoch in range(self.max_epochs if epochs is None else epochs):
                if monitor is not None:
                    monitor.begin_epoch()
                self._run_epoch(datasets, noise, partial(self._rate_factor, schedule, epoch, stopping))
                requests = [self._notify_epoch_end(datasets)]
                if stopping is not None:
                    requests.append(stopping.update(self.history[-1], self.module_))
                if monitor is not None:
                    requests.append(monitor.end_epoch(self))
                if any(requests):
                    break
        finally:
            set_generator(self.module_, None)
            self._set_training(False)
        return self

    def _run_epoch(self, datasets, noise, rate_factor):
        """Train for one epoch, validate, and write both into the history."""
        start = time.perf_counter()
        self.notify("on_epoch_begin", **datasets)
        batches = self.get_iterator(datasets["dataset_train"], training=True)
        train = self._train_epoch(batches, rate_factor)
        valid = {} if datasets["dataset_valid"] is None else self._validate(datasets["dataset_valid"], noise)
        for prefix, means in (("train", train), ("valid", valid)):
            if means:
                self._record(prefix, means, datasets[f"dataset_{prefix}"])
        # Groups with a rate of their own come first.
        self.history.record("learning_rate", self.optimizer_.param_groups[-1]["lr"])
        self.history.record("duration", time.perf_counter() - start)
        check_finite_training(self)

    def _record(self, prefix, means, images):
        """Write the means over an epoch into the history, with what skorch's callbacks look for there."""
        for name, value in means.items():
            self.history.record(f"{prefix}_{name}", value)
        if not self._has_hook(*_BATCH_HOOKS):  # instead of all batches: the device is asked once an epoch
            self.history.new_batch()
            self.history.record_batch(f"{prefix}_loss", means["loss"])
            self.history.record_batch(f"{prefix}_batch_size", len(images))
        best = self.best_losses_.get(prefix, np.inf)
        self.history.record(f"{prefix}_loss_best", means["loss"] < best)
        if "valid_loss_best" not in self.history[-1]:  # by which skorch's callbacks keep the best net
            self.history.record("valid_loss_best", means["loss"] < best)
        self.best_losses_[prefix] = min(best, means["loss"])

    def _rate_factor(self, schedule, epoch, stopping, progress):
        """The factor on the learning rate when the share `progress` of an epoch is done; None leaves the rate alone."""
        if schedule is None and self.gentle_factor_ is None:
            return None
        factor = 1.0
        if self.gentle_factor_ is not None:
            self.n_steps_ += 1
            factor = self.gentle_factor_ * min(1.0, self.n_steps_ / _STEPS_OF_WARM_UP)
        if schedule == "adaptive":
            return factor * stopping.adaptive_factor
        if schedule is not None:
            return factor * learning_rate_factor(schedule, (epoch + progress) / self.max_epochs)
        return factor

    def _train_epoch(self, batches, rate_factor):
        self._set_training(True)
        tally = Tally(self.metrics)
        step = self._hooked_step if self._has_hook(*_BATCH_HOOKS) else self.train_step
        with torch.enable_grad():
            for number, batch in enumerate(batches):
                factor = rate_factor(number / len(batches))
                if factor is not None:
                    for group in self.optimizer_.param_groups:
                        group["lr"] = group.get("initial_lr", self.lr) * factor
                tally.add(step(batch), batch)
        return tally.means()

    def train_step(self, batch):
        """One step of the optimizer; return what :meth:`train_step_single` returned first."""
        steps = []

        def closure():
            self.optimizer_.zero_grad()
            steps.append(self.train_step_single(batch))
            if self._has_hook("on_grad_computed"):
                parameters = TeeGenerator(self.get_all_learnable_params())
                self.notify("on_grad_computed", named_parameters=parameters, batch=batch[:2], training=True)
            return steps[-1]["loss"]

        self.optimizer_.step(closure)
        return steps[0]

    def train_step_single(self, batch):
        """Forward and backward: a dict with the mean ``loss``, the ``losses`` of the images, and ``y_pred``."""
        single = frozen_batch_norm(self.module_) if len(batch.images) == 1 else nullcontext()
        with single, self._autocast(), self._caught():
            output = self.infer(batch.images)
        losses = self.criterion_(as_float32(output), batch.target)
        # Not over the weights of the batch: a weight would mean less in a small batch, and nothing in a batch of one.
        loss = losses.mean() if batch.weight is None else (losses * batch.weight).sum() / len(losses)
        loss.backward()
        return {"loss": loss, "losses": losses.detach(), "y_pred": output}

    def _autocast(self):
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16)

    def _caught(self):
        """Our own modules draw from the generator by themselves."""
        if not self.foreign:
            return nullcontext()
        return draw_from(self._on_device("noise"))

    def _hooked_step(self, batch):
        """A step for callbacks that look at batches: they get what skorch would give them."""
        self.notify("on_batch_begin", batch=batch[:2], training=True)
        step = self.train_step(batch)
        self._record_batch("train", batch, step["loss"], as_float32(step["y_pred"]))
        return step

    def _record_batch(self, prefix, batch, loss, y_pred):
        self.history.record_batch(f"{prefix}_loss", loss.item())
        self.history.record_batch(f"{prefix}_batch_size", len(batch.images))
        self.notify("on_batch_end", batch=batch[:2], training=prefix == "train", loss=loss, y_pred=y_pred)

    def _has_hook(self, *names):
        return any(
            getattr(type(cb), name) is not getattr(Callback, name) for _, cb in self.callbacks_ for name in names
        )

    def _notify_epoch_end(self, datasets):
        """Return whether a callback asks to stop; skorch's callbacks do that by raising KeyboardInterrupt."""
        try:
            self.notify("on_epoch_end", **datasets)
        except KeyboardInterrupt as interrupt:
            if not _is_raised_by_code(interrupt):
                raise
            return True
        return False

    def _validate(self, images, noise):
        """Evaluate; what is drawn for it is the same in every epoch, and leaves the generator of training alone."""
        set_generator(self.module_, torch.Generator(noise.device).manual_seed(self.seed))
        try:
            return self._evaluate(images)
        finally:
            set_generator(self.module_, noise)

    def _evaluate(self, images):
        """The mean loss and metrics of the network as it is now, without dropout, in float32."""
        tally = Tally(self.metrics)
        hooked = self._has_hook(*_BATCH_HOOKS)
        for batch in self.get_iterator(images):
            if hooked:
                self.notify("on_batch_begin", batch=batch[:2], training=False)
            output = self.evaluation_step(batch)
            with torch.inference_mode():
                step = {"losses": self.criterion_(output, batch.target), "y_pred": output}
            tally.add(step, batch)
            if hooked:
                self._record_batch("valid", batch, step["losses"].mean(), output)
        return tally.means()

    def evaluation_step(self, batch, training=False):
        self.check_is_fitted()
        if self.module_.training != training:  # several threads may predict at once
            self._set_training(training)
        with torch.inference_mode(not training):
            return self.infer(batch[0])


def epochs_of_warm_up(net, n_images):
    """Epochs in which the learning rate of trained weights, or of an adaptive schedule, still rises."""
    return 0 if net.gentle_factor_ is None else _STEPS_OF_WARM_UP / -(-n_images // net.batch_size)


def _make_contiguous(module, state, prefix, metadata):
    """Give weights away in the usual order of memory, which safetensors and other tools expect."""
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            state[name] = value.contiguous()


def inference_batches(net, images, batch_size=None):
    """Yield the batches of images for a network without dropout, in float32, while no gradient is recorded."""
    if net.module_.training:
        net._set_training(False)
    for batch in net.get_iterator(images, batch_size=batch_size):
        with torch.inference_mode():
            yield batch


def apply_iter(net, images, function, *, alone=False):
    """Yield ``function(module, images)``, a tensor, for each batch of images, without dropout, in float32.

    With `alone` what an image gives does not depend on those beside it, not even in the last digit: which kernels
    compute a batch depends on its size, so all of them are filled up to one size.
    """
    for batch in inference_batches(net, images, _BATCH_OF_EQUAL_SIZE if alone else None):
        n, filled = len(batch.images), batch.images
        if alone and n < _BATCH_OF_EQUAL_SIZE:
            filled = torch.cat([filled, filled[:1].expand(_BATCH_OF_EQUAL_SIZE - n, -1, -1, -1)])
        yield function(net.module_, filled)[:n].cpu()


def _is_raised_by_code(interrupt):
    """Whether a KeyboardInterrupt comes from a ``raise`` statement, and not from Ctrl-C."""
    last = interrupt.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]

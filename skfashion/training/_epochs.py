"""The epochs of a training: the loop of skorch, with steps of our own."""

import time
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skfashion._private_torch import has_hooks
from skfashion.modules._dense import dense_stack
from skfashion.modules._losses import losses_and_gradient, losses_of
from skfashion.modules._random import draw_from, set_generator
from skfashion.training._augmentation import STEPS
from skfashion.training._batch_of_one import frozen_batch_norm
from skfashion.training._health import check_finite_training
from skfashion.training._memory import keep_freed_memory
from skfashion.training._optimizers import LightOptimizer
from skfashion.training._precision import as_float32
from skfashion.training._synced_norm import synced_norms
from skfashion.training._tally import Tally
from skfashion.training._threads import enough_threads, work_of_a_step

# Where nets of this thread wait to be trained together with others, see train_together; usually None.
MEETING = ContextVar("meeting", default=None)


class StopTraining(Exception):
    """A callback has asked to end the training after this epoch."""


def between_trainings():
    """The attributes of a net that have a value only in a training, as they are before and after it."""
    names = ("schedule_", "stopping_", "valid_", "group_", "consistency_", "noise_", "stack_", "parts_")
    return {**dict.fromkeys(names), "listeners_": []}


class EpochNet(NeuralNet):
    """How a net trains for an epoch, evaluates, and tells callbacks; :class:`Net` is the whole of it."""

    def partial_fit(self, X, y=None, classes=None, epochs=None, **fit_params):
        """Train for more epochs; unlike skorch's, let Ctrl-C through, and let others train this net with theirs."""
        if not self.initialized_:
            self.initialize()
        end, meeting = None, MEETING.get()
        if meeting is not None and self.group_ is not None:
            raise ValueError(
                "Networks with distributed=True cannot be trained together with others: use GridSearchCV with n_jobs=1."
            )
        self.notify("on_train_begin", X=X, y=y)
        if self.rate_factor_ is not None and self._is_scheduled_by_a_callback:
            for group in self.optimizer_.param_groups:
                group["lr"] = group["initial_lr"] * self.rate_factor_  # schedulers that go on begin in different ways
        try:
            if meeting is None or self.schedule_ is None:  # a net that somebody else trains further
                with enough_threads(work_of_a_step(self)):
                    self.fit_loop(X, y, epochs=epochs, **fit_params)
            else:
                meeting.wait_for_training(self, X, self.max_epochs if epochs is None else epochs)
        except (StopTraining, KeyboardInterrupt) as raised:  # skorch's loop has no other way out
            end = raised
        self.notify("on_train_end", X=X, y=y)
        if isinstance(end, KeyboardInterrupt):
            raise end
        return self

    def notify(self, method_name, **kwargs):
        """Tell callbacks; at the end of an epoch all of them are told before one that asks to stop is heard.

        A batch is images and targets to them, as in skorch; weights are a matter of this net.
        """
        if "batch" in kwargs:
            kwargs["batch"] = kwargs["batch"][:2]
        getattr(self, method_name)(self, **kwargs)
        requests = []
        if self._has_hook(method_name):
            with draw_from(self.streams_["callbacks"]):
                requests = [_told(callback, method_name, self, kwargs) for _, callback in self.callbacks_]
        if method_name == "on_epoch_end":
            requests += [listener.end_epoch(self) for listener in self.listeners_]
        stops = any(requests)
        if method_name == "on_epoch_end" and self.group_ is not None:
            stops = self.group_.any(stops)
        if stops:
            raise StopTraining

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        if isinstance(self.optimizer_, LightOptimizer):
            self.optimizer_.heed_global_hooks()
        self.stack_ = self._dense_stack()
        self.parts_ = list(self.module_.modules()), list(self.module_.parameters())
        if self.group_ is not None:
            self.group_.share([*self.module_.parameters(), *self.module_.buffers()])
        self.noise_ = self._on_device("noise")
        set_generator(self.module_, self.noise_)
        if self._is_scheduled_by_a_callback:
            for group in self.optimizer_.param_groups:
                group.setdefault("initial_lr", group["lr"])  # where schedulers of torch look for it

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Count epochs on from the last one: the history need not hold all of them."""
        for listener in self.listeners_:
            listener.begin_epoch()
        self.epoch_start_ = time.perf_counter()
        last = self.history[-1]["epoch"] if self.history else 0
        self.history.new_epoch()
        self.history.record("epoch", last + 1)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        # Groups with a rate of their own come first.
        self.history.record("learning_rate", self.optimizer_.param_groups[-1]["lr"])
        self.history.record("duration", time.perf_counter() - self.epoch_start_)
        check_finite_training(self)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        if self.stopping_ is not None:
            self.stopping_.restore(self.module_)
        if self._is_scheduled_by_a_callback:
            last = self.optimizer_.param_groups[-1]
            self.rate_factor_ = float(last["lr"] / last["initial_lr"])
        for group in self.optimizer_.param_groups:
            group["lr"] = group.pop("initial_lr", group["lr"])  # where the next training starts
        self.noise_ = self.stack_ = self.parts_ = None
        set_generator(self.module_, None)
        self._set_training(False)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Train or validate for one epoch, and write the means into the history."""
        if iterator is None:
            return
        keep_freed_memory()
        looks_at_batches = self._has_hook("on_batch_begin", "on_batch_end")
        tally = Tally(iterator.n_images)
        # Whoever looks at batches of validation images sees all of them, in each process.
        group = None if looks_at_batches and not training else self.group_
        iterator.group = group
        self._set_training(training)
        with torch.enable_grad() if training else self._noise_of_validation():
            for batch in iterator:
                if looks_at_batches:
                    self.notify("on_batch_begin", batch=batch, training=training)
                if training and self.schedule_ is not None:
                    self.schedule_.begin_step(self.optimizer_)
                step = step_fn(batch)
                values = {"loss": step["losses"], **self._metrics(step["y_pred"], batch)}
                tally.add(values, batch.weight if group is None else self._weight_in_group(batch))
                if looks_at_batches:
                    self._record_batch(prefix, batch, step)
        if group is not None and training:
            group.share(self.module_.buffers())  # a network of a user may keep averages of its own part
        means = tally.means() if group is None else tally.means_of(group)
        self._record(prefix, means, iterator, summary=not looks_at_batches)

    def train_step_single(self, batch, **fit_params):
        """Forward and backward: a dict with the mean ``loss``, the ``losses`` of the images, and ``y_pred``."""
        stack = None if has_hooks(*self.parts_) else self.stack_
        with frozen_batch_norm(self.module_) if batch.n_images == 1 else nullcontext():
            output, losses = self._backpropagated(batch) if stack is None else self._by_hand(batch, stack)
        return {"loss": _mean(losses, batch.weight), "losses": losses, "y_pred": output}

    def _weight_in_group(self, batch):
        """The weights of images among those of all processes; none where another process counts the same images."""
        return batch.weights() * self.group_.counts(batch.n_images)

    def _dense_stack(self):
        """The module as a :class:`DenseStack`, or None where autograd has to find its gradients.

        A module says by a method ``dense_layers`` which layers it applies one after the other, or None.
        """
        if torch.device(self.device).type != "cpu" or self.precision != "float32" or self.group_ is not None:
            return None
        layers = self.module_.dense_layers() if hasattr(self.module_, "dense_layers") else None
        return None if layers is None else dense_stack(layers)

    def _backpropagated(self, batch):
        """Outputs and losses of a batch; gradients by autograd."""
        with self._autocast(), self._caught(), self._synced(batch):
            output = self._output(batch)
        losses = losses_of(self.criterion_, as_float32(output), batch.target, batch.mixed)
        loss = _mean(losses, batch.weight)
        if self.group_ is not None:
            loss = loss * self.group_.factor(len(losses), batch.n_images)
        loss.backward()
        if self.group_ is not None:
            self.group_.average_gradients(self.module_)
        return output, losses.detach()

    def _synced(self, batch):
        """Let a batch be normalised as a whole, if processes hold parts of it and not all of it each."""
        is_shared = self.group_ is not None and batch.n_images >= self.group_.size
        return synced_norms(self.module_) if is_shared else nullcontext()

    def _by_hand(self, batch, stack):
        """Outputs and losses of a batch; gradients without autograd."""
        with torch.no_grad():
            output = stack.forward(batch.images)
            weight = 1 / len(output) if batch.weight is None else batch.weight / len(output)
            losses, gradient = losses_and_gradient(self.criterion_, output, batch.target, weight, batch.mixed)
            stack.backward(gradient)
        return output, losses

    def validation_step(self, batch, **fit_params):
        output = self.evaluation_step(batch)
        with torch.inference_mode():
            losses = self.criterion_(output, batch.target)
        return {"loss": losses.mean(), "losses": losses, "y_pred": output}

    def evaluation_step(self, batch, training=False):
        self.check_is_fitted()
        if self.module_.training != training:  # several threads may predict at once
            self._set_training(training)
        with torch.inference_mode(not training):
            return self._output(batch)

    def _output(self, batch):
        return self.infer(batch.images, **({} if batch.labels is None else {"labels": batch.labels}))

    def _metrics(self, output, batch):
        with torch.no_grad():
            return metrics_of(self.metrics, as_float32(output), batch.target, batch.mixed)

    def _autocast(self):
        bfloat16 = self.precision == "bfloat16"
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16) if bfloat16 else nullcontext()

    def _caught(self):
        """Our own modules draw from the generator by themselves."""
        return draw_from(self.noise_) if self.foreign else nullcontext()

    def _noise_of_validation(self):
        """What is drawn for validation is the same in every epoch, and leaves the generator of training alone."""
        return _drawing(self.module_, torch.Generator(self.noise_.device).manual_seed(self.seed), self.noise_)

    def can_be_packed(self):
        """Whether its steps can be taken together with those of others: nothing in them is a user's own."""
        steps = "on_batch_begin", "on_batch_end", "on_grad_computed"
        return (
            self.stack_ is not None
            and self.consistency_ is None
            and isinstance(self.optimizer_, LightOptimizer)
            and all(step in STEPS.values() for step in self.augmentation)
            and not self._has_hook(*steps)
            and not has_hooks(*self.parts_)
        )

    def __getstate__(self):
        """Nothing that belongs to one training, during which a callback may store the net."""
        return {**super().__getstate__(), **between_trainings()}

    @property
    def _is_scheduled_by_a_callback(self):
        return any(isinstance(callback, LRScheduler) for _, callback in self.callbacks_)

    def _has_hook(self, *names):
        return any(
            getattr(type(callback), name) is not getattr(Callback, name)
            for _, callback in self.callbacks_
            for name in names
        )

    def _record_batch(self, prefix, batch, step):
        self.history.record_batch(f"{prefix}_loss", step["loss"].item())
        self.history.record_batch(f"{prefix}_batch_size", len(batch.images))
        step = {"loss": step["loss"], "y_pred": as_float32(step["y_pred"])}
        self.notify("on_batch_end", batch=batch, training=prefix == "train", **step)

    def _record(self, prefix, means, iterator, *, summary):
        """Write the means over an epoch into the history, with what skorch's callbacks look for there."""
        means = {name: float(value) for name, value in means.items()}
        for name, value in means.items():
            self.history.record(f"{prefix}_{name}", value)
        if summary:  # instead of all batches: the device is asked once per epoch
            self.history.new_batch()
            self.history.record_batch(f"{prefix}_loss", means["loss"])
            self.history.record_batch(f"{prefix}_batch_size", iterator.n_images)
        self.history.record(f"{prefix}_batch_count", len(iterator))
        best = self.best_losses_.get(prefix, np.inf)
        self.history.record(f"{prefix}_loss_best", means["loss"] < best)
        # By which skorch's callbacks keep the best net; without validation the training loss has to do.
        self.history.record("valid_loss_best", means["loss"] < best)
        self.best_losses_[prefix] = min(best, means["loss"])


def metrics_of(metrics, output, target, mixed):
    """The values of images by their names; those of mixed ones are means for both targets.

    Parameters
    ----------
    metrics : callable or None
        Gives a dict of values per image for outputs and targets.
    output, target, mixed : tensor, tensor, Mixed or None
        As of :func:`~skfashion.modules._losses.losses_of`.
    """
    if metrics is None:
        return {}
    own = metrics(output, target)
    if mixed is None:
        return own
    other = metrics(output, mixed.target)
    return {name: mixed.mean(own[name], other[name]) for name in own}


def _mean(losses, weight):
    """Not over the weights of the batch: a weight would mean less in a small batch, and nothing in a batch of one."""
    return losses.mean() if weight is None else (losses * weight).sum() / len(losses)


def _told(callback, method_name, net, arguments):
    """Tell a callback; return whether it asks to end the training, which it does by a KeyboardInterrupt after an epoch.

    Of skorch's own, only early stopping does: in any other a KeyboardInterrupt is Ctrl-C.
    """
    try:
        getattr(callback, method_name)(net, **arguments)
    except KeyboardInterrupt:
        if method_name != "on_epoch_end":
            raise
        if type(callback).__module__.startswith("skorch.") and not isinstance(callback, EarlyStopping):
            raise
        return True
    return False


@contextmanager
def _drawing(module, generator, usual):
    """Let a module draw from another generator for a while."""
    set_generator(module, generator)
    try:
        yield
    finally:
        set_generator(module, usual)

"""The one skorch net of the package: skorch's loop, hooks and history around batches on the device."""

import math
from functools import partial

import numpy as np
import torch
from skorch.callbacks import PrintLog
from skorch.utils import to_device as to_torch_device

from skfashion._tensors import to_device
from skfashion.modules._init import stream
from skfashion.modules._random import draw_from
from skfashion.training._augmentation import augment, mixes
from skfashion.training._consistency import ConsistencyBatches
from skfashion.training._distributed import Group, rank_here
from skfashion.training._epochs import EpochNet, between_trainings
from skfashion.training._loader import Batches, ImageSet
from skfashion.training._schedules import Schedule, WarmUp
from skfashion.training._snapshot import keep_alike, restore, restore_optimizer, snapshot_of

# Validation and prediction have no gradients to keep, so their batches are larger; still small enough that the
# activations of a wide network fit into memory. Those of convolutions on a CPU have to fit into blocks that are used
# again, see keep_freed_memory.
_EVALUATION_BATCH = 512
_EVALUATION_BATCH_OF_CONVOLUTIONS = 128

# What is random in training, each with a generator of its own: the order of images, what modules draw (dropout, codes),
# augmentation, and what callbacks draw.
_STREAMS = ("order", "noise", "augmentation", "callbacks")

# After a schedule has ended, partial_fit goes on at this share of the learning rate: a model that has come to rest
# would be thrown off by all of it.
_RATE_AFTER_A_SCHEDULE = 0.1

# Passes of partial_fit that the history holds, so that a stream of images costs the same at every call.
_N_PASSES = 100


class Net(EpochNet):
    """A skorch net whose data are tensors on the device and whose random numbers come from generators of its own.

    What differs from :class:`skorch.NeuralNet`: batches are cut from an :class:`ImageSet` instead of a data loader;
    losses stay on the device until an epoch is over, so that the history holds one summary batch per epoch unless a
    callback looks at batches; a loss or a weight that is not finite raises; Ctrl-C is not swallowed. ``criterion`` maps
    an output and a target to one loss per image.

    Parameters
    ----------
    module, criterion, **kwargs
        As in :class:`skorch.NeuralNet`.
    layout : Layout
        How a row of X is an image.
    n_classes : int, default=None
        Of a classifier, for scikit-learn's scorers.
    metrics : callable, default=None
        ``metrics(output, target)`` gives a dict of tensors with one value per image, averaged into the history.
    lr_schedule : {"onecycle", "cosine", "adaptive"} or None, default=None
        The learning-rate schedule over the `max_epochs` of :meth:`train`.
    augmentation : tuple of callable, default=()
        Changes to training batches.
    precision : {"float32", "bfloat16"}, default="float32"
        Of training; evaluation is in float32.
    foreign : bool, default=False
        Whether the module may draw random numbers in ways of its own; they are then caught.
    seed : int, default=0
        Of everything random.
    distributed : bool, default=False
        Whether the processes of torch.distributed share each training.
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        layout=None,
        n_classes=None,
        metrics=None,
        lr_schedule=None,
        augmentation=(),
        precision="float32",
        foreign=False,
        seed=0,
        distributed=False,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.layout = layout
        self.n_classes = n_classes
        self.metrics = metrics
        self.lr_schedule = lr_schedule
        self.augmentation = augmentation
        self.precision = precision
        self.foreign = foreign
        self.seed = seed
        self.distributed = distributed

    # --- the life of a net

    def initialize(self):
        self.streams_ = {name: stream(self.seed, name) for name in _STREAMS}
        self.warm_up_ = None
        self.rate_factor_ = None  # by which a callback has changed the learning rate
        self.fit_has_ended_ = False  # then the optimizer has done its work: passes to come bring one of their own
        self.n_epochs_of_fit_ = 0
        self.best_losses_ = {}
        vars(self).update(between_trainings())
        return super().initialize()

    def initialize_module(self):
        with draw_from(stream(self.seed, "module")):
            super().initialize_module()
        if not self.foreign:
            if not hasattr(self.module_, "reset_weights"):
                name = type(self.module_).__name__
                raise ValueError(f"{name} has no method reset_weights(seed): declare its Network with foreign=True.")
            self.module_.reset_weights(self.seed)
        self.module_.float()
        self.convolutional_ = any(parameter.ndim == 4 for parameter in self.module_.parameters())
        if self.convolutional_:
            self.module_.to(memory_format=torch.channels_last)
        self.module_.register_state_dict_post_hook(_give_away)
        return self

    def get_default_callbacks(self):
        prints = self.verbose and not (self.distributed and rank_here())  # one of all processes
        return [("print_log", PrintLog())] if prints else []

    def resume(self, old, *, one_pass):
        """Go on where another net of the same module stopped.

        The optimizer goes on too from one pass to the next; in any other case the learning rate of a new one rises,
        unless skorch's LRScheduler sets it.
        """
        snapshot = snapshot_of(old)
        restore(self, snapshot)
        if not self._is_scheduled_by_a_callback:
            self.rate_factor_ = None
        if one_pass and not old.fit_has_ended_ and keep_alike(old.optimizer_, self.optimizer_):
            restore_optimizer(self.optimizer_, snapshot["optimizer"])
            return
        target = 1.0
        if one_pass and old.fit_has_ended_ and old.lr_schedule is not None:
            target = _RATE_AFTER_A_SCHEDULE
        elif one_pass and self.warm_up_ is not None:
            target = self.warm_up_.target
        self.warm_up_ = None if self._is_scheduled_by_a_callback else WarmUp(target)

    def train(
        self,
        images,
        valid=None,
        *,
        consistency=None,
        stopping=None,
        listeners=(),
        one_pass=False,
        survives_ctrl_c=True,
    ):
        """Train for `max_epochs`, or for one pass at a constant learning rate; return whether Ctrl-C cut it short.

        Parameters
        ----------
        images, valid : ImageSet
            What to train on, and what is evaluated after each epoch.
        consistency : Consistency, default=None
            Images without labels, from which a classifier learns besides.
        stopping : EarlyStopping, default=None
            What decides when to stop.
        listeners : sequence of object, default=()
            Their ``begin_epoch()`` is called before each epoch, and their ``end_epoch(net)`` after it, which says
            whether to stop.
        one_pass : bool, default=False
            Whether this is one of many passes, whose number nobody knows.
        survives_ctrl_c : bool, default=True
            Whether Ctrl-C ends this training only; else it goes on to whoever has more to stop.
        """
        if not self.history and (self.lr_schedule == "adaptive" or (one_pass and self.lr_schedule is not None)):
            self.warm_up_ = WarmUp(1.0)  # no schedule brings a rise of its own
        self.schedule_ = Schedule(
            None if one_pass else self.lr_schedule,
            n_batches=math.ceil(len(images) / self.batch_size)
            if consistency is None
            else consistency.n_batches(self.batch_size),
            max_epochs=self.max_epochs,
            one_pass=one_pass,
            warm_up=self.warm_up_,
            stopping=stopping,
        )
        if stopping is not None:
            stopping.n_warm_up_epochs = self.schedule_.n_rising_epochs()
        self.valid_, self.stopping_, self.consistency_ = valid, stopping, consistency
        self.listeners_ = [*([] if stopping is None else [stopping]), *listeners]
        self.group_ = Group(torch.device(self.device)) if self.distributed else None
        self._check_mixing()
        interrupted = False
        try:
            self.partial_fit(images, epochs=1 if one_pass else None)
        except KeyboardInterrupt:
            if not survives_ctrl_c:
                raise
            interrupted = True
        self._finish(one_pass=one_pass)
        return interrupted

    def _check_mixing(self):
        """Raise a ValueError if no batch, or no part of one, has two images that could be mixed."""
        n_parts = 1 if self.group_ is None else self.group_.size
        if mixes(self.augmentation) and self.batch_size // n_parts < 2:
            parts = "" if n_parts == 1 else f", of which each of {n_parts} processes has a part"
            raise ValueError(
                f"The 'augmentation' parameter mixes the images of a batch, of which there must be two or more. Got "
                f"batch_size={self.batch_size}{parts}."
            )

    def _finish(self, *, one_pass):
        """Let go of what belongs to one training only."""
        if self.warm_up_ is not None:
            self.warm_up_.n_steps += self.schedule_.n_steps
        vars(self).update(between_trainings())
        if self.history and "duration" not in self.history[-1]:
            del self.history[-1]  # an epoch that was not finished
        if one_pass:
            del self.history[self.n_epochs_of_fit_ : -_N_PASSES]
        else:
            self.n_epochs_of_fit_ = len(self.history)
        self.fit_has_ended_ = not one_pass

    def weights(self):
        """All weights, one after the other."""
        return torch.cat([each.detach().reshape(-1).cpu() for each in self.module_.parameters()]).numpy()

    # --- data

    def get_dataset(self, X, y=None):
        """Return X if it is an :class:`ImageSet`, else make one of an array of rows."""
        if isinstance(X, ImageSet):
            return X
        X = to_device(np.asarray(X), torch.device(self.device))
        return ImageSet(X, self.layout, y=None if y is None else np.asarray(y))

    def get_split_datasets(self, X, y=None, **fit_params):
        return self.get_dataset(X, y), self.valid_

    def get_iterator(self, dataset, training=False, batch_size=None):
        if not training:
            if batch_size is None:
                batch_size = max(self.batch_size, _EVALUATION_BATCH)
                if self.convolutional_ and torch.device(self.device).type == "cpu":
                    batch_size = _EVALUATION_BATCH_OF_CONVOLUTIONS
            return Batches(dataset, batch_size, channels_last=self.convolutional_)
        change = None
        if self.augmentation:
            change = partial(augment, steps=self.augmentation, generator=self._on_device("augmentation"))
        order = self._on_device("order")
        batches = Batches(dataset, self.batch_size, order=order, augment=change, channels_last=self.convolutional_)
        if self.consistency_ is None:
            return batches
        return ConsistencyBatches(self, batches, self.consistency_, self._on_device("augmentation"))

    def get_loss(self, y_pred, y_true, X=None, training=False):
        return self.criterion_(y_pred, y_true).mean()

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the outputs for X, in the order of X and as it is, also with dropout (`training`)."""
        for batch in self.get_iterator(self.get_dataset(X)):
            yield to_torch_device(self.evaluation_step(batch, training=training), device)

    def _on_device(self, name):
        """A generator on the device: one of the net's own, or one that it seeds.

        Processes that share a training agree on the order of the images; what each draws for its own is another thing.
        """
        generator, device = self.streams_[name], torch.device(self.device)
        is_own = self.group_ is not None and name != "order"
        if device.type == "cpu" and not is_own:
            return generator
        seed = torch.randint(2**62, (), generator=generator).item()
        return torch.Generator(device).manual_seed(seed + (self.group_.rank if is_own else 0))


def _give_away(module, state, prefix, metadata):
    """Give weights away in the usual order of memory, which safetensors and other tools expect.

    One that is part of a larger tensor, as in a pack, is copied: it would be stored with all of that.
    """
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            is_part = value.untyped_storage().nbytes() > value.nbytes
            state[name] = value.clone(memory_format=torch.contiguous_format) if is_part else value.contiguous()

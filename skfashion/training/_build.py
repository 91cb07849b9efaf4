"""Construction of a net from a network, a task and plain settings."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from skorch.callbacks import Callback, LRScheduler

from skfashion._device import resolve_device
from skfashion.modules._flip_averaging import flip_averaged
from skfashion.training._augmentation import augmentation_steps
from skfashion.training._optimizers import resolve_optimizer
from skfashion.training._precision import resolve_precision
from skfashion.training._schedules import resolve_schedule


@dataclass(frozen=True, kw_only=True)
class Network:
    """The torch module to build, and what training has to know about it.

    Attributes
    ----------
    module : callable
        A class or function that makes the module.
    arguments : dict
        Its keyword arguments.
    gains_from_bfloat16 : bool
        Whether training was measured to be faster in bfloat16 where the hardware multiplies it natively.
    foreign : bool
        Whether the module was not written for this library, and draws random numbers in ways of its own. Modules of
        this library have a method ``reset_weights(seed)``, and draw from an attribute `generator`.
    flip_averaging : bool
        Whether the module becomes part of another one, whose outputs in evaluation are averaged over an image and its
        mirror image, as the kind of outputs asks for.
    groups : tuple of (str, dict)
        Name patterns of parameters, each with the optimizer settings that differ for them.

    Examples
    --------
    >>> from skfashion.extending import Network
    >>> from skfashion.modules import MLP
    >>> Network(module=MLP, arguments={"n_features": 784, "n_outputs": 10}).foreign
    False
    """

    module: Callable
    arguments: dict
    gains_from_bfloat16: bool = False
    foreign: bool = False
    flip_averaging: bool = False
    groups: tuple = ()

    def recipe(self, outputs):
        """What makes the module that is trained, of outputs of this kind, and its keyword arguments."""
        if self.flip_averaging:
            return flip_averaged, {"build": self.module, "outputs": outputs, **self.arguments}
        return self.module, self.arguments


class Settings(Protocol):
    """The parameters of an estimator that training reads."""

    optimizer: str | type
    learning_rate: float
    optimizer_params: dict | None
    weight_decay: float
    lr_schedule: str | None
    batch_size: int
    max_epochs: int
    early_stopping: bool
    augmentation: object
    precision: str
    device: str | torch.device
    distributed: bool
    verbose: int
    net_params: dict | None


def build_net(network, task, settings, *, layout, seed):
    """Return an initialised net.

    Parameters
    ----------
    network : Network
        What is trained.
    task : Task
        What it learns.
    settings : Settings
        How.
    layout : Layout
        How a row is an image.
    seed : int
        Of everything random.
    """
    device = resolve_device(settings.device)
    optimizer, arguments = resolve_optimizer(
        settings.optimizer, settings.weight_decay, settings.optimizer_params, device
    )
    module, arguments_of_module = network.recipe(task.outputs)
    criterion, criterion_arguments = task.criterion()
    schedule = resolve_schedule(settings.lr_schedule, settings.early_stopping)
    net = task.net_class(
        module,
        criterion,
        **{f"module__{name}": value for name, value in arguments_of_module.items()},
        **{f"criterion__{name}": value for name, value in criterion_arguments.items()},
        optimizer=optimizer,
        **{f"optimizer__{name}": value for name, value in arguments.items()},
        optimizer__param_groups=list(network.groups),
        predict_nonlinearity=task.nonlinearity,
        lr=settings.learning_rate,
        lr_schedule=schedule,
        batch_size=settings.batch_size,
        max_epochs=settings.max_epochs,
        train_split=None,
        augmentation=augmentation_steps(settings.augmentation, layout.shape),
        precision=resolve_precision(settings.precision, device, network.gains_from_bfloat16),
        layout=layout,
        metrics=task.metrics(),
        foreign=network.foreign,
        seed=seed,
        distributed=settings.distributed,
        **task.net_arguments,
        device=str(device),
        verbose=settings.verbose,
        **_checked(settings.net_params or {}, schedule),
    )
    return net.initialize()


# What net_params may not hold, because a parameter of the estimator says it.
_OWNERS = {
    "module": "the estimator itself",
    "criterion": "the estimator itself",
    "dataset": "fit",
    "iterator_train": "batch_size and augmentation",
    "iterator_valid": "batch_size",
    "train_split": "early_stopping, or X_val and y_val of fit",
    "optimizer": "optimizer and optimizer_params",
    "lr": "learning_rate",
    "max_epochs": "max_epochs",
    "batch_size": "batch_size",
    "warm_start": "warm_start",
    "device": "device",
    "verbose": "verbose",
    "seed": "random_state",
    "distributed": "distributed",
    "precision": "precision",
    "augmentation": "augmentation",
    "lr_schedule": "lr_schedule",
    "layout": "image_shape",
    "metrics": "the estimator itself",
    "n_classes": "the estimator itself",
    "predict_nonlinearity": "the estimator itself",
    "foreign": "the estimator itself",
}


def _checked(net_params, schedule):
    """Return `net_params` with copies of its callbacks, which skorch initialises in place."""
    for name in net_params:
        owner = _OWNERS.get(str(name).split("__")[0])
        if owner is not None:
            raise ValueError(f"net_params may not hold {name!r}: it is set by {owner}.")
    callbacks = net_params.get("callbacks") or []
    if not isinstance(callbacks, (list, tuple)):
        raise ValueError(f"The callbacks in net_params must be a list of skorch callbacks. Got {callbacks!r} instead.")
    if schedule is not None and any(map(_is_scheduler, callbacks)):
        raise ValueError(
            f"net_params holds skorch's LRScheduler, which sets the learning rate, and so does the schedule "
            f"{schedule!r}: set lr_schedule=None."
        )
    return with_copied_callbacks({**net_params, "callbacks": callbacks})


def with_copied_callbacks(net_params):
    """Return `net_params` with shallow copies of skorch's callbacks, which may hold locks and files."""
    callbacks = net_params.get("callbacks")
    if not isinstance(callbacks, (list, tuple)):
        return dict(net_params)
    copies = {id(part): copy.copy(part) for part in map(_callback, callbacks)}
    for part in copies.values():
        if isinstance(part, Callback):  # not a class, or None, which skorch takes too
            # One may refer to another, as LoadInitState to a checkpoint.
            vars(part).update({name: copies[id(value)] for name, value in vars(part).items() if id(value) in copies})
    return {
        **net_params,
        "callbacks": [(c[0], copies[id(c[1])]) if isinstance(c, tuple) else copies[id(c)] for c in callbacks],
    }


def _is_scheduler(given):
    callback = _callback(given)
    return callback is LRScheduler or isinstance(callback, LRScheduler)


def _callback(given):
    """A callback that may come with a name."""
    return given[1] if isinstance(given, tuple) else given

"""Optimizers by name, and their arguments."""

import inspect

import torch

OPTIMIZERS = {
    "adadelta": torch.optim.Adadelta,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamax": torch.optim.Adamax,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "nesterov": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Optimizers whose whole step is one fused kernel on the CPU and on CUDA devices.
_FUSED = (torch.optim.Adagrad, torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


# What a name stands for beside the class of the optimizer.
_ARGUMENTS = {"nesterov": {"momentum": 0.9, "nesterov": True}}


def resolve_optimizer(optimizer, weight_decay, optimizer_params, device):
    """Return the class of an optimizer and its keyword arguments without the learning rate.

    Raises
    ------
    ValueError
        If `optimizer` is no optimizer, or does not take one of the arguments.
    """
    cls = OPTIMIZERS.get(optimizer, optimizer) if isinstance(optimizer, str) else optimizer
    if not issubclass(cls, torch.optim.Optimizer):
        raise ValueError(
            f"The 'optimizer' parameter must be one of {sorted(OPTIMIZERS)} or a subclass of torch.optim.Optimizer. "
            f"Got {optimizer!r} instead."
        )
    named = _ARGUMENTS.get(optimizer, {}) if isinstance(optimizer, str) else {}
    params = named | dict(optimizer_params or {})
    accepted = [name for name in inspect.signature(cls).parameters if name not in ("params", "lr", "weight_decay")]
    if unknown := sorted(set(params) - set(accepted), key=str):
        raise ValueError(
            f"optimizer_params holds {unknown}, which {cls.__name__} does not take here; it takes {accepted}, and "
            "learning_rate and weight_decay are parameters of their own."
        )
    if "weight_decay" in inspect.signature(cls).parameters:
        params["weight_decay"] = weight_decay  # also where it is 0: torch's own default need not be
    elif weight_decay > 0:
        raise ValueError(f"{cls.__name__} has no weight decay, but weight_decay={weight_decay!r}.")
    if cls in _FUSED and device.type in ("cpu", "cuda") and not {"foreach", "differentiable"} & set(params):
        params.setdefault("fused", True)
    return cls, params

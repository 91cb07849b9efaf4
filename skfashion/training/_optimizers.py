"""Optimizers by name, and their arguments."""

import inspect
from types import MethodType

import torch


class LightOptimizer:
    """Put before an optimizer of torch, makes a class that computes the same without loading torch's compiler.

    torch wraps methods of optimizers so that its compiler leaves them alone; the wrappers import it when they are first
    called, which takes a second and more: longer than many a fit. Nor is every step recorded for torch's profiler,
    unless somebody registers a hook for it.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)

    def __init_subclass__(cls):
        cls.step = torch.no_grad()(inspect.unwrap(cls.step))
        cls.step.hooked = True  # so torch leaves it as it is

    def register_step_pre_hook(self, hook):
        self._step_with_hooks()
        return super().register_step_pre_hook(hook)

    def register_step_post_hook(self, hook):
        self._step_with_hooks()
        return super().register_step_post_hook(hook)

    def _step_with_hooks(self):
        self.step = MethodType(self.profile_hook_step(type(self).step), self)

    def zero_grad(self, set_to_none=True):
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none or parameter.grad is None:
                    parameter.grad = None
                else:
                    parameter.grad.detach_().zero_()


class Adadelta(LightOptimizer, torch.optim.Adadelta):
    pass


class Adagrad(LightOptimizer, torch.optim.Adagrad):
    pass


class Adam(LightOptimizer, torch.optim.Adam):
    pass


class Adamax(LightOptimizer, torch.optim.Adamax):
    pass


class AdamW(LightOptimizer, torch.optim.AdamW):
    pass


class NAdam(LightOptimizer, torch.optim.NAdam):
    pass


class RMSprop(LightOptimizer, torch.optim.RMSprop):
    pass


class SGD(LightOptimizer, torch.optim.SGD):
    pass


OPTIMIZERS = {
    "adadelta": Adadelta,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
    "nadam": NAdam,
    "nesterov": SGD,
    "rmsprop": RMSprop,
    "sgd": SGD,
}

# Our own in place of the classes of torch that they are.
_LIGHT = {cls.__mro__[2]: cls for cls in OPTIMIZERS.values()}

# Optimizers whose whole step is one fused kernel on the CPU and on CUDA devices.
_FUSED = (Adagrad, Adam, AdamW, SGD)


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
    cls = _LIGHT.get(cls, cls)
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

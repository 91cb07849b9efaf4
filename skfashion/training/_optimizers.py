"""Optimizers by name, and their arguments."""

import inspect
from functools import partial
from types import MethodType

import torch

from skfashion._private_torch import (
    _foreach_add_,
    _fused_adam_,
    _fused_adamw_,
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
)


class LightOptimizer:
    """Put before an optimizer of torch, makes a class that computes the same without loading torch's compiler.

    torch wraps methods of optimizers so that its compiler leaves them alone; the wrappers import it when they are first
    called, which takes a second and more: longer than many fits. Steps are not recorded for torch's profiler, unless a
    hook is registered.
    """

    has_step_hooks = False
    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)

    def __init_subclass__(cls):
        cls.step = torch.no_grad()(inspect.unwrap(cls.step))
        cls.step.hooked = True  # so torch leaves it as it is

    def heed_global_hooks(self):
        """Call hooks too that were registered for all optimizers; asked before each training."""
        if _global_optimizer_pre_hooks or _global_optimizer_post_hooks:
            self._step_with_hooks()

    def register_step_pre_hook(self, hook):
        self._step_with_hooks()
        return super().register_step_pre_hook(hook)

    def register_step_post_hook(self, hook):
        self._step_with_hooks()
        return super().register_step_post_hook(hook)

    def _step_with_hooks(self):
        self.has_step_hooks = True
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


def repeated_step(optimizer):
    """A function that does what ``optimizer.step()`` does, as long as all weights keep the gradients that they hold.

    After its first step, Adam's comes to one call, whose arguments are found here once: in a step of a small network
    that takes as long as the call. For any other optimizer it is the step itself.
    """
    groups = [(group, [p for p in group["params"] if p.grad is not None]) for group in optimizer.param_groups]
    if (
        type(optimizer) not in (Adam, AdamW)
        or optimizer.has_step_hooks
        or not all(_is_plain(optimizer, *group) for group in groups)
    ):
        return optimizer.step
    return partial(_update_all, [(group, _tensors(optimizer, params)) for group, params in groups if params])


def _is_plain(optimizer, group, params):
    has_begun = all(optimizer.state.get(parameter) for parameter in params)
    return has_begun and group["fused"] and not group["amsgrad"] and not isinstance(group["lr"], torch.Tensor)


def _tensors(optimizer, params):
    states = [optimizer.state[parameter] for parameter in params]
    gradients = [parameter.grad for parameter in params]
    return params, gradients, *([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))


@torch.no_grad()
def _update_all(groups):
    for group, (params, gradients, means, squares, steps) in groups:
        _foreach_add_(steps, 1)
        update = _fused_adamw_ if group["decoupled_weight_decay"] else _fused_adam_
        update(
            params,
            gradients,
            means,
            squares,
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=group["maximize"],
        )


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
        If `optimizer` is not an optimizer, or does not take one of the arguments.
    """
    cls = OPTIMIZERS.get(optimizer, optimizer) if isinstance(optimizer, str) else optimizer
    if not (isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer)):
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

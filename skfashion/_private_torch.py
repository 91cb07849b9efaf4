"""What this package uses of torch beyond its public API: nothing else may, see ``tests/test_private_apis.py``.

Last tried with torch 2.10.0 and 2.13.0.

- `TorchDispatchMode`: reaches random operations inside of modules that others wrote. ``TorchFunctionMode``, which is
  public, does not see those that torch calls in C++, such as the dropout of an ``nn.LSTM`` or of attention
- `_should_skip_dynamo`: whether a mode loads torch's compiler when it is first entered; releases before 2.11 do not ask
- `_foreach_add_`, `_fused_adam_`, `_fused_adamw_`: the kernels that a step of Adam calls, once its arguments are known
- `_global_optimizer_pre_hooks`, `_global_optimizer_post_hooks`, `_has_any_global_hook`: whether there are hooks for
  all optimizers, or for all modules
- `_int_mm`: products of int8 as int32; torch has no public one
- `_forward_hooks`, `_forward_pre_hooks`, `_backward_hooks`, `_backward_pre_hooks`, `_post_accumulate_grad_hooks`: the
  hooks of a module, or of the gradient of a weight
- `_schema`: which arguments an operation takes, a generator among them or not
"""

from torch import _foreach_add_, _fused_adam_, _fused_adamw_, _int_mm
from torch.nn.modules.module import _has_any_global_hook
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = [
    "TorchDispatchMode",
    "_foreach_add_",
    "_fused_adam_",
    "_fused_adamw_",
    "_global_optimizer_post_hooks",
    "_global_optimizer_pre_hooks",
    "_has_any_global_hook",
    "_int_mm",
    "has_hooks",
    "seeded_overloads",
    "takes_generator",
]


def has_hooks(modules, weights):
    """Whether hooks of these modules or weights, or global ones, observe the computation."""
    for part in modules:
        if part._forward_hooks or part._forward_pre_hooks or part._backward_hooks or part._backward_pre_hooks:
            return True
    return any(w._backward_hooks or w._post_accumulate_grad_hooks for w in weights) or _has_any_global_hook()


def takes_generator(operation):
    """Whether an operation of torch takes the generator from which it draws."""
    return any(argument.name == "generator" for argument in operation._schema.arguments)


def seeded_overloads(kind):
    """Map the overloads of an operation, such as ``torch.ops.aten.rand``, to those that take a generator besides."""
    overloads = [getattr(kind, name) for name in kind.overloads()]
    seeded = {_other_arguments(overload): overload for overload in overloads if takes_generator(overload)}
    plain = [overload for overload in overloads if not takes_generator(overload)]
    return {overload: seeded[_other_arguments(overload)] for overload in plain if _other_arguments(overload) in seeded}


def _other_arguments(operation):
    return tuple((each.name, str(each.type)) for each in operation._schema.arguments if each.name != "generator")

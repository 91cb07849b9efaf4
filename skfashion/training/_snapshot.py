"""Snapshots: the state of a trained net as arrays and plain values, which a new net can take in."""

import numpy as np
import torch

from skfashion.training._schedules import WarmUp


def snapshot_of(net):
    """Return what training has made of a net; its arrays may share memory with the net.

    Weights that the module is built with (those of a frozen encoder) are left out, and so is an optimizer that has done
    its work.
    """
    left_out = _given_weights(net.module_) if getattr(net.module_, "has_given_weights", False) else set()
    weights = {name: value for name, value in net.module_.state_dict().items() if name not in left_out}
    warm_up = net.warm_up_
    return {
        "weights": _as_arrays(weights),
        "optimizer": None if net.fit_has_ended_ else _as_arrays(net.optimizer_.state_dict()),
        "streams": {name: generator.get_state().numpy() for name, generator in net.streams_.items()},
        "history": [dict(row) for row in net.history],
        "best_losses": dict(net.best_losses_),
        "seed": net.seed,
        "rate_factor": net.rate_factor_,
        "warm_up": None if warm_up is None else (warm_up.target, warm_up.n_steps),
        "fit_has_ended": net.fit_has_ended_,
        "n_epochs_of_fit": net.n_epochs_of_fit_,
    }


def check_snapshot(network, outputs, snapshot):
    """Raise a ValueError if a snapshot is not one of a network with outputs of this kind, before it takes any memory.

    Networks of others are built in ways of their own, and cannot be looked at before.
    """
    if network.foreign:
        return
    n_layers = max((len(each) for each in network.arguments.values() if isinstance(each, (list, tuple))), default=0)
    if n_layers > 10 + 8 * len(snapshot["weights"]):  # some have none
        raise ValueError(f"{len(snapshot['weights'])} arrays are not the weights of a network of {n_layers} layers.")
    build, arguments = network.recipe(outputs)
    with torch.device("meta"):
        module = build(**arguments)
    given = _given_weights(module)
    # A frozen encoder may have been trained before it was frozen.
    left_out = given if getattr(module, "has_given_weights", False) and given.isdisjoint(snapshot["weights"]) else set()
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items() if name not in left_out}
    found = {name: np.shape(value) for name, value in snapshot["weights"].items()}
    if found != expected:
        names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
        shown = ", ".join(f"{name} is {found.get(name)} instead of {expected.get(name)}" for name in names[:3])
        raise ValueError(f"The weights are not those of this network: {shown}.")


def restore(net, snapshot):
    """Load a snapshot into a new net of the same module, except for the state of the optimizer."""
    # Tensors in the memory of the arrays: they are only copied from.
    weights = _replaced(snapshot["weights"], np.ndarray, lambda array: torch.from_numpy(np.require(array, None, "W")))
    built, given = net.module_.state_dict(), _given_weights(net.module_)
    net.module_.load_state_dict({**{name: built[name] for name in given}, **weights})
    if not given.isdisjoint(weights):
        net.module_.has_given_weights = False
    for name, generator in net.streams_.items():
        generator.set_state(torch.from_numpy(np.array(snapshot["streams"][name])))
    net.history.extend(dict(row) for row in snapshot["history"])
    net.best_losses_ = dict(snapshot["best_losses"])
    net.rate_factor_ = snapshot.get("rate_factor")  # older files have none
    net.warm_up_ = None if snapshot["warm_up"] is None else WarmUp(*snapshot["warm_up"])
    net.fit_has_ended_ = snapshot["fit_has_ended"]
    net.n_epochs_of_fit_ = snapshot["n_epochs_of_fit"]


def _given_weights(module):
    """Names of the weights that a module is built with, and that nobody draws."""
    return module.given_weights() if hasattr(module, "given_weights") else set()


def restore_optimizer(optimizer, state):
    """Let an optimizer take in the state of another one, but for the settings that it has itself."""
    settings = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(_as_tensors(state))
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)
    is_fused = any(group.get("fused") for group in optimizer.param_groups)
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if not isinstance(value, torch.Tensor):
                continue
            expected = () if name == "step" else parameter.shape
            if is_fused and value.shape != expected:  # it would walk beyond their end
                raise ValueError(
                    f"{name} of the optimizer is {tuple(value.shape)}, but weights {tuple(parameter.shape)}."
                )
            if value.shape == parameter.shape:
                # Fused optimizers walk through memory, and so need it in the order of the weights.
                kept[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def keep_alike(one, other):
    """Whether two optimizers keep the same things for the same parameters, so that one can go on for the other."""

    def kept(optimizer):
        rates = ("lr", "initial_lr", "weight_decay")
        return [
            {name: len(value) if name == "params" else value for name, value in group.items() if name not in rates}
            for group in optimizer.param_groups
        ]

    return type(one) is type(other) and kept(one) == kept(other)


def _as_arrays(state):
    """Replace the tensors in dicts, lists and tuples by numpy arrays, which share their memory on the CPU."""
    return _replaced(state, torch.Tensor, lambda tensor: tensor.detach().cpu().numpy())


def _as_tensors(state):
    """Replace the arrays in dicts, lists and tuples by tensors of their own memory."""
    return _replaced(state, np.ndarray, lambda array: torch.from_numpy(np.array(array)))


def _replaced(state, kind, convert):
    if isinstance(state, kind):
        return convert(state)
    if isinstance(state, dict):
        return {name: _replaced(value, kind, convert) for name, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_replaced(value, kind, convert) for value in state)
    return state

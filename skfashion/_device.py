"""Devices: which are supported, and what a processor can do."""

import os
from functools import partial

import torch

# The threads of torch do not survive a fork: whatever a child computes on more than one of them would wait for ever,
# for instance in multiprocessing.Pool, in joblib's multiprocessing backend, or in servers that load a model first. With
# one thread it works.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


# The kinds of devices on which the tests have run; torch calls AMD's GPUs "cuda" too. On Apple's "mps", torch computes
# wrong results without a word for some images in channels_last, the format of our convolutions, in releases as late as
# 2.10 (pytorch/pytorch#174345, #180984). On Intel's "xpu" nothing was ever tried. A kind is added once the tests pass.
TESTED_DEVICES = ("cpu", "cuda")


def resolve_device(device):
    """Turn a parameter `device` into a torch device that this machine has.

    Raises
    ------
    ValueError
        If there is no such device here, or if it is of a kind on which this library was never tested.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        if resolved.type in TESTED_DEVICES:
            torch.empty(1, device=resolved).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"The 'device' parameter must be 'auto' or a torch device of this machine, such as 'cpu' or 'cuda'. "
            f"Got {device!r} instead ({str(error).splitlines()[0]})"
        ) from error
    if resolved.type not in TESTED_DEVICES:
        raise ValueError(
            f"The 'device' parameter must be 'auto' or a device of torch of the kind 'cpu' or 'cuda'. Got {device!r} "
            f"instead: skfashion is untested on {resolved.type!r}, where results may be wrong."
        )
    return resolved


def cpu_capabilities():
    """What instructions this processor has, as a dict from names such as ``"avx512_bf16"`` to whether it has them.

    torch 2.10 cannot tell. What is chosen by an instruction that is not known is slower there, not wrong.
    """
    return getattr(torch.cpu, "get_capabilities", dict)()

"""Where to compute."""

import os
from functools import partial

import torch

# The threads of torch do not survive a fork: whatever a child computes on more than one of them would wait for ever,
# for instance in multiprocessing.Pool, in joblib's multiprocessing backend, or in servers that load a model first. With
# one thread it works.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


def resolve_device(device):
    """Turn a parameter `device` into a torch device that this machine has.

    Raises
    ------
    ValueError
        If there is no such device here.
    """
    if device == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    try:
        resolved = torch.device(device)
        torch.empty(1, device=resolved).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"The 'device' parameter must be 'auto' or a torch device of this machine, such as 'cpu', 'cuda' or 'mps'. "
            f"Got {device!r} instead ({str(error).splitlines()[0]})"
        ) from error
    return resolved

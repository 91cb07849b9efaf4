"""Where to compute."""

import torch


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

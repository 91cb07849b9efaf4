"""Where to compute, and in which precision."""

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


def resolve_precision(precision, device, gains):
    """``"auto"`` is bfloat16 for a network that gains from it, on a device that multiplies it natively, else float32.

    Large convolutions gain. Dense layers of this size, and small convolutions, lose more to the conversions.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if gains and _native_bfloat16(device) else "float32"


def _native_bfloat16(device):
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("amx_bf16", "amx_tile", "avx512_bf16", "bf16"))
    return False

"""Precision of training: float32, or bfloat16 where that is faster."""

import torch

from skfashion._device import cpu_capabilities


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
        capabilities = cpu_capabilities()
        return any(capabilities.get(name, False) for name in ("amx_bf16", "amx_tile", "avx512_bf16", "bf16"))
    return False

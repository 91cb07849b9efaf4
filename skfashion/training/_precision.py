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
    """Whether products in bfloat16 were measured to be faster than in float32, or are expected to be.

    That a processor has an instruction does not say that it is fast. Measured, by what ``benchmarks.bench_precision``
    compares: AMD's with AVX512-BF16 and Intel's with AMX train convolutions faster, Intel's with AVX512-BF16 but
    without AMX more slowly. Expected: Arm's with BF16 faster. The rule looks at names only and measures nothing, so
    that a machine decides alike on every day.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    has = cpu_capabilities().get
    return bool(
        (has("amx_tile") and has("amx_bf16"))
        or (has("avx512_bf16") and "AMD" in str(has("cpu_name")))
        or (has("bf16") and has("architecture") != "x86_64")
    )


def as_float32(output):
    """Undo autocast: losses are computed in float32."""
    if isinstance(output, tuple):
        return tuple(part.float() for part in output)
    return output.float()

"""The caller's settings of torch, which must not affect what a network learns or predicts."""

import os
import threading
from contextlib import ExitStack, contextmanager

import torch

_lock = threading.Lock()
_n_inside, _dtype_outside = 0, None


def _forget_other_threads():
    """In a forked child: the threads that were inside of :func:`neutral_state` are not there any more."""
    global _lock, _n_inside
    _lock = threading.Lock()
    if _n_inside:
        _set_default_dtype(_dtype_outside)
    _n_inside = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


@contextmanager
def neutral_state():
    """Compute as if the caller had set no default dtype or device, no autocast and no inference mode."""
    with ExitStack() as stack:
        stack.enter_context(_float32_by_default())
        stack.enter_context(torch.inference_mode(False))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":  # else not entered: it would slow every operation
            stack.enter_context(torch.device("cpu"))
        yield


@contextmanager
def _float32_by_default():
    """Set torch's default dtype, which all threads share, while one of them computes here; usually it is set so."""
    global _n_inside, _dtype_outside
    with _lock:
        if _n_inside == 0:
            _dtype_outside = torch.get_default_dtype()
            _set_default_dtype(torch.float32)
        _n_inside += 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                _set_default_dtype(_dtype_outside)


def _set_default_dtype(dtype):
    if torch.get_default_dtype() != dtype:
        torch.set_default_dtype(dtype)

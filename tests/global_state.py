"""What a test must leave as it was: state that belongs to the process, and so to every test that comes later."""

import os
import random
import tracemalloc
import warnings

import numpy as np
import torch


def snapshot():
    """The global state of Python, numpy and torch, by name."""
    return {
        "Python's random state": random.getstate(),
        "numpy's random state": np.random.get_state(legacy=True)[1:],  # noqa: NPY002 it is what must stay
        "torch's random state": torch.get_rng_state(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's default device": torch.get_default_device(),
        "torch's number of threads": torch.get_num_threads(),
        "torch's deterministic mode": torch.get_deterministic_debug_mode(),
        "torch's grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch's anomaly mode": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "torch's autocast": torch.is_autocast_enabled("cpu"),
        "torch's precision of products": torch.get_float32_matmul_precision(),
        "the tracing of memory": tracemalloc.is_tracing(),
        "the warning filters": list(warnings.filters),
        "os.environ": _environment(),
        "the working directory": os.getcwd(),
    }


def _environment():
    environment = os.environ._data.copy()  # its own copy() decodes every name and value, before and after each test
    environment.pop(b"PYTEST_CURRENT_TEST", None)
    return environment


def changes(before):
    """Names of what is not as it was in the snapshot `before`."""
    after = snapshot()
    return [name for name, value in before.items() if not _equal(value, after[name])]


def _equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, tuple) and isinstance(one[0], np.ndarray):
        return np.array_equal(one[0], other[0]) and one[1:] == other[1:]
    return one == other

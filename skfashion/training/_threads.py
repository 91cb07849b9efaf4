"""How many of torch's threads a training uses."""

import math
from contextlib import contextmanager

import torch

# Multiplications of a forward step that keep one thread busy: where a second one would get fewer, it gains nothing, and
# on a machine that is busy with something else all of them wait for the one that is not running. Measured by
# ``benchmarks.bench_threads``.
_WORK_OF_A_THREAD = 5e6


@contextmanager
def enough_threads(work):
    """Use as many of the threads that torch is set to as `work` multiplications keep busy.

    The number follows from the network and the batch size alone: the load of the machine would make the last bits of a
    model depend on it.
    """
    before = torch.get_num_threads()
    n_threads = max(1, int(min(before, work / _WORK_OF_A_THREAD)))
    if n_threads == before:
        yield
        return
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def work_of_a_step(net):
    """Multiplications of a forward step; not known, and never too few, of a module that is not just dense layers."""
    if net.convolutional_ or net.foreign:
        return math.inf
    return net.batch_size * sum(weight.numel() for weight in net.module_.parameters())

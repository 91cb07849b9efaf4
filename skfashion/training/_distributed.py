"""One training that several processes share, by torch.distributed: each takes a part of every batch."""

import copy
import inspect
import zlib

import numpy as np
import torch
from torch import distributed, nn

from skfashion.training._synced_norm import with_synced_norms

# Buffers are equal in all processes by themselves; how torch is told has changed in 2.13.
_ARGUMENTS = inspect.signature(nn.parallel.DistributedDataParallel).parameters
_WITHOUT_BUFFERS = {("forward_sync_buffers" if "forward_sync_buffers" in _ARGUMENTS else "broadcast_buffers"): False}

# Rows whose content is compared between processes: enough to tell one part of the data from another.
_N_COMPARED = 1000


class Group:
    """The processes of a training; each has a number, its rank, from 0 to `size` - 1.

    Parameters
    ----------
    device : torch.device
        Where numbers are when they are sent.

    Raises
    ------
    ValueError
        If this process belongs to none.
    """

    def __init__(self, device):
        if not (distributed.is_available() and distributed.is_initialized()):
            raise ValueError(
                "distributed=True needs processes that know each other: start the script by torchrun, and call "
                "torch.distributed.init_process_group() in it before fit. Workers of joblib are no such processes."
            )
        self.device = device
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def part(self, start, stop):
        """The places of this process among those of a batch: each gets as many, but for one more or less.

        Where there are fewer places than processes, all of them take all: a process without images would have nothing
        to add to what normalises a batch.
        """
        n = stop - start
        if n < self.size:
            return start, stop
        return start + n * self.rank // self.size, start + n * (self.rank + 1) // self.size

    def factor(self, n_here, n_batch):
        """What the mean loss here is multiplied by, so that the mean over the processes is that of the batch."""
        return 1.0 if n_batch < self.size else self.size * n_here / n_batch

    def counts(self, n_batch):
        """Whether what is measured here is new; else rank 0 has measured the same."""
        return n_batch >= self.size or self.rank == 0

    def any(self, flag):
        """Whether it holds in one of the processes."""
        value = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(value, op=distributed.ReduceOp.MAX)
        return bool(value)

    def sums(self, values):
        """The sums of float64 numbers over the processes."""
        tensor = torch.from_numpy(np.asarray(values, dtype=np.float64)).to(self.device)
        distributed.all_reduce(tensor)
        return tensor.cpu().numpy()

    def replica(self, module):
        """A module on the same weights as another, whose gradients are averages over the processes.

        Batch normalisation is by the images of all of them.
        """
        tensors = [*module.parameters(), *module.buffers()]
        shared = with_synced_norms(copy.deepcopy(module, {id(tensor): tensor for tensor in tensors}))
        return nn.parallel.DistributedDataParallel(shared, **_WITHOUT_BUFFERS)


def agreed_seed(seed, device, X, examples, parameters):
    """The seed of rank 0, if all processes are about to do the same.

    Raises
    ------
    ValueError
        If they have other images or other parameters than rank 0, as where each was given a part of the data: they
        would wait for each other for ever, or train something else.
    """
    group = Group(device)
    own = {
        "shape of X": X.shape,
        "content of X": _checksum(X[:: max(1, len(X) // _N_COMPARED)]),
        **{name: _checksum(value) for name, value in examples.items() if value is not None},
        **{name: value for name, value in parameters.items() if _is_plain(value)},
    }
    everyone = [None] * group.size
    distributed.all_gather_object(everyone, (seed, own))
    first_seed, first = everyone[0]
    for rank, (_, other) in enumerate(everyone):
        if other != first:
            names = ", ".join(sorted(name for name in {**first, **other} if first.get(name) != other.get(name)))
            raise ValueError(
                f"All processes must fit the same model to the same images, of which each then takes its part. Those "
                f"of rank {rank} and of rank 0 differ in: {names}."
            )
    return first_seed


def _checksum(values):
    return zlib.crc32(np.ascontiguousarray(values).view(np.uint8))


def _is_plain(value):
    """Whether a value is the same in all processes if it is equal; functions have addresses."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return isinstance(value, (bool, int, float, str, type(None)))

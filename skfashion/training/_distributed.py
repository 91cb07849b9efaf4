"""One training that several processes share, by torch.distributed: each takes a part of every batch."""

import threading
import zlib
from contextlib import contextmanager

import numpy as np
import torch
from torch import distributed

# Rows whose content is compared between processes: enough to tell one part of the data from another.
_N_COMPARED = 1000

# Held by the thread that shares a training; it may train what that needs in between.
_busy = threading.RLock()

# torch's groups of the trainings that are shared right now, the innermost last. Nothing else may hold one: whoever
# still waits is told that this process has left only once its connections are closed, with the last reference.
_connections = []


def rank_here():
    """The rank of this process, 0 if it belongs to no group."""
    return distributed.get_rank() if _is_in_a_group() else 0


def _is_in_a_group():
    return distributed.is_available() and distributed.is_initialized()


class Group:
    """The processes of the training that is shared; each has a number, its rank, from 0 to `size` - 1.

    Parameters
    ----------
    device : torch.device
        Where numbers are when they are sent.
    """

    def __init__(self, device):
        self.device = device
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def part(self, start, stop):
        """The indices of this process among those of a batch: each gets as many, but for one more or less.

        Where there are fewer indices than processes, all of them take all: a process without images would have nothing
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
        together(distributed.all_reduce, value, op=distributed.ReduceOp.MAX)
        return bool(value)

    def sums(self, values):
        """The sums of float64 numbers over the processes."""
        tensor = torch.from_numpy(np.asarray(values, dtype=np.float64)).to(self.device)
        together(distributed.all_reduce, tensor)
        return tensor.cpu().numpy()

    def average_gradients(self, module):
        """Replace gradients by their means over the processes; weights that no process has used keep none."""
        parameters = [each for each in module.parameters() if each.requires_grad]
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        used = torch.tensor([float(each.grad is not None) for each in parameters], device=self.device)
        flat = torch.cat([*(gradient.reshape(-1) for gradient in gradients), used])
        together(distributed.all_reduce, flat)
        *means, used = (flat / self.size).split([*(each.numel() for each in gradients), len(parameters)])
        for parameter, gradient, mean, is_used in zip(parameters, gradients, means, used.tolist(), strict=True):
            if is_used:
                parameter.grad = gradient.copy_(mean.view(gradient.shape))

    def share(self, tensors):
        """Let tensors of all processes be those of rank 0."""
        for tensor in tensors:
            content = tensor.detach().contiguous()
            together(distributed.broadcast, content, 0)
            tensor.data.copy_(content)


@contextmanager
def shared_training():
    """Connect all processes for one training; an error in one of them ends it for all.

    Raises
    ------
    ValueError
        If this process belongs to no group, or while another thread of it shares a training: their messages would be
        mixed up.
    """
    if not _is_in_a_group():
        raise ValueError(
            "distributed=True needs a process group: start the script by torchrun, and call "
            "torch.distributed.init_process_group() in it before fit. Workers of joblib do not form one."
        )
    if not _busy.acquire(blocking=False):
        raise ValueError("A process can take part in only one training at a time: search with n_jobs=1.")
    try:
        _connections.append(distributed.new_group())
        try:
            yield
        finally:
            distributed.destroy_process_group(_connections.pop())
    finally:
        _busy.release()


def together(operation, *args, **kwargs):
    """Run an operation of torch.distributed that all processes of the training take part in.

    Raises
    ------
    RuntimeError
        If one of them has left the training by an error, or is gone.
    """
    try:
        return operation(*args, group=_connections[-1], **kwargs)
    except RuntimeError as error:
        reason = str(error)
    # Outside of the except clause: the frames of the first error hold the connections.
    raise RuntimeError(
        f"{distributed.get_world_size()} processes share this training, and one has left it: look at the errors of the "
        f"others. {reason}"
    )


def agreed_seed(seed, device, facts):
    """The seed of rank 0, if all processes are about to do the same.

    Parameters
    ----------
    seed : int
        What this process has drawn.
    device : torch.device
        Where numbers are when they are sent.
    facts : dict
        What has to be equal, by names that a user knows: arrays, and other values, of which those are left out that
        differ between processes even where they are equal, as functions do.

    Raises
    ------
    ValueError
        If a process has other images or other parameters than rank 0, as where each was given a part of the data: they
        would wait for each other for ever, or train something else.
    """
    group = Group(device)
    own = {name: _comparable(value) for name, value in facts.items() if _is_plain(value)}
    everyone = [None] * group.size
    together(distributed.all_gather_object, everyone, (seed, own))
    first_seed, first = everyone[0]
    for rank, (_, other) in enumerate(everyone):
        if other != first:
            names = ", ".join(sorted(name for name in {**first, **other} if first.get(name) != other.get(name)))
            raise ValueError(
                f"All processes must fit the same model to the same images, of which each then takes its part. Those "
                f"of rank {rank} and of rank 0 differ in: {names}."
            )
    return first_seed


def _comparable(value):
    """A value in which checksums of some rows stand for arrays."""
    if isinstance(value, (tuple, list)):
        return [_comparable(each) for each in value]
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    rows = value[:: max(1, len(value) // _N_COMPARED)] if value.ndim else value
    return value.shape, rows.tolist() if value.dtype.hasobject else zlib.crc32(rows.tobytes())


def _is_plain(value):
    """Whether a value is the same in all processes if it is equal; functions have addresses."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, (bool, int, float, str, type(None), np.ndarray, np.generic))

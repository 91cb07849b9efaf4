"""Batch normalisation by a batch of which several processes hold a part each.

Torch's own ``SyncBatchNorm`` does so on GPUs only.
"""

from contextlib import contextmanager
from functools import partial

import torch
from torch import distributed, nn

from skfashion.training._distributed import together

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@contextmanager
def synced_norms(module):
    """Let the parts of a module that are in training mode normalise by the images of all processes.

    Raises
    ------
    ValueError
        If one of them normalises in a way of its own.
    """
    norms = [part for part in module.modules() if isinstance(part, _BATCH_NORMS) and part.training]
    for norm in norms:
        if type(norm).forward is not nn.BatchNorm2d.forward:
            raise ValueError(
                f"{type(norm).__name__} normalises batches in a way of its own, which cannot be "
                "synchronised: distributed=True supports torch's BatchNorm1d, BatchNorm2d and BatchNorm3d."
            )
        norm.forward = partial(_normalised, norm)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def _normalised(norm, x):
    """What a part of a module makes of its images; its running statistics are moved."""
    n, mean, variance = moments(x.float())
    if norm.track_running_stats:
        _remember(norm, n, mean.detach(), variance.detach())
    scale = torch.rsqrt(variance + norm.eps)
    shift = -mean * scale
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return (x.float() * scale.view(shape) + shift.view(shape)).to(x.dtype)


@torch.no_grad()
def _remember(norm, n, mean, variance):
    """Update the running statistics; the running variance is unbiased."""
    norm.num_batches_tracked.add_(1)
    momentum = 1 / norm.num_batches_tracked.float() if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance * (n / (n - 1)), momentum)


def moments(x):
    """The number of values of a channel, their mean and their biased variance, over the images of all processes.

    From the moments of each process, and not from sums of squares, which cancel.
    """
    dims = [0, *range(2, x.ndim)]
    own_mean = x.mean(dims)
    own_squares = (x - own_mean.view(1, -1, *[1] * (x.ndim - 2))).square().sum(dims)
    n = torch.full_like(own_mean, x.numel() // x.shape[1])
    counts, means, squares = _gathered(torch.stack([n, own_mean, own_squares])).unbind(1)
    n_all = counts.sum(0)
    mean = (counts * means).sum(0) / n_all
    variance = (squares + counts * (means - mean).square()).sum(0) / n_all
    return n_all, mean, variance


def _gathered(tensor):
    """The tensors of all processes, stacked by rank; gradients find their way back."""
    rows = torch.arange(distributed.get_world_size(), device=tensor.device) == distributed.get_rank()
    return _AllReduced.apply(rows.view(-1, *[1] * tensor.ndim) * tensor)


class _AllReduced(torch.autograd.Function):
    """The sum over processes, of a tensor and of its gradients."""

    @staticmethod
    def forward(ctx, tensor):
        tensor = tensor.clone()
        together(distributed.all_reduce, tensor)
        return tensor

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.contiguous().clone()
        together(distributed.all_reduce, gradient)
        return gradient

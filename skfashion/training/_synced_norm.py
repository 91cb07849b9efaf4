"""Batch normalisation by a batch of which several processes hold a part each.

Torch's own ``SyncBatchNorm`` does so on GPUs only.
"""

import torch
from torch import distributed, nn

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def with_synced_norms(module):
    """Return a module whose parts normalise by the images of all processes; parts of it are exchanged in place."""
    if isinstance(module, _BATCH_NORMS):
        return SyncedBatchNorm(module)
    for name, child in module.named_children():
        setattr(module, name, with_synced_norms(child))
    return module


class SyncedBatchNorm(nn.Module):
    """Batch normalisation whose means and variances are those of the images of all processes.

    Parameters
    ----------
    norm : nn.BatchNorm1d, nn.BatchNorm2d or nn.BatchNorm3d
        What it does by itself in evaluation mode; its weights and running statistics are used and changed.
    """

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        norm = self.norm
        if not norm.training:
            return norm(x)
        n, mean, variance = moments(x.float())
        if norm.track_running_stats:
            self._remember(n, mean.detach(), variance.detach())
        scale = torch.rsqrt(variance + norm.eps)
        shift = -mean * scale
        if norm.affine:
            scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return (x.float() * scale.view(shape) + shift.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _remember(self, n, mean, variance):
        """Move the running statistics, of which the variance is unbiased."""
        norm = self.norm
        norm.num_batches_tracked.add_(1)
        momentum = 1 / norm.num_batches_tracked.item() if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(mean, momentum)
        norm.running_var.lerp_(variance * n / (n - 1), momentum)


def moments(x):
    """The number of values of a channel, their mean and their biased variance, over the images of all processes.

    From the moments of each process, and not from sums of squares, which cancel.
    """
    dims = [0, *range(2, x.ndim)]
    n = x.numel() // x.shape[1]
    own_mean = x.mean(dims)
    own_squares = (x - own_mean.view(1, -1, *[1] * (x.ndim - 2))).square().sum(dims)
    table = _gathered(torch.stack([torch.full_like(own_mean, n), own_mean, own_squares]))
    counts, means, squares = table.unbind(1)
    n_all = counts[:, 0].sum().item()
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
        distributed.all_reduce(tensor)
        return tensor

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.contiguous().clone()
        distributed.all_reduce(gradient)
        return gradient

"""Batches of one image, which have no variance."""

from contextlib import contextmanager

from torch import nn

# With their subclasses; InstanceNorm has no running statistics to fall back on.
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


@contextmanager
def frozen_batch_norm(module):
    """Let batch normalisation use its running statistics: a batch of one has no variance."""
    frozen = [part for part in module.modules() if isinstance(part, _BATCH_NORMS) and part.training]
    for part in frozen:
        part.eval()
    try:
        yield
    finally:
        for part in frozen:
            part.train()

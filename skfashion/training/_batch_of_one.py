"""Batches of one image, which have no variance."""

from contextlib import contextmanager

import torch


@contextmanager
def frozen_batch_norm(module):
    """Let batch normalisation use its running statistics: a batch of one has no variance."""
    frozen = [
        part for part in module.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and part.training
    ]
    for part in frozen:
        part.eval()
    try:
        yield
    finally:
        for part in frozen:
            part.train()

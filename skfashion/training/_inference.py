"""Inference: the outputs of a trained net, batch by batch."""

import torch

from skfashion.training._memory import keep_freed_memory

# Where every batch has to have the same size: large enough to be fast, small enough for a single image to be.
_BATCH_OF_EQUAL_SIZE = 32


def inference_batches(net, images, batch_size=None):
    """Yield the batches of images for a network without dropout, in float32, while no gradient is recorded."""
    if net.module_.training:
        net._set_training(False)
    keep_freed_memory()
    for batch in net.get_iterator(images, batch_size=batch_size):
        with torch.inference_mode():
            yield batch


def apply_iter(net, images, function, *, alone=False):
    """Yield ``function(module, images)``, a tensor, for each batch of images, without dropout, in float32.

    Where the images have labels, it is ``function(module, images, labels)``.

    With `alone` what an image gives does not depend on those beside it, not even in the last digit: which kernels
    compute a batch depends on its size, so all of them are filled up to one size.
    """
    for batch in inference_batches(net, images, _BATCH_OF_EQUAL_SIZE if alone else None):
        n, given = len(batch.images), [each for each in (batch.images, batch.labels) if each is not None]
        if alone and n < _BATCH_OF_EQUAL_SIZE:
            given = [torch.cat([each, each[:1].expand(_BATCH_OF_EQUAL_SIZE - n, *each.shape[1:])]) for each in given]
        yield function(net.module_, *given)[:n].cpu()


def collect(net, images, function, *, alone=False):
    """All that :func:`apply_iter` yields as one tensor on the CPU.

    It is one block of memory from the start: many small ones would keep the C library from using the memory between
    them again.
    """
    values, start = None, 0
    for batch in apply_iter(net, images, function, alone=alone):
        if values is None:
            values = batch.new_empty((len(images), *batch.shape[1:]))
        values[start : start + len(batch)] = batch
        start += len(batch)
    return values

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


def collect(net, images, function, *, alone=False):
    """The tensors ``function(module, images)`` of all batches as one on the CPU, without dropout, in float32.

    Where the images have labels, it is ``function(module, images, labels)``.

    With `alone` what an image gives does not depend on those beside it, not even in the last digit: which kernels
    compute a batch depends on its size, so all of them are filled up to one size.
    """
    values, start = None, 0
    for batch in inference_batches(net, images, _BATCH_OF_EQUAL_SIZE if alone else None):
        n, given = len(batch.images), [each for each in (batch.images, batch.labels) if each is not None]
        if alone and n < _BATCH_OF_EQUAL_SIZE:
            given = [torch.cat([each, each[:1].expand(_BATCH_OF_EQUAL_SIZE - n, *each.shape[1:])]) for each in given]
        output = function(net.module_, *given)[:n]
        if values is None:
            # One block from the start: many small ones would keep the C library from using the memory between them.
            values = torch.empty((len(images), *output.shape[1:]), dtype=output.dtype, device="cpu")
        values[start : start + n] = output
        start += n
    return values

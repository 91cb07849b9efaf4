"""Layers as summaries of Keras count them."""

import torch


def count_parameters(module):
    """Trainable parameters, and the moving statistics of batch normalisation."""
    statistics = [buffer for buffer in module.buffers() if torch.is_floating_point(buffer)]
    return sum(tensor.numel() for tensor in [*module.parameters(), *statistics])

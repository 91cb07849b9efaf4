"""Predictions that are averaged over an image and its mirror image."""

import math

import torch
from torch import nn
from torch.nn.functional import logsigmoid


class FlipAveraging:
    """A mixin of modules whose output in evaluation may be the mean over an image and its mirror image.

    Attributes
    ----------
    flip_averaging : bool
        Whether it is.
    outputs : {"classes", "labels", "numbers"}
        Kind of output, and so of averaging: logits of mutually exclusive classes or log odds of co-occurring labels
        (both averaged as probabilities, and given as their logarithms or log odds), or numbers.
    """

    def forward(self, images):
        output = super().forward(images)
        if self.training or not self.flip_averaging:
            return output
        return _MEANS[self.outputs](output, super().forward(images.flip(3)))


class FlipAveraged(FlipAveraging, nn.Sequential):
    """Another module, whose output in evaluation is averaged; its weights have the same names.

    Parameters
    ----------
    module : torch.nn.Module
        From images (n, channels, height, width) to outputs (n, n_outputs).
    outputs : {"classes", "labels", "numbers"}
        As in :class:`FlipAveraging`.
    """

    def __init__(self, module, outputs):
        super().__init__(module)
        self.flip_averaging = True
        self.outputs = outputs
        # So that a fit can go on with or without averaging.
        self.register_state_dict_post_hook(_without_place)
        self.register_load_state_dict_pre_hook(_with_place)

    def reset_weights(self, seed=None):
        """Draw all weights anew."""
        self[0].reset_weights(seed)

    @property
    def embed(self):
        """The method of the module, if it has one."""
        return self[0].embed

    def dense_layers(self):
        """The layers that are applied one after the other in training, or None."""
        return self[0].dense_layers() if hasattr(self[0], "dense_layers") else None


def flip_averaged(build, outputs, **arguments):
    """A module that ``build(**arguments)`` makes, with outputs that are averaged in evaluation."""
    return FlipAveraged(build(**arguments), outputs)


def _without_place(module, state, prefix, metadata):
    _rename(state, f"{prefix}0.", prefix)


def _with_place(module, state, prefix, *others):
    _rename(state, prefix, f"{prefix}0.")


def _rename(state, before, after):
    """Give all names another beginning; all of them are taken out first, as a new name may be one of the others."""
    names = [name for name in state if name.startswith(before)]
    state.update({after + name.removeprefix(before): state.pop(name) for name in names})


def _mean_of_logits(one, other):
    return torch.logaddexp(one.log_softmax(1), other.log_softmax(1)) - math.log(2)


def _mean_of_log_odds(one, other):
    """The log odds of the mean of two probabilities that are given by their log odds."""
    present = logsigmoid(one).logaddexp(logsigmoid(other))
    absent = logsigmoid(-one).logaddexp(logsigmoid(-other))
    return present - absent


_MEANS = {"classes": _mean_of_logits, "labels": _mean_of_log_odds, "numbers": lambda one, other: (one + other) / 2}

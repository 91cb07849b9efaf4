"""Signs that a network has diverged, died or never learned."""

import warnings

import numpy as np
import torch

# Training images on which the outputs of a network are compared.
N_COMPARED = 256

# Losses that differ by less than this share over so many epochs have not moved.
_SHARE_OF_LOSS, _N_EPOCHS = 1e-4, 5

# After so many epochs reconstructions should differ as images do.
_N_EPOCHS_OF_DECODERS = 10


def has_finite_weights(module):
    """Whether all weights and running statistics are finite."""
    values = [value for value in (*module.parameters(), *module.buffers()) if torch.is_floating_point(value)]
    return not values or bool(torch.stack([value.isfinite().all() for value in values]).all())


def trainable_weights(module):
    """Copies of the weights that training may change."""
    return {name: value.detach().clone() for name, value in module.named_parameters() if value.requires_grad}


def check_finite_training(net):
    """Raise a ValueError if a loss of the last epoch, or a weight after it, is not finite."""
    row = net.history[-1]
    losses = {name: row[name] for name in ("train_loss", "valid_loss") if name in row}
    if all(np.isfinite(loss) for loss in losses.values()) and has_finite_weights(net.module_):
        return
    shown = ", ".join(f"{name} {loss:g}" for name, loss in losses.items())
    raise ValueError(
        f"Training diverged: in epoch {row['epoch']}, at learning rate {row['learning_rate']:g}, a loss or weight is "
        f"not finite ({shown}). Lower learning_rate, or scale X (levels from 0 to 255 are scaled)."
    )


def warn_of_a_dead_network(name, module, batch, weights_before, losses):
    """Warn if a network that was trained gives one output for all images, or has not learned at all.

    Parameters
    ----------
    name : str
        The estimator.
    module : torch.nn.Module
        The trained network.
    batch : Batch
        Some of the images that it was trained on.
    weights_before : dict of str to tensor
        Its trainable weights before training.
    losses : list of float
        The training loss of each epoch.
    """
    with torch.inference_mode():
        autoencodes = hasattr(module, "decode")
        images, condition = batch.images, () if batch.labels is None else (batch.labels,)
        output = module.decode(module.encode(images), *condition) if autoencodes else module(images)
    weights = dict(module.named_parameters())
    advice = "Try another learning_rate, init or activation, or look at the scale of X."
    if not _differ(images) or not weights_before or not losses or losses[0] == 0:
        return  # there is nothing to tell apart, or nothing to learn
    if all(torch.equal(weights[key], before) for key, before in weights_before.items()):
        said = f"did not change a weight in {len(losses)} epochs."
    elif not _differ(output) or (len(losses) >= _N_EPOCHS_OF_DECODERS and _is_constant_beside(output, images)):
        said = f"gives the same output for {len(images)} different images: it is dead."
    elif len(losses) >= _N_EPOCHS and max(losses) - min(losses) <= _SHARE_OF_LOSS * abs(losses[0]):
        said = f"did not learn: its training loss stayed at {losses[0]:g} for {len(losses)} epochs."
    else:
        return
    warnings.warn(f"{name} {said} {advice}", UserWarning, stacklevel=2)


def _is_constant_beside(output, images):
    """Whether reconstructions differ by less than a hundredth of what the images do."""
    if output.shape != images.shape:
        return False
    return bool(output.var(0, correction=0).mean() < 1e-4 * images.var(0, correction=0).mean())


def _differ(values):
    """Whether the rows of a tensor differ, up to the rounding of float32; scores of minus infinity exclude a class."""
    values = values.flatten(1)
    values = values.where(values.isfinite(), 0)
    spread = (values - values[:1]).abs().max()
    return bool(spread > 1e-6 * values.abs().max())

"""Reconstruction: images from short codes, or clean images from noisy ones."""

from dataclasses import dataclass

import numpy as np
import torch

from skfashion._pixels import within_unit_interval
from skfashion.modules._losses import ELBOLoss, ReconstructionLoss
from skfashion.modules._predictions import Codes
from skfashion.training._inference import collect, inference_batches
from skfashion.training._net import Net
from skfashion.training._task import Task


@dataclass(kw_only=True)
class ReconstructionTask(Task):
    """The images themselves, or the clean versions of noisy ones.

    Attributes
    ----------
    loss : {"squared_error", "absolute_error", "bernoulli"}
        The reconstruction error.
    output_activation : {"identity", "sigmoid"}
        What makes an image of the output.
    start_at_mean : bool, default=True
        Whether the output starts at the mean image.
    beta : float or None, default=None
        The weight of the Kullback-Leibler divergence of a variational autoencoder; None for any other.
    classes : ndarray of shape (n_classes,) or None, default=None
        The classes of a conditional autoencoder; None for any other.
    class_count : ndarray of shape (n_classes,) or None, default=None
        The weighted number of training images of each.
    """

    loss: str
    output_activation: str
    start_at_mean: bool = True
    beta: float | None = None
    classes: np.ndarray | None = None
    class_count: np.ndarray | None = None

    net_class = Net

    @property
    def nonlinearity(self):
        return torch.sigmoid if self.output_activation == "sigmoid" else None

    def criterion(self):
        arguments = {"loss": self.loss, "output_activation": self.output_activation}
        if self.beta is None:
            return ReconstructionLoss, arguments
        return ELBOLoss, {**arguments, "beta": float(self.beta)}

    def metrics(self):
        return None if self.beta is None else ELBOLoss(self.loss, self.output_activation).terms

    def strata(self, images):
        return None

    def start(self, net, images):
        """Let the decoder start at the mean image: from elsewhere the way to mostly black images is too steep.

        In a few steps the output would be black for all images, where a sigmoid has no gradient left.
        """
        if not self.start_at_mean:
            return
        total, weights = 0, 0
        for batch in net.get_iterator(images):
            weight = batch.weights()
            total = total + torch.einsum("n,nchw->chw", weight, batch.target)
            weights += float(weight.sum())
        net.module_.start_at(total / weights)

    def predictor(self, module):
        return Codes(module)

    def distribution(self, net, images):
        """The normal distribution of the codes of images: their weight, mean and covariance.

        The codes of a variational autoencoder are trained to follow the standard normal distribution as a whole.
        """
        latent_dim = net.module_.latent_dim
        if self.beta is not None:
            return 0.0, np.zeros(latent_dim), np.eye(latent_dim)
        return normal_of_codes(net, images)

    def distributions(self, net, images):
        """Arrays of the same of the codes that are drawn for the images of each class.

        Training does not make them follow the standard normal distribution class by class.
        """
        posteriors = collect(net, images, lambda module, batch, labels: torch.cat(module.posterior(batch), dim=1))
        mean, log_variance = np.split(posteriors.double().numpy(), 2, axis=1)
        weight, labels = _weights(images), images.labels.cpu().numpy()
        weights, means, covariances = [], [], []
        for index in range(len(self.classes)):
            rows = labels == index
            if not rows.any():  # a pass without this class
                described = 0.0, np.zeros(mean.shape[1]), np.eye(mean.shape[1])
            else:
                total, center, covariance = _normal_of(mean[rows], weight[rows])
                spread = np.average(np.exp(log_variance[rows]), axis=0, weights=weight[rows])
                described = total, center, covariance + np.diag(spread)
            for values, value in zip((weights, means, covariances), described, strict=True):
                values.append(value)
        return np.array(weights), np.array(means), np.array(covariances)


def normal_of_codes(net, images):
    """The weight of images, and the mean and the covariance of their codes."""
    codes = collect(net, images, lambda module, batch: module.encode(batch)).double().numpy()
    return _normal_of(codes, _weights(images))


def _weights(images):
    return np.ones(len(images)) if images.weight is None else images.weight.double().cpu().numpy()


def _normal_of(codes, weight):
    covariance = np.atleast_2d(np.cov(codes, rowvar=False, ddof=0, aweights=weight))
    return weight.sum(), np.average(codes, axis=0, weights=weight), covariance


def pooled(one, other):
    """The weight, mean and covariance of two samples together, each given by these three, or by stacks of them."""
    if np.ndim(one[0]) == 1:
        each = [pooled(*pair) for pair in zip(zip(*one, strict=True), zip(*other, strict=True), strict=True)]
        return tuple(np.array(values) for values in zip(*each, strict=True))
    weight = one[0] + other[0]
    if weight == 0:
        return one
    share, step = one[0] / weight, one[1] - other[1]
    covariance = share * one[2] + (1 - share) * other[2] + share * (1 - share) * np.outer(step, step)
    return weight, other[1] + share * step, covariance


def check_pixels(X, rows, loss):
    """Return whether the rows of X lie in [0, 1].

    Raises
    ------
    ValueError
        If they do not and the loss needs it.
    """
    low, high = _range(X, rows)
    bounded = within_unit_interval(low, high)
    if loss == "bernoulli" and not bounded:
        raise ValueError(
            "loss='bernoulli' needs pixels in [0, 1], or levels from 0 to 255, but the images hold values from "
            f"{low:g} to {high:g}."
        )
    return bounded


def resolve_output_activation(output_activation, loss, activation, bounded):
    """The output activation that parameters ask for; ``"auto"`` depends on whether the images are `bounded`."""
    if loss == "bernoulli":
        if output_activation == "identity":
            raise ValueError("loss='bernoulli' needs probabilities: output_activation cannot be 'identity'.")
        return "sigmoid"
    if output_activation != "auto":
        return output_activation
    return "sigmoid" if bounded and activation != "identity" else "identity"


def squared_errors(module, images, target, *labels):
    """The mean squared error per pixel between what an autoencoder makes of each image and its target."""
    return (module.decode(module.encode(images), *labels) - target).square().flatten(1).mean(1)


def denoising_error(net, images):
    """The mean of :func:`squared_errors` over noisy images and their clean versions."""
    batches = inference_batches(net, images)
    total = sum(float(squared_errors(net.module_, *batch[:2]).double().sum()) for batch in batches)
    return total / len(images)


def residual_variance(net, images):
    """The weighted mean over images of the squared residual of each value of an image (channels, height, width)."""
    total, weights = 0, 0
    for batch in inference_batches(net, images):
        residual = batch.images - net.module_.decode(net.module_.encode(batch.images))
        weight = batch.weights()
        total = total + torch.einsum("n,nchw->chw", weight, residual.square()).double()
        weights += float(weight.sum())
    return total / weights


def _range(X, rows):
    """The smallest and the largest value in rows of X, once uint8 is scaled."""
    if X.dtype in (np.uint8, np.bool_):
        return 0, 1
    if len(rows) == len(X):
        return X.min(), X.max()
    kept = np.zeros((len(X), 1), dtype=bool)
    kept[rows] = True
    return X.min(where=kept, initial=X[rows[0], 0]), X.max(where=kept, initial=X[rows[0], 0])

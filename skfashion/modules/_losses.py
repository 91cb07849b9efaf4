"""Losses, one per image, and the gradients of those that dense networks are trained on by hand."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from skfashion.modules._layers import ACTIVATIONS


class Mixed(NamedTuple):
    """The classes of what is mixed into images, which they learn besides their own.

    Attributes
    ----------
    target : tensor of shape (..., n)
        The class of the other image.
    share : tensor of shape (..., n)
        The mixing coefficient: the weight of an image's own class; the rest is that of the other one.
    """

    target: torch.Tensor
    share: torch.Tensor

    def mean(self, own, other):
        """The mean of values (..., n) by the own and by the other class."""
        return torch.lerp(other.to(self.share.dtype), own.to(self.share.dtype), self.share)


def losses_of(criterion, output, target, mixed=None):
    """The loss of each image; arguments are those of :func:`losses_and_gradient`."""
    own = criterion(output, target)
    return own if mixed is None else mixed.mean(own, criterion(output, mixed.target))


def losses_and_gradient(criterion, output, target, weight, mixed=None):
    """The losses of a batch, and the gradient of their weighted sum in the output; called under `torch.no_grad`.

    Parameters
    ----------
    criterion : torch.nn.Module
        Maps outputs and targets to one loss per image. It may know its gradient by a method of the name of this
        function; any other one is asked through autograd.
    output, target : tensor
        Of the batch.
    weight : float, or tensor of shape (n,)
        The weight of each image in the sum.
    mixed : Mixed, default=None
        What is mixed into the images, if they are classified.
    """
    if mixed is None:
        return _losses_and_gradient(criterion, output, target, weight)
    own, gradient = _losses_and_gradient(criterion, output, target, weight * mixed.share)
    other, other_gradient = _losses_and_gradient(criterion, output, mixed.target, weight * (1 - mixed.share))
    return mixed.mean(own, other), gradient.add_(other_gradient)


def _losses_and_gradient(criterion, output, target, weight):
    if hasattr(criterion, "losses_and_gradient"):
        return criterion.losses_and_gradient(output, target, weight)
    with torch.enable_grad():
        output = output.detach().requires_grad_()
        losses = criterion(output, target)
        (gradient,) = torch.autograd.grad((losses * weight).sum(), output)
    return losses.detach(), gradient


def _times(gradient, share):
    """Multiply what belongs to each image by its share, in place."""
    if isinstance(share, torch.Tensor):
        share = share.view(*share.shape, *[1] * (gradient.ndim - share.ndim))
    return gradient.mul_(share)


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """The cross-entropy of classes that exclude each other, one per image.

    Parameters
    ----------
    label_smoothing : float in [0, 1]
        The share of each target that is spread evenly over all classes.
    """

    def __init__(self, label_smoothing=0.0):
        super().__init__(reduction="none", label_smoothing=label_smoothing)

    def losses_and_gradient(self, scores, classes, share):
        classes = classes[:, None]
        spread = self.label_smoothing / scores.shape[1]
        log_probabilities = scores.log_softmax(1)
        losses = log_probabilities.gather(1, classes).neg_()[:, 0]
        if spread:
            losses = losses * (1 - self.label_smoothing) - log_probabilities.sum(1) * spread
        # The gradient is the probabilities less the smoothed target.
        gradient = log_probabilities.exp_()
        gradient.scatter_add_(1, classes, torch.full_like(classes, self.label_smoothing - 1, dtype=scores.dtype))
        return losses, _times(gradient.sub_(spread) if spread else gradient, share)


class MultilabelLoss(nn.Module):
    """The binary cross-entropy of each label, summed over the labels of an image.

    Parameters
    ----------
    label_smoothing : float in [0, 1)
        The share of each target that is spread evenly over "present" and "absent".
    """

    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, scores, labels):
        targets = labels * (1 - self.label_smoothing) + self.label_smoothing / 2
        return binary_cross_entropy_with_logits(scores, targets, reduction="none").sum(1)


def _huber(error):
    size = error.abs()
    bounded = size.clamp(max=1)
    return bounded * (size - bounded / 2)


# Of an error: its distance from 0; the slope of that, up to a factor, which may overwrite the error; the factor.
_DISTANCES = {
    "squared_error": (torch.square, lambda error: error, 2),
    "absolute_error": (torch.abs, torch.Tensor.sign_, 1),
    "huber": (_huber, lambda error: error.clamp_(-1, 1), 1),
}


class ReconstructionLoss(nn.Module):
    """The distance of each image from the one that the scores of a decoder stand for, as a mean or sum over the pixels.

    Targets of any other shape, such as the numbers of a regression, are measured in the same way.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "bernoulli"}
        ``"huber"`` is half the squared error up to a distance of 1, and grows with the distance from there on.
        ``"bernoulli"`` is the negative log-likelihood of pixels in [0, 1]; it implies a sigmoid.
    output_activation : {"identity", "sigmoid"}
        What makes an image of the scores.
    reduction : {"mean", "sum"}
        Over the pixels of an image.
    """

    def __init__(self, loss, output_activation, reduction="mean"):
        super().__init__()
        self.loss = loss
        self.output_activation = ACTIVATIONS[output_activation]()
        self.reduction = reduction

    def forward(self, scores, images):
        if self.loss == "bernoulli":
            return self._reduced(binary_cross_entropy_with_logits(scores, images, reduction="none"))
        distance, *_ = _DISTANCES[self.loss]
        return self._reduced(distance(self.output_activation(scores) - images))

    def losses_and_gradient(self, scores, images, share):
        factor = 1
        if self.loss == "bernoulli":
            distances = binary_cross_entropy_with_logits(scores, images, reduction="none")
            gradient = scores.sigmoid().sub_(images)
        else:
            distance, slope, factor = _DISTANCES[self.loss]
            shown = self.output_activation(scores)
            error = shown - images
            distances = distance(error)
            gradient = slope(error)
            if isinstance(self.output_activation, nn.Sigmoid):
                gradient = torch.ops.aten.sigmoid_backward.default(gradient, shown)
        n_summands = gradient[0].numel() if self.reduction == "mean" else 1
        return self._reduced(distances), _times(gradient, share * (factor / n_summands))

    def _reduced(self, distance):
        distance = distance.flatten(1)
        return distance.mean(1) if self.reduction == "mean" else distance.sum(1)


class ELBOLoss(nn.Module):
    """The negative evidence lower bound, its second term weighted: reconstruction + beta * KL, per image.

    Parameters
    ----------
    loss, output_activation
        As in :class:`ReconstructionLoss`; summed over the pixels.
    beta : float
        The weight of the Kullback-Leibler divergence of the codes from the standard normal distribution.

    References
    ----------
    I. Higgins et al., `beta-VAE <https://openreview.net/forum?id=Sy2fzU9gl>`_, 2017.
    """

    def __init__(self, loss, output_activation, beta=1.0):
        super().__init__()
        self.reconstruction = ReconstructionLoss(loss, output_activation, reduction="sum")
        self.beta = beta

    def terms(self, output, images):
        """Both terms of each image, unweighted."""
        scores, mean, log_variance = output
        kl = kl_from_standard_normal(mean, log_variance)
        return {"reconstruction": self.reconstruction(scores, images), "kl": kl}

    def forward(self, output, images):
        terms = self.terms(output, images)
        return terms["reconstruction"] + self.beta * terms["kl"]


def kl_from_standard_normal(mean, log_variance):
    """KL(N(mean, variance) || N(0, 1)), summed over the dimensions of each row, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)

"""Reconstruction losses of autoencoders, one per image."""

from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from skfashion.modules._layers import ACTIVATIONS

LOSSES = ("squared_error", "absolute_error", "bernoulli")


class ReconstructionLoss(nn.Module):
    """The distance of each image from the one that the scores of a decoder stand for, as a mean or sum over the pixels.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "bernoulli"}
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
            distance = binary_cross_entropy_with_logits(scores, images, reduction="none")
        else:
            distance = self.output_activation(scores) - images
            distance = distance.square() if self.loss == "squared_error" else distance.abs()
        distance = distance.flatten(1)
        return distance.mean(1) if self.reduction == "mean" else distance.sum(1)


class ELBOLoss(nn.Module):
    """The negative evidence lower bound, its second term weighed: reconstruction + beta * KL, per image.

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
        """Both terms of each image, not weighed."""
        scores, mean, log_variance = output
        kl = kl_from_standard_normal(mean, log_variance)
        return {"reconstruction": self.reconstruction(scores, images), "kl": kl}

    def forward(self, output, images):
        terms = self.terms(output, images)
        return terms["reconstruction"] + self.beta * terms["kl"]


def kl_from_standard_normal(mean, log_variance):
    """KL(N(mean, variance) || N(0, 1)), summed over the dimensions of each row, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)

"""Several labels for one image."""

from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid


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


def mean_of_log_odds(one, other):
    """The log odds of the mean of two probabilities that are given by their log odds."""
    present = logsigmoid(one).logaddexp(logsigmoid(other))
    absent = logsigmoid(-one).logaddexp(logsigmoid(-other))
    return present - absent

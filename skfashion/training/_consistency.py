"""Consistency training on unlabelled images, by pseudo-labels whose confidence exceeds a threshold."""

import math
from contextlib import nullcontext

import torch

from skfashion.training._augmentation import augment
from skfashion.training._batch_of_one import frozen_batch_norm
from skfashion.training._loader import Batch
from skfashion.training._precision import as_float32

# How slowly the adaptive threshold follows the confidence of the network, in steps of about a hundred.
_MOMENTUM = 0.99


class Consistency:
    """Images without labels, and how a network learns from them.

    In every step the network predicts pseudo-labels for weakly augmented images, and learns to predict them for
    strongly augmented versions. Only predictions with a confidence above a threshold count.

    Parameters
    ----------
    rows : ndarray of int64
        The rows of the training images that have no label.
    row_weight : ndarray of float or None
        Their weights, 1 on average; None if all are.
    labelled_share : float
        The share of each batch that is labelled.
    threshold : float or "adaptive"
        The lowest confidence at which an image counts.
    weight : float
        Of the loss of images without labels beside that of labelled ones.
    augmentation : tuple of callable
        The strong changes.
    """

    def __init__(self, rows, *, row_weight, labelled_share, threshold, weight, augmentation):
        self.rows = rows
        self.row_weight = row_weight
        self.labelled_share = labelled_share
        self.threshold = threshold
        self.weight = weight
        self.augmentation = augmentation
        self.confidence = self.shares = None

    def parts(self, batch_size):
        """How many images of a batch have labels, and how many have none: at least one each."""
        n_labelled = min(max(1, round(self.labelled_share * batch_size)), max(1, batch_size - 1))
        return n_labelled, max(1, batch_size - n_labelled)

    def n_batches(self, batch_size):
        """The steps of an epoch, which is one pass over the images without labels."""
        return math.ceil(len(self.rows) / self.parts(batch_size)[1])

    def counts(self, probabilities):
        """Which images count, by the probabilities of their classes (n, n_classes)."""
        confidence, best = probabilities.max(1)
        if self.threshold != "adaptive":
            return confidence >= self.threshold
        self._follow(confidence.mean(), probabilities.mean(0))
        return confidence >= self.confidence * (self.shares / self.shares.max())[best]

    def _follow(self, confidence, shares):
        """Running means of the confidence, and of how much of all images each class gets."""
        if self.confidence is None:
            self.confidence, self.shares = torch.full_like(confidence, 1 / len(shares)), torch.ones_like(shares)
            self.shares /= len(shares)
        self.confidence.lerp_(confidence, 1 - _MOMENTUM)
        self.shares.lerp_(shares, 1 - _MOMENTUM)


class ConsistencyBatches:
    """Go once through images without labels, with labelled images in each batch.

    Targets of images without labels are those that the network gives them; what does not count weighs nothing.

    Parameters
    ----------
    net : Net
        The net that is trained.
    labelled : Batches
        The labelled images, and how they are augmented.
    consistency : Consistency
        The others.
    generator : torch.Generator
        Of the strong changes.

    Attributes
    ----------
    group : None
        The processes that share each batch, of which there are none.
    """

    def __init__(self, net, labelled, consistency, generator):
        self.net = net
        self.labelled = labelled
        self.consistency = consistency
        self.generator = generator
        self.unlabelled = labelled.images.of_rows(consistency.rows, weight=consistency.row_weight)
        self.n_labelled, self.n_unlabelled = consistency.parts(labelled.batch_size)
        self.group = None

    @property
    def n_images(self):
        return len(self.unlabelled) + len(self) * self.n_labelled

    def __len__(self):
        return self.consistency.n_batches(self.labelled.batch_size)

    def __iter__(self):
        n, device = len(self.unlabelled), self.unlabelled.device
        order = torch.randperm(n, generator=self.labelled.order, device=device)
        with_labels = _endless(len(self.labelled.images), self.n_labelled, self.labelled.order, device)
        n_counted = 0
        for where in order.split(self.n_unlabelled):
            batch, counted = self._batch(next(with_labels), where)
            n_counted += counted
            yield batch
        self.net.history.record("train_pseudo_labelled", float(n_counted) / n)

    def _batch(self, with_labels, without):
        """A batch of images at the given indices, and how many of those without labels count."""
        labelled = self.labelled.prepare(self.labelled.images.take(with_labels), len(with_labels))
        weak = self.labelled.prepare(self.unlabelled.take(without), len(without))
        probabilities = _probabilities(self.net, weak.images)
        counted = self.consistency.counts(probabilities)
        strong, *_ = augment(self.unlabelled.take(without).images, self.consistency.augmentation, self.generator)
        images = torch.cat([labelled.images, strong])
        if self.labelled.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        target = torch.cat([labelled.target, probabilities.argmax(1)])
        weight = torch.cat(
            [
                self._weights(labelled, 1.0, len(images)),
                self._weights(weak, self.consistency.weight, len(images)) * counted,
            ]
        )
        return Batch(images, target, weight, len(images)), counted.sum()

    @staticmethod
    def _weights(part, weight, n_images):
        """Weights of images by which the mean over a batch of `n_images` becomes the sum of the means of its parts."""
        return part.weights() * (weight * n_images / len(part.images))


def _probabilities(net, images):
    """The probabilities of classes while a network is trained: batch norms see these images, and dropout is on."""
    frozen = frozen_batch_norm(net.module_) if len(images) == 1 else nullcontext()
    with torch.no_grad(), net._autocast(), net._caught(), frozen:
        return as_float32(net.infer(images)).softmax(1)


def _endless(n, size, generator, device):
    """Yield `size` indices at a time, out of one random order of `n` after the other."""
    waiting = torch.empty(0, dtype=torch.int64, device=device)
    while True:
        while len(waiting) < size:
            waiting = torch.cat([waiting, torch.randperm(n, generator=generator, device=device)])
        yield waiting[:size]
        waiting = waiting[size:]

"""The data set as one tensor on the device, cut into batches there."""

import copy
from typing import NamedTuple

import numpy as np
import torch

from skfashion._pixels import WHITE
from skfashion.modules._losses import Mixed
from skfashion.training._mixing import blended


class Batch(NamedTuple):
    """Float images (n, c, h, w), targets, weights or None, labels of a conditional module, and what is mixed in.

    Where several processes share a batch, this is the part of one of them, and `n_images` counts the whole.
    """

    images: torch.Tensor
    target: torch.Tensor | None
    weight: torch.Tensor | None
    n_images: int
    labels: torch.Tensor | None = None
    mixed: Mixed | None = None

    def weights(self):
        """The weight of each image, 1 where none are given."""
        return torch.ones(len(self.images), device=self.images.device) if self.weight is None else self.weight


class ImageSet:
    """Images, targets and weights on a device. X keeps its dtype; only batches become float32.

    Parameters
    ----------
    X : tensor of shape (n, n_features)
        All rows, as :func:`~skfashion._tensors.to_device` returns them; never written to, and shared by several sets.
    layout : Layout
        How a row is an image.
    rows : ndarray of int64, default=None
        The rows of X that belong to this set, by default all.
    y : ndarray of int64 or float32, default=None
        The target of each row in `rows`; without it an image is its own target.
    weight : ndarray of float, default=None
        The positive weight of each row in `rows`; 1 on average over a training set.
    clean : tensor of shape (n, n_features), default=None
        The image that each row of X is to be turned into, if it is not the row itself.
    labels : ndarray of int64, default=None
        The class of each row in `rows`, for a conditional module; not a target.
    """

    def __init__(self, X, layout, *, rows=None, y=None, weight=None, clean=None, labels=None):
        self.layout = layout
        self.X = X
        self.clean = clean
        self.rows = None if rows is None else torch.from_numpy(rows).to(X.device)
        self.y = None if y is None else torch.from_numpy(y).to(X.device)
        self.labels = None if labels is None else torch.from_numpy(labels).to(X.device)
        # Weights of a lot of images may differ by more than float32 can: none of them may vanish.
        self.weight = None if weight is None else torch.from_numpy(weight.clip(1e-30)).float().to(X.device)

    def __len__(self):
        return len(self.X if self.rows is None else self.rows)

    @property
    def shape(self):
        """(images, values of an image), which callbacks of skorch look for."""
        return len(self), self.layout.n_features

    @property
    def device(self):
        return self.X.device

    def subset(self, members):
        """A set of some of the images, in the order of the data; it shares their memory.

        Parameters
        ----------
        members : ndarray of int
            Indices into this set.
        """
        part = copy.copy(self)
        members = torch.from_numpy(np.sort(members)).to(self.device)
        part.rows = members if self.rows is None else self.rows[members]
        for name in ("y", "weight", "labels"):
            values = getattr(self, name)
            setattr(part, name, None if values is None else values[members])
        return part

    def of_rows(self, rows, weight=None):
        """A set of other rows of X, without targets; arguments are those of :class:`ImageSet`."""
        return ImageSet(self.X, self.layout, rows=rows, weight=weight)

    def arrays(self):
        """All that is in the set, as arrays of numpy or None."""
        tensors = (self.X, self.clean, self.rows, self.y, self.weight, self.labels)
        return tuple(None if tensor is None else tensor.cpu().numpy() for tensor in tensors)

    def is_cut_like(self, other):
        """Whether the batches of two sets have the same shapes."""
        return self.layout == other.layout and len(self) == len(other)

    def has_data_of(self, other):
        """Whether two sets are cut from the same rows, which are images in the same way."""
        return self.is_cut_like(other) and _are_equal(self.X, other.X) and _are_equal(self.clean, other.clean)

    def has_examples_of(self, other):
        """Whether two sets hold the same images and targets in the same order."""
        pairs = (self.rows, other.rows), (self.y, other.y), (self.labels, other.labels)
        return self.has_data_of(other) and all(_are_equal(*pair) for pair in pairs)

    def take(self, where):
        """Return the batch at `where`: a slice of the set, or an index tensor into it."""
        rows = where if self.rows is None else _taken(self.rows, where)
        images = self._as_images(_taken(self.X, rows))
        if self.clean is not None:
            target = self._as_images(_taken(self.clean, rows))
        else:
            target = images if self.y is None else _taken(self.y, where)
        weight, labels = (None if each is None else _taken(each, where) for each in (self.weight, self.labels))
        return Batch(images, target, weight, len(images), labels)

    def _as_images(self, rows):
        """uint8 stands for levels, which become brightness in [0, 1]; numbers are taken as they are."""
        images = rows.float()
        if rows.dtype == torch.uint8:
            images = images.div_(WHITE)
        channels, height, width = self.layout.shape
        if self.layout.channels_last:
            return images.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return images.view(-1, channels, height, width)


def _are_equal(one, other):
    if one is None or other is None or one is other:
        return one is other
    return one.dtype == other.dtype and torch.equal(one, other)


def _taken(rows, where):
    """Some rows of a tensor as memory of their own: a slice would be the caller's X, which a module could write to."""
    return rows[where].clone() if isinstance(where, slice) else rows.index_select(0, where)


class Batches:
    """Go once through an :class:`ImageSet` in batches.

    Parameters
    ----------
    images : ImageSet
        The images.
    batch_size : int
        Images in a batch; the last one may be shorter.
    order : torch.Generator, default=None
        Shuffles the images; None leaves them in order.
    augment : callable, default=None
        Changes images, given their `weight`: :func:`~skfashion.training._augmentation.augment` but for its settings.
    channels_last : bool, default=False
        The memory format of batches.

    Attributes
    ----------
    group : Group or None
        The processes that share each batch.
    """

    def __init__(self, images, batch_size, *, order=None, augment=None, channels_last=False):
        self.images = images
        self.batch_size = batch_size
        self.order = order
        self.augment = augment
        self.channels_last = channels_last
        self.group = None

    @property
    def n_images(self):
        """How many images there are in all batches."""
        return len(self.images)

    def __len__(self):
        return -(-self.n_images // self.batch_size)

    def __iter__(self):
        n = len(self.images)
        order = None
        if self.order is not None:
            order = torch.randperm(n, generator=self.order, device=self.images.device)
        for start in range(0, n, self.batch_size):
            stop = min(start + self.batch_size, n)
            where = slice(*((start, stop) if self.group is None else self.group.part(start, stop)))
            yield self.prepare(self.images.take(where if order is None else order[where]), stop - start)

    def prepare(self, batch, n_images):
        """Augment a batch, which is one of `n_images` if others have the rest of it, and arrange it in memory."""
        images, target, mixed = batch.images, batch.target, None
        if self.augment is not None and self.images.clean is not None:
            # An image and what it is to be turned into are changed together.
            both, *_ = self.augment(torch.cat([images, target], dim=1), weight=batch.weight)
            images, target = both.chunk(2, dim=1)
        elif self.augment is not None:
            images, partner, share = self.augment(images, weight=batch.weight)
            if partner is not None and self.images.y is not None:
                target, mixed = _mixed_targets(target, target[partner], share)
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        if batch.target is batch.images:
            target = images
        return Batch(images, target, batch.weight, n_images, batch.labels, mixed)


def _mixed_targets(own, others, share):
    """Targets of mixed images: numbers are mixed as pixels are, of classes there are two."""
    if own.is_floating_point():
        return blended(own, others, share), None
    return own, Mixed(others, share)

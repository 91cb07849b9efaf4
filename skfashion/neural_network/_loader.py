"""The data set as one tensor on the device, cut into batches there."""

from typing import NamedTuple

import numpy as np
import torch

from skfashion.neural_network._augmentation import augment
from skfashion.neural_network._memory import keep_freed_memory


class Batch(NamedTuple):
    """Float images (n, c, h, w), their targets (or None) and their weights (or None)."""

    images: torch.Tensor
    target: torch.Tensor | None
    weight: torch.Tensor | None


class ImageSet:
    """Images, targets and weights on a device. X keeps its dtype; only batches become float32.

    Parameters
    ----------
    X : ndarray or tensor of shape (n, n_features)
        All rows; never written to, and not copied on the CPU if torch knows the dtype. A tensor as :func:`to_device`
        returns it can be shared by several sets.
    layout : Layout
        How a row is an image.
    device : torch.device
        Where the tensors live.
    rows : ndarray of int64, default=None
        The rows of X that belong to this set, by default all.
    y : ndarray of int64, default=None
        The target of each row in `rows`; without it an image is its own target.
    weight : ndarray of float, default=None
        The positive weight of each row in `rows`, to be scaled at will.
    """

    def __init__(self, X, layout, device, *, rows=None, y=None, weight=None):
        self.layout = layout
        self.X = X if isinstance(X, torch.Tensor) else to_device(X, device)
        self.rows = None if rows is None else torch.from_numpy(rows).to(device)
        self.y = None if y is None else torch.from_numpy(y).to(device)
        self.weight = None if weight is None else _weight(weight).to(device)

    def __len__(self):
        return len(self.X if self.rows is None else self.rows)

    @property
    def device(self):
        return self.X.device

    def take(self, where):
        """Return the batch at `where`: a slice of the set, or an index tensor into it."""
        rows = where if self.rows is None else self.rows[where]
        # A slice would be a view of the caller's X, which a foreign module could write to.
        images = self.X[rows].clone() if isinstance(rows, slice) else self.X.index_select(0, rows)
        images = self._as_images(images)
        target = images if self.y is None else self.y[where]
        return Batch(images, target, None if self.weight is None else self.weight[where])

    def _as_images(self, rows):
        """uint8 means pixels 0 to 255 and is scaled to [0, 1]; any other dtype is taken as it is."""
        images = rows.float()
        if rows.dtype == torch.uint8:
            images = images.div_(255)
        channels, height, width = self.layout.shape
        if self.layout.channels_last:
            return images.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return images.view(-1, channels, height, width)


class Batches:
    """Go once through an :class:`ImageSet` in batches: in order, or shuffled by a generator and augmented."""

    def __init__(self, images, batch_size, *, generator=None, augmentation=None, channels_last=False):
        self.images = images
        self.batch_size = batch_size
        self.generator = generator
        self.augmentation = augmentation
        self.channels_last = channels_last

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        keep_freed_memory()
        n = len(self.images)
        order = None
        if self.generator is not None:
            order = torch.randperm(n, generator=self.generator, device=self.images.device)
        for start in range(0, n, self.batch_size):
            where = slice(start, min(start + self.batch_size, n))
            yield self._prepare(self.images.take(where if order is None else order[where]))

    def _prepare(self, batch):
        images = batch.images
        if self.augmentation is not None:
            images = augment(images, self.augmentation, self.generator)
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        target = images if batch.target is batch.images else batch.target
        return Batch(images, target, batch.weight)


# What torch can index and convert without a copy of the whole array.
_TORCH_DTYPES = frozenset("?bBhilqefd")


def to_device(array, device):
    """Return the tensor of an array on a device; on the CPU it shares the memory of the array."""
    tensor = _tensor(array)
    if device.type != "cpu" and tensor.dtype == torch.float64:
        tensor = tensor.float()  # half to transfer, and not every GPU has float64
    return tensor.to(device)


def _weight(weight):
    """Weights of any magnitude, scaled so that they fit into float32 and none of them vanishes."""
    return torch.from_numpy((weight / weight.max()).clip(1e-30)).float()


def _tensor(array):
    """A tensor that shares the memory of `array`, also where that is read-only, if torch knows its dtype."""
    if array.dtype.char not in _TORCH_DTYPES or not array.dtype.isnative:
        array = array.astype(np.float32)
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    if not array.flags.writeable:
        array = np.asarray(_Borrowed(array))
    return torch.from_numpy(array)


class _Borrowed:
    """Memory that torch may take for writeable. torch warns of read-only arrays, and we never write to X."""

    def __init__(self, array):
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}

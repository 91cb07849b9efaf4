"""Arrays of numpy as tensors of torch, without a copy where that is possible."""

import numpy as np
import torch


def borrowed(array):
    """Return a tensor on the memory of an array, which may be read-only: a memory map, or what other workers share.

    Parameters
    ----------
    array : ndarray
        In the byte order of the machine.

    Returns
    -------
    torch.Tensor
        It keeps the array alive, and must not be written to.
    """
    return torch.from_numpy(array if array.flags.writeable else np.asarray(_Writeable(array)))


class _Writeable:
    """Memory that is presented to torch as writeable: torch has no read-only tensors, and warns about other arrays."""

    def __init__(self, array):
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}


# What torch can index and convert without a copy of the whole array.
_TORCH_DTYPES = frozenset("?bBhilqefd")


def to_device(array, device):
    """Return the tensor of an array on a device; on the CPU it shares the memory of the array."""
    tensor = _tensor(array)
    if device.type != "cpu" and tensor.dtype == torch.float64:
        tensor = tensor.float()  # half to transfer, and not every GPU has float64
    return tensor.to(device)


def _tensor(array):
    """A tensor that shares the memory of `array`, also where that is read-only, if torch knows its dtype."""
    if array.dtype.char not in _TORCH_DTYPES or not array.dtype.isnative:
        array = array.astype(np.float32)
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    return borrowed(array)

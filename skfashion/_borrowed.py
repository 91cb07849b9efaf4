"""Arrays of numpy as tensors of torch, without a copy."""

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
    """Memory that torch may take for writeable: it warns of any other, which it has no notion of."""

    def __init__(self, array):
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}

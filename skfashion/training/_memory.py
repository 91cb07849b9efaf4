"""Freed memory that is kept in the process for the next batch (glibc)."""

import torch

# The largest block by which glibc raises its limits, less what it adds to a block itself.
_BLOCK = 2**25 - 2**16


def keep_freed_memory():
    """Let the C library keep some 64 MB of freed memory for the next batch instead of giving it back to the system.

    Activations of a batch take some megabytes each. glibc gives blocks of that size back as soon as they are free, and
    the system clears every page that it hands out anew, which takes a good part of the time of a small convolutional
    network. But its limits follow the largest block that has been freed, up to 32 MB (see ``M_MMAP_THRESHOLD``
    in `mallopt(3) <https://man7.org/linux/man-pages/man3/mallopt.3.html>`_); one that is never touched costs nothing.
    Where the C library is another one, this does nothing.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)

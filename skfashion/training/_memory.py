"""Freed memory that is kept in the process for the next batch (glibc)."""

import ctypes
import sys
from functools import cache

# Parameters of mallopt, and their values in bytes: blocks of up to 32 MB, the most that glibc allows, are taken from
# memory that was freed before, of which 256 MB are kept: without AVX-512, one batch of convolutions frees more than 64.
_TRIM_THRESHOLD, _KEPT = -1, 2**28
_MMAP_THRESHOLD, _LARGEST_BLOCK = -3, 2**25


@cache
def keep_freed_memory():
    """Let the C library keep some 256 MB of freed memory for the next batch instead of giving it back to the system.

    Activations of a batch take some megabytes each. glibc gives blocks of that size back as soon as they are free, and
    the system clears every page that it hands out anew, which takes a good part of the time of a small network. glibc
    raises its limits by itself where a program frees large blocks, but not where they were set from outside: workers of
    Dask are started with ``MALLOC_TRIM_THRESHOLD_=65536``, by which a fit of a perceptron took half as long again. See
    `mallopt(3) <https://man7.org/linux/man-pages/man3/mallopt.3.html>`_. Where the C library is another one, this does
    nothing.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)

"""Read one IDX file: the format in which the MNIST family is published."""

import gzip
import math
import os
import zlib
from contextlib import contextmanager

import numpy as np

_DTYPES = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}

# numpy itself stops at 64 dimensions; real files have one to four.
_MAX_DIMENSIONS = 32

_CHUNK = 1 << 20


def read_idx(path, *, max_bytes=1 << 30):
    """Read an IDX file, gzip-compressed or not.

    The header is checked before anything is allocated, the body is read in chunks and never beyond what the
    header announces: a malformed or hostile file costs a ``ValueError``, not memory.

    Parameters
    ----------
    path : str or path-like
        The file. Compression is recognised by the first two bytes, not by the name.

    max_bytes : int, default=2**30
        The largest body that is accepted, in bytes after decompression.

    Returns
    -------
    ndarray
        The array in the file, in native byte order, C-contiguous and writeable. Its dtype is one of uint8, int8,
        int16, int32, float32 and float64.

    Raises
    ------
    ValueError
        If the magic number, the type code, the sizes or the length of the body are not those of an IDX file, or if
        the body is larger than `max_bytes`. The text names the file.
    FileNotFoundError
        If there is no such file.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skfashion.datasets import read_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "labels-idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 1, 9]))
    ...     read_idx(path)
    array([7, 1, 9], dtype=uint8)
    """
    path = os.fspath(path)
    with opened(path) as stream:
        return _read_stream(stream, path, max_bytes)


@contextmanager
def opened(path):
    """Open a file, gzip-compressed or not, to read what is in it; a damaged one gives a ValueError that names it."""
    with open(path, "rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            with gzip.open(raw) if compressed else raw as stream:
                yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{os.fspath(path)!r} is a damaged gzip file: {error}.") from error


def _read_stream(stream, path, max_bytes):
    dtype, shape = _read_header(stream, path)
    # Python integers: no overflow. A size of zero must not hide the others.
    if math.prod(max(1, length) for length in shape) * dtype.itemsize > max_bytes:
        raise ValueError(f"{path!r} announces an array of shape {shape}; max_bytes={max_bytes} are accepted.")
    size = math.prod(shape) * dtype.itemsize
    body = _read_at_most(stream, size + 1)
    if len(body) < size:
        raise ValueError(f"{path!r} is too short: its body has {len(body)} bytes, shape {shape} needs {size}.")
    if len(body) > size:
        raise ValueError(f"{path!r} is too long: bytes follow the {size} bytes of shape {shape}.")
    array = np.frombuffer(body, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream, path):
    magic = stream.read(4)
    if len(magic) < 4:
        raise ValueError(f"{path!r} is too short for an IDX file: {len(magic)} bytes, the magic number has 4.")
    if magic[:2] != b"\x00\x00":
        raise ValueError(f"{path!r} is not an IDX file: it starts with {magic.hex(' ')}, an IDX file with 00 00.")
    if magic[2] not in _DTYPES:
        accepted = ", ".join(f"0x{code:02x}" for code in _DTYPES)
        raise ValueError(f"{path!r} has the unknown IDX type 0x{magic[2]:02x}; known are {accepted}.")
    n_dimensions = magic[3]
    if not 1 <= n_dimensions <= _MAX_DIMENSIONS:
        raise ValueError(f"{path!r} has {n_dimensions} dimensions; 1 to {_MAX_DIMENSIONS} are accepted.")
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise ValueError(f"{path!r} is too short: it ends inside the sizes of its {n_dimensions} dimensions.")
    return _DTYPES[magic[2]], tuple(np.frombuffer(sizes, dtype=">u4").tolist())


def _read_at_most(stream, size):
    """Read up to `size` bytes into memory that grows with what is really there, not with what is announced."""
    body = bytearray()
    while len(body) < size and (chunk := stream.read(min(_CHUNK, size - len(body)))):
        body += chunk
    return body

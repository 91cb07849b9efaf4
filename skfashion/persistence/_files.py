"""Files that are there as a whole or not at all, at a path or in an open file."""

import io
import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path

# Bytes: what is written for an open file waits in memory up to here, beyond in a file without a name.
_IN_MEMORY = 2**24
_BLOCK = 2**20


def is_path(file):
    """Whether a file is given by its path; some paths have methods read and write of their own."""
    return isinstance(file, (str, bytes, os.PathLike))


@contextmanager
def whole_file(path):
    """A binary file that takes its place once it is complete and on the disk; a failure leaves the old one there.

    Its mode is that of the old one. A link goes on pointing to where it did.
    """
    path = Path(os.path.realpath(os.fsdecode(path)))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} to.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the path of a file.")
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file, and cannot be replaced.")
    beside = path.with_name(f".skfashion-{uuid.uuid4().hex}")  # the name of the file may be as long as a name can be
    try:
        with open(beside, "xb") as file:
            if path.exists():
                shutil.copymode(path, beside)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def open_target(file):
    """A binary file to write to, which can go back: that of a path, or one whose content an open file gets at the end.

    Raises
    ------
    TypeError
        If `file` is neither a path nor a binary file.
    """
    if is_path(file):
        with whole_file(file) as target:
            yield target
        return
    _check_binary(file, "write")
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as target:
        yield target
        target.seek(0)
        while block := target.read(_BLOCK):
            _write_all(file, block)


@contextmanager
def open_source(file):
    """A binary file to read from, anywhere in it.

    Raises
    ------
    TypeError
        If `file` is neither a path nor a binary file.
    ValueError
        If it can be read from the beginning to the end only.
    """
    if is_path(file):
        with open(file, "rb") as source:
            yield source
        return
    _check_binary(file, "read")
    if not (hasattr(file, "seekable") and file.seekable()):
        raise ValueError(f"{file!r} is not seekable: pass its content as io.BytesIO.")
    yield file


def _check_binary(file, method):
    if not hasattr(file, method) or isinstance(file, io.TextIOBase):
        raise TypeError(f"The file must be a path or a binary file. Got {file!r} instead.")


def _write_all(file, block):
    """Write all bytes to a file that may take less than it is given, as those without a buffer do."""
    rest = memoryview(block)
    while rest:
        n_written = file.write(rest)
        if n_written is None:
            raise BlockingIOError(f"{file!r} takes no more bytes now.")
        rest = rest[n_written:]

"""Tell the official files of a data set from all others: by checksums, however they are named and packed."""

import hashlib
import os

from skfashion.datasets._idx import opened

# No official file holds more, so that a hostile one costs no more time than this.
_MOST_BYTES = 1 << 26

_CHUNK = 1 << 20


def find_official(folder, name, packed, content):
    """Return the path of an official file, or None if the folder holds no file of its names.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look.
    name : str
        The name of the file without ``.gz``, for instance ``"t10k-images-idx3-ubyte"``.
    packed : str
        The SHA-256 of the file that is published, which is packed by gzip.
    content : str or None
        The SHA-256 of its decompressed contents; None if unknown.

    Returns
    -------
    pathlib.Path or None
        The file, which may be unpacked, or packed in another way.

    Raises
    ------
    OSError
        If there are files of these names, but none of them is the official one.
    """
    strangers = []
    for path in _paths(folder, name):
        if path.is_file():
            found = _sha256(path)
            if found == packed or (content is not None and content in (found, _content_sha256(path))):
                return path
            expected = packed if path.suffix == ".gz" or content is None else content
            strangers.append(
                f"{path} is damaged or another data set's file (its SHA-256 is {found}, not {expected}). It is left as "
                "it is: move it away to have the official file fetched, or choose another data_home."
            )
        elif path.suffix == ".gz" and os.path.lexists(path) and not path.is_file():  # nor has one just been moved there
            # A download would be moved over it, or into it.
            strangers.append(f"{path} is a folder or a broken link: move it away, or choose another data_home.")
    if strangers:
        raise OSError("\n".join(strangers))
    return None


def _paths(folder, name):
    """Where files lie as they are published, and as browsers, 7-Zip and archives on the web leave them."""
    dotted = name.replace("-idx", ".idx")
    return [folder / path for path in (f"{name}.gz", name, f"{dotted}.gz", dotted, f"{name}/{name}")]


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_sha256(path):
    """The SHA-256 of what is in a file, packed or not; None if it is damaged or too large to be an official one."""
    digest, size = hashlib.sha256(), 0
    try:
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > _MOST_BYTES:
                    return None
    except ValueError:  # no gzip file to its end, so not the official one
        return None
    return digest.hexdigest()

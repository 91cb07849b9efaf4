"""The file of a saved model: a zip of two JSON documents and the arrays as safetensors, read with suspicion."""

import errno
import hashlib
import json
import os
import zipfile
from contextlib import contextmanager

from skfashion._extras import imported
from skfashion.persistence._files import open_source, open_target

FORMAT = "skfashion model"

# Files of this version and of all before it can be loaded.
VERSION = 1

MANIFEST, STATE, ARRAYS = "manifest.json", "state.json", "arrays.safetensors"

# JSON takes many times its length in memory once it is parsed.
_LARGEST_JSON = 2**26


class BrokenFileError(ValueError):
    """A file that is not a saved model, or is damaged."""


def write_archive(file, manifest, state, arrays):
    """Write a model.

    Parameters
    ----------
    file : path-like or binary file
        Where to. A path is replaced at once when everything is written, so that nobody ever finds half a model there.
    manifest : dict
        What the model is, as JSON values.
    state : object
        How it is built, as JSON values.
    arrays : dict of str to ndarray
        Its arrays.
    """
    parts = {STATE: json.dumps(state, allow_nan=False).encode(), ARRAYS: _load_safetensors().save(arrays)}
    sizes = {name: {"size": len(part), "sha256": hashlib.sha256(part).hexdigest()} for name, part in parts.items()}
    header = {"format": FORMAT, "format_version": VERSION, **manifest, "files": sizes}
    text = json.dumps(header, indent=1, ensure_ascii=False, allow_nan=False)
    parts = {MANIFEST: text.encode(errors="backslashreplace"), **parts}  # half a surrogate pair, as JSON escapes it
    for name, part in parts.items():
        if name != ARRAYS and len(part) > _LARGEST_JSON:
            raise ValueError(f"{name} of the model would have {len(part)} bytes: {_LARGEST_JSON} are the limit.")
    with open_target(file) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)  # without the time: the same model makes the same file


def read_manifest_of(file):
    """Return the manifest of a file, without its arrays.

    Raises
    ------
    BrokenFileError
        If it is not a saved model, or one of a later version.
    """
    with _opened(file) as archive:
        return _manifest(archive)


def read_archive(file):
    """Return manifest, state and arrays of a file, of which nothing is used before it is known to be whole."""
    with _opened(file) as archive:
        manifest = _manifest(archive)
        _check_entries(archive, (MANIFEST, STATE, ARRAYS))
        state, arrays = (_checked_part(archive, manifest, name) for name in (STATE, ARRAYS))
    return manifest, _parsed(state, STATE), _parsed_arrays(arrays)


@contextmanager
def _opened(file):
    """The archive in a file. What goes wrong is the fault of the file, unless the machine says that it is its own."""
    with open_source(file) as content:
        name = _named(content)
        try:
            with zipfile.ZipFile(content) as archive:
                yield archive
        except (BrokenFileError, MemoryError):
            raise
        except Exception as error:  # of a parser that believes what an archive says of itself
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # an offset before the beginning
                raise
            raise BrokenFileError(f"{name} is not a saved model, or it is damaged: {str(error)[:200]}") from error


def _manifest(archive):
    """What a file says of itself, of which later versions may say more, and hold more entries."""
    name = _named(archive.fp)
    _check_is_stored(archive, MANIFEST)
    manifest = _parsed(archive.read(MANIFEST), MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BrokenFileError(f"{name} is not a saved model: its manifest does not say so.")
    version = manifest.get("format_version")
    if type(version) is not int or version < 1:
        raise BrokenFileError(f"{name} declares format_version={version!r}, which is not valid.")
    if version > VERSION:
        by = manifest.get("versions", {}) if isinstance(manifest.get("versions"), dict) else {}
        raise BrokenFileError(
            f"{name} is of format version {version}, written by skfashion {by.get('skfashion', '?')!s:.20}, but this "
            f"release reads versions up to {VERSION}: upgrade skfashion."
        )
    return manifest


def _check_entries(archive, names):
    """Raise an error unless an archive consists of these entries, each once."""
    for name in names:
        _check_is_stored(archive, name)
    if len(archive.namelist()) != len(names):
        raise _is_another_archive(archive)


def _check_is_stored(archive, name):
    """Raise an error unless an archive has an entry that lies in it as it is, and is not too large to be read."""
    if name not in archive.namelist():
        raise _is_another_archive(archive)
    entry, length = archive.getinfo(name), archive.fp.seek(0, os.SEEK_END)
    is_stored = entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size
    if not is_stored or entry.flag_bits & 1 or entry.file_size > length:
        raise BrokenFileError(f"{_named(archive.fp)} is not a saved model: {name} is packed, encrypted or truncated.")
    if name != ARRAYS and entry.file_size > _LARGEST_JSON:
        raise BrokenFileError(f"{_named(archive.fp)}: {name} has {entry.file_size} bytes, more than any model.")


def _is_another_archive(archive):
    listed = ", ".join(sorted(archive.namelist())[:5])
    return BrokenFileError(f"{_named(archive.fp)} is not a saved model: it holds {listed[:200] or 'nothing'}.")


def _checked_part(archive, manifest, name):
    """The content of an entry, which has to be the one that the manifest was written with."""
    part = archive.read(name)
    files = manifest.get("files")
    known = files.get(name) if isinstance(files, dict) else None
    if not isinstance(known, dict) or known.get("sha256") != hashlib.sha256(part).hexdigest():
        raise BrokenFileError(
            f"{_named(archive.fp)} is damaged: {name} is not what its manifest was written with (SHA-256 differs)."
        )
    return part


def _parsed(content, name):
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(f"{name} of the saved model is damaged: {str(error)[:200]}") from error


def _parsed_arrays(content):
    safetensors = _load_safetensors()
    try:
        return safetensors.load(content)
    except Exception as error:  # the parser's own, or one of numpy for a type that it does not have
        raise BrokenFileError(f"{ARRAYS} of the saved model is damaged: {str(error)[:200]}") from error


def _named(content):
    return getattr(content, "name", None) or "The file"


def _load_safetensors():
    return imported("safetensors.numpy", extra="persistence", needed_by="Saving and loading")

"""The file of a saved model: a zip of two JSON documents and the arrays as safetensors, read with suspicion."""

import contextlib
import hashlib
import io
import json
import os
import zipfile
from contextlib import contextmanager

from skfashion.persistence._files import whole_file

FORMAT = "skfashion model"

# Files of this version and of all before it can be loaded.
VERSION = 1

MANIFEST, STATE, ARRAYS = "manifest.json", "state.json", "arrays.safetensors"

# JSON takes many times its length in memory once it is parsed.
_LARGEST_JSON = 2**26


class BrokenFileError(ValueError):
    """A file that is no saved model, or is damaged."""


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
    parts = {MANIFEST: json.dumps(header, indent=1, ensure_ascii=False, allow_nan=False).encode(), **parts}
    for name, part in parts.items():
        if name != ARRAYS and len(part) > _LARGEST_JSON:
            raise ValueError(f"{name} of the model would have {len(part)} bytes: {_LARGEST_JSON} are the limit.")
    with _target(file) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)  # without the time: the same model makes the same file


def read_manifest_of(file):
    """Return the manifest of a file, without its arrays.

    Raises
    ------
    BrokenFileError
        If it is no saved model, or one of a later version.
    """
    with _opened(file) as archive:
        return _manifest(archive)


def read_archive(file):
    """Return manifest, state and arrays of a file, of which nothing is used before it is known to be whole."""
    with _opened(file) as archive:
        manifest = _manifest(archive)
        state, arrays = (_checked_part(archive, manifest, name) for name in (STATE, ARRAYS))
    return manifest, _parsed(state, STATE), _parsed_arrays(arrays)


def _manifest(archive):
    manifest = _parsed(archive.read(MANIFEST), MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BrokenFileError(f"{_named(archive)} is no saved model: its manifest does not say so.")
    version = manifest.get("format_version")
    if type(version) is not int or version < 1:
        raise BrokenFileError(f"{_named(archive)} says format_version={version!r}, which is none.")
    if version > VERSION:
        by = manifest.get("versions", {}) if isinstance(manifest.get("versions"), dict) else {}
        raise BrokenFileError(
            f"{_named(archive)} is of format version {version}, written by skfashion {by.get('skfashion', '?')!s:.20}, "
            f"but this release reads versions up to {VERSION}: upgrade skfashion."
        )
    return manifest


@contextmanager
def _opened(file):
    """The archive in a file, whose entries are those of a saved model and lie in it as they are, uncompressed."""
    with contextlib.nullcontext(file) if hasattr(file, "read") else open(file, "rb") as content:
        name = getattr(content, "name", "The file")
        try:
            with zipfile.ZipFile(content) as archive:
                _check_entries(archive, name)
                yield archive
        except BrokenFileError:
            raise
        except Exception as error:  # of a parser that believes what an archive says of itself
            raise BrokenFileError(f"{name} is no saved model, or it is damaged: {str(error)[:200]}") from error


def _check_entries(archive, name):
    entries = archive.infolist()
    if sorted(entry.filename for entry in entries) != sorted((MANIFEST, STATE, ARRAYS)):
        listed = ", ".join(sorted(entry.filename for entry in entries)[:5])
        raise BrokenFileError(f"{name} is no saved model: it holds {listed[:200] or 'nothing'}.")
    length = archive.fp.seek(0, os.SEEK_END)
    for entry in entries:
        stored = entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size
        if not stored or entry.flag_bits & 1 or entry.file_size > length:
            raise BrokenFileError(f"{name} is no saved model: {entry.filename} is packed, encrypted or truncated.")
        if entry.filename != ARRAYS and entry.file_size > _LARGEST_JSON:
            raise BrokenFileError(f"{name}: {entry.filename} has {entry.file_size} bytes, more than any model.")


def _checked_part(archive, manifest, name):
    """The content of an entry, which has to be the one that the manifest was written with."""
    part = archive.read(name)
    files = manifest.get("files")
    known = files.get(name) if isinstance(files, dict) else None
    if not isinstance(known, dict) or known.get("sha256") != hashlib.sha256(part).hexdigest():
        raise BrokenFileError(
            f"{_named(archive)} is damaged: {name} is not the one that its manifest was written with (SHA-256 differs)."
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


def _named(archive):
    return getattr(archive.fp, "name", "The file")


@contextmanager
def _target(file):
    """A binary file to write to: at a path, or in the place of one that is open and may not be able to go back."""
    if not hasattr(file, "write"):
        with whole_file(file) as target:
            yield target
        return
    content = io.BytesIO()
    yield content
    file.write(content.getbuffer())


def _load_safetensors():
    try:
        from safetensors import numpy as safetensors
    except ImportError as error:
        raise ImportError('Saved models need safetensors: pip install "skfashion[persistence]".') from error
    return safetensors

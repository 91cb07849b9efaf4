"""Saved models as bytes, and files that no ``save`` has written."""

import hashlib
import io
import json
import zipfile

import numpy as np
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from skfashion.persistence import load, save

MANIFEST, STATE, ARRAYS = "manifest.json", "state.json", "arrays.safetensors"


def saved(estimator, **options):
    """The bytes that `save` writes."""
    file = io.BytesIO()
    save(estimator, file, **options)
    return file.getvalue()


def loaded(content, **options):
    """What `load` makes of bytes."""
    return load(io.BytesIO(content), **options)


def parts_of(content):
    """The entries of a file by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, compression=zipfile.ZIP_STORED):
    """A zip of entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def changed(content, *, state=None, arrays=None, manifest=None):
    """A file whose entries were changed by functions in place, and whose manifest matches them as if nothing was."""
    parts = parts_of(content)
    values = {
        STATE: json.loads(parts[STATE]),
        ARRAYS: load_arrays(parts[ARRAYS]),
        MANIFEST: json.loads(parts[MANIFEST]),
    }
    for name, change in ((STATE, state), (ARRAYS, arrays), (MANIFEST, manifest)):
        if change is not None:
            returned = change(values[name])
            values[name] = values[name] if returned is None else returned
    return sealed(json.dumps(values[STATE]).encode(), save_arrays(values[ARRAYS]), values[MANIFEST])


def sealed(state, arrays, manifest):
    """A file of entries with a manifest that matches them."""
    for name, part in ((STATE, state), (ARRAYS, arrays)):
        manifest["files"][name] = {"size": len(part), "sha256": hashlib.sha256(part).hexdigest()}
    return zipped({MANIFEST: json.dumps(manifest).encode(), STATE: state, ARRAYS: arrays})


def of_state(node, arrays=None):
    """A file of any nodes and arrays in the place of a model."""
    content = saved_anything()
    return changed(content, state=lambda _: node, arrays=lambda _: arrays or {"a0": np.zeros(1)})


def saved_anything():
    from sklearn.preprocessing import Normalizer

    return saved(Normalizer())

"""Models in files that hold no code: save, load, and what a file says of the model in it."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError

from skfashion._nested import steps_of
from skfashion.persistence._archive import BrokenFileError, read_archive, read_manifest_of, write_archive
from skfashion.persistence._classes import HOLD_TRAINING_ROWS
from skfashion.persistence._encoding import StateDecoder, StateEncoder
from skfashion.persistence._facts import versions
from skfashion.persistence._functions import known_as


def save(estimator, file, *, metrics=None, data_license=None, trusted=()):
    """Save an estimator, fitted or not, in a file that holds no code.

    The file is a zip of ``manifest.json``, which a person can read, ``state.json`` and ``arrays.safetensors``. It is
    about as large as the weights. Unlike a pickle it can be loaded without trust in whoever wrote it, see :func:`load`,
    and files of one release load in later ones.

    Needs safetensors: ``pip install "skfashion[persistence]"``.

    Parameters
    ----------
    estimator : estimator
        One of this library, one of those of scikit-learn that the user guide names, or a Pipeline, search or other
        meta-estimator of these. Of the `net_params` of a network only ``callbacks`` can be saved.

    file : str, path-like or binary file
        Where to write. An existing file is replaced atomically at the end, and keeps its mode. A binary file can hold
        one model, which is written at its current position.

    metrics : dict of str to number, default=None
        Measured metrics of the model, for the manifest.

    data_license : str, default=None
        The license of the training data, for the manifest.

    trusted : sequence of classes and functions, default=()
        User-defined classes and functions that the estimator holds; the same have to be passed to :func:`load`.

    Raises
    ------
    TypeError
        If `estimator` is not an estimator, `file` neither a path nor a binary file, or `trusted` not a sequence.
    ValueError
        If the estimator holds anything else, such as a function or a callback, or what could not be loaded, such as a
        support vector machine of sparse rows or with a user-defined kernel. The message says where.
    FileNotFoundError, IsADirectoryError
        If there is no folder for the file, or a folder in its place.
    ImportError
        If safetensors is not installed.

    See Also
    --------
    load : The way back.
    read_manifest : What a file says of its model.

    Notes
    -----
    What belongs to a machine is left out: the cache of a Pipeline (`memory`), the address of a database (`storage`)
    and callbacks of scikit-learn. Weights of a model on a GPU are loaded to a GPU if there is one, else to the
    processor.

    References
    ----------
    The format of arrays: `safetensors <https://github.com/huggingface/safetensors>`_.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPClassifier
    >>> from skfashion.persistence import load, read_manifest, save
    >>> X, y = make_garments(300, random_state=0, return_X_y=True)
    >>> model = MLPClassifier((32,), max_epochs=2, random_state=0).fit(X, y)
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "model.skf"
    >>> save(model, path, metrics={"accuracy": 0.61}, data_license="CC0")
    >>> bool((load(path).predict(X) == model.predict(X)).all())
    True
    >>> read_manifest(path)["model"]
    'MLPClassifier(hidden_layer_sizes=(32,), max_epochs=2, random_state=0)'
    >>> folder.cleanup()
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"Only estimators can be saved. Got {type(estimator).__name__} instead.")
    stated = {"metrics": _checked_metrics(metrics), "data_license": _checked_license(data_license)}
    known = known_as(trusted)
    encoder = StateEncoder(known)
    try:
        state = encoder.encode(estimator, type(estimator).__name__)
    except RecursionError as error:
        raise ValueError(f"{type(estimator).__name__} holds objects that are nested too deeply to be saved.") from error
    if encoder.left_out:  # of the manifest too
        estimator = StateDecoder(dict(encoder.arrays), known).decode(state)
    manifest = _manifest_of(estimator, encoder.names) | {"trusted": sorted(encoder.names & known.keys())} | stated
    write_archive(file, manifest, state, encoder.arrays)


def load(file, *, trusted=()):
    """Load an estimator that :func:`save` has written.

    Nothing in the file is run: it can name classes of a closed table only, none of which calls anything while it is
    loaded. So a file of unknown origin gives an error, or a model that may predict nonsense. That holds for `predict`
    and similar methods too. Fitting a loaded model again is not covered: its parameters may ask for any amount of time
    and memory.

    Parameters
    ----------
    file : str, path-like or binary file
        A file that :func:`save` has written. A binary file has to be seekable; the model is found at its end,
        whatever its current position.

    trusted : sequence of classes and functions, default=()
        User-defined classes and functions that the file may hold. What they do is not checked.

    Returns
    -------
    estimator
        It gives the same predictions, bit for bit on the same machine with the same versions, and resumes training
        where it stopped.

    Raises
    ------
    ValueError
        If the file is damaged, was not written by :func:`save` or was written by a later release, names anything that
        is neither in the table nor in `trusted`, or is not seekable.
    TypeError
        If `file` is neither a path nor a binary file, or `trusted` is not a sequence.
    OSError
        If it cannot be read; FileNotFoundError if it is not there.
    ImportError
        If safetensors, or Optuna for the study of a search, are not installed.

    Warns
    -----
    InconsistentVersionWarning
        If parts of scikit-learn were saved with another version of it.

    Examples
    --------
    >>> import io
    >>> from sklearn.decomposition import PCA
    >>> from skfashion.persistence import load, save
    >>> file = io.BytesIO()
    >>> save(PCA(20), file)
    >>> load(file)
    PCA(n_components=20)
    """
    _, state, arrays = read_archive(file)
    try:
        estimator = StateDecoder(arrays, known_as(trusted)).decode(state)
    except RecursionError as error:
        raise BrokenFileError("The file holds objects that are nested without end.") from error
    if not isinstance(estimator, BaseEstimator):
        raise BrokenFileError(f"The file holds an object of type {type(estimator).__name__}, not an estimator.")
    return estimator


def read_manifest(file):
    """Return the manifest of a saved model, without loading the model.

    Parameters
    ----------
    file : str, path-like or binary file
        A file that :func:`save` has written.

    Returns
    -------
    dict
        ``format`` and ``format_version``, ``model`` (its repr), ``parameters``, ``classes``, ``n_features``,
        ``image_shape``, ``history`` (one dict per epoch), ``holds_training_rows`` (names of classes of the table that
        hold rows they were fitted on), ``trusted`` (names of what has to be passed to :func:`load`), ``metrics``,
        ``data_license``, ``versions`` and ``files`` (size in bytes and SHA-256 of the other entries). Whoever wrote the
        file could write anything there.

    Raises
    ------
    ValueError
        If the file is damaged, was not written by :func:`save` or was written by a later release, or is not seekable.
    TypeError
        If `file` is neither a path nor a binary file.
    OSError
        If it cannot be read; FileNotFoundError if it is not there.

    Examples
    --------
    >>> import io
    >>> from skfashion.baselines import KNNClassifier
    >>> from skfashion.persistence import read_manifest, save
    >>> file = io.BytesIO()
    >>> save(KNNClassifier(3), file)
    >>> read_manifest(file)["parameters"]
    {'device': 'auto', 'metric': 'euclidean', 'n_neighbors': 3, 'weights': 'uniform'}
    """
    return read_manifest_of(file)


def _manifest_of(estimator, names):
    """What a person wants to know of a model that consists of classes and functions of these names."""
    classes = _attribute(estimator, "classes_") if is_classifier(estimator) else None
    return {
        "model": repr(estimator),
        "parameters": {name: _readable(value) for name, value in estimator.get_params().items()},
        "classes": _readable(classes),
        "n_features": _readable(_attribute(estimator, "n_features_in_")),
        "image_shape": _readable(_attribute(_final_estimator(estimator), "image_shape_")),
        "history": _readable(_attribute(_final_estimator(estimator), "history_")),
        "holds_training_rows": sorted({name.split(".")[-1] for name in names} & HOLD_TRAINING_ROWS),
        "versions": versions(),
    }


def _final_estimator(estimator):
    """The estimator that predicts: the last of a Pipeline, the best of a search, the one that is frozen."""
    try:
        return steps_of(estimator)[-1]
    except NotFittedError:  # a search without a best one
        return estimator


def _attribute(estimator, name):
    """A fitted attribute, or None where there is none; Pipelines raise errors of any kind."""
    try:
        return getattr(estimator, name)
    except (AttributeError, IndexError, ValueError):
        return None


def _readable(value):
    """A value as JSON holds it, or else its repr."""
    if isinstance(value, np.ndarray):
        return [_readable(each) for each in value.tolist()]
    if isinstance(value, np.generic):
        return _readable(value.item())
    if isinstance(value, dict):
        names = [str(name) for name in value]
        if len({*names}) < len(names):  # as of the labels 1 and "1"
            names = [repr(name) for name in value]
        return dict(zip(names, map(_readable, value.values()), strict=True))
    if isinstance(value, (list, tuple)):
        return [_readable(each) for each in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    return value if isinstance(value, (bool, int, str, type(None))) else repr(value)


def _checked_metrics(metrics):
    metrics = {} if metrics is None else metrics
    is_dict = isinstance(metrics, dict) and all(isinstance(name, str) for name in metrics)
    if not is_dict or not all(isinstance(value, Real) for value in metrics.values()):
        raise ValueError(f"metrics must be a dict from names to numbers. Got {metrics!r} instead.")
    return {name: _readable(value) for name, value in metrics.items()}


def _checked_license(data_license):
    if not isinstance(data_license, (str, type(None))):
        raise ValueError(f"data_license must be a str or None. Got {data_license!r} instead.")
    return data_license

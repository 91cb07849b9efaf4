"""Fitted estimators as ONNX files."""

import json
import threading

from sklearn.base import is_classifier

from skfashion._onnx import needed, onnx_labels
from skfashion._version import __version__
from skfashion.persistence._conversion import converted
from skfashion.persistence._exportable import exportable_steps
from skfashion.persistence._facts import numbers_of_weights
from skfashion.persistence._files import open_target
from skfashion.persistence._protocols import ModuleEstimator
from skfashion.persistence._weights import compress

_INPUT_DTYPES = ("auto", "uint8", "float32")
_WEIGHTS = ("float32", "float16", "int8")

# What protobuf can write, without some room for the graph.
_MOST_BYTES = 2**31 - 2**24

# Exporters set warning filters and levels of logs, which all threads share, and put them back.
_one_at_a_time = threading.Lock()


def to_onnx(estimator, file, *, input_dtype="auto", weights="float32"):
    """Write a fitted estimator, or a whole Pipeline, as one ONNX file, which runs without Python.

    The file has one input, ``X`` of shape (n, n_features), for any n. Its outputs depend on the last step:

    - of a classifier, ``label`` of shape (n,), in the type of the labels: int64, bool, double or strings; and
      ``probabilities`` of shape (n, n_classes), float32, if it has ``predict_proba``. If it was fitted on an indicator
      matrix, ``label`` is one too, of shape (n, n_classes), int64.
    - of a regressor, ``predictions``, float32, in the shape of ``predict``.
    - of a transformer, ``transformed`` of shape (n, n_columns), float32.

    Parameters
    ----------
    estimator : estimator
        A network of :mod:`skfashion.neural_network` other than an outlier detector, a
        :class:`~skfashion.baselines.SubspaceClassifier`, an estimator of scikit-learn that skl2onnx knows, or a
        Pipeline of these. A fitted search stands for its best estimator, a FrozenEstimator for what is in it.

    file : str, path-like or binary file
        Where to write, as in :func:`save`.

    input_dtype : {"auto", "uint8", "float32"}, default="auto"
        The type of ``X``. ``"auto"`` is uint8 if the first step is one of ours that was fitted on levels from 0 to 255,
        else float32. Our estimators read floats as ``predict`` reads them: after a fit on levels these may be whole
        numbers from 0 to 255, or brightness in [0, 1].

    weights : {"float32", "float16", "int8"}, default="float32"
        The type in which large arrays of weights are stored: ``"float16"`` halves the file, ``"int8"`` quarters it,
        with a scale for each output of a convolution or matrix product, also in steps of scikit-learn. The computation
        is in float32 in any case, and as fast, because onnxruntime restores the weights when it loads the file;
        probabilities differ in the third digit, or the second.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator, or a step of it, is not fitted.
    TypeError
        If `file` is neither a path nor a binary file, or if a step cannot be exported: outlier detectors, samplers,
        :class:`~skfashion.preprocessing.ImageReader`, Python functions other than common ones of numpy, and what
        skl2onnx does not know.
    ValueError
        If `input_dtype` or `weights` is not one of these, if the networks have more than 2 GiB of weights, or if
        ``torch.export`` cannot trace a user-defined one.
    ImportError
        If packages are missing: ``pip install "skfashion[onnx]"``.

    Notes
    -----
    ``metadata_props`` of the file say what it accepts, as JSON: ``classes``, and, if the first step is one of ours,
    ``image_shape`` (channels, height, width), ``channels_last`` (whether a row runs through height, width, channels)
    and ``pixel_scale`` (``"levels"``, ``"brightness"`` or ``"numbers"``, of the images of the fit). `producer_name` and
    `producer_version` are those of this library.

    Steps of scikit-learn are converted by skl2onnx, in float32: a decision that depends on the last digit, such as that
    of a tree, or of a neighbour at distance zero, may differ.

    ``skl2onnx.to_onnx`` knows our estimators too, with outputs as it names them.

    References
    ----------
    `Open Neural Network Exchange <https://onnx.ai>`_.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPClassifier
    >>> from skfashion.persistence import to_onnx
    >>> X, y = make_garments(500, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier((32,), batch_size=32, max_epochs=5, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_onnx(mlp, Path(folder) / "mlp.onnx")
    ...     (Path(folder) / "mlp.onnx").stat().st_size > 100_000
    True
    """
    _check_option("input_dtype", input_dtype, _INPUT_DTYPES)
    _check_option("weights", weights, _WEIGHTS)
    steps = exportable_steps(estimator)
    (onnx, *_) = needed("onnx", "onnxscript", "skl2onnx")
    _check_size(steps)
    known = steps[0].as_module() if isinstance(steps[0], ModuleEstimator) else None
    if input_dtype == "auto":
        input_dtype = "uint8" if known is not None and known.pixel_scale == "levels" else "float32"
    with _one_at_a_time:
        model = converted(steps, input_dtype)
    compress(model, weights)
    _describe(onnx, model, known, steps[-1])
    onnx.checker.check_model(model)
    with open_target(file) as target:
        target.write(model.SerializeToString())


def _check_option(name, value, options):
    if value not in options:
        raise ValueError(f"{name} must be one of {list(options)}. Got {value!r} instead.")


def _check_size(steps):
    n_bytes = 4 * numbers_of_weights(steps)[0]
    if n_bytes > _MOST_BYTES:
        raise ValueError(
            f"The networks have {n_bytes / 2**30:.1f} GiB of weights: an ONNX file in one piece holds 2 GiB at most."
        )


def _describe(onnx, model, first, last):
    """Note in a model who made it and what it accepts."""
    model.producer_name, model.producer_version = "skfashion", __version__
    model.domain = model.doc_string = ""
    known = {}
    if first is not None:
        known = {name: getattr(first, name) for name in ("image_shape", "channels_last", "pixel_scale")}
    if is_classifier(last):
        known["classes"] = onnx_labels(last.classes_, type(last).__name__)[0].tolist()
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in known.items()})

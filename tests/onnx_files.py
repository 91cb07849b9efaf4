"""Run ONNX files."""

import json
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of other projects when they are imported
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxscript")


def run(path, X):
    """What onnxruntime makes of images, by the names of the outputs."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def metadata(path):
    """What a file says of itself."""
    return {prop.key: json.loads(prop.value) for prop in onnx.load(path).metadata_props}


def named(models):
    """Run a test for each of some models."""
    return pytest.mark.parametrize("model", models, ids=lambda model: type(model).__name__)

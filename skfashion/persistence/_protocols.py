"""Protocols of estimators that can be kept in a file."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class ModuleEstimator(Protocol):
    """A fitted estimator that can be expressed as a torch module.

    skl2onnx asks it for nodes by ``onnx_parser``, ``onnx_shape_calculator`` and ``onnx_converter``.
    """

    def as_module(self):
        """Return a module of rows of pixels with the attributes `image_shape`, `channels_last` and `pixel_scale`."""

    def onnx_parser(self):
        """Return skl2onnx's parser of the estimator."""

    def onnx_shape_calculator(self):
        """Return skl2onnx's shape calculator of the estimator."""

    def onnx_converter(self):
        """Return skl2onnx's converter of the estimator."""

"""Fitted estimators as files."""

from skfashion.persistence._to_onnx import to_onnx

__all__ = ["to_onnx"]

"""Fitted estimators outside of the notebook: files without code, ONNX, and model cards."""

from skfashion.persistence._model_card import model_card
from skfashion.persistence._saved import load, read_manifest, save
from skfashion.persistence._to_onnx import to_onnx

__all__ = ["load", "model_card", "read_manifest", "save", "to_onnx"]

"""Fitted estimators as files, and model cards: what to know of an estimator before it is used."""

from skfashion.persistence._model_card import model_card
from skfashion.persistence._to_onnx import to_onnx

__all__ = ["model_card", "to_onnx"]

"""Model cards: what a fitted estimator is, how good it is, and what it is for, as a folder to publish with it."""

from skfashion.persistence._model_card import model_card

__all__ = ["model_card"]

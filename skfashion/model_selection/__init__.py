"""Search spaces for the estimators, and hyper-parameter search with Optuna."""

from skfashion.model_selection._optuna import OptunaSearchCV
from skfashion.model_selection._spaces import SEARCH_SPACES

__all__ = ["SEARCH_SPACES", "OptunaSearchCV"]

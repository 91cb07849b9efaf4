"""Search spaces for the estimators, and searches over hyper-parameters: by Optuna, and with vectorized training."""

from skfashion.model_selection._halving import VectorizedHalvingGridSearchCV
from skfashion.model_selection._optuna import OptunaSearchCV
from skfashion.model_selection._spaces import SEARCH_SPACES
from skfashion.model_selection._vectorized import VectorizedGridSearchCV

__all__ = ["SEARCH_SPACES", "OptunaSearchCV", "VectorizedGridSearchCV", "VectorizedHalvingGridSearchCV"]

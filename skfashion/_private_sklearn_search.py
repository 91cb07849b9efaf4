"""What this package uses of scikit-learn's searches beyond their public API; see ``_private_sklearn.py``.

Apart from the rest because importing it takes most of scikit-learn along, which ``skfashion.datasets`` does not need.

Last tried with scikit-learn 1.9.0 and 1.9.1.

Imported from here:

- `BaseSearchCV`: what a search by Optuna inherits: delegation to the best estimator, tags, routing of metadata
- `_check_method_params`: the part of sample weights and the like that belongs to a fold
- `_fit_and_score`: one fold as scikit-learn's searches run it, with its callbacks
- `_safe_split`: the rows of a fold, also of a precomputed kernel

Reached through objects, where they are used:

- `_check_refit_for_multimetric`: whether `refit` names one of several scores
- `_format_results`: ``cv_results_`` from the scores of all folds
- `_get_routed_params_for_fit`: which arguments of ``fit`` go to the splitter, the scorer and the estimator
- `_scorers`: the dict of scorers inside of the one that ``check_scoring`` returns for several
- `_select_best_index`: the best row of ``cv_results_``, by `refit`
"""

from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params

__all__ = [
    "BaseSearchCV",
    "_check_method_params",
    "_fit_and_score",
    "_safe_split",
]

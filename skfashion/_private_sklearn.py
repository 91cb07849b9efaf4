"""What this package uses of scikit-learn beyond its public API: nothing else may, see ``tests/test_private_apis.py``.

Last tried with scikit-learn 1.9.0 and 1.9.1.

Imported from here:

- `HasMethods`, `Interval`, `StrOptions`: how estimators state what their parameters may be
- `_check_partial_fit_first_call`: `classes` of ``partial_fit``, with scikit-learn's own messages
- `_check_sample_weight`: non-negative weights in float64, with scikit-learn's own messages
- `_fit_context`: validates parameters before ``fit``, and not again inside of another estimator
- `_num_samples`: the length of whatever is array-like, sparse matrices too, without a copy
- `_safe_indexing`: some rows of whatever is array-like
- `validate_params`: the same for functions

Reached through objects, where they are used:

- `_fit_X`: the rows among which scikit-learn's own nearest neighbours search
- `_init_callback_context`: how an estimator tells callbacks of a fit; documented, but for its name
- `_skl_callbacks`: callbacks that the user has set; ``set_callbacks`` replaces them, and no method returns them
- `_callback_fit_ctx`, `_parent_callback_ctx`, `_skl_callbacks_to_teardown`: what callbacks leave on an estimator while
  it is fitted

Read by scikit-learn on our estimators:

- `_get_fitted_attr_html`, `_repr_html_inner`: the tables below the parameters in the HTML repr
- `_doc_link_module`, `_doc_link_template`: where the HTML repr links to; documented, but for their names
- `_parameter_constraints`: what parameters may be
"""

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions, validate_params
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import _check_sample_weight, _num_samples

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_fit_context",
    "_num_samples",
    "_safe_indexing",
    "validate_params",
]

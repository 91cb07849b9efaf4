"""Functions and classes that estimators take as parameters, as a kind of what can be saved."""

import numpy as np
import sklearn.feature_selection
import torch
from sklearn.model_selection import KFold, StratifiedKFold

from skfashion.baselines import neighbor_kernel
from skfashion.metrics import clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer
from skfashion.persistence._kind import Kind, check

_UFUNCS = (np.abs, np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.square)
_SCORES = ("chi2", "f_classif", "f_regression", "mutual_info_classif", "mutual_info_regression")
_SCORERS = (clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer)
_OPTIMIZERS = ("ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "SGD")

# What whoever loads the file of a model with parts of their own may have forgotten.
IF_OWN = "; if it is your own, and you made the file, pass it as trusted=(...)"

# None of them calls what it is given, imports, reads or writes anything.
_FUNCTIONS = {
    **{f"numpy.{each.__name__}": each for each in _UFUNCS},
    **{f"sklearn.feature_selection.{name}": getattr(sklearn.feature_selection, name) for name in _SCORES},
    **{f"sklearn.model_selection.{each.__name__}": each for each in (KFold, StratifiedKFold)},  # to be repeated
    **{f"skfashion.{each.__name__}": each for each in _SCORERS},
    "skfashion.neighbor_kernel": neighbor_kernel,
    **{f"torch.optim.{name}": getattr(torch.optim, name) for name in _OPTIMIZERS},
}


def known_as(trusted):
    """What a user vouches for by its name, which is how a file refers to it.

    Raises
    ------
    TypeError
        If `trusted` is not a sequence.
    ValueError
        If two have one name, or one has none.
    """
    if not isinstance(trusted, (list, tuple, set, frozenset)):
        raise TypeError(f"trusted must be a sequence of classes and functions. Got {trusted!r} instead.")
    known = {}
    for each in trusted:
        name = f"{getattr(each, '__module__', '?')}.{getattr(each, '__qualname__', '<none>')}"
        if "<" in name or name in known:
            raise ValueError(
                f"trusted must hold classes and functions of different names, defined by class or def. Got {each!r}."
            )
        known[name] = each
    return known


def name_of_function(value, trusted):
    """The name of a function in the table or among those that are trusted, or None."""
    return next((name for name, each in (_FUNCTIONS | trusted).items() if each is value), None)


def _encode(value, encoder, where):
    name = name_of_function(value, encoder.trusted)
    encoder.names.add(name)
    return name


def _decode(content, decoder):
    known = _FUNCTIONS | decoder.trusted
    check(type(content) is str and content in known, f"{content!r:.200} is not in the table of functions{IF_OWN}")
    return known[content]


FUNCTION_KINDS = (
    Kind(
        "function",
        lambda value, encoder: name_of_function(value, encoder.trusted) is not None,
        _encode,
        _decode,
    ),
)

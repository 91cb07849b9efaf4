"""Fingerprints that distinguish searches whose trials are in one storage."""

from inspect import iscode, isfunction
from pickle import PicklingError

import joblib
from joblib.hashing import NumpyHasher
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from skfashion.model_selection._space import name_of


def fingerprint(value):
    """A hash of the content of a value, the same in every process; of a fitted estimator only if it is frozen."""
    return joblib.hash(_content(value, ()), coerce_mmap=True)


def fingerprint_of_samples(*arrays):
    """A hash of arrays, tensors, frames, sparse matrices or lists of anything by what they hold."""
    return fingerprint(
        [each if issparse(each) or _holds_tensors(each) else joblib.hash(each, coerce_mmap=True) for each in arrays]
    )


def _holds_tensors(value):
    """Whether joblib would see a difference between equal ones."""
    return hasattr(value, "detach") or (isinstance(value, (list, tuple)) and any(map(_holds_tensors, value)))


def _content(value, parents):
    """Plain containers and names in place of what pickle cannot take, or takes by name only."""
    if any(value is parent for parent in parents):
        return "itself"
    parents = (*parents, value)
    if isinstance(value, (list, tuple)):
        return [_content(v, parents) for v in value]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted(joblib.hash(_content(v, parents)) for v in value)]
    if isinstance(value, dict):
        return [(name_of(name), _content(v, parents)) for name, v in value.items()]
    if isfunction(value):
        return _of_function(value, parents)
    if isinstance(value, BaseEstimator) and not isinstance(value, FrozenEstimator):
        params = sorted(value.get_params(deep=False).items())
        return [name_of(type(value)), [(name, _content(v, parents)) for name, v in params]]
    if issparse(value):  # which keeps notes on its order
        value = value.tocoo()
        return ["sparse", value.shape, value.row, value.col, value.data]
    if hasattr(value, "state_dict") and not isinstance(value, type):  # a module of torch, whose pickles differ
        return [name_of(value), _content(dict(value.state_dict()), parents)]
    if hasattr(value, "detach"):
        return [str(value.dtype), joblib.hash(value.detach().cpu().double().numpy())]
    return _hash_of(value, parents)


def _of_function(function, parents):
    """Its name, and what it does: under the name ``<lambda>`` there are many."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return [
        name_of(function),
        _of_code(function.__code__),
        _content([function.__defaults__, function.__kwdefaults__, cells], parents),
    ]


def _of_code(code):
    constants = [_of_code(constant) if iscode(constant) else _content(constant, ()) for constant in code.co_consts]
    return [code.co_code, code.co_names, constants]


class _Hasher(NumpyHasher):
    """Joblib's hash, but at any depth functions count by what they do, and frozensets have no order."""

    def __init__(self, parents):
        super().__init__(coerce_mmap=True)
        self.parents = parents

    def reducer_override(self, value):
        if isfunction(value) or isinstance(value, frozenset):
            return str, (joblib.hash(_content(value, self.parents)),)
        return NotImplemented


def _hash_of(value, parents):
    try:
        return _Hasher(parents).hash(value)
    except (PicklingError, AttributeError, TypeError):  # an instance of a class that was made by a function, a lock
        attributes = {} if isinstance(value, type) else getattr(value, "__dict__", {})
        return [name_of(value), _content(attributes, parents)]

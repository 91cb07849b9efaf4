"""Objects of the closed table of classes, functions of another one, and trees, as kinds of what can be saved."""

import inspect
import keyword

import numpy as np
import sklearn.feature_selection
import torch
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold, StratifiedKFold

from skfashion._private_sklearn_state import Tree
from skfashion.metrics import clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer
from skfashion.persistence._classes import class_of_name, name_of_class
from skfashion.persistence._compiled import with_compiled_parts, without_compiled_parts
from skfashion.persistence._kind import Kind, check
from skfashion.persistence._shape_checks import check_shapes, check_tree

# Parameters that belong to a machine and not to a model. The cache of a Pipeline is a folder of pickles: whoever makes
# a file could point to one. The address of a data base may hold a password.
_OF_A_MACHINE = ("memory", "storage")

# Whoever watches fits in a session; and the version that a pickle needs, as it has no format of its own.
_OF_A_SESSION = ("_skl_callbacks", "_skfashion_version")

# Functions and classes that estimators take as parameters: none of them calls, imports, reads or writes anything.
_FUNCTIONS = {
    **{f"numpy.{each.__name__}": each for each in (np.abs, np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.square)},
    **{
        f"sklearn.feature_selection.{name}": getattr(sklearn.feature_selection, name)
        for name in (
            "chi2",
            "f_classif",
            "f_regression",
            "mutual_info_classif",
            "mutual_info_regression",
        )
    },
    # What the repeated ones repeat.
    **{f"sklearn.model_selection.{each.__name__}": each for each in (KFold, StratifiedKFold)},
    **{f"skfashion.{each.__name__}": each for each in (clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer)},
    **{
        f"torch.optim.{name}": getattr(torch.optim, name)
        for name in (
            "ASGD",
            "Adadelta",
            "Adagrad",
            "Adam",
            "AdamW",
            "Adamax",
            "NAdam",
            "RAdam",
            "RMSprop",
            "SGD",
        )
    },
}


def known_as(trusted):
    """What a user vouches for by its name, which is how a file refers to it.

    Raises
    ------
    ValueError
        If two have one name, or one has none.
    """
    known = {}
    for each in trusted:
        name = f"{getattr(each, '__module__', '?')}.{getattr(each, '__qualname__', '<none>')}"
        if "<" in name or name in known:
            raise ValueError(
                f"trusted must hold classes and functions of different names that def or class gave them. Got {each!r}."
            )
        known[name] = each
    return known


def _fits_object(value, encoder):
    return name_of_class(type(value)) is not None or _trusted_name(type(value), encoder) is not None


def _trusted_name(value, encoder):
    return next((name for name, trusted in encoder.trusted.items() if trusted is value), None)


def _encode_object(value, encoder, where):
    kind = type(value)
    name = name_of_class(kind) or _trusted_name(kind, encoder)
    encoder.class_names.add(name)
    state = value.__getstate__() or {}
    if not isinstance(state, dict):
        raise ValueError(f"{where} holds a {kind.__qualname__} whose state is no dict, which cannot be saved.")
    state = without_compiled_parts(state)
    state = {name: each for name, each in state.items() if name not in _OF_A_SESSION}
    for parameter in _OF_A_MACHINE:
        if state.get(parameter) is not None:
            state[parameter], encoder.left_out = None, True
    return {
        "class": name,
        "state": {name: encoder.encode(each, f"{where}.{name}") for name, each in state.items()},
    }


def _decode_object(content, decoder):
    name, state = content["class"], content["state"]
    check(type(name) is str and type(state) is dict, "no name of a class, or no state")
    kind = class_of_name(name) or decoder.trusted.get(name)
    check(isinstance(kind, type), f"the class {name:.200} is not in the table of what can be loaded")
    for attribute in state:
        _check_attribute(kind, attribute)
    state = {attribute: decoder.decode(each) for attribute, each in state.items()}
    state |= {parameter: default for parameter, default in _defaults(kind).items() if parameter not in state}
    for parameter in _OF_A_MACHINE:
        check(state.get(parameter) is None, f"{name} comes with {parameter}={state.get(parameter)!r:.100}")
    value = object.__new__(kind)
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        vars(value).update(state)
    check_shapes(value)
    with_compiled_parts(value)
    if isinstance(value, BaseEstimator):
        value.get_params(deep=False)  # or else it could not even be shown
    return value


def _defaults(kind):
    """Parameters that a class has today, and may not have had when a file was written."""
    if not issubclass(kind, BaseEstimator):
        return {}
    parameters = inspect.signature(kind).parameters.items()
    return {name: parameter.default for name, parameter in parameters if parameter.default is not parameter.empty}


def _check_attribute(kind, name):
    """Raise a ValueError for an attribute that would stand in the way of a method or of Python itself."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
    check(is_name, f"{name!r:.100} is no attribute")
    check(not callable(getattr(kind, name, None)), f"{name} is a method of {kind.__name__}")


def _fits_function(value, encoder):
    return any(value is each for each in (*_FUNCTIONS.values(), *encoder.trusted.values()))


def _encode_function(value, encoder, where):
    return next(name for name, each in (_FUNCTIONS | encoder.trusted).items() if each is value)


def _decode_function(content, decoder):
    known = _FUNCTIONS | decoder.trusted
    check(type(content) is str and content in known, f"{content!r:.200} is not in the table of functions")
    return known[content]


def _encode_tree(tree, encoder, where):
    state = tree.__getstate__()
    return {
        "n_features": int(tree.n_features),
        "n_outputs": int(tree.n_outputs),
        "max_depth": int(state["max_depth"]),
        "n_classes": encoder.encode(np.asarray(tree.n_classes), where),
        "nodes": {name: encoder.encode(state["nodes"][name].copy(), where) for name in state["nodes"].dtype.names},
        "values": encoder.encode(state["values"], where),
    }


def _decode_tree(content, decoder):
    columns = {name: decoder.decode(column) for name, column in content["nodes"].items()}
    n_classes, values = decoder.decode(content["n_classes"]), decoder.decode(content["values"])
    n_features, n_outputs, max_depth = (content[name] for name in ("n_features", "n_outputs", "max_depth"))
    check_tree(columns, values, n_classes, n_features, n_outputs)
    tree = Tree(n_features, n_classes.astype(np.intp), n_outputs)
    nodes = np.zeros(len(values), dtype=tree.__getstate__()["nodes"].dtype)
    for name in nodes.dtype.names:
        nodes[name] = columns[name]
    tree.__setstate__({"max_depth": max_depth, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree


OBJECT_KINDS = (
    Kind("object", _fits_object, _encode_object, _decode_object, shared=True),
    Kind("function", _fits_function, _encode_function, _decode_function),
    Kind("tree", lambda value, encoder: type(value) is Tree, _encode_tree, _decode_tree, shared=True),
)

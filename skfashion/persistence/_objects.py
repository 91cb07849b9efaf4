"""Objects of the closed table of classes, as a kind of what can be saved."""

import inspect
import keyword

from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer

from skfashion._private_sklearn_state import BaseDecisionTree, Tree
from skfashion._version import Versioned, __version__
from skfashion.persistence._classes import class_of_name, name_of_class
from skfashion.persistence._compiled import with_compiled_parts, without_compiled_parts
from skfashion.persistence._functions import IF_OWN
from skfashion.persistence._kind import Kind, check
from skfashion.persistence._shape_checks import check_shapes
from skfashion.persistence._trees import decode_tree, encode_tree

# Parameters that belong to a machine and not to a model. The cache of a Pipeline is a folder of pickles: whoever makes
# a file could point to one. The address of a data base may hold a password.
_OF_A_MACHINE = ("memory", "storage")

# Whoever watches fits in a session; and the version that a pickle needs, as it has no format of its own.
_OF_A_SESSION = ("_skl_callbacks", "_skfashion_version")


def _fits(value, encoder):
    return _name_of(type(value), encoder) is not None


def _name_of(kind, encoder):
    trusted = (name for name, each in encoder.trusted.items() if each is kind)
    return name_of_class(kind) or next(trusted, None)


def _encode(value, encoder, where):
    kind = type(value)
    name = _name_of(kind, encoder)
    encoder.names.add(name)
    state = value.__getstate__() or {}
    check(
        isinstance(state, dict), f"{where} holds a {kind.__qualname__}, which cannot be saved: its state is not a dict"
    )
    state = without_compiled_parts(value, state)
    state = {attribute: each for attribute, each in state.items() if attribute not in _OF_A_SESSION}
    for parameter in _OF_A_MACHINE:
        if state.get(parameter) is not None and parameter in _defaults(kind) and name_of_class(kind):
            state[parameter], encoder.left_out = None, True
    try:
        _check_state(kind, state)
        check_shapes(value)  # what cannot be loaded is not saved
    except ValueError as error:
        raise ValueError(f"{where} cannot be saved: {error}.") from error
    encoded = {}
    for attribute, each in state.items():
        path = f"{where}.{attribute}"
        is_tree = _takes_tree(kind, attribute) and type(each) is Tree
        encoded[attribute] = {"tree": encode_tree(each, encoder, path)} if is_tree else encoder.encode(each, path)
    return {"class": name, "state": encoded}


def _decode(content, decoder):
    name, state = content["class"], content["state"]
    check(type(name) is str and type(state) is dict, "no name of a class, or no state")
    kind = class_of_name(name) or decoder.trusted.get(name)
    check(isinstance(kind, type), f"the class {name:.200} is not in the table of what can be loaded{IF_OWN}")
    state = {attribute: _decode_attribute(kind, attribute, each, decoder) for attribute, each in state.items()}
    _check_state(kind, state)
    state |= {parameter: default for parameter, default in _defaults(kind).items() if parameter not in state}
    value = object.__new__(kind)
    if isinstance(value, Versioned):  # the file has a format of its own
        state["_skfashion_version"] = __version__
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        vars(value).update(state)
    check_shapes(value)
    with_compiled_parts(value)
    if isinstance(value, BaseEstimator):
        value.get_params(deep=False)  # or else it could not even be shown
    return value


def _decode_attribute(kind, attribute, node, decoder):
    if _takes_tree(kind, attribute) and type(node) is dict and node.keys() == {"tree"}:
        return decode_tree(node["tree"], decoder)
    return decoder.decode(node)


def _takes_tree(kind, attribute):
    """Whether an attribute is the one in which an estimator looks after what its tree is given."""
    return attribute == "tree_" and issubclass(kind, BaseDecisionTree)


def _check_state(kind, state):
    """Raise a ValueError for a state that could do more than be one. Nothing in it is shown: that may have no end."""
    for attribute in state:
        _check_attribute(kind, attribute)
    if issubclass(kind, BaseEstimator):
        version = state.get("_sklearn_version", "")
        check(type(version) is str and len(version) < 100, "a version that is not text")
    for parameter in _OF_A_MACHINE:
        is_of_a_machine = parameter in _defaults(kind) and name_of_class(kind) is not None
        check(state.get(parameter) is None or not is_of_a_machine, f"it comes with a {parameter}")
    if issubclass(kind, FunctionTransformer):  # arguments such as `out` would write to arrays that were checked before
        arguments = (state.get("kw_args"), state.get("inv_kw_args"))
        check(all(each is None or each == {} for each in arguments), "its function comes with arguments")
    if "net_params" in _defaults(kind):
        for parameters in (state, state.get("_fitted_params") or {}):
            _check_net_params(parameters.get("net_params"))


def _check_net_params(net_params):
    """Skorch takes much more: to compile, to load, to look up, and attributes of its own."""
    is_known = net_params is None or (type(net_params) is dict and net_params.keys() <= {"callbacks"})
    check(is_known, "net_params hold more than callbacks, which is all that can be saved of them")


def _check_attribute(kind, name):
    """Raise a ValueError for an attribute that would stand in the way of a class or of Python itself."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
    check(is_name, f"{name!r:.100} is not an attribute")
    check(not callable(getattr(kind, name, None)), f"{name} is a method of {kind.__name__}")
    is_of_sklearn = kind.__module__.startswith("sklearn.")
    check(not (is_of_sklearn and name.startswith("_") and hasattr(kind, name)), f"{name} belongs to {kind.__name__}")


def _defaults(kind):
    """The parameters of a class, which may have come after a file was written, and their defaults."""
    if not issubclass(kind, BaseEstimator):
        return {}
    parameters = inspect.signature(kind).parameters.items()
    return {name: parameter.default for name, parameter in parameters if parameter.default is not parameter.empty}


OBJECT_KINDS = (Kind("object", _fits, _encode, _decode, shared=True),)

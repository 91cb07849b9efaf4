"""Parameters as fields of a dataclass: the default, the type, what is accepted and the text stand in one place."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import Field, dataclass, field, fields, is_dataclass
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Literal, Union, dataclass_transform, get_args, get_origin, get_type_hints

from skfashion._private_sklearn import Interval, StrOptions

# How docstrings call a type, where that is not its name.
_NAMES = {Callable: "callable", Iterable: "array-like"}

_NUMBERS = {int: Integral, float: Real}

# How scikit-learn calls what a type accepts, where that is not the type.
_CONSTRAINTS = {**_NUMBERS, bool: "boolean", NoneType: None, Callable: callable, Iterable: "array-like"}


def parameter(default, text, *accepted, positional=False):
    """A field of an :func:`estimator`.

    Parameters
    ----------
    default : object
        The default value.
    text : str
        Its description in the docstring.
    *accepted : object
        Constraints of scikit-learn, for what the annotation does not say: the range of a number, for instance.
    positional : bool, default=False
        Whether it may be passed by position.

    Returns
    -------
    dataclasses.Field
        The field.

    Examples
    --------
    >>> from skfashion.extending import number, parameter
    >>> width = parameter(32, "Channels of the first stage.", number(int, 1), positional=True)
    >>> width.default, width.kw_only
    (32, False)
    """
    return field(default=default, kw_only=not positional, metadata={"text": text, "accepted": accepted})


def number(kind, low, high=None, *, closed="left"):
    """An int or a float in a range, as a constraint of scikit-learn.

    Parameters
    ----------
    kind : {int, float}
        The type.
    low, high : float or None
        The ends of the range; None stands for no limit.
    closed : {"left", "right", "both", "neither"}, default="left"
        Which ends are included.

    Returns
    -------
    Interval
        The constraint.

    Examples
    --------
    >>> from skfashion.extending import number
    >>> number(float, 0, 1).is_satisfied_by(1.0)
    False
    """
    return Interval(_NUMBERS[kind], low, high, closed=closed)


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,))
def estimator(cls):
    """Make the annotated fields of a class its parameters, in the way of a dataclass.

    ``__init__`` takes and assigns them, ``_parameter_constraints`` is made of their types and ranges, and the docstring
    gets the sections Parameters and Attributes, in front of its "See Also". A subclass adds fields of its own, and
    changes a default that it inherits by ``name: type = default``.

    Parameters
    ----------
    cls : type
        The class.

    Returns
    -------
    type
        The class, made a dataclass.

    Examples
    --------
    >>> from skfashion.extending import estimator
    >>> from skfashion.neural_network import MLPClassifier
    >>> @estimator
    ... class WideMLPClassifier(MLPClassifier):
    ...     hidden_layer_sizes: tuple = (1024,)
    >>> WideMLPClassifier().hidden_layer_sizes
    (1024,)
    """
    doc = cls.__doc__
    inherited = {one.name: one for one in fields(cls)} if is_dataclass(cls) else {}
    for name in inspect.get_annotations(cls).keys() & inherited.keys():
        if not isinstance(vars(cls)[name], Field):  # a plain default leaves the parameter where it is in the signature
            setattr(cls, name, field(default=vars(cls)[name], kw_only=inherited[name].kw_only))
    cls = dataclass(eq=False, repr=False, kw_only=True)(cls)
    described, types = _described(cls)
    cls._parameter_constraints = {
        name: _constraints(types[name], metadata["accepted"]) for name, metadata in described.items()
    }
    if doc is not None:  # python -OO strips docstrings
        cls.__doc__ = _documented(cls, doc, described, types)
    return cls


def _described(cls):
    """The metadata and the type of each parameter, own ones first, then those of each base class in turn.

    A class that changes a default may widen the type, and no class narrows it: what a base accepts stays accepted.
    """
    described, types = {}, {}
    for base in cls.__mro__:
        known, annotations = vars(base).get("__dataclass_fields__", {}), inspect.get_annotations(base)
        repeated = [name for name in annotations if name in known and name not in described]
        hints = get_type_hints(base) if repeated else {}
        types |= {name: hints[name] | types[name] if name in types else hints[name] for name in repeated}
        described |= {name: known[name].metadata for name in repeated if known[name].metadata}
    return described, {name: types[name] for name in described}


def _documented(cls, doc, described, types):
    """The docstring of a class with its parameters and attributes in front of "See Also"."""
    defaults = {one.name: one.default for one in fields(cls)}
    parameters = "\n\n".join(
        _entry(name, _type_text(types[name], metadata["accepted"]), defaults[name], metadata["text"])
        for name, metadata in described.items()
    )
    attributes = {}
    for base in reversed(cls.__mro__):
        attributes |= vars(base).get("_fitted_attributes", {})
    summary, heading, rest = inspect.cleandoc(doc).partition("\nSee Also\n")
    return (
        f"{summary.rstrip()}\n\n{_section('Parameters', parameters)}\n\n"
        f"{_section('Attributes', _attribute_entries(attributes))}\n{heading}{rest}"
    )


def _section(title, text):
    return f"{title}\n{'-' * len(title)}\n{text}"


def _entry(name, type_text, default, text):
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    return f"{name} : {type_text}, default={shown}\n{_indented(text)}"


def _attribute_entries(attributes):
    return "\n".join(f"{heading}\n{_indented(text)}" for heading, text in attributes.items())


def _indented(text):
    return "\n".join(f"    {line}" if line else line for line in inspect.cleandoc(text).splitlines())


def _type_text(annotation, accepted):
    ranges = {each.type: _range_text(each) for each in accepted if isinstance(each, Interval)}
    words = []
    for part in _parts(annotation):
        if get_origin(part) is Literal:
            words.append("{" + ", ".join(f'"{name}"' for name in get_args(part)) + "}")
        else:
            kind = get_origin(part) or part
            name = "None" if kind is NoneType else _NAMES.get(kind, kind.__name__)
            words.append(name + ranges.get(_NUMBERS.get(kind), ""))
    return " or ".join(words)


def _range_text(interval):
    if interval.right is None:
        return f" >= {interval.left:g}" if interval.closed == "left" else f" > {interval.left:g}"
    ends = {"left": "[)", "neither": "()", "both": "[]", "right": "(]"}[interval.closed]
    left = "-inf" if interval.left is None else f"{interval.left:g}"
    return f" in {ends[0]}{left}, {interval.right:g}{ends[1]}"


def _parts(annotation):
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _constraints(annotation, accepted):
    """What scikit-learn accepts for a parameter: what is given explicitly, and what its type says."""
    constraints = list(accepted)
    for part in _parts(annotation):
        kind = get_origin(part) or part
        if kind is Literal:
            constraints.append(StrOptions(set(get_args(part))))
        elif kind in _NUMBERS and accepted:
            continue  # with its range
        else:
            constraints.append(_CONSTRAINTS.get(kind, kind))
    return constraints


def checked_sizes(estimator, name):
    """Return a parameter that holds an int, or some, of at least 1 as a tuple of ints."""
    value = getattr(estimator, name)
    sizes = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise ValueError(
            f"The {name!r} parameter of {type(estimator).__name__} must hold ints of at least 1. Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)

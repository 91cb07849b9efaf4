"""Parameters as fields of a dataclass: the default, the type, what is accepted and the text stand in one place."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from types import NoneType
from typing import Literal, dataclass_transform, get_args, get_origin

from skfashion._private_sklearn import Interval, StrOptions

# How docstrings call a type, where that is not its name.
_NAMES = {Callable: "callable", Iterable: "iterable"}


def parameter(default, text, *accepted, positional=False):
    """A field of an :func:`estimator`.

    Parameters
    ----------
    default : object
        The default value.
    text : str
        What the docstring says of it.
    *accepted : object
        Constraints of scikit-learn, for what the annotation does not say: the range of a number, for instance.
    positional : bool, default=False
        Whether it may be given without its name.

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
        Which ends belong to it.

    Examples
    --------
    >>> from skfashion.extending import number
    >>> number(float, 0, 1).is_satisfied_by(1.0)
    False
    """
    return Interval({int: Integral, float: Real}[kind], low, high, closed=closed)


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,))
def estimator(cls):
    """Make the annotated fields of a class its parameters, in the way of a dataclass.

    ``__init__`` takes and assigns them, ``_parameter_constraints`` is made of their types and ranges, and the docstring
    gets the sections Parameters and Attributes, in front of its "See Also". A subclass adds fields of its own, and
    changes a default that it inherits by ``name: type = default``.

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
    cls = dataclass(eq=False, repr=False, kw_only=True)(cls)
    described = {}
    for base in reversed(cls.__mro__):
        for name, one in vars(base).get("__dataclass_fields__", {}).items():
            if one.metadata:
                described[name] = one
    cls._parameter_constraints = {name: _constraints(one) for name, one in described.items()}
    if cls.__doc__ is not None:  # python -OO strips docstrings
        own = inspect.get_annotations(cls)
        names = sorted(described, key=lambda name: name not in own)
        defaults = {one.name: one.default for one in fields(cls)}
        parameters = "\n\n".join(_entry(described[name], defaults[name]) for name in names)
        attributes = {}
        for base in reversed(cls.__mro__):
            attributes |= vars(base).get("_fitted_attributes", {})
        summary, heading, rest = inspect.cleandoc(cls.__doc__).partition("\nSee Also\n")
        cls.__doc__ = (
            f"{summary.rstrip()}\n\n{_section('Parameters', parameters)}\n\n"
            f"{_section('Attributes', _attribute_entries(attributes))}\n{heading}{rest}"
        )
    return cls


def _section(title, text):
    return f"{title}\n{'-' * len(title)}\n{text}"


def _entry(one, default):
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    return f"{one.name} : {_type_text(one)}, default={shown}\n{_indented(one.metadata['text'])}"


def _attribute_entries(attributes):
    return "\n".join(f"{heading}\n{_indented(text)}" for heading, text in attributes.items())


def _indented(text):
    return "\n".join(f"    {line}" if line else line for line in inspect.cleandoc(text).splitlines())


def _type_text(one):
    ranges = {each.type: _range_text(each) for each in one.metadata["accepted"] if isinstance(each, Interval)}
    words = []
    for part in _parts(one.type):
        if get_origin(part) is Literal:
            words.append("{" + ", ".join(f'"{name}"' for name in get_args(part)) + "}")
        else:
            name = "None" if part is NoneType else _NAMES.get(part, part.__name__)
            words.append(name + ranges.get({int: Integral, float: Real}.get(part), ""))
    return " or ".join(words)


def _range_text(interval):
    if interval.right is None:
        return f" >= {interval.left:g}" if interval.closed == "left" else f" > {interval.left:g}"
    ends = {"left": "[)", "neither": "()", "both": "[]", "right": "(]"}[interval.closed]
    return f" in {ends[0]}{interval.left:g}, {interval.right:g}{ends[1]}"


def _parts(annotation):
    return get_args(annotation) if get_origin(annotation) not in (None, Literal) else (annotation,)


def _constraints(one):
    """What scikit-learn accepts for a field: what is given in so many words, and what its type says."""
    accepted = list(one.metadata["accepted"])
    for part in _parts(one.type):
        if get_origin(part) is Literal:
            accepted.append(StrOptions(set(get_args(part))))
        elif part is bool:
            accepted.append("boolean")
        elif part is NoneType:
            accepted.append(None)
        elif part is Callable:
            accepted.append(callable)
        elif part not in (int, float) or not accepted:  # the range of a number is given
            accepted.append(part)
    return accepted


def checked_sizes(estimator, name):
    """Return a parameter that holds an int, or some, of at least 1 as a tuple of ints."""
    value = getattr(estimator, name)
    sizes = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise ValueError(
            f"The {name!r} parameter of {type(estimator).__name__} must hold ints of at least 1. Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)

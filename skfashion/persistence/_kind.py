"""A kind of what can be saved."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """How objects of one kind become JSON values, and JSON values such objects.

    Attributes
    ----------
    name : str
        What they are called in a file; files of this release depend on it for good.
    fits : callable
        ``fits(value, encoder)`` says whether an object is of this kind.
    encode : callable
        ``encode(value, encoder, where)`` gives JSON values.
    decode : callable
        ``decode(content, decoder)`` gives the object. It raises an error for whatever :func:`encode` cannot have
        written, and runs nothing but constructors of this kind.
    shared : bool
        Whether it matters that two are the same.
    """

    name: str
    fits: Callable
    encode: Callable
    decode: Callable
    shared: bool = False


def exactly(*types):
    """A test for objects of one of these classes, and of none of their subclasses."""
    return lambda value, encoder: type(value) in types


def check(holds, said):
    """Raise a ValueError that says what is wrong with the content of a file unless it holds."""
    if not holds:
        raise ValueError(said)

"""Containers and single values, as kinds of what can be saved."""

import math
from numbers import Integral

import numpy as np
import torch
from sklearn.utils import Bunch

from skfashion.persistence._kind import Kind, check, exactly

# The scalars of numpy, and Python's, as values and as types.
_SCALARS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_SCALARS += ("float16", "float32", "float64", "str")
_SCALAR_TYPES = {name: np.dtype(name).type for name in _SCALARS}
_TYPES = {f"numpy.{name}": kind for name, kind in _SCALAR_TYPES.items()}
_TYPES |= {kind.__name__: kind for kind in (bool, int, float, str)} | {"object": object}


def _encode_dict(value, encoder, where):
    """An object of JSON if all keys are strings, else pairs."""
    if all(type(key) is str for key in value):
        return {key: encoder.encode(each, f"{where}[{key!r}]") for key, each in value.items()}
    pairs = value.items()
    return [[encoder.encode(key, where), encoder.encode(each, f"{where}[{key!r}]")] for key, each in pairs]


def _decode_dict(content, decoder):
    if type(content) is dict:
        return {key: decoder.decode(each) for key, each in content.items()}
    check(type(content) is list, "neither an object nor pairs")
    return {decoder.decode(key): decoder.decode(each) for key, each in content}


def _encode_bunch(value, encoder, where):
    return _encode_dict(dict(value), encoder, where)


def _decode_bunch(content, decoder):
    content = _decode_dict(content, decoder)
    # Its keys are attributes too, and some attributes are how numpy finds the memory of an array.
    check(all(type(key) is str and not key.startswith("_") for key in content), "keys that belong to Python")
    return Bunch(**content)


def _decode_list(content, decoder):
    check(type(content) is list, "not a list")
    return decoder.decode(content)


def _decode_float(content, decoder):
    check(content in ("nan", "inf", "-inf"), "not one of nan, inf, -inf")
    return float(content)


def _encode_scalar(value, encoder, where):
    name = "str" if isinstance(value, np.str_) else value.dtype.name
    return [name, encoder.encode(value.item(), where)]


def _decode_scalar(content, decoder):
    name, value = content
    value = decoder.decode(value)
    check(type(value) in (bool, int, float, str), "not a number or a text")
    return _SCALAR_TYPES[name](value)


def _decode_dtype(content, decoder):
    check(type(content) is str and np.dtype(content).kind in "biufUSmM", "not a type of numbers, texts or times")
    return np.dtype(content)


def _fits_slice(value, encoder):
    parts = (value.start, value.stop, value.step) if type(value) is slice else ("",)
    return all(part is None or isinstance(part, Integral) for part in parts)


def _encode_slice(value, encoder, where):
    return [part if part is None else int(part) for part in (value.start, value.stop, value.step)]


def _decode_slice(content, decoder):
    check(len(content) == 3 and all(type(each) in (int, type(None)) for each in content), "not three ints")
    return slice(*content)


def _decode_device(content, decoder):
    check(type(content) is str and content.split(":")[0] in ("cpu", "cuda"), "neither cpu nor cuda")
    return torch.device(content)


CONTAINER_KINDS = (
    Kind(
        "tuple",
        exactly(tuple),
        lambda value, encoder, where: encoder.encode(list(value), where),
        lambda content, decoder: tuple(_decode_list(content, decoder)),
    ),
    Kind("dict", exactly(dict), _encode_dict, _decode_dict),
    Kind("bunch", exactly(Bunch), _encode_bunch, _decode_bunch),
    Kind(
        "set",
        exactly(set),
        lambda value, encoder, where: encoder.encode(sorted(value, key=repr), where),
        lambda content, decoder: set(_decode_list(content, decoder)),
    ),
    Kind(
        "frozenset",
        exactly(frozenset),
        lambda value, encoder, where: encoder.encode(sorted(value, key=repr), where),
        lambda content, decoder: frozenset(_decode_list(content, decoder)),
    ),
    Kind(
        "float",
        lambda value, encoder: type(value) is float and not math.isfinite(value),
        lambda value, encoder, where: str(value),
        _decode_float,
    ),
    Kind("scalar", exactly(*_SCALAR_TYPES.values()), _encode_scalar, _decode_scalar),
    Kind(
        "type",
        lambda value, encoder: isinstance(value, type) and value in _TYPES.values(),
        lambda value, encoder, where: next(name for name, known in _TYPES.items() if known is value),
        lambda content, decoder: _TYPES[content],
    ),
    Kind(
        "dtype",
        lambda value, encoder: isinstance(value, np.dtype) and value.kind in "biufUSmM",
        lambda value, encoder, where: value.str,
        _decode_dtype,
    ),
    Kind("slice", _fits_slice, _encode_slice, _decode_slice),
    Kind("device", exactly(torch.device), lambda value, encoder, where: str(value), _decode_device),
)

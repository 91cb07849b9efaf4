"""Keyword arguments for matplotlib: dicts that are named after the method of the axes that they go to."""

from inspect import Parameter, getmembers, isroutine, signature

import pytest

import skfashion.inspection

DISPLAYS = [value for name, value in vars(skfashion.inspection).items() if name.endswith("Display")]
# A display that is a callback is told of a fit by these; they draw nothing that anybody could style.
OF_CALLBACKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}
METHODS = [
    pytest.param(display, name, id=f"{display.__name__}.{name}")
    for display in DISPLAYS
    for name, _ in getmembers(display, isroutine)
    if not name.startswith("_") and name not in OF_CALLBACKS
]


def keyword_of(method):
    (keyword,) = (name for name in signature(method).parameters if name.endswith("_kw"))
    return keyword


@pytest.mark.parametrize(("display", "name"), METHODS)
def test_every_method_takes_one_dict(display, name):
    parameters = signature(getattr(display, name)).parameters
    assert not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    keyword = parameters[keyword_of(getattr(display, name))]
    assert keyword.kind is Parameter.KEYWORD_ONLY
    assert keyword.default is None


@pytest.mark.parametrize("value", ["gray", [("cmap", "gray")], 1])
@pytest.mark.parametrize(("display", "name"), METHODS)
def test_all_else_is_refused_by_name_before_anything_is_computed(display, name, value):
    method = getattr(object.__new__(display), name)  # bound, as plot has to be
    required = [p for p in signature(method).parameters.values() if p.default is Parameter.empty]
    keyword = keyword_of(method)
    with pytest.raises(TypeError, match=f"{keyword} must be a dict of keyword arguments for matplotlib. Got"):
        method(*[None] * len(required), **{keyword: value})

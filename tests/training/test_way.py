"""How far a reader has to go: the files and the nested calls of one fit."""

import inspect
import sys
from pathlib import Path

import skfashion
from skfashion.neural_network import MLPClassifier

PACKAGE = Path(skfashion.__file__).parent


def traced(call):
    """The calls of our own functions while `call` runs: (caller's file, file, name, depth)."""
    calls, stack = [], []

    def profile(frame, event, argument):
        if event not in ("call", "return"):
            return
        code = frame.f_code
        is_ours = PACKAGE in Path(code.co_filename).parents and not code.co_name.startswith("<")
        if not is_ours or code.co_flags & inspect.CO_GENERATOR:
            return
        if event == "call":
            if "__torch_dispatch__" not in [code.co_name, *(name for _, name in stack)]:  # called by torch at a draw
                calls.append((stack[-1][0] if stack else None, code.co_filename, code.co_name, len(stack) + 1))
            stack.append((code.co_filename, code.co_name))
        else:
            stack.pop()

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return calls


def test_one_fit_is_short_to_read(tiny):
    X, y = tiny
    MLPClassifier((8,), max_epochs=1).fit(X, y)  # imports are no part of a fit
    calls = traced(lambda: MLPClassifier((8,), max_epochs=1).fit(X, y))
    depth = max(depth for _, _, name, depth in calls if name == "train_step_single")
    assert depth <= 6
    # A file that calls into no other is understood by the names of its functions.
    going_on = {caller for caller, callee, *_ in calls if caller is not None and caller != callee}
    names = sorted(str(Path(file).relative_to(PACKAGE)) for file in going_on)
    assert len(names) <= 8, names

"""Optimizers compute what those of torch do, and do not load torch's compiler."""

import copy
import inspect
import pickle

import pytest
import torch
from processes import run_python

from skfashion.training._optimizers import OPTIMIZERS, repeated_step

# Our classes and those of torch that they are.
CLASSES = {cls: cls.__mro__[2] for cls in OPTIMIZERS.values()}
EVERY_CLASS = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def weights():
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((5, 4), (5,), ())]


def trained(optimizer, parameters, n_steps=5):
    generator = torch.Generator().manual_seed(1)
    for _ in range(n_steps):
        optimizer.zero_grad()
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


@EVERY_CLASS
def test_steps_are_those_of_torch(cls):
    ours, theirs = weights(), weights()
    settings = {"lr": 0.1, "weight_decay": 0.1}
    expected = trained(CLASSES[cls](theirs, **settings), theirs)
    for found, value in zip(trained(cls(ours, **settings), ours), expected, strict=True):
        assert torch.equal(found, value)


@EVERY_CLASS
def test_a_copy_goes_on_like_the_original(cls):
    parameters = weights()
    optimizer = cls(parameters, lr=0.1)
    trained(optimizer, parameters)
    for copied in (copy.deepcopy((optimizer, parameters)), pickle.loads(pickle.dumps((optimizer, parameters)))):
        assert type(copied[0]) is cls
        state = copied[0].state_dict()["state"]
        torch.testing.assert_close(state, optimizer.state_dict()["state"], rtol=0, atol=0)
    for found, value in zip(trained(*copied), trained(optimizer, parameters), strict=True):
        assert torch.equal(found, value)


@EVERY_CLASS
@pytest.mark.parametrize("settings", [{}, {"amsgrad": True}, {"fused": False}], ids=str)
def test_a_repeated_step_is_a_step(cls, settings):
    if not set(settings) <= set(inspect.signature(cls).parameters):
        pytest.skip(f"{cls.__name__} has no {settings}")
    if "fused" in inspect.signature(cls).parameters:
        settings = {"fused": True, **settings}
    trained_on = [weights(), weights()]
    one, other = (cls(parameters, lr=0.1, weight_decay=0.1, **settings) for parameters in trained_on)
    for optimizer, parameters in zip((one, other), trained_on, strict=True):
        trained(optimizer, parameters, n_steps=1)
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, 0.5)
    step = repeated_step(other)
    for rate in (0.1, 0.05, 0.02):
        for optimizer in (one, other):
            optimizer.param_groups[0]["lr"] = rate
        one.step()
        step()
    for found, expected in zip(*trained_on, strict=True):
        assert torch.equal(found, expected)
    is_direct = cls.__name__ in ("Adam", "AdamW") and settings == {"fused": True}
    assert (step != other.step) == is_direct


def test_hooks_are_called():
    parameters, seen = weights(), []
    optimizer = OPTIMIZERS["adam"](parameters, lr=0.1)
    optimizer.register_step_pre_hook(lambda *args: seen.append("before"))
    optimizer.register_step_post_hook(lambda *args: seen.append("after"))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    trained(optimizer, parameters, n_steps=2)
    assert repeated_step(optimizer) == optimizer.step
    assert seen == ["before", "after"] * 2


def test_gradients_are_zeroed_as_by_torch():
    parameters = weights()
    optimizer = OPTIMIZERS["sgd"](parameters, lr=0.1)
    trained(optimizer, parameters[:2])
    optimizer.zero_grad(set_to_none=False)
    assert [None if each.grad is None else each.grad.abs().max().item() for each in parameters] == [0.0, 0.0, None]
    optimizer.zero_grad()
    assert all(each.grad is None for each in parameters)


def test_a_fit_does_not_load_the_compiler_of_torch():
    printed = run_python("""
        import sys
        import numpy as np
        from skfashion.neural_network import Autoencoder, CNNClassifier, MLPClassifier
        X, y = np.arange(20 * 64, dtype=np.float32).reshape(20, 8, 8) % 7, np.arange(20) % 2
        for optimizer in ("adam", "adamw", "sgd", "rmsprop"):
            MLPClassifier((4,), max_epochs=2, optimizer=optimizer).fit(X, y).partial_fit(X, y)
        CNNClassifier(max_epochs=1).fit(X, y).predict(X)
        Autoencoder(2, (4,), max_epochs=1).fit(X)
        print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
    """)
    assert printed.strip() == "[]"

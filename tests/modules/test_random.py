import copy
import pickle
import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skfashion._private_torch import takes_generator
from skfashion.modules._random import _SEEDED_OVERLOADS, Dropout, draw_from, set_generator

DRAWS = {
    "linear": lambda: nn.Linear(3, 4).weight,
    "convolution": lambda: nn.Conv2d(1, 2, 3).weight,
    "lstm": lambda: nn.LSTM(2, 3).weight_hh_l0,
    "embedding": lambda: nn.Embedding(3, 3).weight,
    "dropout": lambda: F.dropout(torch.ones(8), 0.5),
    "dropout2d": lambda: F.dropout2d(torch.ones(2, 8, 2, 2), 0.5),
    "alpha_dropout": lambda: F.alpha_dropout(torch.ones(8), 0.5, True),
    "rrelu": lambda: F.rrelu(-torch.ones(8), training=True),
    "attention": lambda: F.scaled_dot_product_attention(*(torch.ones(1, 8, 3),) * 3, dropout_p=0.5),
    "gumbel": lambda: F.gumbel_softmax(torch.ones(8)),
    "rand": lambda: torch.rand(3),
    "rand_like": lambda: torch.rand_like(torch.ones(3)),
    "randn": lambda: torch.randn(3),
    "randn_like": lambda: torch.randn_like(torch.ones(3)),
    "randint": lambda: torch.randint(10**6, (3,)),
    "randint from": lambda: torch.randint(5, 10**6, (3,)),
    "randint_like": lambda: torch.randint_like(torch.ones(3), 10**6),
    "randint_like from": lambda: torch.randint_like(torch.ones(3), 5, 10**6),
    "randperm": lambda: torch.randperm(20),
    "rand into": lambda: torch.rand(3, out=torch.empty(3)),
    "randn into": lambda: torch.randn(3, out=torch.empty(3)),
    "randint into": lambda: torch.randint(5, 10**6, (3,), out=torch.empty(3, dtype=torch.int64)),
    "randperm into": lambda: torch.randperm(20, out=torch.empty(20, dtype=torch.int64)),
    "normal": lambda: torch.normal(0.0, 1.0, (3,)),
    "bernoulli": lambda: torch.bernoulli(torch.full((20,), 0.5)),
    "multinomial": lambda: torch.multinomial(torch.ones(20), 10),
    "distribution": lambda: torch.distributions.Normal(0, 1).rsample((3,)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_come_from_the_generator_alone(name):
    before = torch.get_rng_state()
    results = []
    for seed in (0, 0, 1):
        with draw_from(torch.Generator().manual_seed(seed)):
            results.append(DRAWS[name]())
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    assert torch.equal(torch.get_rng_state(), before)


# What torch takes apart into other operations before draw_from sees it, or draw_from itself does (native_dropout); and
# what kernels of GPUs draw inside of attention and recurrent layers, out of reach.
_TAKEN_APART = {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout"}
_TAKEN_APART |= {"lstm", "gru", "rnn_tanh", "rnn_relu", "scaled_dot_product_attention"}
_OF_GPUS = ("cudnn", "miopen", "mps", "attention", "sdp", "mem_eff", "nested")


def test_no_random_operation_of_torch_is_overlooked():
    """One that a release of torch adds or renames would draw from the global generator without a word."""
    overlooked = set()
    for name in torch._C._dispatch_get_all_op_names():
        namespace, _, name = name.partition("::")
        kind, _, overload = name.partition(".")
        if namespace != "aten" or kind.rstrip("_") in _TAKEN_APART or any(word in kind for word in _OF_GPUS):
            continue
        operation = getattr(getattr(torch.ops.aten, kind), overload or "default")
        seeded = operation in _SEEDED_OVERLOADS or takes_generator(operation)
        if torch.Tag.nondeterministic_seeded in operation.tags and not seeded:
            overlooked.add(name)
    assert not overlooked


def test_the_context_ends():
    with draw_from(torch.Generator().manual_seed(0)):
        pass
    before = torch.get_rng_state()
    torch.rand(1)
    assert not torch.equal(torch.get_rng_state(), before)


def test_the_context_belongs_to_its_thread():
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state()
    with draw_from(generator):
        thread = threading.Thread(target=lambda: torch.rand(3))
        thread.start()
        thread.join()
    assert torch.equal(generator.get_state(), state)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.001, 0.25])
def test_dropout_keeps_the_mean_and_the_share(dtype, p):
    dropout = Dropout(p)
    set_generator(dropout, torch.Generator().manual_seed(0))
    x = torch.ones(1000, 100, dtype=dtype).T
    out = dropout(x)
    assert (out.dtype, out.stride()) == (dtype, x.stride())
    spread = (p * (1 - p) / x.numel()) ** 0.5
    assert (out == 0).double().mean().item() == pytest.approx(p, abs=3 * spread)
    assert out.max().item() == pytest.approx(1 / (1 - p), rel=torch.finfo(dtype).eps)
    assert torch.equal(dropout.eval()(x), x)


def test_dropout_gradient():
    dropout = Dropout(0.5)
    set_generator(dropout, torch.Generator().manual_seed(0))
    x = torch.ones(50, requires_grad=True)
    out = dropout(x)
    out.sum().backward()
    assert torch.equal(x.grad, out)


def test_native_dropout_follows_its_definition():
    """What a GPU would call; the CPU never does by itself."""
    with draw_from(torch.Generator().manual_seed(0)):
        out, keep = torch.ops.aten.native_dropout(torch.ones(1000), 0.5, True)
    assert torch.equal(out, keep * 2.0)
    assert 400 < keep.sum() < 600


def test_a_copy_of_a_module_has_no_generator_unless_it_is_set():
    module = nn.Sequential(Dropout(0.5))
    set_generator(module, None)
    assert copy.deepcopy(module)[0].generator is None
    assert pickle.loads(pickle.dumps(module))[0].generator is None

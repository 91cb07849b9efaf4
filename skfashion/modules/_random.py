"""Random numbers from one explicit generator, so that nothing global is read or moved."""

import torch

from skfashion._private_torch import TorchDispatchMode, seeded_overloads, takes_generator


class draw_from(TorchDispatchMode):
    """A context in which every random operation of torch draws from `generator`.

    It reaches what cannot be passed a generator: the initialisation inside ``nn.Linear``, or the dropout inside a
    module that somebody else wrote. The context belongs to the thread that enters it. It costs some microseconds per
    operation, so our own modules take their generator explicitly instead (:class:`Dropout`).

    Parameters
    ----------
    generator : torch.Generator
        What is drawn on another device comes from a generator there that this one seeds.
    """

    def __init__(self, generator):
        super().__init__()
        self.generators = {generator.device.type: generator}

    @classmethod
    def _should_skip_dynamo(cls):
        """No: torch would load its compiler for it, which takes a second and more."""
        return False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.ops.aten.native_dropout.default:
            return self._native_dropout(*args, **kwargs)
        func = _SEEDED_OVERLOADS.get(func, func)
        if takes_generator(func):
            kwargs["generator"] = self._generator_for(args, kwargs)
        return func(*args, **kwargs)

    def _generator_for(self, args, kwargs):
        """The generator of the device on which is drawn; a second device gets one that the first one seeds."""
        tensors = [argument for argument in args if isinstance(argument, torch.Tensor)]
        device = torch.device(kwargs.get("device") or (tensors[0].device if tensors else "cpu"))
        if device.type not in self.generators:
            first = next(iter(self.generators.values()))
            seed = torch.empty((), dtype=torch.int64, device=first.device).random_(generator=first).item()
            self.generators[device.type] = torch.Generator(device).manual_seed(seed)
        return self.generators[device.type]

    def _native_dropout(self, x, p, train):
        """What the fused dropout of a GPU computes; it has no overload that takes a generator."""
        generator = self._generator_for((x,), {})
        keep = torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p, generator=generator)
        return x * keep / (1 - p), keep


# rand, randn, … have a twin for each overload that takes a generator; what has none takes it directly or not at all.
_SEEDED_OVERLOADS = {}
for _kind in ("rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"):
    _SEEDED_OVERLOADS |= seeded_overloads(getattr(torch.ops.aten, _kind))


class Stochastic(torch.nn.Module):
    """A module that draws from its attribute `generator`; None stands for torch's own."""

    def __init__(self):
        super().__init__()
        self.generator = None


class Dropout(Stochastic):
    """Zero each element with probability `p` in training and scale the others by ``1 / (1 - p)``.

    Unlike ``torch.nn.Dropout`` it draws from its attribute `generator`, which whoever trains the network sets with
    :func:`set_generator`; while that is None it draws from torch's.

    Parameters
    ----------
    p : float in [0, 1)
        The share of elements that is dropped.

    References
    ----------
    N. Srivastava et al., `Dropout: A Simple Way to Prevent Neural Networks from Overfitting
    <https://jmlr.org/papers/v15/srivastava14a.html>`_, 2014.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p

    def factors(self, x):
        """What each element of x is multiplied by, 0 or ``1 / (1 - p)``; None where nothing is dropped."""
        if not self.training or self.p == 0:
            return None
        keep = 1 - self.p
        # Uniform numbers and a comparison were measured to be faster on a CPU than bernoulli_; float32 whatever x is,
        # whose type may be too coarse for p.
        drawn = torch.empty_like(x, dtype=torch.float32).uniform_(generator=self.generator)
        return drawn.lt_(keep).to(x.dtype).div_(keep)

    def forward(self, x):
        factors = self.factors(x)
        return x if factors is None else x * factors

    def extra_repr(self):
        return f"p={self.p}"


def set_generator(module, generator):
    """Let every :class:`Stochastic` part of `module` draw from `generator` (or, with None, from torch's own)."""
    for part in module.modules():
        if isinstance(part, Stochastic):
            part.generator = generator

"""For tests and doctests alike."""

import importlib.util
import os
import sys

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # there is a worker for every core: each computes on one thread
    os.environ["OMP_NUM_THREADS"] = "1"


# The examples there need the extra "onnx".
collect_ignore = [] if importlib.util.find_spec("skl2onnx") else ["skfashion/persistence/_to_onnx.py"]


@pytest.fixture(autouse=True, scope="session")
def imported():
    """Import what changes the environment or the warning filters when it is first imported, before a test does."""
    import optuna  # noqa: F401
    import polars  # noqa: F401
    import sklearn.utils.estimator_checks  # noqa: F401
    import skorch  # noqa: F401
    import torch._dynamo  # noqa: F401 torch's optimizers import it at their first step


@pytest.fixture(autouse=True)
def no_state_leaks(imported):
    """A test must leave the state of the process as it found it: the next one starts from there."""
    from global_state import changes, snapshot

    before = snapshot()
    yield
    changed = changes(before)
    assert not changed, f"this test has changed {', '.join(changed)}"


@pytest.fixture(autouse=True)
def seeded_numpy(no_state_leaks):
    """Seeds for numpy's generators without one, from which ``random_state=None`` draws: no test depends on luck."""
    import numpy as np

    seeds, default_rng = np.random.SeedSequence(0), np.random.default_rng

    def seeded_rng(seed=None):
        return default_rng(seeds.spawn(1)[0] if seed is None else seed)

    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    # Not the fixture "monkeypatch", which would be undone after fixtures that put back what they found.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(np.random, "default_rng", seeded_rng)
        yield
    np.random.set_state(before)  # noqa: NPY002


@pytest.fixture(autouse=True)
def seeded_modules(no_state_leaks, request):
    """Layers of torch draw from its global generator: seed it for tests and examples of pure torch, and put it back."""
    if "modules" in request.path.parts or request.path.name == "own_module.rst":
        request.getfixturevalue("seeded_torch")


@pytest.fixture
def seeded_torch(no_state_leaks):
    """Torch's global generator with a seed, and as it was when the test is over."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(autouse=True)
def closed_figures():
    """Close the figures that a test or an example has drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")

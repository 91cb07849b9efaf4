import pytest
import torch


@pytest.fixture(autouse=True)
def seeded_torch():
    """Layers of torch draw from its global generator: let them draw the same in every test, and put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield

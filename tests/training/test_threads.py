"""A training uses no more threads than have something to do."""

import os

import numpy as np
import pytest
import torch

from skfashion.neural_network import ConvAutoencoder, MLPClassifier
from skfashion.training._threads import enough_threads


def threads_during_fit(model, X, y=None):
    """The numbers of threads that an augmentation, which is called for each batch, has seen."""
    seen = set()

    def look(images):
        seen.add(torch.get_num_threads())
        return images

    model.set_params(augmentation=look, max_epochs=1).fit(X, y)
    return seen


@pytest.mark.skipif(os.cpu_count() < 2, reason="torch starts with no more threads than there are cores")
def test_small_products_are_left_to_one_thread():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (300, 784)).astype(np.uint8), rng.integers(0, 10, 300)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert threads_during_fit(MLPClassifier((8,)), X, y) == {1}
        assert threads_during_fit(MLPClassifier((8,), batch_size=300, max_epochs=1), X[:, :64], y) == {1}
        assert threads_during_fit(MLPClassifier((512,)), X, y) == {2}
        assert threads_during_fit(ConvAutoencoder(4, batch_size=16), X) == {2}
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        assert threads_during_fit(MLPClassifier((512,)), X, y) == {1}
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("work", "expected"), [(0, 1), (1e6, 1), (1.1e7, 2), (1.6e7, 3), (1e12, 4), (np.inf, 4)])
def test_threads_follow_from_the_work(work, expected):
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with enough_threads(work):
            assert torch.get_num_threads() == expected
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_threads_are_as_before_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), enough_threads(0):
        raise RuntimeError
    assert torch.get_num_threads() == before

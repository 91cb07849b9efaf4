import signal

import numpy as np
import pytest

from skfashion.datasets import fetch_fashion_mnist, make_garments


def pytest_collection_modifyitems(items):
    """Begin with real images: one of these tests, begun last, keeps one process busy for minutes while others idle."""
    items.sort(key=lambda item: item.get_closest_marker("real_data") is None)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C as at a terminal: whoever starts the tests in the background may have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def garments():
    """Small images and labels that no test may change."""
    X, y = make_garments(600, random_state=0, return_X_y=True)
    X.setflags(write=False)
    y.setflags(write=False)
    return X, y


@pytest.fixture
def tiny():
    """A few rows of three separable classes, as floats."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.normal(size=(60, 6)).astype(np.float32)
    X[:, :3] += 4 * np.eye(3, dtype=np.float32)[y]
    return X, y


@pytest.fixture(scope="session")
def fashion_mnist():
    """The real training and test images; the test is skipped where they are not."""
    try:
        return tuple(
            fetch_fashion_mnist(subset=subset, download_if_missing=False, return_X_y=True)
            for subset in ("train", "test")
        )
    except OSError as error:
        pytest.skip(f"no Fashion-MNIST here: {error}")

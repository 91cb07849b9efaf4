import faulthandler
import os
import random
from contextlib import contextmanager

import pytest
import torch

# A cluster that hangs hangs the tests: this is many times what the slowest of them takes.
_SECONDS = 300


@pytest.fixture(autouse=True)
def no_hang():
    """End the process, with the traces of all threads, if a test does not come to an end."""
    faulthandler.dump_traceback_later(_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def state_of_other_projects(no_state_leaks):
    """Put back what they change: they draw from Python's generator and set environment variables for workers."""
    environment, python = dict(os.environ), random.getstate()
    yield
    os.environ.clear()
    os.environ.update(environment)
    random.setstate(python)


@contextmanager
def environment():
    """Put the environment back, which tools of other projects change, and have no limit of threads in it before."""
    before = dict(os.environ)
    os.environ.pop("OMP_NUM_THREADS", None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def kept_environment():
    """For a cluster of all tests of a file."""
    with environment():
        yield


@pytest.fixture
def own_environment(no_state_leaks):
    """For a test with a cluster of its own."""
    with environment():
        yield


@pytest.fixture
def one_thread():
    """As many threads here as in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

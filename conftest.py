"""For tests and doctests alike."""

import sys

import pytest


@pytest.fixture(autouse=True)
def closed_figures():
    """Close the figures that a test or an example has drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")

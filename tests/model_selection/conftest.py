import pytest


@pytest.fixture
def problem(tiny):
    return tiny

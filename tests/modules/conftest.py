import pytest


@pytest.fixture(autouse=True)
def seeded(seeded_torch):
    """Networks in pure torch are built in every test here."""

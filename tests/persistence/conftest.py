import pytest

from skfashion.neural_network import MLPClassifier


@pytest.fixture(scope="module")
def split(garments):
    X, y = garments
    return X[:400], y[:400], X[400:], y[400:]


@pytest.fixture(scope="module")
def mlp(split):
    X, y, *_ = split
    return MLPClassifier((16,), batch_size=32, max_epochs=4, random_state=0).fit(X, y)

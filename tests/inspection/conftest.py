import pytest
from sklearn.decomposition import PCA

from skfashion.neural_network import ConvAutoencoder, MLPClassifier


@pytest.fixture(scope="module")
def pca(garments):
    return PCA(4, random_state=0).fit(garments[0] / 255)


@pytest.fixture(scope="module")
def autoencoder(garments):
    return ConvAutoencoder(3, 2, max_epochs=1, random_state=0).fit(garments[0][:100])


@pytest.fixture(scope="module")
def mlp(garments):
    X, y = garments
    return MLPClassifier((8,), max_epochs=3, random_state=0).fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])

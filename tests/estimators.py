"""The estimators that the common tests run over, made small enough to be fast. On the CPU: the same everywhere."""

import importlib
import inspect

from sklearn.base import BaseEstimator
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.linear_model import LogisticRegression

import skfashion
from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SpectralClusterer,
    SubspaceClassifier,
)
from skfashion.model_selection import OptunaSearchCV, VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.modules import conv, dense
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    ResNetRegressor,
    SelfSupervisedOutlierDetector,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)
from skfashion.preprocessing import HOGTransformer, ImageReader, PixelScaler

# As they are without arguments, for the checks that read defaults.
DEFAULTS = [
    MLPClassifier(device="cpu"),
    CNNClassifier(device="cpu"),
    ResNetClassifier(device="cpu"),
    MLPRegressor(device="cpu"),
    CNNRegressor(device="cpu"),
    ResNetRegressor(device="cpu"),
    Autoencoder(device="cpu"),
    ConvAutoencoder(device="cpu"),
    VariationalAutoencoder(device="cpu"),
    EncoderClassifier(device="cpu"),
    AutoencoderOutlierDetector(random_state=0),
    SelfSupervisedOutlierDetector(random_state=0),
    SemiSupervisedClassifier(random_state=0),
    KNNClassifier(),
    SubspaceClassifier(),
    ClusterClassifier(random_state=0),
    NeighborSampler(),
    CentroidSampler(random_state=0),
    HOGTransformer(),
    PixelScaler(),
    SpectralClusterer(random_state=0),
]
# With other settings, small and quick to learn, for all checks.
ESTIMATORS = [
    MLPClassifier((16,), learning_rate=0.01, batch_size=16, batch_norm=True, dropout=0.1, device="cpu"),
    CNNClassifier((conv(8, padding="same"), dense(16)), learning_rate=0.01, batch_size=16, device="cpu"),
    ResNetClassifier(width=4, batch_size=32, max_epochs=10, device="cpu"),
    MLPRegressor((16,), loss="huber", learning_rate=0.01, batch_size=16, batch_norm=True, device="cpu"),
    CNNRegressor((conv(8, padding="same"), dense(16)), learning_rate=0.01, batch_size=16, device="cpu"),
    ResNetRegressor(width=4, batch_size=32, max_epochs=10, device="cpu"),
    Autoencoder(4, (8,), batch_norm=True, dropout=0.1, loss="absolute_error", max_epochs=5, device="cpu"),
    ConvAutoencoder(2, 4, batch_norm=True, image_shape="auto", max_epochs=5, device="cpu"),
    VariationalAutoencoder(2, n_channels=(), hidden_layer_sizes=(16,), beta=0.1, max_epochs=5, device="cpu"),
    # Of 100 seeds none lets all rectified units die, neither on noise nor on photos; with (32,) one in 40 does.
    EncoderClassifier(
        Autoencoder(8, (64,), batch_size=32, max_epochs=5),
        learning_rate=0.01,
        batch_size=16,
        freeze=False,
        device="cpu",
    ),
    AutoencoderOutlierDetector(Autoencoder(4, (16,), batch_size=16, max_epochs=5, device="cpu"), random_state=0),
    SelfSupervisedOutlierDetector(MLPClassifier((16,), batch_size=64, max_epochs=3, device="cpu"), random_state=0),
    KNNClassifier(3, weights="distance", metric="cosine", device="cpu"),
    SubspaceClassifier(3),
    ClusterClassifier(KMeans(3, n_init=1), naming="one_to_one", random_state=0),
    ClusterClassifier(AgglomerativeClustering(5)),
    NeighborSampler(3),
    CentroidSampler(KMeans(3, n_init=1), random_state=0),
    HOGTransformer(4, pixels_per_cell=3, cells_per_block=(1, 2), block_norm="L2", signed=False),
    PixelScaler(),
    SemiSupervisedClassifier(
        MLPClassifier((16,), learning_rate=0.01, batch_size=16, device="cpu"), threshold=0.7, random_state=0
    ),
    SpectralClusterer(3, n_neighbors=5, random_state=0),
]
# A search has the parameters of the estimator in it: only scikit-learn's own checks say something of the search.
SEARCHES = [
    OptunaSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, n_trials=2, cv=2, error_score="raise", random_state=0),
    VectorizedGridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, error_score="raise"),
    VectorizedHalvingGridSearchCV(
        MLPClassifier((32,), batch_size=16, max_epochs=20, random_state=0),
        {"learning_rate": [0.003, 0.01]},
        factor=2,
        cv=2,
        error_score="raise",
    ),
]
# They take photos, not rows of numbers: see tests/preprocessing.
READERS = [ImageReader((8, 6))]


def public_objects():
    """Every public object of every sub-package, by the name of its package and its own."""
    packages = [importlib.import_module(f"skfashion.{name}") for name in skfashion.__all__ if name != "__version__"]
    return {(package.__name__, name): getattr(package, name) for package in packages for name in package.__all__}


def public_estimators():
    """The names of all public classes that are estimators."""
    return {
        name
        for (_, name), value in public_objects().items()
        if inspect.isclass(value) and issubclass(value, BaseEstimator) and not inspect.isabstract(value)
    }

"""The estimators that the common tests run over, made small enough to be fast."""

from sklearn.cluster import AgglomerativeClustering, KMeans

from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SubspaceClassifier,
)
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)

# As they are without arguments, and with other settings. On the CPU, so that they are the same everywhere.
ESTIMATORS = [
    MLPClassifier(device="cpu"),
    MLPClassifier((16,), learning_rate=0.01, batch_size=16, batch_norm=True, dropout=0.1, device="cpu"),
    CNNClassifier(device="cpu"),
    ResNetClassifier(device="cpu"),
    ResNetClassifier(width=4, batch_size=16, max_epochs=30, device="cpu"),
    Autoencoder(device="cpu"),
    Autoencoder(4, (8,), batch_norm=True, dropout=0.1, loss="absolute_error", device="cpu"),
    ConvAutoencoder(device="cpu"),
    ConvAutoencoder(2, 4, batch_norm=True, image_shape="auto", device="cpu"),
    VariationalAutoencoder(device="cpu"),
    VariationalAutoencoder(2, n_channels=(), hidden_layer_sizes=(16,), beta=0.1, device="cpu"),
    EncoderClassifier(device="cpu"),
    KNNClassifier(),
    KNNClassifier(3, weights="distance", metric="cosine", device="cpu"),
    SubspaceClassifier(),
    SubspaceClassifier(3),
    ClusterClassifier(random_state=0),
    ClusterClassifier(KMeans(3, n_init=1), naming="one_to_one", random_state=0),
    ClusterClassifier(AgglomerativeClustering(5)),
    NeighborSampler(),
    CentroidSampler(random_state=0),
    EncoderClassifier(Autoencoder(4, (16,)), learning_rate=0.01, batch_size=16, freeze=False, device="cpu"),
]

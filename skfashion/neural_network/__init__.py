"""Neural networks as scikit-learn estimators."""

from skfashion.neural_network._autoencoder import Autoencoder
from skfashion.neural_network._cnn import CNNClassifier
from skfashion.neural_network._conv_autoencoder import ConvAutoencoder
from skfashion.neural_network._encoder import EncoderClassifier
from skfashion.neural_network._mlp import MLPClassifier
from skfashion.neural_network._resnet import ResNetClassifier
from skfashion.neural_network._vae import VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "CNNClassifier",
    "ConvAutoencoder",
    "EncoderClassifier",
    "MLPClassifier",
    "ResNetClassifier",
    "VariationalAutoencoder",
]

"""Neural networks as scikit-learn estimators."""

from skfashion.neural_network._autoencoder import Autoencoder
from skfashion.neural_network._autoencoder_outliers import AutoencoderOutlierDetector
from skfashion.neural_network._cnn import CNNClassifier, CNNRegressor
from skfashion.neural_network._conv_autoencoder import ConvAutoencoder
from skfashion.neural_network._encoder import EncoderClassifier
from skfashion.neural_network._mlp import MLPClassifier, MLPRegressor
from skfashion.neural_network._resnet import ResNetClassifier, ResNetRegressor
from skfashion.neural_network._self_supervised_outliers import SelfSupervisedOutlierDetector
from skfashion.neural_network._semi_supervised import SemiSupervisedClassifier
from skfashion.neural_network._vae import VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "AutoencoderOutlierDetector",
    "CNNClassifier",
    "CNNRegressor",
    "ConvAutoencoder",
    "EncoderClassifier",
    "MLPClassifier",
    "MLPRegressor",
    "ResNetClassifier",
    "ResNetRegressor",
    "SelfSupervisedOutlierDetector",
    "SemiSupervisedClassifier",
    "VariationalAutoencoder",
]

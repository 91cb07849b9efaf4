"""Neural networks as scikit-learn estimators."""

from skfashion.neural_network._cnn import CNNClassifier
from skfashion.neural_network._mlp import MLPClassifier
from skfashion.neural_network._resnet import ResNetClassifier

__all__ = ["CNNClassifier", "MLPClassifier", "ResNetClassifier"]

"""Estimators of your own: the base classes, their parameters, and the network that they train."""

from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._regressor import BaseNetRegressor
from skfashion.training._build import Network

__all__ = ["BaseAutoencoder", "BaseNetClassifier", "BaseNetRegressor", "Network", "estimator", "number", "parameter"]

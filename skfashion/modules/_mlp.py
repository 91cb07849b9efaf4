"""The multi-layer perceptron."""

from torch import nn

from skfashion.modules._init import initialize
from skfashion.modules._layers import ACTIVATIONS
from skfashion.modules._random import Dropout


class MLP(nn.Sequential):
    """Fully connected layers; each hidden one with optional batch normalisation, an activation and optional dropout.

    Parameters
    ----------
    n_features : int
        Length of an input after flattening.
    n_outputs : int
        Number of outputs; the last layer has no activation.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; empty for a linear model.
    activation : sequence of str
        The activation of each hidden layer.
    dropout : sequence of float
        The dropout after each hidden layer.
    batch_norm : bool
        Whether to normalise before each activation.
    init : str
        The scheme of :func:`~skfashion.modules._init.initialize`.

    Examples
    --------
    >>> import torch
    >>> from skfashion.modules import MLP
    >>> net = MLP(784, 10, (32,), activation=("relu",), dropout=(0.2,), batch_norm=True, init="pytorch")
    >>> net(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, n_features, n_outputs, hidden_layer_sizes, activation, dropout, batch_norm, init):
        layers = [nn.Flatten()]
        for n_units, name, p in zip(hidden_layer_sizes, activation, dropout, strict=True):
            layers.append(nn.Linear(n_features, n_units))
            if batch_norm:
                layers.append(nn.BatchNorm1d(n_units))
            layers.append(ACTIVATIONS[name]())
            if p > 0:
                layers.append(Dropout(p))
            n_features = n_units
        super().__init__(*layers, nn.Linear(n_features, n_outputs))
        self.init = init
        self.reset_weights()

    def reset_weights(self, seed=None):
        """Draw all weights anew, see :func:`~skfashion.modules._init.initialize`."""
        initialize(self, self.init, seed)

    def embed(self, images):
        """The input of the last layer."""
        for layer in list(self)[:-1]:
            images = layer(images)
        return images

    def dense_layers(self):
        """The layers that are applied one after the other."""
        return list(self)

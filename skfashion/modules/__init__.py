"""Pure torch: what a network computes. Nothing here knows of scikit-learn, devices or training."""

from skfashion.modules._autoencoder import AutoencoderModule, VariationalModule
from skfashion.modules._convnet import ConvNet
from skfashion.modules._layers import batch_norm, conv, dense, dropout, flatten, global_pool, pool
from skfashion.modules._mlp import MLP
from skfashion.modules._resnet import ResNet

__all__ = [
    "MLP",
    "AutoencoderModule",
    "ConvNet",
    "ResNet",
    "VariationalModule",
    "batch_norm",
    "conv",
    "dense",
    "dropout",
    "flatten",
    "global_pool",
    "pool",
]

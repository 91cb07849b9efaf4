"""Types of parameters that several estimators have."""

from typing import Literal

Activation = Literal["elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "sigmoid", "silu", "softplus", "tanh"]
Init = Literal["pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"]
ImageShape = Literal["auto"] | tuple | list

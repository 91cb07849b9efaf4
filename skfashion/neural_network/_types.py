"""Types of parameters that several estimators have."""

from collections.abc import Callable
from typing import Literal

Activation = Literal["elu", "gelu", "identity", "leaky_relu", "logistic", "relu", "sigmoid", "silu", "softplus", "tanh"]
Init = Literal["pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"]
Augmentation = str | Callable | tuple | list | None
Optimizer = Literal["adadelta", "adagrad", "adam", "adamax", "adamw", "nadam", "nesterov", "rmsprop", "sgd"] | type
FlipAveraging = bool | Literal["auto"]
ImageShape = Literal["auto"] | tuple | list

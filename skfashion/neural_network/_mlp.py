"""The multi-layer perceptron as a classifier and as a regressor."""

from collections.abc import Iterable
from typing import get_args

from skfashion._private_sklearn import StrOptions
from skfashion.modules import MLP
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._declaring import checked_sizes, estimator, number, parameter
from skfashion.neural_network._regressor import BaseNetRegressor
from skfashion.neural_network._types import Activation, FlipAveraging, ImageShape, Init
from skfashion.training._augmentation import averages_flips
from skfashion.training._build import Network


@estimator
class MLPNetwork:
    """The parameters of a perceptron, and the network that they describe."""

    hidden_layer_sizes: int | Iterable = parameter(
        (128, 64), "Units of each hidden layer; ``()`` makes a linear model.", number(int, 1), positional=True
    )
    activation: Activation | tuple | list = parameter("relu", "The activation of every hidden layer, or one for each.")
    dropout: float | tuple | list = parameter(
        0.0,
        "Dropout rate, the share of units zeroed in training, after every hidden layer, or one rate for each.",
        number(float, 0, 1),
    )
    batch_norm: bool = parameter(False, "Whether hidden layers have batch normalisation before their activation.")
    init: Init = parameter(
        "pytorch",
        """
        How weights are drawn: as torch does, from a normal distribution of standard deviation 0.1, or by Glorot's or
        He's rule. The first draws biases between -0.05 and 0.05, the others set them to zero. With the same
        `random_state`, the initial weights of a layer depend only on its shape, so that networks of different sizes
        start alike where their shapes agree.""",
    )
    image_shape: ImageShape = parameter(
        "auto", "As in :class:`CNNClassifier`; a perceptron sees rows, but augmentations see images."
    )
    flip_averaging: FlipAveraging = parameter(False, "As in :class:`ResNetClassifier`.")

    def _network(self):
        sizes = checked_sizes(self, "hidden_layer_sizes")
        return Network(
            module=MLP,
            arguments={
                "n_features": self.n_features_in_,
                "n_outputs": self._n_outputs,
                "hidden_layer_sizes": sizes,
                "activation": self._for_each_layer("activation", StrOptions(set(get_args(Activation))), len(sizes)),
                "dropout": self._for_each_layer("dropout", number(float, 0, 1), len(sizes)),
                "batch_norm": self.batch_norm,
                "init": self.init,
            },
            flip_averaging=averages_flips(self.flip_averaging, self.augmentation, self.image_shape_),
        )

    def _for_each_layer(self, name, constraint, n_layers):
        """Spread one value over all hidden layers, or check that there is one for each."""
        value = getattr(self, name)
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
        if len(values) != n_layers or not all(constraint.is_satisfied_by(value) for value in values):
            raise ValueError(
                f"The {name!r} parameter of {type(self).__name__} must be {constraint}, or hold one such value for "
                f"each of the {n_layers} hidden layers. Got {value!r} instead."
            )
        return values


@estimator
class MLPClassifier(MLPNetwork, BaseNetClassifier):
    """A multi-layer perceptron.

    See Also
    --------
    CNNClassifier : A convolutional network.
    ResNetClassifier : A residual network, for the best accuracy without tuning.
    MLPRegressor : The same for regression.
    sklearn.neural_network.MLPClassifier : Scikit-learn's own.

    References
    ----------
    D. Kingma and J. Ba, `Adam: A Method for Stochastic Optimization <https://arxiv.org/abs/1412.6980>`_, 2014.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier(hidden_layer_sizes=(64,), batch_size=32, random_state=0).fit(X[:800], y[:800])
    >>> mlp.score(X[800:], y[800:]) > 0.6
    True
    """


@estimator
class MLPRegressor(MLPNetwork, BaseNetRegressor):
    """A multi-layer perceptron for regression, of one target or several.

    Targets are standardised for training; predictions are in their units.

    See Also
    --------
    CNNRegressor : A convolutional network.
    ResNetRegressor : A residual network.
    sklearn.neural_network.MLPRegressor : Scikit-learn's own.

    References
    ----------
    D. Kingma and J. Ba, `Adam: A Method for Stochastic Optimization <https://arxiv.org/abs/1412.6980>`_, 2014.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPRegressor
    >>> X = make_garments(1000, random_state=0).data
    >>> brightness = X.mean(axis=1)
    >>> mlp = MLPRegressor((32,), batch_size=32, random_state=0).fit(X[:800], brightness[:800])
    >>> mlp.score(X[800:], brightness[800:]) > 0.8
    True
    """

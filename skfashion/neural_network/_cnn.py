"""The convolutional network as a classifier and as a regressor."""

from collections.abc import Callable, Iterable
from typing import Literal

from skfashion.modules import ConvNet
from skfashion.modules._convnet import build_foreign
from skfashion.modules._layers import Layer
from skfashion.modules.architectures import ARCHITECTURES
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._declaring import estimator, parameter
from skfashion.neural_network._regressor import BaseNetRegressor
from skfashion.neural_network._types import FlipAveraging, ImageShape, Init
from skfashion.training._augmentation import averages_flips
from skfashion.training._build import Network


@estimator
class CNNNetwork:
    """The parameters of a convolutional network, and the network that they describe."""

    architecture: (
        Literal["single", "stacked", "double", "plain", "deep", "slim", "compact"] | tuple | list | Callable
    ) = parameter(
        "compact",
        """
        - The name of a published network; see :mod:`skfashion.modules.architectures`.
        - Layers of :mod:`skfashion.modules`, for instance ``(conv(40, 5), pool(2), flatten(), dense(100))``. The output
          layer is added.
        - A function ``architecture(image_shape, n_outputs)`` that returns a :class:`torch.nn.Module`, from float images
          (n, channels, height, width) to one score (logit) per class, or one number per target. `image_shape` is
          (channels, height, width).
        - Such a module itself. Each fit trains a copy, from the weights that it has.

        Published networks were made for 28 x 28 pixels, and are suitable up to about 64 x 64: the dense layer after
        ``flatten()`` grows with the area of an image. ``"compact"`` has 0.1 million parameters, 0.4 at 64 x 64 pixels
        in colour and 1.2 at 128 x 128. With ``global_pool()`` instead of ``flatten()``, the number of parameters does
        not depend on the size of images. Images that are too small for the layers are padded with zeros.""",
        positional=True,
    )
    image_shape: ImageShape = parameter(
        "auto",
        """
        (height, width), (channels, height, width) or (height, width, channels) of the image in a row of X. ``"auto"``
        takes the shape of X if it holds images; else a square length is a grey image, three times a square a colour
        image (channels, height, width), and any other length an image of one row.""",
    )
    init: Init = parameter(
        "pytorch",
        "How weights are drawn, as in :class:`MLPClassifier`. Ignored if `architecture` is a function or a module.",
    )
    flip_averaging: FlipAveraging = parameter(False, "As in :class:`ResNetClassifier`.")

    def _network(self):
        is_foreign = callable(self.architecture)
        own = {"architecture": self.architecture} if is_foreign else {"layers": self._layers(), "init": self.init}
        return Network(
            module=build_foreign if is_foreign else ConvNet,
            arguments={**own, "image_shape": self.image_shape_, "n_outputs": self._n_outputs},
            gains_from_bfloat16=True,
            foreign=is_foreign,
            flip_averaging=averages_flips(self.flip_averaging, self.augmentation, self.image_shape_),
        )

    def _layers(self):
        layers = ARCHITECTURES[self.architecture] if isinstance(self.architecture, str) else self.architecture
        if not isinstance(layers, Iterable) or not all(isinstance(layer, Layer) for layer in layers):
            raise ValueError(
                f"The 'architecture' parameter of {type(self).__name__} must be one of {sorted(ARCHITECTURES)}, a "
                f"sequence of layers of skfashion.modules, or a callable. Got {self.architecture!r} instead."
            )
        return tuple(layers)


@estimator
class CNNClassifier(CNNNetwork, BaseNetClassifier):
    """A convolutional network: a published one by its name, your own as a tuple of layers, or any torch module.

    See Also
    --------
    MLPClassifier : A multi-layer perceptron.
    ResNetClassifier : A residual network, for the best accuracy without tuning.
    CNNRegressor : The same for regression.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86 (11), 1998.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.modules import conv, dense, pool
    >>> from skfashion.neural_network import CNNClassifier
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> cnn = CNNClassifier((conv(16), pool(2), conv(32), pool(2), dense(64)), batch_size=32, random_state=0)
    >>> cnn.fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.7
    True
    """


@estimator
class CNNRegressor(CNNNetwork, BaseNetRegressor):
    """A convolutional network for regression, of one target or several.

    Targets are standardised for training; predictions are in their units.

    See Also
    --------
    MLPRegressor : A multi-layer perceptron.
    ResNetRegressor : A residual network.
    CNNClassifier : The same for classification.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings
    of the IEEE 86 (11), 1998.

    Examples
    --------
    How wide is a garment?

    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import CNNRegressor
    >>> X = make_garments(1000, random_state=0).data
    >>> width = (X.reshape(-1, 28, 28) > 100).any(axis=1).sum(axis=1)
    >>> cnn = CNNRegressor("single", batch_size=32, max_epochs=8, random_state=0).fit(X[:800], width[:800])
    >>> cnn.score(X[800:], width[800:]) > 0.8
    True
    """

"""A residual network as a classifier and as a regressor, with a recipe for its defaults."""

from skfashion.modules import ResNet
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._regressor import BaseNetRegressor
from skfashion.neural_network._types import Augmentation, FlipAveraging, ImageShape, Optimizer
from skfashion.training._augmentation import averages_flips
from skfashion.training._build import Network


@estimator
class ResNetNetwork:
    """The parameters of a residual network, and the network that they describe."""

    width: int = parameter(
        32,
        """
        Channels of the first of three stages; the others have twice and four times as many. Time and parameters grow
        with its square.""",
        number(int, 1),
        positional=True,
    )
    depth: int = parameter(
        1,
        "Residual blocks in each stage, of one convolution each.",
        number(int, 0, 1000, closed="both"),
        positional=True,
    )
    image_shape: ImageShape = parameter("auto", "As in :class:`CNNClassifier`.")
    flip_averaging: FlipAveraging = parameter(
        "auto",
        """
        Whether predictions are averaged over an image and its mirror image, for twice the time; ``"auto"`` does that if
        `augmentation` flips images too. Probabilities of classes are averaged, or the numbers of a regressor.""",
    )

    def _network(self):
        return Network(
            module=ResNet,
            arguments={
                "image_shape": self.image_shape_,
                "n_outputs": self._n_outputs,
                "width": self.width,
                "depth": self.depth,
                "flip_averaging": averages_flips(self.flip_averaging, self.augmentation, self.image_shape_),
                "outputs": self._task.outputs,
            },
            gains_from_bfloat16=True,
        )


@estimator
class ResNetClassifier(ResNetNetwork, BaseNetClassifier):
    """A small residual network whose defaults are a recipe for the best accuracy without tuning.

    The number of parameters does not depend on the size of images. It grows with `width`, as does the time per image,
    which also grows with the area of the image.

    The recipe is stochastic gradient descent with Nesterov momentum, a one-cycle learning rate, weight decay,
    label smoothing, augmentation by horizontal flips and shifts, and predictions that are averaged over an image and
    its horizontal flip. The defaults suit garments and other things that may face either way; for digits and text take
    ``augmentation="shift"``.

    See Also
    --------
    CNNClassifier : A convolutional network of your own.
    ResNetRegressor : The same for regression.

    Notes
    -----
    Some shared parameters have other defaults here: `optimizer`, `learning_rate`, `weight_decay`, `label_smoothing` and
    `augmentation`. As the schedule is stretched over `max_epochs`, lower `max_epochs` for a shorter training instead of
    stopping a fit.

    References
    ----------
    K. He et al., `Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_, 2015.

    L. Smith and N. Topin, `Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates
    <https://arxiv.org/abs/1708.07120>`_, 2017.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import ResNetClassifier
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> resnet = ResNetClassifier(width=8, max_epochs=8, batch_size=32, random_state=0)
    >>> resnet.fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.7
    True
    """

    optimizer: Optimizer = "nesterov"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    augmentation: Augmentation = "auto"


@estimator
class ResNetRegressor(ResNetNetwork, BaseNetRegressor):
    """A small residual network for regression, of one target or several.

    Targets are standardised for training; predictions are in their units. There is no augmentation by default: a
    horizontal flip changes angles, and a shift changes positions. Where the targets stay the same, use
    ``augmentation="flip+shift"``.

    See Also
    --------
    MLPRegressor : A multi-layer perceptron.
    CNNRegressor : A convolutional network of your own.
    ResNetClassifier : The same for classification.

    Notes
    -----
    Some shared parameters have other defaults here: `optimizer` and `weight_decay`. The recipe of
    :class:`ResNetClassifier`, stochastic gradient descent at a high learning rate, diverges on squared errors.

    References
    ----------
    K. He et al., `Deep Residual Learning for Image Recognition <https://arxiv.org/abs/1512.03385>`_, 2015.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import ResNetRegressor
    >>> X = make_garments(1000, random_state=0).data
    >>> width = (X.reshape(-1, 28, 28) > 100).any(axis=1).sum(axis=1)
    >>> resnet = ResNetRegressor(width=8, max_epochs=4, batch_size=32, random_state=0)
    >>> resnet.fit(X[:800], width[:800]).score(X[800:], width[800:]) > 0.8
    True
    """

    optimizer: Optimizer = "adamw"
    weight_decay: float = 0.01

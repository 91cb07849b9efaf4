"""The convolutional network as a classifier."""

from collections.abc import Iterable

from skfashion._private_sklearn import StrOptions
from skfashion.modules import ConvNet
from skfashion.modules._convnet import build_foreign
from skfashion.modules._layers import INITS, Layer
from skfashion.modules.architectures import ARCHITECTURES
from skfashion.neural_network._classifier import BaseNetClassifier


class CNNClassifier(BaseNetClassifier):
    """A convolutional network: a published one by its name, your own as a tuple of layers, or any torch module.

    Parameters
    ----------
    architecture : str, sequence of layers or callable, default="compact"
        - One of the published networks ``"single"``, ``"stacked"``, ``"double"``, ``"plain"``, ``"deep"``, ``"slim"``
          and ``"compact"``; see :mod:`skfashion.modules.architectures`.
        - Layers of :mod:`skfashion.modules`, for instance ``(conv(40, 5), pool(2), flatten(), dense(100))``. The output
          layer is added.
        - A function ``architecture(image_shape, n_outputs)`` that returns a :class:`torch.nn.Module`, from float images
          (n, channels, height, width) to one score (logit) a class. `image_shape` is (channels, height, width).

        Images smaller than layers can take are padded with zeros.

    image_shape : "auto" or tuple of int, default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the image in a row of X. ``"auto"``
        takes the shape of X if it holds images; else a square length is a grey image, three times a square a colour
        image (channels, height, width), and any other length an image of one row.

    init : {"pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"}, default="pytorch"
        How weights are drawn, as in :class:`MLPClassifier`. A callable `architecture` keeps its own.

    {shared_parameters}

    {classifier_parameters}

    Attributes
    ----------
    {classifier_attributes}

    See Also
    --------
    MLPClassifier : A multi-layer perceptron.
    ResNetClassifier : A residual network, for the best accuracy without choosing.

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

    _parameter_constraints = {
        **BaseNetClassifier._parameter_constraints,
        "architecture": [StrOptions(set(ARCHITECTURES)), tuple, list, callable],
        "image_shape": [StrOptions({"auto"}), tuple, list],
        "init": [StrOptions(set(INITS))],
    }

    _gains_from_bfloat16 = True

    def __init__(
        self,
        architecture="compact",
        *,
        image_shape="auto",
        init="pytorch",
        optimizer="adam",
        learning_rate=0.003,
        optimizer_params=None,
        weight_decay=0.0,
        lr_schedule="auto",
        batch_size=128,
        max_epochs=20,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        augmentation=None,
        warm_start=False,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=0,
        net_params=None,
        label_smoothing=0.0,
        class_weight=None,
    ):
        super().__init__(
            optimizer=optimizer,
            learning_rate=learning_rate,
            optimizer_params=optimizer_params,
            weight_decay=weight_decay,
            lr_schedule=lr_schedule,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            augmentation=augmentation,
            warm_start=warm_start,
            precision=precision,
            device=device,
            random_state=random_state,
            verbose=verbose,
            net_params=net_params,
            label_smoothing=label_smoothing,
            class_weight=class_weight,
        )
        self.architecture = architecture
        self.image_shape = image_shape
        self.init = init

    def _module(self, n_outputs):
        shared = {"image_shape": self.image_shape_, "n_outputs": n_outputs}
        if self._is_foreign():
            return build_foreign, {"architecture": self.architecture, **shared}
        return ConvNet, {"layers": self._layers(), "init": self.init, **shared}

    def _is_foreign(self):
        return callable(self.architecture)

    def _layers(self):
        layers = ARCHITECTURES[self.architecture] if isinstance(self.architecture, str) else self.architecture
        if not isinstance(layers, Iterable) or not all(isinstance(layer, Layer) for layer in layers):
            raise ValueError(
                f"The 'architecture' parameter of {type(self).__name__} must be one of {sorted(ARCHITECTURES)}, a "
                f"sequence of layers of skfashion.modules, or a callable. Got {self.architecture!r} instead."
            )
        return tuple(layers)

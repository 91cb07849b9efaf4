"""A residual network as a classifier, with a recipe for its defaults."""

from numbers import Integral

from skfashion._private_sklearn import Interval, StrOptions
from skfashion.modules import ResNet
from skfashion.neural_network._augmentation import AUGMENTATIONS
from skfashion.neural_network._classifier import BaseNetClassifier


class ResNetClassifier(BaseNetClassifier):
    """A small residual network whose defaults are a recipe: for the best accuracy without choosing.

    The recipe is stochastic gradient descent with Nesterov momentum, one cycle of the learning rate, weight decay,
    label smoothing, mirrored and shifted images, and predictions that are the mean over an image and its mirror image.
    The defaults suit garments and other things that may face either way; for digits and text take
    ``augmentation="shift"``.

    Parameters
    ----------
    width : int, default=32
        Channels of the first of three stages; the others have twice and four times as many. Time and parameters grow
        with its square.

    depth : int, default=1
        Residual convolutions in each stage.

    image_shape : "auto" or tuple of int, default="auto"
        As in :class:`CNNClassifier`.

    flip_averaging : bool or "auto", default="auto"
        Whether a prediction is the mean over an image and its mirror image; ``"auto"`` does that if `augmentation`
        mirrors images too.

    {shared_parameters}

    {classifier_parameters}

    Attributes
    ----------
    {classifier_attributes}

    See Also
    --------
    CNNClassifier : A convolutional network of your own.

    Notes
    -----
    Some shared parameters have other defaults here: ``optimizer="sgd"`` with ``{"momentum": 0.9, "nesterov": True}``
    unless `optimizer_params` says otherwise, ``learning_rate=0.1``, ``weight_decay=5e-4``, ``label_smoothing=0.1``, and
    ``augmentation="auto"``, which is ``"flip+shift"`` for images and nothing for rows that are no images. As the
    schedule is stretched over `max_epochs`, a shorter training is a smaller `max_epochs`, not a fit that is stopped.

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
    >>> resnet = ResNetClassifier(width=16, max_epochs=8, batch_size=32, random_state=0)
    >>> resnet.fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.7
    True
    """

    _parameter_constraints = {
        **BaseNetClassifier._parameter_constraints,
        "width": [Interval(Integral, 1, None, closed="left")],
        "depth": [Interval(Integral, 0, None, closed="left")],
        "image_shape": [StrOptions({"auto"}), tuple, list],
        "flip_averaging": ["boolean", StrOptions({"auto"})],
        "augmentation": [StrOptions({"auto", *AUGMENTATIONS}), callable, None],
    }

    _gains_from_bfloat16 = True

    def __init__(
        self,
        width=32,
        depth=1,
        *,
        image_shape="auto",
        flip_averaging="auto",
        optimizer="sgd",
        learning_rate=0.1,
        optimizer_params=None,
        weight_decay=5e-4,
        lr_schedule="auto",
        batch_size=128,
        max_epochs=20,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        augmentation="auto",
        warm_start=False,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=0,
        net_params=None,
        label_smoothing=0.1,
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
        self.width = width
        self.depth = depth
        self.image_shape = image_shape
        self.flip_averaging = flip_averaging

    def _module(self, n_outputs):
        flip_averaging = self.flip_averaging
        if isinstance(flip_averaging, str):
            augmentation = self._augmentation()
            flip_averaging = isinstance(augmentation, str) and "flip" in augmentation
        return ResNet, {
            "image_shape": self.image_shape_,
            "n_outputs": n_outputs,
            "width": self.width,
            "depth": self.depth,
            "flip_averaging": bool(flip_averaging),
            "multilabel": self._is_multilabel,
        }

    def _augmentation(self):
        if isinstance(self.augmentation, str) and self.augmentation == "auto":
            return "flip+shift" if self.image_shape_[1] > 1 else None
        return self.augmentation

    def _optimizer_params(self):
        if self.optimizer == "sgd" and self.optimizer_params is None:
            return {"momentum": 0.9, "nesterov": True}
        return super()._optimizer_params()

"""The parameters that all neural estimators share: what is accepted, and what the docstrings say of them."""

from collections.abc import Iterable
from numbers import Integral, Real

import torch

from skfashion._private_sklearn import Interval, StrOptions
from skfashion.neural_network._augmentation import AUGMENTATIONS
from skfashion.neural_network._recipe import OPTIMIZERS

CONSTRAINTS = {
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "optimizer_params": [dict, None],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "lr_schedule": [StrOptions({"auto", "onecycle", "cosine", "adaptive"}), None],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "max_epochs": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "augmentation": [StrOptions(set(AUGMENTATIONS)), callable, None],
    "warm_start": ["boolean"],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "net_params": [dict, None],
}


def checked_sizes(estimator, name):
    """Return a parameter that holds an int, or some, of at least 1 as a tuple of ints."""
    value = getattr(estimator, name)
    sizes = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise ValueError(
            f"The {name!r} parameter of {type(estimator).__name__} must hold ints of at least 1. Got {value!r} instead."
        )
    return tuple(int(size) for size in sizes)


# What net_params may not hold, because a parameter of the estimator says it.
OWNED_BY_ESTIMATOR = {
    "module": "the estimator itself",
    "criterion": "the estimator itself",
    "dataset": "fit",
    "iterator_train": "batch_size and augmentation",
    "iterator_valid": "batch_size",
    "train_split": "early_stopping, or X_val and y_val of fit",
    "optimizer": "optimizer and optimizer_params",
    "lr": "learning_rate",
    "max_epochs": "max_epochs",
    "batch_size": "batch_size",
    "warm_start": "warm_start",
    "device": "device",
    "verbose": "verbose",
    "seed": "random_state",
    "precision": "precision",
    "augmentation": "augmentation",
    "lr_schedule": "lr_schedule",
    "layout": "image_shape",
    "metrics": "the estimator itself",
    "foreign": "the estimator itself",
}

# Stand where a class docstring holds {shared_parameters}, {classifier_parameters} and so on.
SHARED_PARAMETERS = """\
optimizer : str or type, default="adam"
        ``"adadelta"``, ``"adagrad"``, ``"adam"``, ``"adamax"``, ``"adamw"``, ``"nadam"``, ``"rmsprop"``, ``"sgd"``, or
        a subclass of :class:`torch.optim.Optimizer`.

    learning_rate : float, default=0.003
        The learning rate; with a schedule, its highest value.

    optimizer_params : dict, default=None
        Further arguments of the optimizer, for instance ``{"momentum": 0.9}``.

    weight_decay : float, default=0.0
        Weight decay as the optimizer defines it: decoupled in ``"adamw"``, an L2 penalty in the others.

    lr_schedule : {"auto", "onecycle", "cosine", "adaptive"} or None, default="auto"
        The course of the learning rate over the `max_epochs` of ``fit``, set at every step: ``"onecycle"`` rises for a
        fifth of the time and then falls to 0, ``"cosine"`` falls to 0. ``"adaptive"`` needs early stopping: the rate
        rises over the first 100 steps and is divided by 5 each time the validation score has not improved for two
        thirds of `n_iter_no_change` epochs. ``"auto"`` is ``"adaptive"`` with early stopping, else
        ``"onecycle"``. None keeps the rate constant. So does ``partial_fit``, because the number of passes is unknown:
        at `learning_rate`, or at a tenth of it after a ``fit`` with a schedule, rising over the first 100 steps.

    batch_size : int, default=128
        Images per step of the optimizer.

    max_epochs : int, default=20
        Passes over the training images.

    early_stopping : bool, default=False
        Whether to stop when the validation score does not improve any more, and to go back to the weights of the best
        epoch, which are kept in memory. Uses `X_val` of ``fit``, else holds out a `validation_fraction` of X.

    validation_fraction : float in (0, 1), default=0.1
        Share of the training images that early stopping holds out.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops.

    tol : float, default=0.0
        By how much the score has to grow to count as improved.

    augmentation : {"flip", "shift", "flip+shift", "flip+shift+erase"} or callable, default=None
        Random changes to the training images: flipped left to right, shifted by up to a pixel in 28, a rectangle
        erased. Zeros come in where an image moves away or is erased: they are black, and the mean of standardised
        images. A callable gets a batch of float images (n, channels, height, width) as a tensor and returns finite
        floats of the same shape.

    warm_start : bool, default=False
        Whether ``fit`` starts from the weights of the previous fit.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of training. ``"auto"`` is bfloat16 on hardware that computes it natively, for networks that are then faster
        (large convolutions), else float32. Predictions are float32.

    device : str or torch.device, default="auto"
        Where to compute: ``"cpu"``, or ``"cuda"`` for a GPU by NVIDIA or AMD; ``"auto"`` takes the GPU if there is one.
        Other kinds of devices, such as ``"mps"`` and ``"xpu"``, are refused: nothing was ever tested on them.

    random_state : int, RandomState instance or None, default=None
        Drives initialisation, shuffling, dropout, augmentation and the held-out images. Pass an int for the same model
        in every call. Initial weights, the order of images, dropout and augmentation have a stream of random numbers
        each, so that a change of one does not move the others. No global generator is read or moved.

    verbose : int, default=0
        0 is silent, 1 prints a line each epoch.

    net_params : dict, default=None
        Further arguments of the skorch net, for instance ``{"callbacks": [...]}``. Callbacks are copied; the
        copies that ran are in ``net_.callbacks_``."""

CLASSIFIER_PARAMETERS = """\
label_smoothing : float in [0, 1), default=0.0
        The share of each target that is spread evenly over all classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes; ``"balanced"`` makes every class weigh the same."""

CLASSIFIER_ATTRIBUTES = """\
classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.
    history_ : list of dict
        One for each epoch: ``epoch``, ``train_loss``, ``train_accuracy`` (both as measured during the epoch),
        ``valid_loss`` and ``valid_accuracy`` (if there are validation images), ``learning_rate``, ``duration`` in
        seconds.
    loss_curve_ : list of float
        The training loss of each epoch.
    validation_scores_ : list of float or None
        The validation accuracy of each epoch.
    n_epochs_, best_epoch_ : int
        Epochs that were run, and the one whose weights are used.
    interrupted_ : bool
        Whether Ctrl-C cut the training short.
    net_ : skorch.NeuralNet
        The fitted net.
    module_ : torch.nn.Module
        Its network."""

AUTOENCODER_PARAMETERS = """\
activation : str, default="relu"
        After every hidden layer; one of the names of :class:`MLPClassifier`.

    batch_norm : bool, default=False
        Whether to normalise each hidden layer before its activation.

    init : {"pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"}, default="he_normal"
        How weights are drawn, as in :class:`MLPClassifier`.

    output_activation : {"auto", "identity", "sigmoid"}, default="auto"
        What the last layer ends in. ``"auto"`` is a sigmoid if all values that are fitted lie in [0, 1], as levels from
        0 to 255 do once they are scaled, and if `activation` is not the identity.

    image_shape : "auto" or tuple of int, default="auto"
        As in :class:`CNNClassifier`."""

AUTOENCODER_ATTRIBUTES = """\
output_activation_ : {"identity", "sigmoid"}
        What the last layer ends in.
    code_mean_, code_covariance_ : ndarray of shape (latent_dim,) and (latent_dim, latent_dim)
        Of the normal distribution from which ``sample`` draws codes: that of the codes of the images of ``fit`` and of
        every ``partial_fit`` after it.
    n_features_in_ : int
        Values in a row of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame with names.
    image_shape_ : tuple of int
        (channels, height, width) of an image.
    history_ : list of dict
        One for each epoch: ``epoch``, ``train_loss`` (as measured during the epoch), ``valid_loss`` (if there are
        validation images), ``learning_rate``, ``duration`` in seconds.
    loss_curve_ : list of float
        The training loss of each epoch.
    validation_scores_ : list of float or None
        The negative validation loss of each epoch.
    n_epochs_, best_epoch_ : int
        Epochs that were run, and the one whose weights are used.
    interrupted_ : bool
        Whether Ctrl-C cut the training short.
    net_ : skorch.NeuralNet
        The fitted net.
    module_ : torch.nn.Module
        Its network."""

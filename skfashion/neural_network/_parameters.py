"""The parameters that all neural estimators share: how a network is trained."""

from typing import Literal

import numpy as np
import torch

from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._types import Augmentation, Optimizer


@estimator
class TrainingParameters:
    """What every network has to know in order to be trained."""

    optimizer: Optimizer = parameter(
        "adam",
        """
        Its name, or a subclass of :class:`torch.optim.Optimizer`. ``"nesterov"`` is stochastic gradient descent with
        a Nesterov momentum of 0.9.""",
    )
    learning_rate: float = parameter(
        0.003, "The learning rate; with a schedule, its highest value.", number(float, 0, closed="neither")
    )
    optimizer_params: dict | None = parameter(
        None, 'Further arguments of the optimizer, for instance ``{"momentum": 0.9}``.'
    )
    weight_decay: float = parameter(
        0.0,
        'Weight decay as the optimizer defines it: decoupled in ``"adamw"``, an L2 penalty in the others.',
        number(float, 0),
    )
    lr_schedule: Literal["auto", "onecycle", "cosine", "adaptive"] | None = parameter(
        "auto",
        """
        The learning-rate schedule over the `max_epochs` of ``fit``, set at every step: ``"onecycle"`` rises for a fifth
        of the time and then falls to 0, ``"cosine"`` falls to 0. ``"adaptive"`` needs early stopping: the rate rises
        over the first 100 steps, or a fifth of the training if that is shorter, and is divided by 5 each time the
        validation score has not improved for two thirds of `n_iter_no_change` epochs. ``"auto"`` is ``"adaptive"`` with
        early stopping, else ``"onecycle"``. None keeps the rate constant. So does ``partial_fit``, because the number
        of passes is unknown: at `learning_rate`, or at a tenth of it after a ``fit`` with a schedule, rising over the
        first 100 steps.""",
    )
    batch_size: int = parameter(128, "Number of images per step of the optimizer.", number(int, 1))
    max_epochs: int = parameter(20, "Maximum number of epochs (passes over the training images).", number(int, 1))
    max_seconds: float | None = parameter(
        None,
        """
        Time after which ``fit`` stops training, at the end of an epoch. With early stopping the weights of the best
        epoch are used; without it a schedule that falls to 0 over `max_epochs` is cut off where it is. How far a
        training gets depends on the machine. None lets it run for `max_epochs`.""",
        number(float, 0, closed="neither"),
    )
    early_stopping: bool = parameter(
        False,
        """
        Whether to stop when the validation score no longer improves, and to restore the weights of the best epoch,
        which are kept in memory. Uses `X_val` of ``fit``, else holds out a `validation_fraction` of X.""",
    )
    validation_fraction: float = parameter(
        0.1, "Share of the training images that early stopping holds out.", number(float, 0, 1, closed="neither")
    )
    n_iter_no_change: int = parameter(
        10, "Epochs without improvement after which early stopping stops.", number(int, 1)
    )
    tol: float = parameter(
        0.0,
        """
        Minimum increase of the score that counts as an improvement. Scikit-learn's 1e-4 is less than one image
        contributes in most validation sets.""",
        number(float, 0),
    )
    augmentation: Augmentation = parameter(
        None,
        """
        Random changes to the training images: ``"flip"`` flips them left to right, ``"shift"`` translates them by up to
        one pixel in 28, ``"erase"`` erases a rectangle; any of them in any order, as ``"flip+shift"``. ``"mixup"``
        takes a convex combination of each image and another one of its batch, with a coefficient drawn uniformly from
        [0, 1], and ``"cutmix"`` replaces a rectangle of it by that of another one; the network learns both targets,
        weighted by their shares of the image, as is the training accuracy. At most one of these two may be given.
        ``"auto"`` is ``"flip+shift"`` for images, and nothing for rows that are not images. Vacated and erased pixels
        become zero, which is black, or the mean of standardised images. A callable, alone or in a sequence with names,
        gets a batch of float images (n, channels, height, width), and a :class:`torch.Generator` if it has an argument
        `generator`; it returns finite floats of the same shape. One that flips images has an attribute
        ``mirrors = True``.""",
    )
    warm_start: bool = parameter(
        False,
        """
        Whether ``fit`` starts from the weights of the previous fit; the learning rate then rises as in
        ``"adaptive"``. Images are read on the scale of the first fit, and so are the targets of regressors.""",
    )
    precision: Literal["auto", "float32", "bfloat16"] = parameter(
        "auto",
        """
        The precision of training. ``"auto"`` is bfloat16 for large convolutions on hardware where this is faster (GPUs
        that support it, Intel's processors with AMX, AMD's with AVX512-BF16 and Arm's with BF16), else float32.
        Predictions are float32.""",
    )
    device: str | torch.device = parameter(
        "auto",
        """
        Where to compute: ``"cpu"``, or ``"cuda"`` for a GPU by NVIDIA or AMD; ``"auto"`` takes the GPU if there is
        one. Other kinds of devices, such as ``"mps"`` and ``"xpu"``, are refused: nothing was ever tested on them.""",
    )
    distributed: bool = parameter(
        False,
        """
        Whether the processes of :mod:`torch.distributed`, which ``torchrun`` starts, share each fit. All of them call
        ``fit`` with the same images; each takes its part of every batch of `batch_size`, and all end with the same
        model. It equals that of a single process, except for rounding, and for dropout and augmentation, which each
        process draws on its own. Ctrl-C, or the end of one process, ends the training of all.""",
    )
    random_state: int | np.random.RandomState | None = parameter(
        None,
        """
        Drives initialisation, shuffling, dropout, augmentation and the held-out images. Pass an int for the same model
        in every call. Initial weights, the order of images, dropout and augmentation each have their own stream of
        random numbers, so that changing one does not affect the others. No global generator is read or changed.""",
        "random_state",
    )
    verbose: int = parameter(0, "0 is silent, 1 prints a line per epoch.", "verbose")
    net_params: dict | None = parameter(
        None,
        """
        Further arguments of the skorch net, for instance ``{"callbacks": [...]}``; those that a parameter of the
        estimator sets are refused. Callbacks are copied; the copies that ran are in ``net_.callbacks_``.""",
    )

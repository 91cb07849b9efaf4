"""From plain parameters to an optimizer, a schedule of its learning rate, and the decision to stop."""

import inspect
import math

import torch

OPTIMIZERS = {
    "adadelta": torch.optim.Adadelta,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamax": torch.optim.Adamax,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Optimizers whose whole step is one fused kernel on the CPU and on CUDA devices.
_FUSED = (torch.optim.Adagrad, torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def resolve_optimizer(optimizer, weight_decay, optimizer_params, device):
    """Return the class of an optimizer and its keyword arguments without the learning rate.

    Raises
    ------
    ValueError
        If `optimizer` is no optimizer, or does not take one of the arguments.
    """
    cls = OPTIMIZERS.get(optimizer, optimizer) if isinstance(optimizer, str) else optimizer
    if not issubclass(cls, torch.optim.Optimizer):
        raise ValueError(
            f"The 'optimizer' parameter must be one of {sorted(OPTIMIZERS)} or a subclass of torch.optim.Optimizer. "
            f"Got {optimizer!r} instead."
        )
    params = dict(optimizer_params or {})
    accepted = [name for name in inspect.signature(cls).parameters if name not in ("params", "lr", "weight_decay")]
    if unknown := sorted(set(params) - set(accepted), key=str):
        raise ValueError(
            f"optimizer_params holds {unknown}, which {cls.__name__} does not take here; it takes {accepted}, and "
            "learning_rate and weight_decay are parameters of their own."
        )
    if "weight_decay" in inspect.signature(cls).parameters:
        params["weight_decay"] = weight_decay  # also where it is 0: torch's own default need not be
    elif weight_decay > 0:
        raise ValueError(f"{cls.__name__} has no weight decay, but weight_decay={weight_decay!r}.")
    if cls in _FUSED and device.type in ("cpu", "cuda") and not {"foreach", "differentiable"} & set(params):
        params.setdefault("fused", True)
    return cls, params


# The share of a training by one cycle in which the learning rate rises.
WARM_UP = 0.2


def resolve_schedule(schedule, early_stopping):
    """``"auto"`` is one cycle over `max_epochs`, or what follows the validation score if that decides when to stop.

    Raises
    ------
    ValueError
        If the schedule follows a score that is not watched.
    """
    if schedule == "adaptive" and not early_stopping:
        raise ValueError("lr_schedule='adaptive' follows the validation score: it needs early_stopping=True.")
    if schedule == "auto":
        return "adaptive" if early_stopping else "onecycle"
    return schedule


def learning_rate_factor(schedule, progress):
    """The factor on the learning rate when the share `progress` in [0, 1] of the training is done.

    ``"onecycle"`` rises from 4 % to 1 in the first fifth and falls to 0 on a straight line: L. Smith and N. Topin,
    `Super-Convergence <https://arxiv.org/abs/1708.07120>`_, 2017. ``"cosine"`` falls from 1 to 0 on half a cosine:
    I. Loshchilov and F. Hutter, `SGDR <https://arxiv.org/abs/1608.03983>`_, 2016.
    """
    progress = min(progress, 1.0)
    if schedule == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    if progress < WARM_UP:
        return 0.04 + 0.96 * progress / WARM_UP
    return (1 - progress) / (1 - WARM_UP)


class EarlyStopping:
    """Stop when the validation score has not grown by `tol` for `patience` epochs; keep the best weights in memory.

    Parameters
    ----------
    monitor : str
        The entry of the history that is watched.
    sign : {1, -1}
        1 if greater is better.
    tol : float
        What counts as growth.
    patience : int
        Epochs in a row without growth after which to stop.
    n_warm_up_epochs : int, default=0
        Epochs at the beginning in which nothing is waited for, as the learning rate still rises.
    """

    def __init__(self, monitor, sign, tol, patience, n_warm_up_epochs=0):
        self.monitor = monitor
        self.sign = sign
        self.tol = tol
        self.patience = patience
        self.n_warm_up_epochs = n_warm_up_epochs
        self.n_epochs = 0
        self.n_waiting = 0
        self.n_reductions = 0
        self.best_score = -math.inf
        self.best_epoch = None
        self.best_state = None

    def update(self, row, module):
        """Take in one epoch of the history; return whether to stop."""
        score = self.sign * row[self.monitor]
        self.n_epochs += 1
        waiting = self.n_epochs > self.n_warm_up_epochs and score <= self.best_score + self.tol
        self.n_waiting = self.n_waiting + 1 if waiting else 0
        if waiting and self.n_waiting % self._epochs_before_a_reduction == 0:
            self.n_reductions += 1
        if score > self.best_score:
            self.best_score = score
            self.best_epoch = row["epoch"]
            self.best_state = {name: value.detach().clone() for name, value in module.state_dict().items()}
        return self.n_waiting >= self.patience

    @property
    def _epochs_before_a_reduction(self):
        """Two thirds of the patience, so that the lower rate has the rest to show what it is worth."""
        return math.ceil(2 * self.patience / 3)

    @property
    def adaptive_factor(self):
        """The factor on the learning rate under the schedule ``"adaptive"``: a fifth for each reduction."""
        return 0.2**self.n_reductions

    def restore(self, module):
        """Give `module` the best weights that were seen."""
        if self.best_state is not None:
            module.load_state_dict(self.best_state)

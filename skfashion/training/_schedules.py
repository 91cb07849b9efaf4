"""Learning rates over the steps of a training, as schedulers of torch."""

import math
from dataclasses import dataclass

from torch.optim.lr_scheduler import LambdaLR

# The share of a training by one cycle in which the learning rate rises.
WARM_UP = 0.2

# The learning rate of a new optimizer rises over at most so many steps, until the optimizer knows the size of the
# gradients. Adam's first step, for one, moves every weight by the whole rate.
_STEPS_OF_WARM_UP = 100


def n_steps_of_warm_up(n_steps):
    """The steps in which the learning rate rises, of `n_steps` of a training; None if their number is unknown."""
    return _STEPS_OF_WARM_UP if n_steps is None else min(_STEPS_OF_WARM_UP, WARM_UP * n_steps)


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


@dataclass
class WarmUp:
    """A learning rate that rises to a share of the full one over the first steps.

    Attributes
    ----------
    target : float
        The factor on the learning rate after the warm-up.
    n_steps : int
        Steps of earlier calls: passes of ``partial_fit`` count on.
    """

    target: float
    n_steps: int = 0

    def factor(self, step, n_rising):
        """The factor at a step of this call, counted from 0, if it rises over the first `n_rising` steps of all."""
        return self.target * min(1.0, (self.n_steps + step + 1) / n_rising)

    def is_over(self, step, n_rising):
        """Whether the rate has been at its target before a step, and needs nobody who sets it."""
        return self.target == 1.0 and self.n_steps + step > n_rising


class Schedule:
    """The learning rate of every step of one training, by a scheduler of torch.

    Parameters
    ----------
    name : {"onecycle", "cosine", "adaptive"} or None
        ``"adaptive"`` asks `stopping` for the factor; None is a constant rate.
    n_batches, max_epochs : int
        Steps per epoch, and epochs over which the schedule is stretched.
    one_pass : bool, default=False
        Whether this is one of an unknown number of passes.
    warm_up : WarmUp, default=None
        A rise in the beginning, for rates that have none.
    stopping : EarlyStopping, default=None
        What reduces the rate of ``"adaptive"``.
    """

    def __init__(self, name, *, n_batches, max_epochs, one_pass=False, warm_up=None, stopping=None):
        self.name = name
        self.n_batches = n_batches
        self.max_epochs = max_epochs
        self.warm_up = warm_up
        self.stopping = stopping
        self.n_rising = n_steps_of_warm_up(None if one_pass else n_batches * max_epochs)
        self.n_steps = 0
        self.scheduler = None

    def begin_step(self, optimizer):
        """Set the learning rate of the next step; a constant one is left to the optimizer and to callbacks."""
        if self.name is None and (self.warm_up is None or self.warm_up.is_over(self.n_steps, self.n_rising)):
            return
        if self.scheduler is None:
            self.scheduler = LambdaLR(optimizer, self.factor)
        else:
            self.scheduler.step()
        self.n_steps += 1

    def factor(self, step):
        """The factor on the learning rate of all groups at a step of this training."""
        factor = 1.0 if self.warm_up is None else self.warm_up.factor(step, self.n_rising)
        if self.name == "adaptive":
            return factor * self.stopping.adaptive_factor
        if self.name is not None:
            epoch, batch = divmod(step, self.n_batches)
            return factor * learning_rate_factor(self.name, (epoch + batch / self.n_batches) / self.max_epochs)
        return factor

    def n_rising_epochs(self):
        """The epochs at the beginning in which the learning rate rises."""
        if self.name == "onecycle":
            return WARM_UP * self.max_epochs
        return 0 if self.warm_up is None else self.n_rising / self.n_batches

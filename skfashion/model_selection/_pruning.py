"""Reports of the score after each epoch to a trial, which may prune it."""

import copy

# After equally many epochs, trainings that differ in one of these are not comparable.
_COURSE = ("max_epochs", "lr_schedule", "net_params")


class EpochReport:
    """Callback of scikit-learn that reports the score after each epoch to a trial, and may end the training.

    Parameters
    ----------
    trial : optuna.Trial
        The trial.
    score : callable
        Function that scores an estimator.
    estimator : estimator
        The estimator to be fitted: one that reports its epochs, or a Pipeline that ends in one.
    """

    def __init__(self, trial, score, estimator):
        self.trial, self.score, self.estimator = trial, score, estimator
        self.last_step = 0
        self.pruned = False
        last = _last_step(estimator)[1]
        self.max_epochs = last.max_epochs
        last.set_callbacks(*getattr(last, "_skl_callbacks", []), self)

    def setup(self, estimator, context):
        """Called before a fit."""

    def teardown(self, estimator, context):
        """Called after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Called before each epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Report the score of an epoch; return whether the trial is pruned, so that training should stop."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        self.last_step = context.task_id + 1
        self.trial.report(self.score(self._whole(fitted_estimator)), self.last_step)
        self.pruned = self.last_step < self.max_epochs and self.trial.should_prune()
        return self.pruned

    def _whole(self, last):
        """The Pipeline as of this epoch; its other steps are fitted, and with a memory others than before the fit."""
        if not hasattr(self.estimator, "steps"):
            return last
        whole = copy.copy(self.estimator)
        whole.steps = [*whole.steps[:-1], (whole.steps[-1][0], last)]
        return whole


def comparable_epochs(estimator, searched):
    """The number of epochs of all candidates; 0 if they differ in schedule or length and cannot be compared."""
    name, last = _last_step(estimator)
    if not (hasattr(last, "set_callbacks") and "max_epochs" in last.get_params(deep=False)):
        return 0
    course = {name, "steps"} if name else set()
    course |= {f"{name}__{parameter}" if name else parameter for parameter in _COURSE}
    return 0 if course & searched else last.max_epochs


def _last_step(estimator):
    return estimator.steps[-1] if hasattr(estimator, "steps") else ("", estimator)

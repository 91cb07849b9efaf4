"""Reports of the score after each epoch to a trial, which may prune it."""

from skfashion.model_selection._last_step import last_step, path_to_last_step, with_last_step

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
        last = last_step(estimator)
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
        # The other steps are fitted, and with a memory others than before the fit.
        self.trial.report(self.score(with_last_step(self.estimator, fitted_estimator)), self.last_step)
        self.pruned = self.last_step < self.max_epochs and self.trial.should_prune()
        return self.pruned


def comparable_epochs(estimator, searched):
    """The number of epochs of all candidates; 0 if they differ in schedule or length and cannot be compared."""
    last, path = last_step(estimator), path_to_last_step(estimator)
    if not (hasattr(last, "set_callbacks") and "max_epochs" in last.get_params(deep=False)):
        return 0
    course = {"__".join([*path, name]) for name in _COURSE}
    for depth in range(len(path)):  # the step itself, and the Pipelines that hold it
        course |= {"__".join([*path[:depth], "steps"]), "__".join(path[: depth + 1])}
    return 0 if course & searched else last.max_epochs

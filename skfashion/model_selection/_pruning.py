"""Reports of the score after each epoch to a trial, which may prune it."""

from dataclasses import dataclass

from skfashion._nested import last_step, path_to_last_step, with_last_step
from skfashion.model_selection._schedule_parameters import SCHEDULE_PARAMETERS


class EpochReport:
    """Callback of scikit-learn that reports the scores after each epoch, and may end the training.

    Parameters
    ----------
    report : callable
        Called with the number of epochs so far and their scores; returns whether to end the training.
    score : callable
        Function that scores an estimator.
    estimator : estimator
        The estimator to be fitted: one that reports its epochs, or a Pipeline that ends in one.
    """

    def __init__(self, report, score, estimator):
        self.report, self.score, self.estimator = report, score, estimator
        last = last_step(estimator)
        last.set_callbacks(*getattr(last, "_skl_callbacks", []), self)

    def setup(self, estimator, context):
        """Called before a fit."""

    def teardown(self, estimator, context):
        """Called after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Called before each epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Report the scores of an epoch; return whether training should stop."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        # The other steps are fitted, and with a memory others than before the fit.
        scores = self.score(with_last_step(self.estimator, fitted_estimator))
        return bool(self.report(context.task_id + 1, scores))


@dataclass
class ReportedEpochs:
    """The epochs of a fold as a trial hears of them, which may be pruned at each but the last of `n_epochs`."""

    trial: object
    leading: object
    n_epochs: int
    last_step: int = 0
    pruned: bool = False

    def report(self, step, scores):
        """Report an epoch; return whether the trial is pruned."""
        self.last_step = step
        self.trial.report(float(self.leading(scores)), step)
        self.pruned = step < self.n_epochs and self.trial.should_prune()
        return self.pruned

    def report_all(self, epochs):
        """Report epochs of a fold that is over, up to the one at which the trial is pruned."""
        for step, scores in epochs:
            if self.report(step, scores):
                break


def comparable_epochs(estimator, searched):
    """The number of epochs of all candidates; 0 if they differ in schedule or length and cannot be compared."""
    last, path = last_step(estimator), path_to_last_step(estimator)
    if not (hasattr(last, "set_callbacks") and "max_epochs" in last.get_params(deep=False)):
        return 0
    course = {"__".join([*path, name]) for name in (*SCHEDULE_PARAMETERS, "net_params")}
    for depth in range(len(path)):  # the step itself, and the Pipelines that hold it
        course |= {"__".join([*path[:depth], "steps"]), "__".join(path[: depth + 1])}
    return 0 if course & searched else last.max_epochs

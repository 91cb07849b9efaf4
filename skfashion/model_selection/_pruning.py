"""Trials that learn of each epoch how they do."""

from skfashion.model_selection._distributions import load_optuna


class _EpochReport:
    """A callback of scikit-learn that tells a trial how an estimator does after each epoch."""

    def __init__(self, trial, score, pipeline, X):
        self.trial, self.score, self.pipeline, self.X = trial, score, pipeline, X

    def setup(self, estimator, context):
        """Called before a fit."""

    def teardown(self, estimator, context):
        """Called after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Called before each epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Report the score of an epoch, and end the trial if it is far behind."""
        if context.task_name == "epoch":
            # The steps before the last one are fitted by now; with a memory they are others than before the fit.
            X = self.X if self.pipeline is None else self.pipeline[:-1].transform(self.X)
            self.trial.report(self.score(fitted_estimator, X), context.task_id)
            if self.trial.should_prune():
                raise load_optuna().TrialPruned


def report_epochs(estimator, trial, score, X):
    """Let an estimator, or the last step of a pipeline, report the ``score(estimator, X)`` of its epochs, if any."""
    piped = hasattr(estimator, "steps")
    last = estimator.steps[-1][1] if piped else estimator
    if hasattr(last, "set_callbacks") and "max_epochs" in last.get_params():
        pipeline = estimator if piped and len(estimator) > 1 else None
        others = getattr(last, "_skl_callbacks", [])
        last.set_callbacks(*others, _EpochReport(trial, score, pipeline, X))

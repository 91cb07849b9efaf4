"""Trials that learn of each epoch how they do."""

from skfashion.model_selection._distributions import load_optuna


class _EpochReport:
    """A callback of scikit-learn that tells a trial how an estimator does after each epoch."""

    def __init__(self, trial, scorer, transformer, X, y):
        self.trial, self.scorer, self.transformer, self.X, self.y = trial, scorer, transformer, X, y

    def setup(self, estimator, context):
        """Called before a fit."""

    def teardown(self, estimator, context):
        """Called after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Called before each epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Report the score of an epoch, and end the trial if it is far behind."""
        if context.task_name == "epoch":
            # The steps before the last one of a pipeline are fitted by now.
            X = self.X if self.transformer is None else self.transformer.transform(self.X)
            score = self.scorer(fitted_estimator, X, *(() if self.y is None else (self.y,)))
            self.trial.report(float(score), context.task_id)
            if self.trial.should_prune():
                raise load_optuna().TrialPruned


def report_epochs(estimator, trial, scorer, X, y):
    """Let an estimator, or the last step of a pipeline, report its epochs, if it has some."""
    steps = hasattr(estimator, "steps")
    last = estimator.steps[-1][1] if steps else estimator
    if hasattr(last, "set_callbacks") and "max_epochs" in last.get_params():
        transformer = estimator[:-1] if steps and len(estimator) > 1 else None
        others = getattr(last, "_skl_callbacks", [])
        last.set_callbacks(*others, _EpochReport(trial, scorer, transformer, X, y))

"""Runner of the trials of one fit."""

import time
from dataclasses import dataclass, field

from skfashion.model_selection._evaluation import Evaluation
from skfashion.model_selection._space import Space, load_optuna
from skfashion.model_selection._study import tell


@dataclass
class TrialRunner:
    """Runs trials until the `deadline`, or until the sampler is exhausted; keeps the errors of failed trials."""

    study: object
    space: Space
    evaluation: Evaluation
    deadline: float
    exhausted: bool = False
    errors: dict = field(default_factory=dict)

    def run(self, root, task_id):
        """Run a trial as a task under the context `root`."""
        if self.exhausted or time.perf_counter() > self.deadline:
            return
        search, data = self.evaluation.search, {"X": self.evaluation.X, "y": self.evaluation.y}
        context = root.subcontext("trial", task_id=task_id, max_subtasks=len(self.evaluation.splits))
        context.call_on_fit_task_begin(estimator=search, **data)
        trial = self.study.ask()
        try:
            self.exhausted |= self._run(trial, context)
        finally:
            context.call_on_fit_task_end(estimator=search, **data)
        if search.verbose:
            result = self.study.trials[trial.number]
            setting = self.space.setting(result.params)
            print(f"trial {trial.number}: {result.state.name.lower()}, {result.value}, {setting}", flush=True)

    def _run(self, trial, context):
        """Return whether it was the last one."""
        optuna = load_optuna()
        states = optuna.trial.TrialState
        try:
            trial.set_user_attr("folds", [])  # marks the trial as one of a search
            score = self.evaluation.score(trial, self.space.suggest(trial), context)
        except optuna.TrialPruned:
            return tell(self.study, trial, state=states.PRUNED)
        except BaseException as error:
            self.errors[trial.number] = error
            trial.set_user_attr("error", repr(error))
            exhausted = tell(self.study, trial, state=states.FAIL)
            if isinstance(self.evaluation.search.error_score, str) or not isinstance(error, Exception):
                raise
            return exhausted
        return tell(self.study, trial, score, states.COMPLETE)

"""Runner of the trials of one fit."""

import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

from skfashion.model_selection._evaluation import Evaluation
from skfashion.model_selection._heartbeat import beating, seconds_between
from skfashion.model_selection._quota import Quota
from skfashion.model_selection._space import Space, load_optuna
from skfashion.model_selection._study import reseed_study, tell

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass
class TrialRunner:
    """Runs trials until the study has enough, the `deadline`, or until the sampler is exhausted.

    Keeps the errors of failed trials.
    """

    study: object
    space: Space
    evaluation: Evaluation
    quota: Quota
    seed: int
    deadline: float
    exhausted: bool = False
    errors: dict = field(default_factory=dict)
    is_first: bool = True
    lock: object = field(default_factory=threading.Lock)

    def run(self, root, task_id):
        """Run a trial as a task under the context `root`."""
        trial = self._next_trial()
        if trial is None:
            return
        search, data = self.evaluation.search, {"X": self.evaluation.X, "y": self.evaluation.y}
        context = root.subcontext("trial", task_id=task_id, max_subtasks=len(self.evaluation.splits))
        context.call_on_fit_task_begin(estimator=search, **data)
        alone = search.storage is None
        try:
            with nullcontext() if alone else beating(trial, seconds_between(search.storage)):
                self.exhausted |= self._run(trial, context)
        finally:
            context.call_on_fit_task_end(estimator=search, **data)
        if search.verbose:
            result = self.study.trials[trial.number]
            setting = self.space.setting(result.params)
            print(f"trial {trial.number}: {result.state.name.lower()}, {result.value}, {setting}", flush=True)

    def _next_trial(self):
        """Begin a trial if the study lacks one; wait while others run the last ones, which they may not end."""
        while not self.exhausted and time.perf_counter() <= self.deadline:
            lacking, others_run = self.quota.look()
            if lacking > 0:
                trial = self.quota.begin()
                if trial is not None:
                    self._use_own_numbers(trial)
                    return trial
            elif others_run:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            else:
                return None
        return None

    def _use_own_numbers(self, trial):
        """Draw other settings than a process of the same seed that began before."""
        with self.lock:
            if self.is_first and trial.number != self.quota.first:
                reseed_study(self.study, self.evaluation.search.sampler, self.seed, trial.number)
            self.is_first = False

    def _run(self, trial, context):
        """Return whether it was the last one."""
        optuna = load_optuna()
        try:
            return self._evaluate(trial, context)
        except optuna.exceptions.StorageInternalError:  # no fault of the trial, and nowhere to tell
            raise
        except optuna.exceptions.UpdateFinishedTrialError as error:  # others took this process for gone
            self.errors[trial.number] = error
            return False
        except BaseException as error:
            self.errors[trial.number] = error
            if isinstance(error, Exception):
                trial.set_user_attr("error", repr(error))
            exhausted = tell(self.study, trial, state=optuna.trial.TrialState.FAIL)
            if isinstance(self.evaluation.search.error_score, str) or not isinstance(error, Exception):
                raise
            return exhausted

    def _evaluate(self, trial, context):
        """Score a trial and tell how it ended; return whether it was the last one."""
        optuna = load_optuna()
        trial.set_user_attr("folds", [])  # marks the trial as one of a search
        try:
            score = self.evaluation.score(trial, self.space.suggest(trial), context)
        except optuna.TrialPruned:
            return tell(self.study, trial, state=optuna.trial.TrialState.PRUNED)
        return tell(self.study, trial, score, optuna.trial.TrialState.COMPLETE)

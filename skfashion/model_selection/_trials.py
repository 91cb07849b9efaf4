"""The trials of one fit, fold by fold."""

import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

from skfashion.model_selection._evaluation import Evaluation
from skfashion.model_selection._heartbeat import beating, seconds_between
from skfashion.model_selection._quota import Quota
from skfashion.model_selection._space import Space, load_optuna
from skfashion.model_selection._study import reseed_study, tell


@dataclass
class Trials:
    """Trials until the study has enough, the `deadline`, or until the sampler is exhausted; the errors of failed ones.

    Who runs their folds, and where, is another matter: see :mod:`~skfashion.model_selection._execution`.
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

    def begin(self, root, task_id):
        """Begin a trial as a task under the context `root`, if the study lacks one.

        Yields each :class:`~skfashion.model_selection._fold.Fold`, and is sent its result or thrown its error; before,
        None for as long as others run the last trials, which they may not end.
        """
        trial = None
        while trial is None:
            if self.exhausted or time.perf_counter() > self.deadline:
                return
            lacking, others_run = self.quota.look()
            if lacking > 0:
                trial = self.quota.begin()  # None if others were faster
            elif others_run:
                yield None
            else:
                return
        self._use_own_numbers(trial)
        yield from self._as_task(trial, root, task_id)

    def _use_own_numbers(self, trial):
        """Draw other settings than a process of the same seed that began before."""
        with self.lock:
            if self.is_first and trial.number != self.quota.first:
                reseed_study(self.study, self.evaluation.search.sampler, self.seed, trial.number)
            self.is_first = False

    def _as_task(self, trial, root, task_id):
        search, data = self.evaluation.search, {"X": self.evaluation.X, "y": self.evaluation.y}
        context = root.subcontext("trial", task_id=task_id, max_subtasks=len(self.evaluation.splits))
        context.call_on_fit_task_begin(estimator=search, **data)
        alone = search.storage is None
        try:
            with nullcontext() if alone else beating(trial, seconds_between(search.storage)):
                if (yield from self._to_its_end(trial, context)):
                    self.exhausted = True
        finally:
            context.call_on_fit_task_end(estimator=search, **data)
        if search.verbose:
            result = self.study.trials[trial.number]
            setting = self.space.setting(result.params)
            print(f"trial {trial.number}: {result.state.name.lower()}, {result.value}, {setting}", flush=True)

    def _to_its_end(self, trial, context):
        """Return whether it was the last one."""
        optuna = load_optuna()
        try:
            return (yield from self._evaluated(trial, context))
        except optuna.exceptions.StorageInternalError:  # no fault of the trial, and nowhere to tell
            raise
        except optuna.exceptions.UpdateFinishedTrialError as error:  # others took this process for gone
            self.errors[trial.number] = error
            return False
        except BaseException as error:
            self.errors[trial.number] = error
            exhausted = self._tell_error(trial, error)
            if isinstance(self.evaluation.search.error_score, str) or not isinstance(error, Exception):
                raise
            return exhausted

    def _tell_error(self, trial, error):
        """Tell that a trial has failed, unless others have given it up; return whether it was the last one."""
        optuna = load_optuna()
        try:
            if isinstance(error, Exception):
                trial.set_user_attr("error", repr(error))
            return tell(self.study, trial, state=optuna.trial.TrialState.FAIL)
        except optuna.exceptions.UpdateFinishedTrialError:
            return False

    def _evaluated(self, trial, context):
        """Tell how a trial ended; return whether it was the last one."""
        optuna = load_optuna()
        trial.set_user_attr("folds", [])  # marks the trial as one of a search
        try:
            score = yield from self.evaluation.folds(trial, self.space.suggest(trial), context)
        except optuna.TrialPruned:
            return tell(self.study, trial, state=optuna.trial.TrialState.PRUNED)
        return tell(self.study, trial, score, optuna.trial.TrialState.COMPLETE)

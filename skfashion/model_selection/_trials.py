"""Runner of the trials of one fit."""

import time
from dataclasses import dataclass, field

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

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

    def run(self, root, n_trials, n_jobs):
        """Run trials as tasks under the context `root`, up to `n_jobs` at a time.

        They run in threads, unless the user has chosen a backend of joblib that shares no memory with them, such as
        that of a cluster: then their folds run there.
        """
        trials = [self._trial(root, number) for number in range(n_trials)]
        backend, default = get_active_backend(prefer="threads")
        if getattr(backend, "supports_sharedmem", False):  # Dask's does not say
            Parallel(n_jobs=n_jobs, backend="threading")(delayed(_run_here)(trial) for trial in trials)
        else:
            with Parallel(n_jobs=n_jobs, batch_size=1, pre_dispatch="all") as parallel:
                asked = default if n_jobs is None else n_jobs
                # Dask's effective number is that of its workers, whatever is asked for and whoever is alive.
                given = asked is not None and asked > 0
                _run_elsewhere(trials, parallel, asked if given else effective_n_jobs(n_jobs))

    def _trial(self, root, task_id):
        """Run a trial under the context `root`: yield each fold, and be sent its result or thrown its error."""
        if self.exhausted or time.perf_counter() > self.deadline:
            return
        search, data = self.evaluation.search, {"X": self.evaluation.X, "y": self.evaluation.y}
        context = root.subcontext("trial", task_id=task_id, max_subtasks=len(self.evaluation.splits))
        context.call_on_fit_task_begin(estimator=search, **data)
        trial = self.study.ask()
        try:
            self.exhausted |= yield from self._folds(trial, context)
        finally:
            context.call_on_fit_task_end(estimator=search, **data)
        if search.verbose:
            result = self.study.trials[trial.number]
            setting = self.space.setting(result.params)
            print(f"trial {trial.number}: {result.state.name.lower()}, {result.value}, {setting}", flush=True)

    def _folds(self, trial, context):
        """Return whether it was the last one."""
        optuna = load_optuna()
        states = optuna.trial.TrialState
        try:
            trial.set_user_attr("folds", [])  # marks the trial as one of a search
            score = yield from self.evaluation.folds(trial, self.space.suggest(trial), context)
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


def _run_here(trial):
    """Run all folds of a trial in this thread."""
    fold = next(trial, None)
    while fold is not None:
        try:
            result = fold.run()
        except BaseException as error:
            fold = _next_fold(trial.throw, error)
        else:
            fold = _next_fold(trial.send, result)


def _run_elsewhere(trials, parallel, n_at_a_time):
    """Run the next fold of each of `n_at_a_time` trials by joblib, and so on.

    Trials are asked for and told of in order, whichever fold is done first: equal seeds give equal trials.
    """
    coming, folds = iter(trials), {}
    try:
        while True:
            while len(folds) < n_at_a_time and (trial := next(coming, None)) is not None:
                if (fold := next(trial, None)) is not None:
                    folds[trial] = fold
            if not folds:
                return
            outcomes = parallel(fold.task() for fold in folds.values())
            pairs = zip(folds.items(), outcomes, strict=True)
            following = {trial: _told(trial, fold, outcome) for (trial, fold), outcome in pairs}
            folds = {trial: fold for trial, fold in following.items() if fold is not None}
    finally:
        for trial in trials:  # those that still run end as failed
            trial.close()


def _told(trial, fold, outcome):
    """The next fold of a trial that is told the outcome of one; None at its end."""
    if fold.epochs is not None:
        fold.epochs.report_all(outcome.epochs)
        if fold.epochs.pruned:  # what came of it later, here would not have come to pass
            return _next_fold(trial.send, None)
    if outcome.error is not None:
        return _next_fold(trial.throw, outcome.error)
    return _next_fold(trial.send, outcome.result)


def _next_fold(resume, value):
    """The next fold of a trial that goes on with a result or an error; None at its end."""
    try:
        return resume(value)
    except StopIteration:
        return None

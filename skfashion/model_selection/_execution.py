"""Where the folds of trials run: in threads of this process, or wherever joblib is told to run its tasks."""

import time
from collections import deque
from concurrent.futures import CancelledError

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

_SECONDS_BETWEEN_LOOKS = 1.0

# What comes after the last fold of a trial.
_END = object()


def run_trials(trials, n_jobs):
    """Run trials, up to `n_jobs` at a time.

    They run in threads, unless the user has chosen a backend of joblib that shares no memory with them, such as that of
    a cluster: then their folds run there.

    Parameters
    ----------
    trials : list of generator
        As :meth:`Trials.begin` returns them.
    n_jobs : int or None
        As in joblib.
    """
    backend, default = get_active_backend(prefer="threads")
    if getattr(backend, "supports_sharedmem", False):  # Dask's does not say
        Parallel(n_jobs=n_jobs, backend="threading")(delayed(_run_here)(trial) for trial in trials)
    else:
        with Parallel(n_jobs=n_jobs, batch_size=1, pre_dispatch="all") as parallel:
            asked = default if n_jobs is None else n_jobs
            # Dask's effective number is that of its workers, whatever is asked for and whoever is alive.
            given = asked is not None and asked > 0
            _run_elsewhere(trials, parallel, asked if given else effective_n_jobs(n_jobs))


def _run_here(trial):
    """Run all folds of a trial in this thread."""
    fold = _turn(next, trial)
    while fold is not _END:
        if fold is None:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            fold = _turn(next, trial)
            continue
        try:
            result = fold.run()
        except BaseException as error:
            fold = _turn(trial.throw, error)
        else:
            fold = _turn(trial.send, result)


def _run_elsewhere(trials, parallel, n_at_a_time):
    """Run the next fold of each of `n_at_a_time` trials by joblib, and so on.

    Trials are asked for and reported in order, whichever fold ends first: equal seeds give equal trials.
    """
    coming, folds = deque(trials), {}
    try:
        while coming or folds:
            _begin(coming, folds, n_at_a_time)
            if not folds:
                time.sleep(_SECONDS_BETWEEN_LOOKS if coming else 0)
                continue
            outcomes = _outcomes(parallel, folds.values())
            pairs = zip(folds.items(), outcomes, strict=True)
            following = {trial: _reported(trial, fold, outcome) for (trial, fold), outcome in pairs}
            folds = {trial: fold for trial, fold in following.items() if fold is not _END}
    finally:
        for trial in trials:  # those that still run end as failed
            trial.close()


def _outcomes(parallel, folds):
    """What workers tell of folds.

    Dask cancels tasks whose data were on no worker but one that is gone, and within seconds of a `scatter` it keeps one
    copy only: then the data are sent once more.
    """
    try:
        return parallel(fold.task() for fold in folds)
    except CancelledError:
        for fold in folds:
            fold.evaluation.copy_data()
        return parallel(fold.task() for fold in folds)


def _begin(coming, folds, n_at_a_time):
    """Begin trials until so many run, or others run the last ones: own folds do not wait for those."""
    while coming and len(folds) < n_at_a_time:
        fold = _turn(next, coming[0])
        if fold is None:
            return
        trial = coming.popleft()
        if fold is not _END:
            folds[trial] = fold


def _reported(trial, fold, outcome):
    """Report the outcome of a fold to its trial; return the next fold."""
    if fold.epochs is not None:
        try:
            fold.epochs.report_all(outcome.epochs)
        except Exception as error:  # of the storage, or of the pruner: a matter of this trial
            return _turn(trial.throw, error)
        if fold.epochs.pruned:  # in this process, what came later would not have happened
            return _turn(trial.send, None)
    if outcome.error is not None:
        return _turn(trial.throw, outcome.error)
    return _turn(trial.send, outcome.result)


def _turn(resume, value):
    """What a trial that goes on yields next."""
    try:
        return resume(value)
    except StopIteration:
        return _END

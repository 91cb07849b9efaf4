"""One fold of a trial, fitted and scored here or in another process."""

import pickle
import traceback
from dataclasses import dataclass
from functools import partial

from sklearn.utils.parallel import delayed

from skfashion._private_sklearn_search import _check_method_params, _fit_and_score, _safe_split
from skfashion.model_selection._pruning import EpochReport


@dataclass
class Fold:
    """A candidate to be fitted and scored on one split.

    Attributes
    ----------
    epochs : ReportedEpochs or None
        Receives the scores after each epoch.
    """

    evaluation: object
    candidate: object
    train: object
    test: object
    context: object
    epochs: object

    def run(self):
        """Run the fold in this thread; epochs are reported as they end."""
        report = None if self.epochs is None else self.epochs.report
        return _run(self.candidate, self.evaluation.X, self.evaluation.y, self._settings(), report)

    def task(self):
        """What another process has to run, as a task of joblib."""
        settings = {**self._settings(), "caller": _without_study(self.evaluation.search)}
        # X and y are arguments of their own: backends recognise them, and send them once. All else is in the task
        # itself: Dask would put the indices of a fold on one worker, and they would be lost with it.
        return delayed(_run_and_tell)(
            self.candidate, self.evaluation.X, self.evaluation.y, settings, with_epochs=self.epochs is not None
        )

    def _settings(self):
        return {
            "train": self.train,
            "test": self.test,
            "scorer": self.evaluation.scorer,
            "fit_params": self.evaluation.fit_params,
            "score_params": self.evaluation.score_params,
            "caller": self.evaluation.search,
            "callback_ctx": self.context,
        }


@dataclass
class Outcome:
    """What another process tells of a fold: the scores of each epoch, and the result or the error."""

    epochs: list
    result: dict | None = None
    error: Exception | None = None


def _run(candidate, X, y, settings, report):
    """Fit and score a candidate; call `report`, unless it is None, with the number and the scores of each epoch."""
    if report is not None:
        EpochReport(report, partial(_score_epoch, X=X, y=y, settings=settings), candidate)
    fold = _fit_and_score(
        candidate, X, y, verbose=0, parameters=None, return_times=True, error_score="raise", **settings
    )
    return {name: fold[name] for name in ("fit_time", "score_time", "test_scores")}


def _score_epoch(estimator, X, y, settings):
    X_test, y_test = _safe_split(estimator, X, y, settings["test"], settings["train"])
    params = _check_method_params(X, settings["score_params"], indices=settings["test"])
    return settings["scorer"](estimator, X_test, *(() if y_test is None else (y_test,)), **params)


def _run_and_tell(candidate, X, y, settings, with_epochs):
    """Run a fold in a process that the trial is not in; return its outcome."""
    epochs = []
    try:
        result = _run(candidate, X, y, settings, (lambda *epoch: epochs.append(epoch)) if with_epochs else None)
    except Exception as error:
        return Outcome(epochs, error=_portable(error))
    return Outcome(epochs, result)


def _portable(error):
    """The error with a note of where it was raised; one that says the same if it cannot be made from its arguments."""
    try:
        again = pickle.loads(pickle.dumps(error))  # as it will travel
    except Exception:
        again = RuntimeError(repr(error))
    again.add_note("".join(traceback.format_exception(error)))
    return again


def _without_study(search):
    """The search as callbacks in other processes see it: trials, and where they are kept, stay here."""
    here = {"storage": None, "sampler": None, "pruner": None, "initial_params": None}
    return type(search)(**{**search.get_params(deep=False), **here})

"""Grid search whose networks are trained together."""

import itertools
import math
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from numbers import Real
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs, parallel_config
from joblib.parallel import ParallelBackendBase
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv

from skfashion._private_sklearn import Interval, _fit_context
from skfashion._private_sklearn_search import BaseSearchCV
from skfashion._version import Versioned
from skfashion.training._together import Fit, train_together

# Bytes of training images that are held for fits that wait for each other, as scikit-learn copies them for each fit;
# and how many such fits there are at most: each has a thread.
_MAX_BYTES, _MAX_FITS = 2**31, 256

# Fits for each job that begin together when the time is limited: enough to gain most from each other.
_FITS_AT_A_TIME = 8


class VectorizedGridSearchCV(Versioned, GridSearchCV):
    """Grid search that trains networks of the same shapes together, in one vectorized computation.

    It takes any estimator or Pipeline, gives the results of :class:`~sklearn.model_selection.GridSearchCV`, and runs
    its code. Only where several fits train dense networks whose layers have the same sizes, on the same images, are
    these trained together: their learning rates, optimizers, weight decays, dropouts, label smoothings, class weights,
    schedules, early stopping and seeds may differ. Each becomes the model of a fit of its own, up to rounding (which
    batch normalisation and Adam can amplify to the third decimal place of a probability). One that has stopped, or has
    diverged and gets the `error_score`, does not affect the others. Everything else is fitted as usual: other
    estimators, networks with convolutions, on other devices than the CPU or in bfloat16, with user-defined optimizers
    or augmentations, or with callbacks that look at single batches. `max_seconds` of a network counts the time of the
    training that it shares.

    Parameters
    ----------
    estimator : estimator
        Any estimator of scikit-learn's API, also a Pipeline.

    param_grid : dict or list of dicts
        Names of parameters and the values to try, or several such grids.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    n_jobs : int or None, default=None
        How many threads share the work: networks that are trained together, and fits that are not. They share the data,
        and no process has to be started; products of matrices run side by side. -1 is one for each core. Torch's own
        threads are divided among them. Networks so small that threads would wait for each other are left to one. All
        of this is in one process, also within ``joblib.parallel_config`` of processes or a cluster, which
        :class:`~sklearn.model_selection.GridSearchCV` uses.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    cv : int, splitter, iterable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    verbose : int, default=0
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    pre_dispatch : int or str, default="2*n_jobs"
        A number limits how many fits wait for each other. Otherwise the size of X does: the training images of all
        that wait take up to 2 GiB.

    error_score : "raise" or number, default=nan
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    return_train_score : bool, default=False
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    max_seconds : float or None, default=None
        Time in seconds after which no further candidate starts: about eight fits per job start together, the first ones
        in any case.
        ``cv_results_`` holds the candidates that were tried, and the best of them is refitted.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in :class:`~sklearn.model_selection.GridSearchCV`, and ``vectorized``: whether each candidate was trained
        together with others in all folds. The time of a fit is its share of the time of such a training.

    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, multimetric_ : object
        As in :class:`~sklearn.model_selection.GridSearchCV`, and so are ``classes_``, ``n_features_in_`` and
        ``feature_names_in_``, where they exist.

    See Also
    --------
    VectorizedHalvingGridSearchCV : Trains only the best candidates to the end.
    OptunaSearchCV : Learns from trials which ones to try next, and ends bad ones early.

    References
    ----------
    L. Liu et al., `HFTA: Horizontally Fused Training Array <https://arxiv.org/abs/2102.02344>`_, 2021.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.model_selection import VectorizedGridSearchCV
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> grid = {"learning_rate": [0.0001, 0.003], "dropout": [0.0, 0.2]}
    >>> search = VectorizedGridSearchCV(MLPClassifier((32,), batch_size=32, random_state=0), grid, cv=3).fit(X, y)
    >>> search.best_params_["learning_rate"]
    0.003
    >>> search.cv_results_["vectorized"].all()
    np.True_
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "param_grid": [dict, list],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        max_seconds=None,
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_seconds = max_seconds

    @_fit_context(prefer_skip_nested_validation=False)  # also before the parameters of this class are used
    def fit(self, X, y=None, **params):
        """Fit all candidates on all folds, and the best one on all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The images.

        y : array-like of shape (n_samples,), default=None
            Their labels or targets.

        **params : dict of str to object
            For ``fit`` of the estimator, the scorer and the splitter, as in
            :class:`~sklearn.model_selection.GridSearchCV`.

        Returns
        -------
        self : object
            The fitted search.
        """
        self._deadline = time.perf_counter() + (math.inf if self.max_seconds is None else self.max_seconds)
        n_at_once = min(_MAX_FITS, max(2, _MAX_BYTES // max(1, _n_bytes(X))))
        with parallel_config(backend="threading"):  # what the user has chosen may count the workers of a cluster
            n_threads = effective_n_jobs(self.n_jobs)
        self._backend = self._new_backend(n_threads, n_at_once)
        config = parallel_config(backend=self._backend)
        self._backend.when_configured = config.unregister
        try:
            with config, nullcontext() if self.max_seconds is None else self._splitting_once(y):
                super().fit(X, y, **params)
            vectorized = np.reshape(self._backend.packed, (-1, self.n_splits_)).all(axis=1)
            self.cv_results_["vectorized"] = vectorized
        finally:
            self._backend.end()
            del self._backend, self._deadline
        return self

    @contextmanager
    def _splitting_once(self, y):
        """Let all parts of the candidates see the same folds, although each part asks for them."""
        given = self.cv
        self.cv = SplitOnce(check_cv(given, y, classifier=is_classifier(self.estimator)))
        try:
            yield
        finally:
            self.cv = given

    def _new_backend(self, n_threads, n_at_once):
        return TogetherBackend(n_threads, n_at_once)

    def _run_search(self, evaluate_candidates, *, callback_ctx):
        """Evaluate all candidates, or one part of them after the other until the time is over."""
        if self.max_seconds is None:
            super()._run_search(evaluate_candidates, callback_ctx=callback_ctx)
            return
        candidates = list(ParameterGrid(self.param_grid))
        size = math.ceil(_FITS_AT_A_TIME * self._backend.n_threads / self.n_splits_)
        parts = [candidates[start : start + size] for start in range(0, len(candidates), size)]
        search = callback_ctx.subcontext(task_name="search", max_subtasks=len(parts))
        search.call_on_fit_task_begin(estimator=self)
        for number, part in enumerate(parts):
            if number == 0 or time.perf_counter() < self._deadline:
                self._evaluate_part(part, evaluate_candidates, search)
        search.call_on_fit_task_end(estimator=self)

    def _evaluate_part(self, candidates, evaluate_candidates, parent):
        """Evaluate some of the candidates as one task of scikit-learn's callbacks."""
        n_fits = len(candidates) * self.n_splits_
        task = parent.subcontext(task_name="candidates", max_subtasks=n_fits, sequential_subtasks=False)
        task.call_on_fit_task_begin(estimator=self)
        evaluate_candidates(candidates, callback_ctx=task)
        task.call_on_fit_task_end(estimator=self)


class SplitOnce:
    """A splitter that draws its folds once, and gives the same ones at every call.

    Parameters
    ----------
    cv : splitter
        Any of scikit-learn's.
    """

    def __init__(self, cv):
        self.cv = cv
        self.folds = None

    def split(self, X, y=None, groups=None):
        if self.folds is None:
            self.folds = list(self.cv.split(X, y, groups))
        return iter(self.folds)

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.cv.get_n_splits(X, y, groups)

    def get_metadata_routing(self):
        return self.cv.get_metadata_routing()


class TogetherBackend(ParallelBackendBase):
    """How joblib runs the fits of a search: those that have been submitted, by :func:`train_together`.

    Parameters
    ----------
    n_threads : int
        Threads that share the work.
    n_at_once : int
        Fits that wait for each other at most.

    Attributes
    ----------
    packed : list of bool
        Whether each fit, in the order of submission, was trained together with others.
    """

    supports_sharedmem = uses_threads = True

    def __init__(self, n_threads, n_at_once):
        super().__init__()
        self.n_threads = n_threads
        self.n_at_once = n_at_once
        self.jobs = []
        self.packed = []
        self.when_configured = None

    def effective_n_jobs(self, n_jobs):
        """As far as joblib knows, all fits that may wait for each other run at a time."""
        return self.n_at_once

    def configure(self, n_jobs=1, parallel=None, **options):
        self.when_configured()  # what a fit or a scorer runs by joblib itself is no business of this backend
        return super().configure(n_jobs, parallel, **options)

    def submit(self, func, callback=None):
        job = Job(self.fit_of(func), callback)
        self.jobs.append(job)
        return job

    def retrieve_result(self, out, timeout=None):
        while out in self.jobs:
            self._run()
        if out.fit.error is not None:
            raise out.fit.error
        return [self.result_of(out.fit)]

    def fit_of(self, func):
        """What is run for a function that joblib submits."""
        return Fit(func)

    def result_of(self, fit):
        """What scikit-learn gets from it."""
        (result,) = fit.result
        return {**result, "fit_time": max(0.0, result["fit_time"] - fit.idle) + fit.training}

    def train(self, fits):
        """Let fits go on until each has ended, or pauses."""
        with warnings.catch_warnings():  # scikit-learn sets filters in every task
            train_together(fits, self.n_threads)

    def end(self):
        """The search is over: nothing waits any more."""

    def _run(self):
        """Run what waits to be run; joblib is notified, and submits more."""
        jobs, self.jobs = self.jobs[: self.n_at_once], self.jobs[self.n_at_once :]
        self.train([job.fit for job in jobs])
        for job in jobs:
            self.packed.append(job.fit.packed)
            job.callback(job)


class Job(NamedTuple):
    """What joblib has submitted, and whom to tell when it is done."""

    fit: Fit
    callback: Callable


def _n_bytes(X):
    """The size of X, of whatever kind it is; of a sequence about that, as its elements may differ."""
    if hasattr(X, "nbytes"):
        return X.nbytes
    if issparse(X):
        return X.nnz * X.dtype.itemsize
    if hasattr(X, "memory_usage"):
        return int(np.sum(X.memory_usage(index=False)))
    if hasattr(X, "__array__"):
        return np.asarray(X).nbytes
    return len(X) * max((sys.getsizeof(x) for x in itertools.islice(X, 100)), default=1)

"""Grid search whose networks are trained together."""

import itertools
import sys
import warnings

import numpy as np
from joblib import effective_n_jobs, parallel_config
from joblib.parallel import ParallelBackendBase
from scipy.sparse import issparse
from sklearn.model_selection import GridSearchCV

from skfashion.training._together import train_together

# Bytes of training images that are held for fits that wait for each other, as scikit-learn copies them for each fit;
# and how many such fits there are at most: each has a thread.
_MAX_BYTES, _MAX_FITS = 2**31, 256


class VectorizedGridSearchCV(GridSearchCV):
    """Grid search that trains networks of the same shapes together, in one program for all of them.

    It takes any estimator or Pipeline, gives what :class:`~sklearn.model_selection.GridSearchCV` gives, and runs its
    code. Only where several fits come to train dense networks whose layers have the same sizes, on the same images, are
    these trained together: their learning rates, optimizers, weight decays, dropouts, label smoothings, class weights,
    schedules, early stopping and seeds may differ. Each becomes the model of a fit of its own, up to rounding. One that
    has stopped, or has diverged and gets the `error_score`, leaves the others as they are. Everything else is fitted as
    usual: other estimators, networks with convolutions, on other devices than the CPU or in bfloat16, with optimizers
    or augmentations of one's own, or with callbacks that look at single batches. `max_seconds` of a network count the
    time of the training that it shares.

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
        threads are divided among them. Networks so small that threads would wait for each other are left to one.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    cv : int, splitter, iterable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    verbose : int, default=0
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    pre_dispatch : int or str, default="2*n_jobs"
        A number is how many fits wait for each other at most. Otherwise as many as have room: their training images
        take up to 2 GiB.

    error_score : "raise" or number, default=nan
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    return_train_score : bool, default=False
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As of :class:`~sklearn.model_selection.GridSearchCV`, and ``vectorized``: whether each candidate was trained
        together with others in all folds. The time of a fit is its share of the time of such a training.

    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, multimetric_ : object
        As of :class:`~sklearn.model_selection.GridSearchCV`, and so are ``classes_``, ``n_features_in_`` and
        ``feature_names_in_``, where they exist.

    See Also
    --------
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

    def fit(self, X, y=None, **params):
        """Fit all candidates on all folds, and the best one on all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The images.

        y : array-like of shape (n_samples,), default=None
            What they stand for.

        **params : dict of str to object
            For ``fit`` of the estimator, the scorer and the splitter, as in
            :class:`~sklearn.model_selection.GridSearchCV`.

        Returns
        -------
        self : object
            The fitted search.
        """
        n_at_once = min(_MAX_FITS, max(2, _MAX_BYTES // max(1, _n_bytes(X))))
        backend = TogetherBackend(effective_n_jobs(self.n_jobs), n_at_once)
        config = parallel_config(backend=backend)
        backend.when_configured = config.unregister
        with config:
            super().fit(X, y, **params)
        vectorized = np.reshape(backend.packed, (-1, self.n_splits_)).all(axis=1)
        self.cv_results_["vectorized"] = vectorized
        return self


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
        self.tasks = []
        self.packed = []
        self.when_configured = None

    def effective_n_jobs(self, n_jobs):
        """As far as joblib knows, all fits that may wait for each other run at a time."""
        return self.n_at_once

    def configure(self, n_jobs=1, parallel=None, **options):
        self.when_configured()  # what a fit or a scorer runs by joblib itself is no business of this backend
        return super().configure(n_jobs, parallel, **options)

    def submit(self, func, callback=None):
        task = Task(func, callback)
        self.tasks.append(task)
        return task

    def retrieve_result(self, out, timeout=None):
        while out in self.tasks:
            self._run()
        if out.fit.error is not None:
            raise out.fit.error
        (result,) = out.fit.result
        result["fit_time"] = max(0.0, result["fit_time"] - out.fit.idle) + out.fit.training
        return [result]

    def _run(self):
        """Run what waits to be run; joblib is told, and submits more."""
        tasks, self.tasks = self.tasks[: self.n_at_once], self.tasks[self.n_at_once :]
        with warnings.catch_warnings():  # scikit-learn sets filters in every task
            fits = train_together([task.function for task in tasks], self.n_threads)
        for task, fit in zip(tasks, fits, strict=True):
            task.fit = fit
            self.packed.append(fit.packed)
        for task in tasks:
            task.callback(task)


class Task:
    """A function that joblib wants to be run, and the :class:`~skfashion.training._together.Fit` that it becomes."""

    def __init__(self, function, callback):
        self.function = function
        self.callback = callback
        self.fit = None


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

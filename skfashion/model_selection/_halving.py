"""Grid search by successive halving whose candidates go on where they were."""

import math
import time
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import ParameterGrid

from skfashion._nested import last_step, with_last_step
from skfashion._private_sklearn import Interval, StrOptions
from skfashion.model_selection._schedule_parameters import SCHEDULE_PARAMETERS
from skfashion.model_selection._vectorized import TogetherBackend, VectorizedGridSearchCV
from skfashion.training._together import Fit


class VectorizedHalvingGridSearchCV(VectorizedGridSearchCV):
    """Grid search by successive halving: trains all candidates for a few epochs, and only the best of them further.

    After each of several rungs, at growing numbers of epochs, the best candidates continue from where they are, and the
    others stop. :class:`~sklearn.model_selection.HalvingGridSearchCV` retrains them in every rung. Networks of
    the same shapes are trained together as in :class:`VectorizedGridSearchCV`; all others, for instance those with
    convolutions, halve in the same way, each by itself.

    The learning rate of each candidate follows its schedule over all `max_epochs`, whenever it ends: so a candidate of
    the last rung is the model that :class:`~sklearn.model_selection.GridSearchCV` would have given, and the scores of
    earlier rungs are those of unfinished trainings. They are compared within a rung only. Candidates must
    therefore have the same `max_epochs`, schedule and `early_stopping`; with early stopping the weights of the best
    epoch are taken at the end, those of the last epoch in a rung.

    Parameters
    ----------
    estimator : estimator
        A neural network of this library, or a Pipeline that ends in one. Its `max_epochs` are those of the last rung.

    param_grid : dict or list of dicts
        Names of parameters and the values to try, or several such grids.

    factor : float, default=3
        One in `factor` candidates goes on after a rung, and the next rung has `factor` times as many epochs; the
        last rung ends at `max_epochs`, which may be less. Must be greater than 1.

    min_epochs : int or "exhaust", default="exhaust"
        Epochs of the first rung. ``"exhaust"`` takes as many as leave fewer than `factor` candidates for the last rung,
        if `max_epochs` allows for that many rungs.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`. With several scores, `refit` names the one that decides.

    n_jobs : int or None, default=None
        As in :class:`VectorizedGridSearchCV`.

    refit : bool, str or callable, default=True
        As in :class:`~sklearn.model_selection.GridSearchCV`; the best candidate is one of the last rung. A callable has
        to ensure that itself, by ``cv_results_["iter"]``.

    cv : int, splitter, iterable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    verbose : int, default=0
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`VectorizedGridSearchCV`. All candidates that have not ended hold their training images.

    error_score : "raise" or number, default=nan
        As in :class:`~sklearn.model_selection.GridSearchCV`. Candidates without a score end first.

    return_train_score : bool, default=False
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    max_seconds : float or None, default=None
        Time in seconds after which no further rung starts: the best candidate of the last one is refitted.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in :class:`~sklearn.model_selection.HalvingGridSearchCV`: a row for each candidate of each rung, with the
        rung ``iter``, the epochs ``n_resources`` since the beginning, and the time of a fit since the beginning.
        ``vectorized`` is as in :class:`VectorizedGridSearchCV`.

    n_resources_, n_candidates_ : list of int
        Number of epochs since the beginning, and of candidates, in each rung.

    n_iterations_ : int
        Rungs that were run.

    n_remaining_candidates_ : int
        Number of candidates that would continue after the last rung.

    min_resources_, max_resources_ : int
        Epochs of the first rung, and `max_epochs` of the candidates.

    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, multimetric_ : object
        As in :class:`~sklearn.model_selection.GridSearchCV`, and so are ``classes_``, ``n_features_in_`` and
        ``feature_names_in_``, where they exist.

    See Also
    --------
    VectorizedGridSearchCV : Trains all candidates to the end.
    OptunaSearchCV : Learns from trials which ones to try next, and ends bad ones early.

    References
    ----------
    K. Jamieson and A. Talwalkar, `Non-stochastic Best Arm Identification and Hyperparameter Optimization
    <https://arxiv.org/abs/1502.07943>`_, 2016.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.model_selection import VectorizedHalvingGridSearchCV
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(600, random_state=0, return_X_y=True)
    >>> model = MLPClassifier((32,), batch_size=32, max_epochs=9, random_state=0)
    >>> grid = {"learning_rate": [0.0001, 0.0003, 0.001, 0.003]}
    >>> search = VectorizedHalvingGridSearchCV(model, grid, cv=3).fit(X, y)
    >>> search.n_resources_, search.n_candidates_
    ([3, 9], [4, 2])
    >>> search.best_params_
    {'learning_rate': 0.003}
    """

    _parameter_constraints = {
        **VectorizedGridSearchCV._parameter_constraints,
        "factor": [Interval(Real, 1, None, closed="neither")],
        "min_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"exhaust"})],
    }

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        factor=3,
        min_epochs="exhaust",
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
            max_seconds=max_seconds,
        )
        self.factor = factor
        self.min_epochs = min_epochs

    def _new_backend(self, n_threads, n_at_once):
        return RungBackend(n_threads, n_at_once)

    def _run_search(self, evaluate_candidates, *, callback_ctx):
        """Evaluate the candidates of one rung after the other."""
        candidates = list(ParameterGrid(self.param_grid))
        if not candidates:
            raise ValueError("param_grid holds no candidates.")
        if isinstance(self.scoring, (list, tuple, set, dict)) and not isinstance(self.refit, str):
            self._deciding({})  # raises
        rungs = self._rungs(len(candidates), self._max_epochs(candidates))
        self.min_resources_, self.max_resources_ = rungs[0], rungs[-1]
        self.n_resources_, self.n_candidates_ = [], []
        n_fits = len(candidates) * self.n_splits_
        context = callback_ctx.subcontext(task_name="search", max_subtasks=n_fits, sequential_subtasks=False)
        context.call_on_fit_task_begin(estimator=self)
        kept = range(len(candidates))
        for number, n_epochs in enumerate(rungs):
            if number > 0 and time.perf_counter() >= self._deadline:
                break
            if self.verbose:
                print(f"Rung {number + 1} of {len(rungs)}: {len(kept)} candidates to epoch {n_epochs}")
            self._backend.begin_rung(n_epochs, self._fit_indices(kept) if number else None)
            results = evaluate_candidates(
                [candidates[index] for index in kept],
                more_results={"iter": [number] * len(kept), "n_resources": [n_epochs] * len(kept)},
                callback_ctx=None if number else context,  # each fit is one task, from its first rung to its last
            )
            self.n_resources_.append(n_epochs)
            self.n_candidates_.append(len(kept))
            kept = self._best(kept, results)
        self._backend.drop_others([])
        self.n_iterations_, self.n_remaining_candidates_ = len(self.n_resources_), len(kept)
        context.call_on_fit_task_end(estimator=self)

    def _max_epochs(self, candidates):
        """The epochs of all candidates, whose trainings have to take the same course."""
        courses = []
        for candidate in candidates:
            last = last_step(clone(self.estimator).set_params(**clone(candidate, safe=False)))
            parameters = last.get_params(deep=False) if hasattr(last, "get_params") else {}
            if not set(SCHEDULE_PARAMETERS) <= set(parameters):
                raise ValueError(
                    f"Halving by epochs needs neural networks of skfashion, alone or at the end of a Pipeline. "
                    f"Got {last!r} instead."
                )
            courses.append({name: parameters[name] for name in SCHEDULE_PARAMETERS})
        if other := next((course for course in courses if course != courses[0]), None):
            raise ValueError(
                f"After equally many epochs, trainings of different courses cannot be compared: all candidates must "
                f"have the same {', '.join(SCHEDULE_PARAMETERS)}. Got {courses[0]} and {other}."
            )
        max_epochs = courses[0]["max_epochs"]
        if not isinstance(max_epochs, Integral) or max_epochs < 1:
            raise ValueError(f"max_epochs of the candidates must be an int of at least 1. Got {max_epochs!r} instead.")
        return max_epochs

    def _rungs(self, n_candidates, max_epochs):
        """The epochs at which each rung ends: `factor` times those of the last one; the last rung trains to the end."""
        n_rungs = 1
        while n_candidates > 1 and n_candidates >= self.factor:
            n_candidates = self._n_kept(n_candidates)
            n_rungs += 1
        if self.min_epochs == "exhaust":
            epochs = {int(max_epochs / self.factor**power) for power in range(1, n_rungs)}
        elif self.min_epochs > max_epochs:
            raise ValueError(f"min_epochs={self.min_epochs} is more than max_epochs={max_epochs} of the candidates.")
        else:
            epochs = {int(self.min_epochs * self.factor**power) for power in range(n_rungs - 1)}
        epochs = {n for n in epochs if n == self.min_epochs < max_epochs or 0 < n * self.factor <= max_epochs}
        return [*sorted(epochs), max_epochs]

    def _n_kept(self, n_candidates):
        """How many candidates go on after a rung; one less at least."""
        return max(1, min(math.ceil(n_candidates / self.factor), n_candidates - 1))

    def _fit_indices(self, candidates):
        return [index * self.n_splits_ + split for index in candidates for split in range(self.n_splits_)]

    def _best(self, candidates, results):
        """One in `factor` of the candidates that were evaluated last, in their order."""
        scores = self._deciding(results)[-len(candidates) :]
        order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
        return sorted(candidates[index] for index in order[: self._n_kept(len(candidates))])

    def _deciding(self, results):
        """The mean scores that decide who goes on."""
        name = f"mean_test_{self.refit}" if isinstance(self.refit, str) else "mean_test_score"
        if name in results:
            return results[name]
        if "mean_test_score" in results:
            return results["mean_test_score"]
        raise ValueError(f"With several scores refit has to name the one that decides who goes on. Got {self.refit!r}.")

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        """The best row of the last rung."""
        if callable(refit):
            return VectorizedGridSearchCV._select_best_index(refit, refit_metric, results)
        last = np.flatnonzero(results["iter"] == results["iter"].max())
        return last[results[f"rank_test_{refit_metric}"][last].argmin()]


class RungBackend(TogetherBackend):
    """Runs the fits of a search to the end of a rung, and those that are submitted again from there to the next."""

    def __init__(self, n_threads, n_at_once):
        super().__init__(n_threads, n_at_once)
        self.n_epochs = 0
        self.fits = []
        self.going_on = iter(())

    def begin_rung(self, n_epochs, indices):
        """Let the fits of some indices go on to an epoch, and no others; None stands for the first rung."""
        self.n_epochs = n_epochs
        if indices is not None:
            going_on = [self.fits[index] for index in indices]
            self.drop_others(going_on)
            self.going_on = iter(going_on)

    def fit_of(self, func):
        fit = next(self.going_on, None)
        if fit is None:
            fit = RungFit(func)
            self.fits.append(fit)
        fit.n_epochs = self.n_epochs
        return fit

    def result_of(self, fit):
        return super().result_of(fit) if fit.has_ended else fit.result_of_rung

    def drop_others(self, kept):
        """End all fits that are not kept where they are; nobody asks for their scores any more."""
        with warnings.catch_warnings():  # each fit sets them as it found them
            for fit in self.fits:
                if fit not in kept:
                    fit.end()

    def end(self):
        self.drop_others([])


class RungFit(Fit):
    """A fit of a search whose last net pauses at the end of each rung, with a result as of then.

    Attributes
    ----------
    n_epochs : int
        Where the rung ends.
    result_of_rung : dict
        What ``_fit_and_score`` of scikit-learn would have returned.
    """

    def __init__(self, function):
        super().__init__(function)
        self.n_epochs = 0
        self.result_of_rung = None
        self.start = None

    def wait_for_training(self, net, images, epochs):
        ((_, (estimator, *_), _),) = self.function.items
        tasks = [each for each in net.listeners_ if getattr(each, "estimator", None) is last_step(estimator)]
        if not tasks:  # a net of another step
            super().wait_for_training(net, images, epochs)
            return
        n_done = 0
        while n_done < epochs:
            n_more = min(self.n_epochs, epochs) - n_done
            super().wait_for_training(net, images, n_more)
            n_done += n_more
            if n_done < epochs:
                self._pause_at_rung(with_last_step(estimator, tasks[0].fitted_estimator(net)))

    def _run(self, config):
        self.start = time.perf_counter()
        super()._run(config)

    def _pause_at_rung(self, fitted_estimator):
        start = time.perf_counter()
        self.result_of_rung = {
            **self._evaluated(fitted_estimator),
            "fit_time": start - self.start - self.idle + self.training,
        }
        self._pause()
        self.idle += time.perf_counter() - start

    def _evaluated(self, fitted_estimator):
        """The result of scikit-learn's function for an estimator that is fitted already."""
        ((function, (_, *data), arguments),) = self.function.items
        nothing_to_fit = {"parameters": None, "fit_params": {}, "callback_ctx": None, "verbose": 0}
        return function(_Fitted(fitted_estimator), *data, **{**arguments, **nothing_to_fit})


class _Fitted(FrozenEstimator):
    """An estimator that is fitted already, also where there is no y."""

    def fit(self, X, y=None, **params):
        return self

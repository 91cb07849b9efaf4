"""Optuna as a search of scikit-learn."""

import time
import warnings
from functools import partial
from numbers import Integral, Real

import joblib
import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.callback import with_callbacks
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import Bunch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, indexable

from skfashion._images import draw_seed
from skfashion.model_selection._distributions import Space, load_optuna, name_of
from skfashion.model_selection._pruning import report_epochs
from skfashion.model_selection._results import results_of
from skfashion.model_selection._study import claim, finished, in_memory, open_study, tell

# Fold by fold reports come after all epochs that the first fold may report.
_AFTER_EPOCHS = 1_000_000


class OptunaSearchCV(BaseSearchCV):
    """A search by Optuna with the API of scikit-learn's searches: trials learn from each other, and bad ones end early.

    Parameters
    ----------
    estimator : estimator
        Any estimator of scikit-learn's API, also a Pipeline.

    param_distributions : dict of str to list, scipy distribution or optuna distribution
        What to search, as for :class:`~sklearn.model_selection.RandomizedSearchCV`: lists of choices, and
        ``scipy.stats`` ``uniform``, ``loguniform`` or ``randint``; see :data:`SEARCH_SPACES`.

    n_trials : int, default=20
        How many trials to run; those that the `storage` holds when the search begins count, unless they failed.

    scoring : str, callable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`; one score, of which more is better. After an epoch it is
        that of the last step of a Pipeline, with samples that the other steps have transformed.

    cv : int, splitter, iterable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    refit : bool, default=True
        Whether to fit the best setting on all samples at the end.

    pruner : {"median"}, optuna pruner or None, default="median"
        Which trials end early: by default those that are behind the median of the others at the same point. Estimators
        that report their epochs to scikit-learn's callbacks, which those of this library do, report each epoch of the
        first fold, also as the last step of a Pipeline; all report each fold. None lets every trial run to its end.

    sampler : optuna sampler or None, default=None
        How the next setting is found; None stands for Optuna's default, seeded by `random_state`.

    storage : str, optuna storage or None, default=None
        Where the study is kept, for instance ``"sqlite:///study.db"``: a search that is fitted again on the same
        estimator, samples, splits, scores and space goes on where it was, and several processes (of different
        `random_state`) may share one. None keeps it in memory.

    study_name : str or None, default=None
        Its name in the storage; a storage needs one.

    timeout : float or None, default=None
        Seconds after which no trial begins.

    n_jobs : int or None, default=None
        Trials at a time, in threads. With more than one the settings tried depend on who is first.

    error_score : "raise" or nan, default=nan
        A trial that fails is told to Optuna as such and warned of, and the search goes on; ``"raise"`` ends it.

    random_state : int, RandomState instance or None, default=None
        Of the default sampler. With an int and one job, the same trials in every run.

    verbose : int, default=0
        1 prints a line a trial. Callbacks of scikit-learn such as its ``ProgressBar``, see ``set_callbacks``, are told
        of trials, folds and epochs.

    Attributes
    ----------
    study_ : optuna.Study
        With all trials; :class:`~skfashion.inspection.ParallelCoordinatesDisplay` draws it. A search that is pickled
        takes them along, without the storage.
    cv_results_ : dict of str to array
        As of :class:`~sklearn.model_selection.RandomizedSearchCV`, a row a trial, and ``state`` (``"complete"``,
        ``"pruned"`` or ``"fail"``). Scores of folds that were not reached are nan.
    best_params_ : dict
        The best setting.
    best_score_ : float
        Its mean score.
    best_index_ : int
        Its row.
    best_estimator_ : estimator
        Fitted with it on all samples, if `refit`.
    refit_time_ : float
        Seconds that took.
    scorer_ : callable
        What scores.
    n_splits_ : int
        Folds.
    multimetric_ : bool
        False.
    classes_ : ndarray of shape (n_classes,)
        The labels, of a classifier.
    n_features_in_ : int
        Values in a row of X, if the best estimator knows.
    feature_names_in_ : ndarray of str
        Names of the columns, if the best estimator knows.

    See Also
    --------
    sklearn.model_selection.HalvingGridSearchCV : Successive halving, with ``resource="max_epochs"``.

    References
    ----------
    T. Akiba et al., `Optuna: A Next-generation Hyperparameter Optimization Framework
    <https://arxiv.org/abs/1907.10902>`_, 2019.

    Examples
    --------
    >>> from skfashion.baselines import SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.model_selection import SEARCH_SPACES, OptunaSearchCV
    >>> X, y = make_garments(300, random_state=0, return_X_y=True)
    >>> search = OptunaSearchCV(
    ...     SubspaceClassifier(), SEARCH_SPACES["SubspaceClassifier"], n_trials=4, cv=2, random_state=0
    ... )
    >>> search.fit(X, y).best_score_ > 0.4
    True
    """

    _parameter_constraints = {
        "estimator": [HasMethods("fit")],
        "param_distributions": [dict],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "scoring": [str, callable, None],
        "cv": ["cv_object"],
        "refit": ["boolean"],
        "pruner": [StrOptions({"median"}), HasMethods("prune"), None],
        "sampler": [HasMethods("sample_relative"), None],
        "storage": [str, object],
        "study_name": [str, None],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
        "error_score": [StrOptions({"raise"}), np.nan],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_trials=20,
        scoring=None,
        cv=None,
        refit=True,
        pruner="median",
        sampler=None,
        storage=None,
        study_name=None,
        timeout=None,
        n_jobs=None,
        error_score=np.nan,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
        )
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.pruner = pruner
        self.sampler = sampler
        self.storage = storage
        self.study_name = study_name
        self.timeout = timeout
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Run the trials that the study lacks, and fit the best setting.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The samples.

        y : array-like of shape (n_samples,), default=None
            Their labels.

        **params : dict
            Handed to ``fit`` of the estimator; arrays as long as X are split along with it.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        ValueError
            If no trial succeeds, or if the storage holds another search by this name.
        """
        X, y = indexable(X, y)
        task = self._task(X, y, self._get_routed_params_for_fit(params))
        missing = max(0, self.n_trials - sum(trial.state.name != "FAIL" for trial in finished(self.study_)))
        context = self._init_callback_context(max_subtasks=missing + self.refit, sequential_subtasks=False)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        Parallel(n_jobs=self.n_jobs, backend="threading")(
            delayed(self._run_trial)(task, context, number) for number in range(missing)
        )
        self._conclude(task)
        if self.refit:
            self._refit(task, context.subcontext("refit-with-best-params", task_id=missing))
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _task(self, X, y, routed):
        """What every trial needs; opens the study."""
        space = Space(self.param_distributions)
        self.study_ = open_study(self.storage, self.study_name, self.pruner, self.sampler, draw_seed(self.random_state))
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self.scorer_, self.multimetric_ = check_scoring(self.estimator, self.scoring), False
        splits = list(cv.split(X, y, **routed.splitter.split))
        if not splits:
            raise ValueError(f"cv={self.cv!r} gives no splits. Is it an iterator that has been used?")
        self.n_splits_ = len(splits)
        about = {
            "samples": joblib.hash((X, y), coerce_mmap=True),
            "splits": joblib.hash(splits),
            "scoring": self.scoring if self.scoring is None else name_of(self.scoring),
            "estimator": name_of(self.estimator),
            "space": {name: repr(values) for name, values in sorted(space.distributions.items())},
        }
        claim(self.study_, about)
        return Bunch(
            X=X,
            y=y,
            params=routed.estimator.fit,
            score_params=routed.scorer.score,
            splits=splits,
            space=space,
            deadline=np.inf if self.timeout is None else time.perf_counter() + self.timeout,
            exhausted=False,
            errors={},
        )

    def _run_trial(self, task, fit_context, number):
        if task.exhausted or time.perf_counter() > task.deadline:
            return
        context = fit_context.subcontext("trial", task_id=number, max_subtasks=self.n_splits_)
        context.call_on_fit_task_begin(estimator=self, X=task.X, y=task.y)
        optuna = load_optuna()
        trial = self.study_.ask(task.space.distributions)
        states = optuna.trial.TrialState
        try:
            score, state = self._evaluate(trial, task, context), states.COMPLETE
        except optuna.TrialPruned:
            score, state = None, states.PRUNED
        except BaseException as error:
            score, state = None, states.FAIL
            task.errors[trial.number] = error
            trial.set_user_attr("error", repr(error))
            if isinstance(self.error_score, str) or not isinstance(error, Exception):
                tell(self.study_, trial, state=state)
                raise
        if tell(self.study_, trial, score, state):
            task.exhausted = True
        context.call_on_fit_task_end(estimator=self, X=task.X, y=task.y)
        if self.verbose:
            told = self.study_.trials[trial.number]
            print(f"trial {trial.number}: {told.state.name.lower()}, {told.value}, {told.params}", flush=True)

    def _candidate(self, settings):
        return clone(self.estimator).set_params(**{name: clone(value, safe=False) for name, value in settings.items()})

    def _evaluate(self, trial, task, context):
        """The mean score of all folds."""
        settings = task.space.settings(trial.params)
        scores, seconds = [], {"fit": [], "score": []}
        for fold, (train, test) in enumerate(task.splits):
            estimator = self._candidate(settings)
            X_train, y_train = _safe_split(estimator, task.X, task.y, train)
            X_test, y_test = _safe_split(estimator, task.X, task.y, test, train)
            score = partial(self._score, y=y_test, params=_check_method_params(task.X, task.score_params, indices=test))
            if fold == 0 and self.pruner is not None:
                report_epochs(estimator, trial, score, X_test)
            params = _check_method_params(task.X, task.params, indices=train)
            begin = time.perf_counter()
            self._fit_one(estimator, X_train, y_train, params, context.subcontext("fold"))
            end = time.perf_counter()
            scores.append(score(estimator, X_test))
            seconds["fit"].append(end - begin)
            seconds["score"].append(time.perf_counter() - end)
            trial.set_user_attr("scores", scores)
            trial.set_user_attr("seconds", seconds)
            if not np.isfinite(scores[-1]):
                raise ValueError(f"The score of fold {fold} is {scores[-1]}.")
            trial.report(np.mean(scores), _AFTER_EPOCHS + fold)
            if fold + 1 < len(task.splits) and trial.should_prune():
                raise load_optuna().TrialPruned
        return np.mean(scores)

    def _score(self, estimator, X, y, params):
        return float(self.scorer_(estimator, X, *(() if y is None else (y,)), **params))

    def _fit_one(self, estimator, X, y, params, context):
        """Fit an estimator; callbacks that are set on the search follow it."""
        with context.propagate_callback_context(estimator):
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            estimator.fit(X, **({} if y is None else {"y": y}), **params)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)

    def _refit(self, task, context):
        self.best_estimator_ = self._candidate(self.best_params_)
        start = time.perf_counter()
        self._fit_one(self.best_estimator_, task.X, task.y, task.params, context)
        self.refit_time_ = time.perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def _conclude(self, task):
        """Make a table of all trials; tell of those that failed in this run."""
        trials = finished(self.study_)
        if not trials:
            raise ValueError(f"No trial began within the timeout of {self.timeout} s.")
        failures = {
            trial.number: f"trial {trial.number} with {task.space.settings(trial.params)}: {trial.user_attrs['error']}"
            for trial in trials
            if "error" in trial.user_attrs
        }
        if not any(trial.state.name == "COMPLETE" for trial in trials):
            pruned = sum(trial.state.name == "PRUNED" for trial in trials)
            raise ValueError(
                f"None of the {len(trials)} trials came to an end: {len(failures)} failed, {pruned} were pruned. "
                + "; ".join(failures.values())
            ) from next(iter(task.errors.values()), None)
        if task.errors:
            told = "; ".join(failures[number] for number in sorted(task.errors))
            warnings.warn(f"{len(task.errors)} trials failed: {told}", FitFailedWarning, stacklevel=4)
        params = [task.space.settings(trial.params) for trial in trials]
        self.cv_results_ = results_of(trials, params, self.n_splits_)
        self.best_index_ = int(self.cv_results_["rank_test_score"].argmin())
        self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
        self.best_params_ = params[self.best_index_]

    def __getstate__(self):
        """The study without its storage, which may be gone or out of reach where it is unpickled."""
        state = super().__getstate__()
        return {**state, "study_": in_memory(state["study_"])} if "study_" in state else state

"""Hyper-parameter search with Optuna behind scikit-learn's search API."""

import time
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.callback import with_callbacks
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.validation import indexable

from skfashion._private_sklearn import HasMethods, Interval, StrOptions, _fit_context
from skfashion._private_sklearn_search import BaseSearchCV
from skfashion._seeds import draw_seed
from skfashion._version import Versioned
from skfashion.model_selection._evaluation import Evaluation
from skfashion.model_selection._execution import run_trials
from skfashion.model_selection._fingerprint import fingerprint, fingerprint_of_samples
from skfashion.model_selection._pruning import comparable_epochs
from skfashion.model_selection._quota import Quota
from skfashion.model_selection._results import results_of
from skfashion.model_selection._space import Space, name_of
from skfashion.model_selection._storage import Address, opened_storage
from skfashion.model_selection._study import enqueue, finished, in_memory, open_study, seed_study
from skfashion.model_selection._trials import Trials


class OptunaSearchCV(Versioned, BaseSearchCV):
    """Hyper-parameter search with Optuna behind scikit-learn's search API, with pruning.

    Parameters
    ----------
    estimator : estimator
        Any estimator of scikit-learn's API, also a Pipeline.

    param_distributions : dict of str to list, scipy distribution or optuna distribution, or list of such dicts
        What to search, as for :class:`~sklearn.model_selection.RandomizedSearchCV`: lists of choices, and
        ``scipy.stats`` ``uniform``, ``loguniform`` or ``randint``; see :data:`SEARCH_SPACES`. With several dicts, each
        trial draws from one, for instance with another estimator in a step of a Pipeline.

    n_trials : int, default=20
        Total number of trials of the study: those in the `storage` count, unless they failed before the search began,
        and processes that share a study run this many together. Each waits for the last trials of the others.

    scoring : str, callable, list, tuple, dict or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`; higher is better. With several scores, the search
        maximises the one that `refit` names, or the first one if it names none.

    cv : int, splitter, iterable or None, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.

    refit : bool, str or callable, default=True
        Whether to fit the best setting on all samples at the end, as in
        :class:`~sklearn.model_selection.GridSearchCV`: with several scores, the name of the one that decides, or a
        callable that finds the best row of ``cv_results_``.

    pruner : {"median"}, optuna pruner or None, default="median"
        Which trials are stopped early: by default those that are below the median of the others at the same step. After
        each fold a trial reports the mean score so far. Estimators that report epochs to scikit-learn's callbacks, as
        those of this library do, also as the last step of a Pipeline, report each epoch of the first fold too, unless
        `max_epochs`, `lr_schedule`, `early_stopping`, `net_params` or that step itself is searched: epochs of trainings
        with different schedules cannot be compared. Where epochs are reported, Optuna's steps count the epochs of all
        folds, else the folds. None lets every trial run to its end. A pruner that keeps a state between trials, such as
        Optuna's Hyperband, must not be shared by searches.

    sampler : optuna sampler or None, default=None
        How the next setting is chosen; None stands for Optuna's default, seeded by `random_state`. The search works
        with a copy, which gets another seed if the study holds trials.

    initial_params : dict, list of dict or None, default=None
        Settings to try first, as ``best_params_`` holds them; missing parameters are drawn. Those that the study had
        are skipped. Settings that were enqueued by Optuna's ``study.enqueue_trial`` may hold the same values.

    storage : str, optuna storage or None, default=None
        Where the study is kept, for instance ``"sqlite:///study.db"``: a search that is fitted again on the same
        estimator, samples, splits, scores and space goes on where it was, and several processes may share one, on many
        machines by ``"postgresql+psycopg://user@host/database"``. If a process dies, another runs its trial
        again, once. ``repr`` and notebooks show addresses without their password. None keeps it in memory.

    study_name : str or None, default=None
        Its name in the storage; a storage needs one. If the study of this name belongs to another search, for
        instance of another fold in nested cross-validation, a hash is appended to the name: see ``study_``.

    max_seconds : float or None, default=None
        Time in seconds after which no further trial starts.

    n_jobs : int or None, default=None
        Trials at a time, in threads: with more than one, the settings tried depend on which ends first. Within
        ``joblib.parallel_config`` of processes or a cluster, such as ``"dask"``, folds run there, one of each trial
        at a time, and the next ones once all of them are done: so `n_jobs` and `random_state` determine the trials.
        None then stands for joblib's own default, with Dask all workers. A trial that would end after an epoch ends
        after its first fold, with what it had reported until then.

    error_score : "raise" or nan, default=nan
        A trial that fails in fitting or scoring is recorded as failed, with a warning, and the search continues;
        ``"raise"`` ends it.

    random_state : int, RandomState instance or None, default=None
        Of the default sampler. With an int and one job, the same trials in every run; processes that share a study may
        have the same one, and draw different settings.

    verbose : int, default=0
        1 prints one line per trial. Callbacks of scikit-learn such as its ``ProgressBar``, set by
        ``set_callbacks``, receive trials, folds and epochs.

    Attributes
    ----------
    study_ : optuna.Study
        The study with all trials; :class:`~skfashion.inspection.ParallelCoordinatesDisplay` draws it. With several
        dicts, parameter names are prefixed with the index of their dict. A pickled search holds the trials, without the
        storage.
    cv_results_ : dict of str to array
        As in :class:`~sklearn.model_selection.RandomizedSearchCV`, one row per trial, and ``state`` (``"complete"``,
        ``"pruned"``, ``"fail"``, or ``"interrupted"`` if its process was stopped or gone). Scores of folds that were
        not reached are nan.
    best_params_ : dict
        The best setting; with several scores only if `refit` is not False, as the next two.
    best_score_ : float
        Its mean score, unless `refit` is a callable.
    best_index_ : int
        Row of `cv_results_` with the best mean score.
    best_estimator_ : estimator
        The estimator with the best setting, fitted on all samples, if `refit`.
    refit_time_ : float
        Seconds spent refitting.
    scorer_ : callable or dict of str to callable
        Scorer applied to the held-out fold.
    n_splits_ : int
        Number of folds.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : ndarray of shape (n_classes,)
        The class labels; only of a classifier.
    n_features_in_ : int
        Values in a row of X, if the best estimator knows.
    feature_names_in_ : ndarray of str
        Names of the columns, if the best estimator knows.

    See Also
    --------
    VectorizedHalvingGridSearchCV : Successive halving over epochs.

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
        "param_distributions": [dict, list, tuple],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "scoring": BaseSearchCV._parameter_constraints["scoring"],
        "cv": ["cv_object"],
        "refit": BaseSearchCV._parameter_constraints["refit"],
        "pruner": [StrOptions({"median"}), HasMethods("prune"), None],
        "sampler": [HasMethods("sample_relative"), None],
        "initial_params": [dict, list, tuple, None],
        "storage": [str, HasMethods("create_new_study"), None],
        "study_name": [str, None],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
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
        initial_params=None,
        storage=None,
        study_name=None,
        max_seconds=None,
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
            return_train_score=False,
        )
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.pruner = pruner
        self.sampler = sampler
        self.initial_params = initial_params
        self.storage = storage
        self.study_name = study_name
        self.max_seconds = max_seconds
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Run the remaining trials of the study, and refit the best setting.

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
            If no trial succeeds, or if the study of this name is about an estimator that has the same repr and holds
            something else, such as another fitted encoder.
        """
        deadline = np.inf if self.max_seconds is None else time.perf_counter() + self.max_seconds
        X, y = indexable(X, y)
        with opened_storage(self.storage) as storage:
            return self._search(X, y, params, deadline, storage)

    def _search(self, X, y, params, deadline, storage):
        trials = self._prepare(X, y, params, deadline, storage)
        missing = trials.quota.missing
        data = {"X": X, "y": y, "metadata": {name: params[name] for name in {"sample_weight"} & set(params)} or None}
        root = self._init_callback_context(max_subtasks=missing + bool(self.refit), sequential_subtasks=False)
        root.call_on_fit_task_begin(estimator=self, **data)
        with warnings.catch_warnings():  # several threads that change the filters for a while may leave them changed
            warnings.filterwarnings("ignore", "Heartbeat of storage is supposed to be used with", UserWarning)
            run_trials([trials.begin(root, number) for number in range(missing)], self.n_jobs)
        self._conclude(trials)
        if self.refit:
            self._refit(trials.evaluation, root.subcontext("refit-with-best-params", task_id=missing), data)
        root.call_on_fit_task_end(estimator=self, **data)
        return self

    def _prepare(self, X, y, params, deadline, storage):
        """Open the study; return its trials."""
        space = Space(self.param_distributions)
        scorer = check_scoring(self.estimator, self.scoring, raise_exc=True)
        self.scorer_ = getattr(scorer, "_scorers", scorer)
        if isinstance(self.scorer_, dict):
            self._check_refit_for_multimetric(self.scorer_)
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, **routed.splitter.split))
        if not splits:
            raise ValueError(f"cv={self.cv!r} gives no splits. Is it an iterator that has been used?")
        self.n_splits_ = len(splits)
        self.study_ = open_study(self, storage, lambda: self._about(X, y, params, splits, space))
        seed = draw_seed(self.random_state)
        for setting in [self.initial_params] if isinstance(self.initial_params, dict) else self.initial_params or ():
            enqueue(self.study_, space.stored(setting))
        n_epochs = 0 if self.pruner is None else comparable_epochs(self.estimator, space.names)
        evaluation = Evaluation(
            self, X, y, splits, scorer, self._leading, routed.estimator.fit, routed.scorer.score, n_epochs
        )
        quota = Quota(self.study_, self.n_trials, self.storage)
        seed_study(self.study_, self.sampler, seed, quota.first)
        return Trials(self.study_, space, evaluation, quota, seed, deadline)

    def _about(self, X, y, params, splits, space):
        """Fingerprints of everything that trials of one study must share."""
        return {
            "samples": fingerprint_of_samples(X, y),
            "params": fingerprint(params),
            "splits": fingerprint(splits),
            "scoring": fingerprint([self.scoring, self.refit if isinstance(self.refit, str) else None]),
            "estimator": fingerprint(self.estimator),
            "shown": name_of(self.estimator),
            "space": fingerprint(space.contents),
        }

    def _leading(self, scores):
        """The score of a fold that the search maximizes, of several scores."""
        if not isinstance(scores, dict):
            return scores
        self._check_refit_for_multimetric(scores)  # those of a callable are not known before
        return scores[self.refit if isinstance(self.refit, str) else next(iter(scores))]

    def _conclude(self, trials):
        """Make a table of all trials and find the best one; tell of those that failed in this run."""
        ended = finished(self.study_)
        if not ended:
            raise ValueError(f"No trial began within {self.max_seconds} s.")
        settings = [trials.space.setting(trial.params) for trial in ended]
        failures = {
            trial.number: f"trial {trial.number} with {setting}: {trial.user_attrs.get('error', 'interrupted')}"
            for trial, setting in zip(ended, settings, strict=True)
            if trial.state.name == "FAIL"
        }
        if not any(trial.state.name == "COMPLETE" for trial in ended):
            pruned = sum(trial.state.name == "PRUNED" for trial in ended)
            raise ValueError(
                f"None of the {len(ended)} trials came to an end: {len(failures)} failed, {pruned} were pruned. "
                + "; ".join(failures.values())
            ) from next(iter(trials.errors.values()), None)
        if trials.errors:
            errors = "; ".join(failures.get(n, f"trial {n}: {error!r}") for n, error in sorted(trials.errors.items()))
            warnings.warn(f"{len(trials.errors)} trials failed: {errors}", FitFailedWarning, stacklevel=6)
        self.cv_results_ = results_of(self, ended, settings)
        self.multimetric_ = "mean_test_score" not in self.cv_results_
        if self.refit or not self.multimetric_:
            self._choose()

    def _choose(self):
        metric = self.refit if self.multimetric_ else "score"
        self.best_index_ = int(self._select_best_index(self.refit, metric, self.cv_results_))
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = float(self.cv_results_[f"mean_test_{metric}"][self.best_index_])

    def _refit(self, evaluation, context, data):
        self.best_estimator_ = evaluation.candidate(self.best_params_)
        start = time.perf_counter()
        with context.propagate_callback_context(self.best_estimator_):
            context.call_on_fit_task_begin(estimator=self, **data)
            y = {} if evaluation.y is None else {"y": evaluation.y}
            self.best_estimator_.fit(evaluation.X, **y, **evaluation.fit_params)
        context.call_on_fit_task_end(estimator=self, **data)
        self.refit_time_ = time.perf_counter() - start
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def get_params(self, deep=True):
        """Get the parameters of this estimator; ``repr`` shows the address of the storage without its password.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the parameters of estimators in it.

        Returns
        -------
        params : dict
            Names and values.
        """
        params = super().get_params(deep=deep)
        if type(params["storage"]) is str:
            params["storage"] = Address(params["storage"])
        return params

    def __getstate__(self):
        """The study without its storage, which may be gone or out of reach where it is unpickled."""
        state = super().__getstate__()
        return {**state, "study_": in_memory(state["study_"])} if "study_" in state else state

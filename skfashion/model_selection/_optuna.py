"""Optuna as a search of scikit-learn."""

import time
import warnings
from numbers import Integral, Real

import joblib
import numpy as np
from scipy import stats
from sklearn.base import _fit_context, clone, is_classifier
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
        How many trials the study holds in the end; those that the `storage` holds when the search begins count.

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
        samples, splits, scores and space goes on where it was, and several processes (of different `random_state`) may
        share one. None keeps it in memory.

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
        1 prints a line a trial.

    Attributes
    ----------
    study_ : optuna.Study
        With all trials; :class:`~skfashion.inspection.ParallelCoordinatesDisplay` draws it.
    cv_results_ : dict of str to array
        A row a trial: ``params``, ``state`` (``"complete"``, ``"pruned"``, ``"fail"``), ``mean_test_score``,
        ``std_test_score``, ``rank_test_score``, ``mean_fit_time`` and ``splitK_test_score``. Scores of folds that were
        not reached are nan.
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
        if getattr(self, "_skl_callbacks", None):
            raise ValueError("OptunaSearchCV calls no callbacks of its own: set them on its estimator.")
        space = Space(self.param_distributions)
        self.study_ = self._study()
        X, y = indexable(X, y)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self.scorer_, self.multimetric_ = check_scoring(self.estimator, self.scoring), False
        routed = self._get_routed_params_for_fit(params)
        splits = list(cv.split(X, y, **routed.splitter.split))
        self.n_splits_ = len(splits)
        self._claim(X, y, splits, space)
        task = Bunch(
            X=X,
            y=y,
            params=routed.estimator.fit,
            score_params=routed.scorer.score,
            splits=splits,
            space=space,
            errors=[],
        )
        deadline = np.inf if self.timeout is None else time.perf_counter() + self.timeout
        missing = max(0, self.n_trials - len(_finished(self.study_)))
        Parallel(n_jobs=self.n_jobs, backend="threading")(
            delayed(self._run_trial)(task, deadline) for _ in range(missing)
        )
        self._conclude(task)
        if self.refit:
            start = time.perf_counter()
            self.best_estimator_ = self._candidate(self.best_params_)
            self.best_estimator_.fit(X, **({} if y is None else {"y": y}), **routed.estimator.fit)
            self.refit_time_ = time.perf_counter() - start
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        return self

    def _study(self):
        optuna = load_optuna()
        pruner = {"median": optuna.pruners.MedianPruner(), None: optuna.pruners.NopPruner()}
        if self.storage is not None and self.study_name is None:
            raise ValueError("A storage needs a study_name, by which a later search finds its trials.")
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study = optuna.create_study(
                direction="maximize",
                pruner=pruner[self.pruner] if isinstance(self.pruner, (str, type(None))) else self.pruner,
                storage=self.storage,
                study_name=self.study_name,
                load_if_exists=True,
            )
        finally:
            optuna.logging.set_verbosity(before)
        if study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
            raise ValueError(f"The study {self.study_name!r} does not maximize one score: {study.directions}.")
        seed = draw_seed(self.random_state)
        if study.trials:  # the same numbers would give the same trials again
            seed = int(np.random.default_rng([seed, len(study.trials)]).integers(2**31))
        study.sampler = self.sampler or optuna.samplers.TPESampler(seed=seed)
        return study

    def _claim(self, X, y, splits, space):
        """Write down what the study is about; raise a ValueError if it is about something else."""
        about = {
            "samples": joblib.hash((X, y)),
            "splits": joblib.hash(splits),
            "scoring": self.scoring if self.scoring is None else name_of(self.scoring),
            "estimator": type(self.estimator).__name__,
            "space": {name: repr(values) for name, values in sorted(space.distributions.items())},
        }
        known = self.study_.user_attrs.get("about")
        if known is None:
            self.study_.set_user_attr("about", about)
        elif known != about:
            others = ", ".join(name for name in about if about[name] != known[name])
            raise ValueError(
                f"The storage holds a study {self.study_name!r} of other {others}: take another study_name. (Samples "
                "and splits have to be the same in every run, so cv needs a random_state if it shuffles.)"
            )

    def _run_trial(self, task, deadline):
        if time.perf_counter() > deadline:
            return
        optuna = load_optuna()
        trial = self.study_.ask(task.space.distributions)
        states = optuna.trial.TrialState
        try:
            score = self._evaluate(trial, task)
        except optuna.TrialPruned:
            self.study_.tell(trial, state=states.PRUNED)
        except BaseException as error:
            self.study_.tell(trial, state=states.FAIL)
            if isinstance(self.error_score, str) or not isinstance(error, Exception):
                raise
            task.errors.append((f"trial {trial.number} with {task.space.settings(trial.params)}: {error!r}", error))
        else:
            self.study_.tell(trial, score)
        if self.verbose:
            told = self.study_.trials[trial.number]
            print(f"trial {trial.number}: {told.state.name.lower()}, {told.value}, {told.params}", flush=True)

    def _candidate(self, settings):
        return clone(self.estimator).set_params(**{name: clone(value, safe=False) for name, value in settings.items()})

    def _evaluate(self, trial, task):
        """The mean score of all folds."""
        settings = task.space.settings(trial.params)
        scores, seconds = [], []
        for fold, (train, test) in enumerate(task.splits):
            estimator = self._candidate(settings)
            X_train, y_train = _safe_split(estimator, task.X, task.y, train)
            X_test, y_test = _safe_split(estimator, task.X, task.y, test, train)
            if fold == 0 and self.pruner is not None:
                report_epochs(estimator, trial, self.scorer_, X_test, y_test)
            params = _check_method_params(task.X, task.params, indices=train)
            start = time.perf_counter()
            estimator.fit(X_train, **({} if y_train is None else {"y": y_train}), **params)
            seconds.append(time.perf_counter() - start)
            params = _check_method_params(task.X, task.score_params, indices=test)
            scores.append(float(self.scorer_(estimator, X_test, *(() if y_test is None else (y_test,)), **params)))
            trial.set_user_attr("scores", scores)
            trial.set_user_attr("seconds", seconds)
            if not np.isfinite(scores[-1]):
                raise ValueError(f"The score of fold {fold} is {scores[-1]}.")
            trial.report(np.mean(scores), _AFTER_EPOCHS + fold)
            if fold + 1 < len(task.splits) and trial.should_prune():
                raise load_optuna().TrialPruned
        return np.mean(scores)

    def _conclude(self, task):
        """Make a table of all trials; tell of those that failed in this run."""
        trials = _finished(self.study_)
        complete = [row for row, trial in enumerate(trials) if trial.state.name == "COMPLETE"]
        failures = "; ".join(failure for failure, _ in task.errors)
        if not complete:
            reason = task.errors[0][1] if task.errors else None
            raise ValueError(f"None of the {len(trials)} trials came to an end. Failed: {failures or 0}.") from reason
        if failures:
            warnings.warn(f"{len(task.errors)} trials failed: {failures}", FitFailedWarning, stacklevel=3)
        scores = np.full((len(trials), self.n_splits_), np.nan)
        for row, trial in enumerate(trials):
            found = trial.user_attrs.get("scores", [])[: self.n_splits_]
            scores[row, : len(found)] = found
        means = np.full(len(trials), np.nan)
        means[complete] = [trials[row].value for row in complete]
        spread = np.full(len(trials), np.nan)
        spread[complete] = scores[complete].std(axis=1)
        worst = np.where(np.isnan(means), -np.inf, means)
        self.cv_results_ = {
            "params": [task.space.settings(trial.params) for trial in trials],
            "state": np.array([trial.state.name.lower() for trial in trials]),
            "mean_fit_time": np.array([np.mean(trial.user_attrs.get("seconds") or [np.nan]) for trial in trials]),
            "mean_test_score": means,
            "std_test_score": spread,
            "rank_test_score": stats.rankdata(-worst, method="min").astype(np.int32),
            **{f"split{fold}_test_score": scores[:, fold] for fold in range(self.n_splits_)},
        }
        self.best_index_ = int(worst.argmax())
        self.best_score_ = float(means[self.best_index_])
        self.best_params_ = self.cv_results_["params"][self.best_index_]


def _finished(study):
    return [trial for trial in study.trials if trial.state.is_finished()]

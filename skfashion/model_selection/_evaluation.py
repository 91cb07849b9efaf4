"""Evaluation of a setting by cross-validation, fold by fold."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone

from skfashion._private_sklearn_search import _check_method_params, _fit_and_score, _safe_split
from skfashion.model_selection._pruning import EpochReport
from skfashion.model_selection._space import load_optuna


@dataclass
class Evaluation:
    """Data, splits and scorer of a search, on which every trial is evaluated.

    `leading` selects from the score or scores of a fold the one that the search maximizes. `n_epochs` is the number of
    epochs of the first fold that are reported.
    """

    search: object
    X: object
    y: object
    splits: list
    scorer: object
    leading: object
    fit_params: dict
    score_params: dict
    n_epochs: int

    def candidate(self, setting):
        """An estimator with a setting; estimators in it are cloned."""
        return clone(self.search.estimator).set_params(**clone(setting, safe=False))

    def score(self, trial, setting, context):
        """The mean of the leading score over the folds, each of which is stored and reported."""
        folds, leading = [], []
        for number, (train, test) in enumerate(self.splits):
            candidate, report = self.candidate(setting), None
            if number == 0 and self.n_epochs:
                report = EpochReport(trial, partial(self._score_epoch, train=train, test=test), candidate)
            fold = self._fold(candidate, train, test, context.subcontext("fold"))
            if report is not None and report.pruned:  # the fold ended in the middle
                raise load_optuna().TrialPruned
            folds.append(fold)
            trial.set_user_attr("folds", folds)
            leading.append(self.leading(fold["test_scores"]))
            if not np.isfinite(leading[-1]):
                raise ValueError(f"The score of fold {number} is {leading[-1]}.")
            step = (number + 1) * (self.n_epochs or 1)
            if report is None or report.last_step < step:
                trial.report(np.mean(leading), step)
            if number + 1 < len(self.splits) and trial.should_prune():
                raise load_optuna().TrialPruned
        return float(np.mean(leading))

    def _fold(self, candidate, train, test, context):
        fold = _fit_and_score(
            candidate,
            self.X,
            self.y,
            scorer=self.scorer,
            train=train,
            test=test,
            verbose=0,
            parameters=None,
            fit_params=self.fit_params,
            score_params=self.score_params,
            return_times=True,
            error_score="raise",
            caller=self.search,
            callback_ctx=context,
        )
        return {name: fold[name] for name in ("fit_time", "score_time", "test_scores")}

    def _score_epoch(self, estimator, train, test):
        X, y = _safe_split(estimator, self.X, self.y, test, train)
        params = _check_method_params(self.X, self.score_params, indices=test)
        return float(self.leading(self.scorer(estimator, X, *(() if y is None else (y,)), **params)))

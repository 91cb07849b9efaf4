"""Evaluation of a setting by cross-validation, fold by fold."""

import copy
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from skfashion.model_selection._fold import Fold
from skfashion.model_selection._pruning import ReportedEpochs
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

    def copy_data(self):
        """Put copies in the place of X and y, which backends of joblib do not take for arrays that they have sent."""
        self.X, self.y = copy.copy(self.X), copy.copy(self.y)

    def folds(self, trial, setting, context):
        """Yield a :class:`Fold` after the other, and be sent the result of each; it is stored and reported.

        Returns
        -------
        float
            The mean of the leading score over the folds.
        """
        folds, leading = [], []
        for number, (train, test) in enumerate(self.splits):
            epochs = ReportedEpochs(trial, self.leading, self.n_epochs) if number == 0 and self.n_epochs else None
            fold = yield Fold(self, self.candidate(setting), train, test, context.subcontext("fold"), epochs)
            if epochs is not None and epochs.pruned:  # the fold does not count
                raise load_optuna().TrialPruned
            folds.append(fold)
            trial.set_user_attr("folds", folds)
            leading.append(self.leading(fold["test_scores"]))
            if not np.isfinite(leading[-1]):
                raise ValueError(f"The score of fold {number} is {leading[-1]}.")
            step = (number + 1) * (self.n_epochs or 1)
            if epochs is None or epochs.last_step < step:
                trial.report(np.mean(leading), step)
            if number + 1 < len(self.splits) and trial.should_prune():
                raise load_optuna().TrialPruned
        return float(np.mean(leading))

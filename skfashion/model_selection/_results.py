"""``cv_results_`` of the trials of a study."""

import warnings

import numpy as np

from skfashion.model_selection._study import is_interrupted


def results_of(search, trials, settings):
    """``cv_results_``: a row for each of the trials; folds that they did not reach are nan.

    `settings` are those of the trials, of which at least one is complete.
    """
    unreached = _unreached(next(trial for trial in trials if trial.state.name == "COMPLETE").user_attrs["folds"][0])
    folds = []
    for trial in trials:
        reached = trial.user_attrs["folds"]
        folds += [*reached, *[unreached] * (search.n_splits_ - len(reached))]
    states = {"state": ["interrupted" if is_interrupted(trial) else trial.state.name.lower() for trial in trials]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One or more of the test scores are non-finite", UserWarning)
        return search._format_results(settings, search.n_splits_, folds, states)


def _unreached(fold):
    """The results of a fold that was not reached: nan in the form of those of `fold`."""
    return {name: dict.fromkeys(value, np.nan) if isinstance(value, dict) else np.nan for name, value in fold.items()}

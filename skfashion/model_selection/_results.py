"""What the trials of a study came to, as scikit-learn's searches show it."""

import numpy as np
from scipy import stats
from sklearn.model_selection._search import _yield_masked_array_for_each_param


def results_of(trials, params, n_splits):
    """``cv_results_``: a row for each of the trials, whose settings are `params`."""
    scores = np.full((len(trials), n_splits), np.nan)
    for row, trial in enumerate(trials):
        reached = trial.user_attrs.get("scores", [])[:n_splits]
        scores[row, : len(reached)] = reached
    complete = np.array([trial.state.name == "COMPLETE" for trial in trials])
    means = np.array(
        [trial.value if done else np.nan for trial, done in zip(trials, complete, strict=True)], dtype=float
    )
    return {
        **_times(trials),
        **dict(_yield_masked_array_for_each_param(params)),
        "params": params,
        "state": np.array([trial.state.name.lower() for trial in trials]),
        **{f"split{fold}_test_score": scores[:, fold] for fold in range(n_splits)},
        "mean_test_score": means,
        "std_test_score": np.where(complete, scores.std(axis=1), np.nan),
        "rank_test_score": stats.rankdata(-np.where(complete, means, -np.inf), method="min").astype(np.int32),
    }


def _times(trials):
    """Mean and standard deviation over folds, in seconds."""
    times = {}
    for what in ("fit", "score"):
        folds = [trial.user_attrs.get("seconds", {}).get(what) or [np.nan] for trial in trials]
        times[f"mean_{what}_time"] = np.array([np.mean(each) for each in folds])
        times[f"std_{what}_time"] = np.array([np.std(each) for each in folds])
    return times

"""Settings and scores of the trials of a search or a study."""

import numpy as np

from skfashion._nested import search_of


def trials_of_search(search):
    """Return the settings, scores and rungs of a fitted search, which may be the end of a Pipeline.

    The rungs are those of successive halving; any other search has one.
    """
    search = search_of(search)
    results = getattr(search, "cv_results_", None)
    if results is None or "params" not in results:  # feature selection has results of another kind
        raise TypeError(f"{type(search).__name__} has no 'cv_results_' of candidates: it is not a fitted search.")
    refit = search.refit if isinstance(getattr(search, "refit", None), str) else "score"
    key = f"mean_test_{refit}" if f"mean_test_{refit}" in results else "mean_test_score"
    if key not in results:
        known = sorted(name for name in results if name.startswith("mean_test_"))
        raise ValueError(f"The search has several scores, {known}, and refit={search.refit!r} chooses none of them.")
    scores = np.asarray(results[key], dtype=float)
    return list(results["params"]), scores, np.asarray(results.get("iter", np.zeros(len(scores))), dtype=int)


def candidates_of_search(search):
    """Return the settings and scores of the candidates of a fitted search, in the last rung that each took part in."""
    params, scores, rungs = trials_of_search(search)
    resource = getattr(search_of(search), "resource", None)  # a parameter that grows from rung to rung
    settings = [{name: value for name, value in setting.items() if name != resource} for setting in params]
    later = [[settings[row] for row in np.flatnonzero(rungs > rung)] for rung in range(rungs.max() + 1)]
    rows = [row for row, rung in enumerate(rungs) if not any(_same(settings[row], other) for other in later[rung])]
    return [params[row] for row in rows], scores[rows]


def _same(one, other):
    """Whether two settings are equal; values that cannot be compared are equal only to themselves."""
    return one.keys() == other.keys() and all(
        value is other[name] or (np.isscalar(value) and np.isscalar(other[name]) and value == other[name])
        for name, value in one.items()
    )


def trials_of_study(study):
    """Return the settings and values of the finished trials of an Optuna study, in the order in which they ran."""
    finished = [trial for trial in study.trials if trial.value is not None and trial.state.name == "COMPLETE"]
    if not finished:
        raise ValueError("The study has no finished trial.")
    return [trial.params for trial in finished], np.array([trial.value for trial in finished], dtype=float)


def is_minimized(study):
    """Whether the best trial of an Optuna study is the one with the smallest value."""
    return study.direction.name == "MINIMIZE"


def checked_trials(params, scores):
    """Return settings and finite scores."""
    scores = np.asarray(scores, dtype=float)
    if len(params) != len(scores) or not len(params):
        raise ValueError(f"There must be as many scores as settings, and at least one: {len(scores)}, {len(params)}.")
    finite = np.isfinite(scores)
    if not finite.any():
        raise ValueError("No trial has a finite score.")
    return [setting for setting, good in zip(params, finite, strict=True) if good], scores[finite]

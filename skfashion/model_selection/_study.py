"""The Optuna study behind a search: create, claim, seed, enqueue, tell and copy."""

import copy
import time
from contextlib import contextmanager

import joblib
import numpy as np

from skfashion.model_selection._space import IS_STORED, load_optuna

# Longer than it takes to write down a claim.
_SECONDS_TO_SETTLE = 0.3


def open_study(search, storage, about):
    """The study of a search in an open storage: that of its name if it is about the same or nothing yet.

    `about` gives a dict of str that tells which trials may be mixed. Another search, for instance of another fold in
    nested cross-validation, gets a study of its own.

    Raises
    ------
    ValueError
        If the study of this name is about an estimator of the same repr that holds something else, such as another
        fitted encoder: who looks at both cannot tell them apart.
    """
    if search.storage is None:
        return _create(search, storage, search.study_name)
    if search.study_name is None:
        raise ValueError("A storage needs a study_name, by which a later search finds its trials.")
    study, about = _create(search, storage, search.study_name), about()
    if _claim(study, about) != about:
        known = study.user_attrs["about"]
        if about["estimator"] != known["estimator"] and about["shown"] == known["shown"]:
            raise ValueError(
                f"The storage holds a study {search.study_name!r} of another estimator, which looks the same but holds "
                "something else, for instance another fitted encoder: use another study_name."
            )
        study = _create(search, storage, f"{search.study_name}-{joblib.hash(about)[:12]}")
        study.set_user_attr("about", about)
    return study


def seed_study(study, sampler, seed, number):
    """Set the sampler of a study for a search whose first trial has this number.

    It is a copy of `sampler`, or Optuna's own with `seed` if that is None.
    """
    study.sampler = load_optuna().samplers.TPESampler(seed=seed) if sampler is None else copy.deepcopy(sampler)
    if number:  # the same numbers would give the same trials again
        reseed_study(study, sampler, seed, number)


def reseed_study(study, sampler, seed, number):
    """Let a search whose first trial has this number draw other settings than those that draw from the same seed."""
    if sampler is None:
        seed = int(np.random.default_rng([seed, number]).integers(2**31))
        study.sampler = load_optuna().samplers.TPESampler(seed=seed)
    else:
        study.sampler.reseed_rng()


def _create(search, storage, name):
    """Create or load a study."""
    optuna = load_optuna()
    with _quiet():
        study = optuna.create_study(
            direction="maximize",
            pruner=_pruner(search.pruner),
            storage=storage,
            study_name=name,
            load_if_exists=True,
        )
    if study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
        raise ValueError(f"The study {name!r} does not maximize one score: {study.directions}.")
    return study


def _pruner(pruner):
    pruners = load_optuna().pruners
    if pruner is None:
        return pruners.NopPruner()
    return pruners.MedianPruner() if pruner == "median" else pruner


def _claim(study, about):
    """The description of the search that owns a study; one without an owner is claimed for the search `about`."""
    if "about" not in study.user_attrs:
        study.set_user_attr("about", about)
        time.sleep(_SECONDS_TO_SETTLE)  # others may have found it unclaimed at the same time: the last one has it
    return study.user_attrs["about"]


def enqueue(study, setting):
    """Let the next trial have a setting as it is stored, unless one had it that did not fail, or will have it."""
    fixed = [trial.system_attrs.get("fixed_params") for trial in study.trials if trial.state.name != "FAIL"]
    if setting not in fixed:
        study.enqueue_trial(setting, user_attrs={IS_STORED: True})


def tell(study, trial, score=None, state=None):
    """Tell the study how a trial, or that of a number, ended; return whether its sampler has nothing left to try.

    Raises
    ------
    optuna.exceptions.UpdateFinishedTrialError
        If another process has reported it first.
    """
    try:
        study.tell(trial, score, state=state)
    except ValueError as error:
        number = getattr(trial, "number", trial)
        if not study.trials[number].state.is_finished():
            raise
        raise load_optuna().exceptions.UpdateFinishedTrialError(f"Another process has ended trial {number}.") from error
    except RuntimeError as error:
        # Samplers that end a search do it by a method that only works inside of Optuna's own loop. The trial is stored.
        if "`Study.stop`" not in str(error):
            raise
        return True
    return False


def finished(study):
    """The trials of searches that ended, in whatever way; not those that a user has added."""
    return [trial for trial in study.trials if trial.state.is_finished() and "folds" in trial.user_attrs]


def is_interrupted(trial):
    """Whether a trial ended without a result or an error of its own: its process was stopped, or is gone."""
    return trial.state.name == "FAIL" and "error" not in trial.user_attrs


def in_memory(study):
    """A copy of the study that needs no storage."""
    return new_in_memory(study.study_name, study.trials, study.user_attrs, sampler=study.sampler, pruner=study.pruner)


def new_in_memory(name, trials, user_attrs, **settings):
    """A study of trials that were made elsewhere."""
    with _quiet():
        study = load_optuna().create_study(direction="maximize", study_name=name, **settings)
    study.add_trials(trials)
    for attribute, value in user_attrs.items():
        study.set_user_attr(attribute, value)
    return study


@contextmanager
def _quiet():
    """Without the lines that Optuna prints of a study that is made."""
    logging = load_optuna().logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(before)

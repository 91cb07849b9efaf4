"""The study of Optuna behind a search: opened, claimed, told of its trials, and carried along."""

import time
from contextlib import contextmanager

import numpy as np

from skfashion.model_selection._distributions import load_optuna

_ATTEMPTS = 5


def open_study(storage, name, pruner, sampler, seed):
    """A study that maximizes one score: the one of this name if the storage holds it.

    `pruner` is ``"median"``, None for no pruning, or one of Optuna's; a `sampler` of None is Optuna's own with `seed`.
    """
    optuna = load_optuna()
    if storage is not None and name is None:
        raise ValueError("A storage needs a study_name, by which a later search finds its trials.")
    if pruner == "median":
        pruner = optuna.pruners.MedianPruner()
    elif pruner is None:
        pruner = optuna.pruners.NopPruner()
    with _quiet():
        study = _create(direction="maximize", pruner=pruner, storage=storage, study_name=name, load_if_exists=True)
    if study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
        raise ValueError(f"The study {name!r} does not maximize one score: {study.directions}.")
    if study.trials:  # the same numbers would give the same trials again
        seed = int(np.random.default_rng([seed, len(study.trials)]).integers(2**31))
    study.sampler = sampler or optuna.samplers.TPESampler(seed=seed)
    return study


def _create(**settings):
    """Create or load a study, also where another process is at the tables of the same fresh database."""
    optuna = load_optuna()
    from sqlalchemy.exc import DBAPIError  # which Optuna brings

    for attempt in range(_ATTEMPTS - 1):
        try:
            return optuna.create_study(**settings)
        except DBAPIError:
            time.sleep(0.1 * 2**attempt)
    return optuna.create_study(**settings)


def claim(study, about):
    """Write down what the study is about; raise a ValueError if it is about something else."""
    known = study.user_attrs.get("about")
    if known is None:
        study.set_user_attr("about", about)
    elif known != about:
        others = ", ".join(name for name in about if about[name] != known.get(name))
        raise ValueError(
            f"The storage holds a study {study.study_name!r} of other {others}: take another study_name. (Samples "
            "and splits have to be the same in every run, so cv needs a random_state if it shuffles.)"
        )


def tell(study, trial, score=None, state=None):
    """Tell the study how a trial ended; return whether its sampler has nothing left to try."""
    try:
        study.tell(trial, score, state=state)
    except RuntimeError as error:
        # Samplers that end a search do it by a method that only works inside of Optuna's own loop. The trial is stored.
        if "`Study.stop`" not in str(error):
            raise
        return True
    return False


def finished(study):
    """The trials that ended, in whatever way."""
    return [trial for trial in study.trials if trial.state.is_finished()]


def in_memory(study):
    """A copy of the study that needs no storage."""
    with _quiet():
        copy = load_optuna().create_study(
            direction="maximize", sampler=study.sampler, pruner=study.pruner, study_name=study.study_name
        )
    copy.add_trials(study.trials)
    for name, value in study.user_attrs.items():
        copy.set_user_attr(name, value)
    return copy


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

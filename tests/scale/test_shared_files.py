"""One study on several machines that share a folder, without a server."""

import optuna
import pytest
from shared_studies import four_at_once, goes_on, one_is_killed


@pytest.fixture(params=["journal", "sqlite"])
def storage(request, tmp_path):
    """The code that gives the storage, and the storage."""
    if request.param == "sqlite":
        return repr(f"sqlite:///{tmp_path / 'study.db'}"), f"sqlite:///{tmp_path / 'study.db'}"
    path = str(tmp_path / "study.log")
    code = f"optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend({path!r}))"
    return code, optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))


@pytest.mark.slow
def test_four_processes_run_as_many_trials_as_one(storage):
    four_at_once(storage[0])


@pytest.mark.slow
def test_a_killed_process_loses_no_trial(storage):
    goes_on(storage[1], one_is_killed(storage[0]))

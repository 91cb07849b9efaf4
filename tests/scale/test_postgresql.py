"""One study on many machines that reach a PostgreSQL server; the extra ``ecosystem`` brings its driver."""

import itertools
import threading
import traceback

import numpy as np
import optuna
import pytest
from postgresql_server import PASSWORD, PostgreSQLServer, server_programs
from searches import Anything, Parabola, search
from shared_studies import SPACE, X, four_at_once, goes_on, one_is_killed, y
from sklearn.model_selection import GridSearchCV

from skfashion.model_selection import _heartbeat, _storage

pytest.importorskip("psycopg", reason="needs the extra postgresql")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    if server_programs() is None:
        pytest.skip("no PostgreSQL server is installed: initdb and pg_ctl are not on the path")
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture
def database(server):
    """The name of an empty database."""
    name = f"study{server.execute('SELECT count(*) FROM pg_database')[0][0]}"
    server.execute(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def address(server, database):
    return server.address(database)


def test_four_processes_run_as_many_trials_as_one(address):
    four_at_once(repr(address))


def test_a_killed_process_loses_no_trial(address):
    goes_on(address, one_is_killed(repr(address)))


class Acts(Parabola):
    """Does something to its surroundings in the fit of one trial."""

    act = staticmethod(lambda: None)
    calls = itertools.count()

    def fit(self, X, y):
        if next(Acts.calls) == 4:
            Acts.act()
        return super().fit(X, y)


@pytest.fixture
def acts(monkeypatch):
    def use(act):
        monkeypatch.setattr(Acts, "act", staticmethod(act))
        monkeypatch.setattr(Acts, "calls", itertools.count())

    return use


def test_a_server_that_restarts_ends_no_trial(server, address, acts):
    timer = threading.Timer(3.0, server.start)

    def restart():
        server.stop()
        timer.start()

    acts(restart)
    found = search(SPACE, 6, Acts(), pruner=None, storage=address, study_name="x").fit(X, y)
    timer.join()
    assert found.cv_results_["state"].tolist() == ["complete"] * 6


def test_a_server_that_stays_away_ends_the_search_and_keeps_its_trials(server, address, acts, monkeypatch):
    monkeypatch.setattr(_storage, "_SECONDS_AWAY", 1.0)
    monkeypatch.setattr(_heartbeat, "_SECONDS_OF_GRACE", 1.0)
    acts(server.stop)
    model = search(SPACE, 4, Acts(), pruner=None, storage=address, study_name="x")
    try:
        with pytest.raises(optuna.exceptions.StorageInternalError, match=r"(?s)study failed: .*fit again to resume"):
            model.fit(X, y)
    finally:
        server.start()
    assert model.fit(X, y).cv_results_["state"].tolist() == ["complete"] * 2 + ["interrupted"] + ["complete"] * 2


def test_a_search_leaves_no_connection(server, database, address):
    search(SPACE, 3, storage=address, study_name="x", n_jobs=2).fit(X, y)
    count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
    assert server.execute(count) == [(0,)]


def test_values_that_are_no_json_travel(address):
    choices = [np.int64(3), (128, np.int64(64)), np.float32(0.1), None, np.bool_(True), np.arange(3), np.mean]
    settings = [{"x": choice} for choice in choices]
    for n_trials in (3, len(choices)):
        found = search({"x": choices}, n_trials, Anything(), initial_params=settings, storage=address, study_name="x")
        params = found.fit(X, y).cv_results_["params"]
    assert all(each["x"] is choice for each, choice in zip(params, choices, strict=True))
    start = {"x": np.int64(3)}
    found = search(SPACE, 1, initial_params=start, storage=address, study_name="y").fit(X, y)
    assert found.best_params_ == start


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": PASSWORD + "wrong"}, "cannot be opened: .*password authentication failed"),
        ({"database": "nobodys"}, 'cannot be opened: .*database "nobodys" does not exist'),
    ],
)
def test_what_is_wrong_is_told_without_the_password(server, change, message):
    address = server.address(**{"database": "postgres", **change})
    with pytest.raises(optuna.exceptions.StorageInternalError, match=message) as caught:
        search(SPACE, 1, storage=address, study_name="x").fit(X, y)
    told = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in told
    assert address not in told


def test_the_password_is_stored_nowhere(server, database, address):
    inner = search(SPACE, 1, storage=address, study_name="inner")
    outer = search({"n_trials": [1, 2]}, 2, inner, storage=address, study_name="outer", refit=False).fit(X, y)
    stored = server.execute("SELECT value_json FROM study_user_attributes", database)
    assert any("OptunaSearchCV(" in text for (text,) in stored)
    written = address.split("searcher:")[1].split("@")[0]
    shown = [*(text for (text,) in stored), repr(outer), outer._repr_html_(), repr(GridSearchCV(inner, {})), inner.fit]
    for text in map(str, shown):
        assert written not in text
        assert PASSWORD not in text

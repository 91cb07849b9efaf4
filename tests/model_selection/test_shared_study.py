"""Several searches at one study: how many trials they run together, and which of them are over."""

import threading
import time
import warnings

import optuna
import pytest
from scipy.stats import uniform
from searches import Parabola, search
from sklearn.exceptions import FitFailedWarning

from skfashion.model_selection import _heartbeat
from skfashion.model_selection._space import IS_STORED

SPACE = {"x": uniform(-10, 20)}


@pytest.fixture
def kept():
    return {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}


class Slow(Parabola):
    seconds = 0.02

    def fit(self, X, y):
        time.sleep(self.seconds)
        return super().fit(X, y)


def fit_together(searches, X, y):
    threads = [threading.Thread(target=each.fit, args=(X, y)) for each in searches]
    with warnings.catch_warnings():  # threads that change the filters for a while may leave them changed
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def states_and_settings(fitted):
    results = fitted.cv_results_
    return results["state"].tolist(), [params["x"] for params in results["params"]]


def test_searches_of_one_study_run_as_many_trials_as_one(problem, kept):
    searches = [search(SPACE, 9, Slow(), pruner=None, **kept) for _ in range(3)]
    fit_together(searches, *problem)
    for each in searches:
        assert each.cv_results_["state"].tolist() == ["complete"] * 9
        assert each.best_params_ == searches[0].best_params_
    assert len({params["x"] for params in searches[0].cv_results_["params"]}) == 9  # in spite of one random_state


@pytest.mark.parametrize("n_trials", [1, 3])
def test_searches_that_begin_a_trial_at_the_same_time(problem, kept, monkeypatch, n_trials):
    """Each sees that the study lacks trials before another begins one."""
    barrier, waited, ask = threading.Barrier(2, timeout=30), set(), optuna.Study.ask

    def ask_together(study):
        if threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            barrier.wait()
        return ask(study)

    monkeypatch.setattr(optuna.Study, "ask", ask_together)
    searches = [search(SPACE, n_trials, Slow(), pruner=None, **kept) for _ in range(2)]
    fit_together(searches, *problem)
    settings = [params["x"] for params in searches[0].cv_results_["params"]]
    assert len(set(settings)) == len(settings) == n_trials


def test_initial_params_of_several_searches_are_tried_once(problem, kept):
    initial = [{"x": 1.0}, {"x": 2.0}]
    searches = [search(SPACE, 6, Slow(), pruner=None, initial_params=initial, **kept) for _ in range(3)]
    fit_together(searches, *problem)
    settings = [params["x"] for params in searches[0].cv_results_["params"]]
    assert len(settings) == 6
    assert settings.count(1.0) == settings.count(2.0) == 1


def leave_running(kept, x, user_attrs=None):
    """Leave a trial as a process does that is killed: running."""
    study = optuna.load_study(**kept)
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING,
            params={"x": x},
            distributions={"x": optuna.distributions.FloatDistribution(-10, 10)},
            user_attrs={_heartbeat.HEARTBEAT: 3, "folds": []} if user_attrs is None else user_attrs,
        )
    )


def test_a_trial_whose_process_is_gone_is_run_again_once(problem, kept, monkeypatch):
    monkeypatch.setattr(_heartbeat, "_SECONDS_OF_GRACE", 0.5)
    search(SPACE, 2, **kept).fit(*problem)
    leave_running(kept, x=9.5)
    results = search(SPACE, 4, pruner=None, **kept).fit(*problem).cv_results_
    settings = [params["x"] for params in results["params"]]
    assert results["state"].tolist() == ["complete"] * 2 + ["interrupted"] + ["complete"] * 2
    assert settings.count(9.5) == 2
    leave_running(kept, x=8.5, user_attrs={_heartbeat.HEARTBEAT: 3, "folds": [], "retry_of": 1})
    results = search(SPACE, 5, pruner=None, **kept).fit(*problem).cv_results_
    assert [params["x"] for params in results["params"]].count(8.5) == 1


def test_a_setting_that_two_searches_have_enqueued_is_tried_once(problem, kept):
    """As two do that ask for the settings of the study before either has written its own."""
    study = optuna.create_study(direction="maximize", **kept)
    for _ in range(2):
        study.enqueue_trial({"x": 1.0}, user_attrs={IS_STORED: True})
    states, settings = states_and_settings(search(SPACE, 3, pruner=None, **kept).fit(*problem))
    assert states == ["complete"] * 3
    assert settings.count(1.0) == 1


def test_an_interrupted_trial_that_two_searches_repeat_is_run_once(problem, kept):
    search(SPACE, 1, **kept).fit(*problem)
    study = optuna.load_study(**kept)
    for _ in range(2):
        study.enqueue_trial({"x": 9.5}, user_attrs={"retry_of": 0})
    states, settings = states_and_settings(search(SPACE, 4, pruner=None, **kept).fit(*problem))
    assert states == ["complete"] * 4
    assert settings.count(9.5) == 1


def test_a_trial_with_a_heartbeat_is_waited_for(problem, kept, monkeypatch):
    monkeypatch.setattr(_heartbeat, "_SECONDS_BETWEEN", 0.1)
    monkeypatch.setattr(_heartbeat, "_SECONDS_OF_GRACE", 1.5)

    monkeypatch.setattr(Slow, "seconds", 1.5)
    other, model = (search(SPACE, 1, Slow(), **kept) for _ in range(2))
    thread = threading.Thread(target=other.fit, args=problem)
    with warnings.catch_warnings():
        thread.start()
        for _ in range(3000):
            if kept["storage"].get_all_studies() and optuna.load_study(**kept).trials:
                break
            time.sleep(0.01)
        found = model.fit(*problem)
        thread.join()
    assert found.study_.study_name == "x"
    assert [trial.state.name for trial in optuna.load_study(**kept).trials] == ["COMPLETE"]


def test_a_search_that_others_have_given_up_says_so(problem, kept):
    class Paused(Parabola):
        def fit(self, X, y):
            study = optuna.load_study(**kept)
            if study.trials[-1].number == 1:
                study.tell(1, state=optuna.trial.TrialState.FAIL)
            return super().fit(X, y)

    with pytest.warns(FitFailedWarning, match=r"1 trials failed: trial 1 with .*: interrupted"):
        found = search(SPACE, 3, Paused(), pruner=None, **kept).fit(*problem)
    assert found.cv_results_["state"].tolist() == ["complete", "interrupted", "complete"]


def test_an_rdb_storage_with_a_heartbeat_of_its_own(problem, tmp_path):
    """Its interval, its grace and its callback are used, without the warning that it needs Optuna's loop."""
    calls = []
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{tmp_path / 'study.db'}",
            heartbeat_interval=1,
            grace_period=1,
        )
    # By the name that all releases know it by; to give it is deprecated in some.
    storage.failed_trial_callback = lambda study, trial: calls.append((trial.number, trial.state.name))
    kept = {"storage": storage, "study_name": "x"}
    search(SPACE, 1, **kept).fit(*problem)
    leave_running(kept, x=9.5)
    found = search(SPACE, 2, **kept).fit(*problem)
    assert calls == [(1, "FAIL")]
    assert found.cv_results_["state"].tolist() == ["complete", "interrupted", "complete"]


def test_a_password_is_not_shown(problem):
    model = search(SPACE, storage="postgresql+psycopg://me:se/c@ret@host/db?sslpassword=conc3al")
    odbc = search(SPACE, storage="mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BUID%3Dme%3BPWD%3Dsecret")
    model.set_params(estimator=search(SPACE, odbc, storage="mysql://me:secret@host/db"))
    for text in (repr(model), model._repr_html_(), str(model.get_params())):
        assert "***" in text
        assert not any(secret in text for secret in ("se/c", "ret@", "secret", "conc3al"))
    assert model.get_params()["storage"] == model.storage


@pytest.mark.parametrize("address", ["secret", "postgresql://me:sec@ret@host/db", "postgresql://host:secret"])
def test_an_address_that_is_none(problem, address):
    with pytest.raises(ValueError, match="The storage is not an address such as") as caught:
        search(SPACE, storage=address, study_name="x").fit(*problem)
    assert "sec" not in str(caught.value)


def test_what_is_no_storage_is_refused(problem):
    with pytest.raises(ValueError, match="'storage' parameter"):
        search(SPACE, storage=3, study_name="x").fit(*problem)

"""Training curves as a callback: what is drawn while models are trained, and that nothing else changes."""

import copy
import io
import pickle
import textwrap
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from joblib import parallel_config
from networks import mlp
from processes import run_python
from sklearn.base import clone
from sklearn.callback import AutoPropagatedCallback, FitCallback
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.inspection import TrainingCurveDisplay, _live_curves, _screens
from skfashion.inspection._text_chart import text_chart
from skfashion.neural_network import Autoencoder


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in which every epoch is shown."""
    stream = Terminal()
    monkeypatch.setattr(_live_curves, "screen_here", lambda: _screens.TerminalScreen(stream))
    monkeypatch.setattr(_live_curves, "_INTERVAL", 0)
    return stream


def test_it_is_a_callback_that_searches_hand_on():
    display = TrainingCurveDisplay()
    assert isinstance(display, FitCallback)
    assert isinstance(display, AutoPropagatedCallback)
    assert display.max_propagation_depth is None


def test_it_changes_no_result_and_holds_the_history(tiny, terminal):
    X, y = tiny
    display = TrainingCurveDisplay(metric="accuracy")
    seen = mlp(max_epochs=4).set_callbacks(display).fit(X, y, X_val=X, y_val=y)
    plain = mlp(max_epochs=4).fit(X, y, X_val=X, y_val=y)
    for one, other in zip(seen.module_.parameters(), plain.module_.parameters(), strict=True):
        assert torch.equal(one, other)
    assert display.histories == {"": seen.history_}
    assert set(display.plot().lines_) == {("", "train_accuracy"), ("", "valid_accuracy")}


def test_a_chart_takes_the_place_of_the_one_before(tiny, terminal):
    model = mlp(max_epochs=3).set_callbacks(TrainingCurveDisplay()).fit(*tiny)
    charts = terminal.getvalue().split("\x1b[J")
    assert len(charts) == 4  # one per epoch, and the last
    for epoch, chart in zip((1, 2, 3, 3), charts, strict=True):
        lines = chart.split("\n")
        assert lines[0] == "loss"
        assert f"  * training images: {model.loss_curve_[epoch - 1]:.4g}" in lines
    heights = [len(chart.split("\x1b[")[0].splitlines()) for chart in charts]
    assert [chart.rsplit("\x1b[", 1)[1] for chart in charts[:-1]] == [f"{height}A" for height in heights[:-1]]


def test_a_file_gets_the_last_chart(tiny, capsys):
    mlp(max_epochs=3).set_callbacks(TrainingCurveDisplay()).fit(*tiny)
    printed = capsys.readouterr().out
    assert printed.count("training images") == 1
    assert "\x1b" not in printed
    assert printed.isascii()


@pytest.mark.parametrize(
    ("backend", "n_jobs"), [("threading", 2), pytest.param("loky", 2, marks=pytest.mark.slow), ("threading", 1)]
)
def test_in_a_search(tiny, capsys, backend, n_jobs):
    display = TrainingCurveDisplay()
    pipeline = make_pipeline(StandardScaler(), mlp(max_epochs=3))
    search = GridSearchCV(pipeline, {"mlpclassifier__batch_size": [8, 16]}, cv=2, n_jobs=n_jobs)
    # Threads of scikit-learn set the filters of all threads.
    with parallel_config(backend), warnings.catch_warnings():
        plain = clone(search).fit(*tiny)
        search.set_callbacks(display).fit(*tiny)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
    evaluations = [f"candidate split evaluation {number}, fit final estimator" for number in range(4)]
    assert set(display.histories) == {*evaluations, "refit with best params, fit final estimator"}
    last = display.histories["refit with best params, fit final estimator"]
    assert last == search.best_estimator_[-1].history_
    assert [row["epoch"] for row in last] == [1, 2, 3]
    assert "refit with best params" in capsys.readouterr().out


def test_a_picture_shows_the_last_ten(tiny, capsys):
    search = GridSearchCV(mlp(max_epochs=1), {"batch_size": range(8, 14)}, cv=2)
    display = TrainingCurveDisplay()
    search.set_callbacks(display).fit(*tiny)
    assert len(display.histories) == 13
    chart = capsys.readouterr().out
    assert "evaluation 2:" not in chart
    assert "evaluation 3:" in chart


def test_a_fit_begins_with_empty_curves_and_goes_on_warm(tiny, capsys):
    display = TrainingCurveDisplay()
    model = mlp(max_epochs=2, warm_start=True).set_callbacks(display)
    for n_epochs in (2, 4):
        model.fit(*tiny)
        assert display.histories == {"": model.history_}
        assert [row["epoch"] for row in display.histories[""]] == list(range(1, n_epochs + 1))


def test_folds_that_are_no_tasks_of_a_search(tiny, capsys):
    display = TrainingCurveDisplay()
    model = mlp(max_epochs=2).set_callbacks(display)
    with parallel_config("threading"), warnings.catch_warnings():
        cross_val_score(model, *tiny, cv=3, n_jobs=3)
    assert not display._listeners
    assert all(len(rows) == 2 for rows in display.histories.values())


def test_a_display_that_fails_is_told_and_breaks_nothing(tiny, terminal):
    model = Autoencoder(2, (4,), max_epochs=2, random_state=0).set_callbacks(TrainingCurveDisplay(metric="accuracy"))
    with pytest.warns(RuntimeWarning, match="could not be drawn: ValueError: The history '' holds no 'accuracy'"):
        model.fit(tiny[0])
    assert model.n_epochs_ == 2
    assert terminal.getvalue() == ""


def test_a_terminal_that_is_closed_and_a_listener_that_cannot_be_opened(tiny, terminal, monkeypatch):
    terminal.close()
    with pytest.warns(RuntimeWarning, match="could not be drawn: ValueError"):
        assert mlp(max_epochs=2).set_callbacks(TrainingCurveDisplay()).fit(*tiny).n_epochs_ == 2

    def refuse(*arguments):
        raise OSError("no sockets here")

    monkeypatch.setattr(_live_curves, "open_listener", refuse)
    with pytest.warns(RuntimeWarning, match="could not be drawn: OSError: no sockets here"):
        assert mlp(max_epochs=2).set_callbacks(TrainingCurveDisplay()).fit(*tiny).n_epochs_ == 2


def test_a_fit_that_fails_raises_its_own_error(tiny, capsys):
    display = TrainingCurveDisplay()
    model = mlp(optimizer="sgd", learning_rate=1e30).set_callbacks(display)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="diverged"):
            model.fit(*tiny)
    assert not display._listeners
    assert not hasattr(model, "history_")


def test_an_estimator_without_epochs_is_told(tiny):
    with pytest.warns(RuntimeWarning, match="LogisticRegression has reported no epochs"):
        LogisticRegression(max_iter=1000).set_callbacks(TrainingCurveDisplay()).fit(*tiny)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies(tiny, capsys, copied):
    display = TrainingCurveDisplay()
    model = mlp(max_epochs=2).set_callbacks(display).fit(*tiny)
    display.plot()
    other = copied(display)
    assert other.histories == display.histories
    assert not hasattr(other, "figure_")
    assert other.plot().lines_.keys() == display.lines_.keys()
    again = copied(model).fit(*tiny)
    assert again.loss_curve_ == model.loss_curve_
    assert display.histories == {"": model.history_}  # that of the copy has drawn
    clone(model).fit(*tiny)  # a clone shares its callbacks, as scikit-learn says
    assert len(display.histories[""]) == 2


def test_in_a_notebook():
    code = textwrap.dedent("""
        from types import SimpleNamespace
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.kernel = object()
        shell.display_pub = CapturingDisplayPublisher()
        from skfashion.datasets import make_garments
        from skfashion.inspection import TrainingCurveDisplay, _live_curves
        from skfashion.neural_network import MLPClassifier
        _live_curves._INTERVAL = 0
        X, y = make_garments(50, random_state=0, return_X_y=True)
        MLPClassifier((4,), max_epochs=3, random_state=0).set_callbacks(TrainingCurveDisplay()).fit(X, y)
        outputs = shell.display_pub.outputs
        assert len(outputs) == 4, outputs
        assert len({output["transient"]["display_id"] for output in outputs}) == 1
        assert [bool(output.get("update")) for output in outputs] == [False, True, True, True]
        assert all(output["data"]["image/png"] for output in outputs)
        import matplotlib.pyplot
        assert not matplotlib.pyplot.get_fignums()
        print("shown")
    """)
    assert run_python(code).strip().endswith("shown")


# --- text


def test_text_chart_places_points():
    title, *area, axis, legend = text_chart(
        {"a": ([1, 2, 3], [0.0, 5.0, 10.0])}, title="loss", xlabel="epochs", width=5, height=3
    )
    assert title == "loss"
    assert area == ["10 |    *", "   |  *", " 0 |*"]
    assert axis.split() == ["1", "3", "epochs"]
    assert legend == "  * a: 10"


def test_text_chart_of_one_point_and_of_what_is_not_finite():
    assert text_chart({"a": ([1], [2.0])}, title="t", xlabel="x", width=4, height=2)[2] == "2 |*"
    lines = text_chart({"a": ([1, 2], [1.0, np.nan]), "b": ([1], [np.inf])}, title="t", xlabel="x")
    assert lines[-2:] == ["  * a: nan", "  o b: inf"]
    assert text_chart({"a": ([1], [np.nan])}, title="t", xlabel="x") == ["t: no finite value yet"]


def test_epochs_that_follow_each_other_fast_are_not_drawn_one_by_one(tiny, terminal, monkeypatch):
    """But the first and the last; each fit begins anew."""
    monkeypatch.setattr(_live_curves, "_INTERVAL", 1e9)
    model = mlp(max_epochs=5).set_callbacks(TrainingCurveDisplay())
    for _ in range(2):
        terminal.truncate(0)
        model.fit(*tiny)
        first, last = terminal.getvalue().split("\x1b[J")
        assert f"training images: {model.loss_curve_[0]:.4g}" in first
        assert f"training images: {model.loss_curve_[-1]:.4g}" in last


def test_a_fit_that_begins_during_another_one_keeps_its_curves(tiny, terminal):
    """As those of cross_val_score with several threads."""
    display = TrainingCurveDisplay()
    outer = SimpleNamespace(root_uuid="outer")
    display.setup(None, outer)
    inner = [mlp(max_epochs=2, random_state=seed).set_callbacks(display).fit(*tiny) for seed in (0, 1)]
    display.teardown(None, outer)
    assert list(display.histories.values()) == [model.history_ for model in inner]
    assert not display._listeners
    last = mlp(max_epochs=1).set_callbacks(display).fit(*tiny)
    assert display.histories == {"": last.history_}


def test_a_failure_is_forgotten_by_the_next_fit(tiny, terminal, monkeypatch):
    closed = Terminal()
    closed.close()
    model = mlp(max_epochs=2).set_callbacks(TrainingCurveDisplay())
    with monkeypatch.context() as patched:
        patched.setattr(_live_curves, "screen_here", lambda: _screens.TerminalScreen(closed))
        with pytest.warns(RuntimeWarning, match="could not be drawn"):
            model.fit(*tiny)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*tiny)
    assert f"training images: {model.loss_curve_[-1]:.4g}" in terminal.getvalue()

"""Callbacks of scikit-learn and of skorch."""

import threading

import numpy as np
import pytest
import torch
from networks import mlp
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import BatchScoring, Callback, EarlyStopping, EpochScoring, GradientNormClipping, LRScheduler


def called(*callbacks, **parameters):
    """A perceptron with callbacks of skorch."""
    net_params = {"callbacks": list(callbacks)} if callbacks else None
    return mlp(**{"max_epochs": 4, "net_params": net_params, **parameters})


class Record:
    """A callback of scikit-learn that writes down what it is told."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(("begin", context.task_name, context.task_id, len(X)))

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        accuracy = fitted_estimator.score(X, self.y)
        self.events.append(("end", context.task_name, context.task_id, accuracy))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


def test_epochs_are_tasks(tiny):
    X, y = tiny
    record = Record()
    record.y = y
    model = called().set_callbacks(record).fit(X, y)
    names = [event if isinstance(event, str) else event[:3] for event in record.events]
    epochs = [(when, "epoch", epoch) for epoch in range(4) for when in ("begin", "end")]
    assert names == ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]
    # The estimator that is handed over is the one as of that epoch.
    handed_over = [event[3] for event in record.events if event[:2] == ("end", "epoch")]
    assert handed_over == [called(max_epochs=k).fit(X, y).score(X, y) for k in (1, 2, 3, 4)]
    assert record.events[-2][3] == model.score(X, y)


def test_a_callback_stops_the_training(tiny):
    record = Record(stop_after=2)
    record.y = tiny[1]
    model = called().set_callbacks(record).fit(*tiny)
    assert model.n_epochs_ == 2
    assert record.events[-1] == "teardown"


def test_teardown_after_a_failure(tiny):
    record = Record()
    record.y = tiny[1]
    model = called(optimizer="sgd", learning_rate=1e30).set_callbacks(record)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(*tiny)
    assert record.events[-1] == "teardown"
    assert not [name for name in vars(model) if name.endswith("_") and not name.startswith("_")]


def test_progress_bar_in_a_search(tiny, capsys):
    search = GridSearchCV(make_pipeline(StandardScaler(), called()), {"mlpclassifier__batch_size": [8, 16]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None))
    search.fit(*tiny)
    assert "MLPClassifier" in capsys.readouterr().out


def test_scoring_monitor(tiny):
    monitor = ScoringMonitor(scoring="accuracy")
    X, y = tiny
    model = called().set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs(select="most_recent").data if row["task_name"] == "epoch"]
    assert [row["accuracy"] for row in rows] == [called(max_epochs=k).fit(X, y).score(X, y) for k in (1, 2, 3, 4)]
    assert rows[-1]["accuracy"] == model.score(X, y)


def test_skorch_epoch_hooks(tiny):
    class Count(Callback):
        def initialize(self):
            self.calls = []
            return self

        def on_train_begin(self, net, **kwargs):
            self.calls.append("train begin")

        def on_epoch_begin(self, net, **kwargs):
            self.calls.append("epoch begin")

        def on_epoch_end(self, net, dataset_train, **kwargs):
            assert len(dataset_train) == 60
            self.calls.append("epoch end")

        def on_train_end(self, net, **kwargs):
            self.calls.append("train end")

    callback = Count()
    model = called(callback).fit(*tiny)
    fitted = dict(model.net_.callbacks_)["Count"]
    assert fitted.calls == ["train begin", *["epoch begin", "epoch end"] * 4, "train end"]
    assert not hasattr(callback, "calls")  # the parameter is as it was given


def test_skorch_batch_hooks_see_every_batch(tiny):
    seen = []

    class Watch(Callback):
        def on_batch_begin(self, net, batch, training, **kwargs):
            seen.append(len(batch[0]))

        def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
            assert y_pred.shape == (len(batch[1]), 3)
            assert loss.item() > 0

        def on_grad_computed(self, net, named_parameters, **kwargs):
            assert all(parameter.grad is not None for _, parameter in named_parameters)

    watched = called(Watch()).fit(*tiny)
    assert seen == [16, 16, 16, 12] * 4
    assert watched.loss_curve_ == called().fit(*tiny).loss_curve_
    assert [row["train_batch_size"] for row in watched.net_.history[0, "batches"]] == [16, 16, 16, 12]
    assert "batches" not in watched.history_[0]


@pytest.mark.filterwarnings("ignore:.*did not change a weight")
def test_callbacks_of_skorch_itself(tiny):
    X, y = tiny
    assert (
        called(EarlyStopping("train_loss", patience=1, threshold=10.0, threshold_mode="abs")).fit(X, y).n_epochs_ == 2
    )
    rates = [row["learning_rate"] for row in called(LRScheduler("StepLR", step_size=1, gamma=0.1)).fit(X, y).history_]
    np.testing.assert_allclose(rates, [1e-3, 1e-4, 1e-5, 1e-6])
    clipped = called(GradientNormClipping(1e-12), optimizer="sgd").fit(X, y).module_[-1].weight
    start = called(optimizer="sgd", learning_rate=1e-30).fit(X, y).module_[-1].weight
    torch.testing.assert_close(clipped, start, atol=1e-10, rtol=0)
    scored = called(
        EpochScoring(lambda net, X, y=None: float(net.history[-1, "train_loss"]), name="again", on_train=True),
        BatchScoring(lambda net, X, y=None: 1.0, name="one", on_train=True),
    ).fit(X, y)
    assert [row["again"] for row in scored.history_] == scored.loss_curve_
    assert [row["one"] for row in scored.history_] == [1.0] * 4


def test_callbacks_that_score_validation_data(tiny):
    X, y = tiny
    seen = []

    def accuracy(net, X, y=None):
        predicted = np.concatenate([output.argmax(1) for output in net.forward_iter(X)])
        seen.append(len(y))
        return float((predicted == np.asarray(y)).mean())

    callbacks = EpochScoring(accuracy, name="again"), BatchScoring(lambda net, X, y=None: 1.0, name="one")
    model = called(*callbacks).fit(X, y, X_val=X[:30], y_val=y[:30])
    assert [row["again"] for row in model.history_] == model.validation_scores_
    assert [row["one"] for row in model.history_] == [1.0] * 4
    assert seen == [30] * 4
    assert set(model.net_.history[0]) >= {"train_loss_best", "valid_loss_best"}
    assert not [name for name in model.history_[0] if name in ("train_loss_best", "valid_loss_best")]


def test_a_callback_that_cannot_be_deep_copied(tiny):
    class Locked(Callback):
        def __init__(self):
            self.lock = threading.Lock()

        def on_epoch_end(self, net, **kwargs):
            with self.lock:
                pass

    assert called(Locked()).fit(*tiny).n_epochs_ == 4

"""The net is a skorch net: skorch's callbacks run, and a fitted net can be scored, trained on, changed and saved."""

import json
import pickle
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from skorch import callbacks as cb

from skfashion.extending import BaseNetClassifier, Network, estimator
from skfashion.neural_network import Autoencoder, MLPClassifier


def mlp(*callbacks, **parameters):
    return MLPClassifier(
        (8,),
        **{
            "max_epochs": 4,
            "batch_size": 16,
            "random_state": 0,
            "lr_schedule": None,
            "net_params": {"callbacks": list(callbacks)},
            **parameters,
        },
    )


# Every class that skorch exports as a callback, with usual arguments; `path` is a folder.
USUAL = {
    "BatchScoring": lambda path: cb.BatchScoring("neg_log_loss", name="score", on_train=True),
    "Callback": lambda path: cb.Callback(),
    "Checkpoint": lambda path: cb.Checkpoint(dirname=path),
    "EarlyStopping": lambda path: cb.EarlyStopping("train_loss", patience=2),
    "EpochScoring": lambda path: cb.EpochScoring("accuracy", lower_is_better=False),
    "EpochTimer": lambda path: cb.EpochTimer(),
    "Freezer": lambda path: cb.Freezer("1.*"),
    "GradientNormClipping": lambda path: cb.GradientNormClipping(1.0),
    "Initializer": lambda path: cb.Initializer("*.weight", fn=torch.nn.init.xavier_uniform_),
    "InputShapeSetter": lambda path: cb.InputShapeSetter(param_name="n_features"),
    "LRScheduler": lambda path: cb.LRScheduler("StepLR", step_size=2, gamma=0.1),
    "LoadInitState": lambda path: cb.LoadInitState(cb.Checkpoint(dirname=path)),
    "MlflowLogger": lambda path: cb.MlflowLogger(MagicMock(), MagicMock()),
    "NeptuneLogger": lambda path: cb.NeptuneLogger(MagicMock()),
    "ParamMapper": lambda path: cb.ParamMapper("*", fn=lambda parameter: parameter),
    "PassthroughScoring": lambda path: cb.PassthroughScoring("train_loss", on_train=True),
    "PrintLog": lambda path: cb.PrintLog(sink=lambda text: None),
    "ProgressBar": lambda path: cb.ProgressBar(),
    "SacredLogger": lambda path: cb.SacredLogger(MagicMock()),
    "TensorBoard": lambda path: cb.TensorBoard(MagicMock()),
    "TrainEndCheckpoint": lambda path: cb.TrainEndCheckpoint(dirname=path),
    "Unfreezer": lambda path: cb.Unfreezer("1.*", at=2),
    "WandbLogger": lambda path: cb.WandbLogger(MagicMock(), save_model=False),
}
OF_CLASSIFIERS = {"BatchScoring", "EpochScoring", "InputShapeSetter", "Freezer", "Unfreezer"}


def test_every_callback_of_skorch_is_tried():
    # WarmRestartLR is a scheduler of torch, not a callback.
    assert set(USUAL) == set(cb.__all__) - {"WarmRestartLR"}


@pytest.mark.parametrize("name", sorted(USUAL))
def test_callbacks_run_in_classifiers(tiny, tmp_path, name):
    X, y = tiny
    if name == "NeptuneLogger":
        pytest.importorskip("neptune")
    model = mlp(USUAL[name](str(tmp_path))).fit(X, y, X_val=X[:20], y_val=y[:20])
    assert len(model.net_.callbacks_) == 1
    assert np.isfinite(model.loss_)


@pytest.mark.parametrize("name", sorted(USUAL.keys() - OF_CLASSIFIERS))
def test_callbacks_run_in_autoencoders(tiny, tmp_path, name):
    if name == "NeptuneLogger":
        pytest.importorskip("neptune")
    callbacks = {"callbacks": [USUAL[name](str(tmp_path))]}
    model = Autoencoder(2, max_epochs=3, lr_schedule=None, random_state=0, net_params=callbacks).fit(tiny[0])
    assert np.isfinite(model.loss_)


def test_checkpoints_hold_the_weights_of_the_best_epoch(tiny, tmp_path):
    X, y = tiny
    model = mlp(cb.Checkpoint(dirname=str(tmp_path), load_best=True)).fit(X, y, X_val=X, y_val=y)
    best = min(model.history_, key=lambda row: row["valid_loss"])["epoch"]
    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    for name, value in mlp(max_epochs=best).fit(X, y).module_.state_dict().items():
        torch.testing.assert_close(saved[name], value, rtol=0, atol=0)
        torch.testing.assert_close(model.module_.state_dict()[name], value, rtol=0, atol=0)
    assert len(json.loads((tmp_path / "history.json").read_text())) == best


def test_training_goes_on_from_a_checkpoint(tiny, tmp_path):
    X, y = tiny
    whole = mlp(max_epochs=6, optimizer="sgd").fit(X, y)
    checkpoint = cb.TrainEndCheckpoint(dirname=str(tmp_path))
    callbacks = checkpoint, cb.LoadInitState(checkpoint)
    first = mlp(*callbacks, max_epochs=3, optimizer="sgd").fit(X, y)
    again = mlp(*callbacks, max_epochs=3, optimizer="sgd").fit(X, y)
    assert [row["epoch"] for row in again.net_.history] == [1, 2, 3, 4, 5, 6]
    assert again.loss_curve_[:3] == first.loss_curve_ == whole.loss_curve_[:3]


def test_scores_of_skorch_are_accuracies(tiny):
    X, y = tiny
    model = mlp(cb.EpochScoring("accuracy", lower_is_better=False, name="again")).fit(X, y, X_val=X[:30], y_val=y[:30])
    assert [row["again"] for row in model.history_] == model.validation_scores_
    np.testing.assert_array_equal(model.net_.predict(X), model.predict(X))
    assert model.net_.score(X, y) == model.score(X, y)


def test_a_scheduler_beside_a_schedule_is_refused(tiny):
    for scheduler in (cb.LRScheduler("StepLR", step_size=2), cb.LRScheduler(cb.WarmRestartLR)):
        with pytest.raises(ValueError, match=r"LRScheduler.*set lr_schedule=None"):
            mlp(scheduler, lr_schedule="auto").fit(*tiny)
    rates = [row["learning_rate"] for row in mlp(cb.LRScheduler("StepLR", step_size=1, gamma=0.1)).fit(*tiny).history_]
    np.testing.assert_allclose(rates, [3e-3, 3e-4, 3e-5, 3e-6])


def test_every_hook_of_a_batch_gets_images_and_targets(tiny):
    class Unpacks(cb.Callback):
        def on_batch_begin(self, net, batch, **kwargs):
            self.look(*batch)

        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            self.look(*batch)

        def on_batch_end(self, net, batch, **kwargs):
            self.look(*batch)

        def look(self, images, target):
            seen.append(len(images) == len(target))

    seen = []
    mlp(Unpacks()).fit(*tiny, sample_weight=np.arange(1.0, 61.0))
    assert seen == [True] * 3 * 16


def test_what_callbacks_draw_is_governed_by_the_seed(tiny):
    def first_weights(seed):
        initializer = cb.Initializer("*.weight", fn=torch.nn.init.xavier_uniform_)
        return mlp(initializer, random_state=seed, max_epochs=1).fit(*tiny).predict_proba(tiny[0])

    np.testing.assert_array_equal(first_weights(0), first_weights(0))
    assert not np.array_equal(first_weights(0), first_weights(1))


def test_errors_in_callbacks_arrive_as_they_were(tiny):
    class Fails(cb.Callback):
        def on_epoch_end(self, net, **kwargs):
            raise LookupError("of the user")

    class AlsoFails(cb.Callback):
        def on_train_end(self, net, **kwargs):
            raise ValueError("that hides the first")

    with pytest.raises(LookupError, match="of the user"):
        mlp(Fails(), AlsoFails()).fit(*tiny)


@pytest.mark.parametrize("schedule", ["onecycle", None])
@pytest.mark.parametrize("stored", [False, True])
def test_a_fitted_net_can_be_trained_on_and_changed(tiny, schedule, stored):
    X, y = tiny
    model = mlp(lr_schedule=schedule).fit(X, y)
    model = pickle.loads(pickle.dumps(model)) if stored else model
    before = model.net_.module_[1].weight.detach().clone()
    model.net_.set_params(lr=0.01)
    model.net_.partial_fit(X, y, epochs=2)
    assert [row["epoch"] for row in model.net_.history] == [1, 2, 3, 4, 5, 6]
    assert model.net_.history[-1, "learning_rate"] == 0.01
    assert not torch.equal(before, model.net_.module_[1].weight)
    model.net_.set_params(optimizer__weight_decay=0.1)
    assert model.net_.optimizer_.param_groups[0]["weight_decay"] == 0.1


def test_a_fitted_net_can_be_saved_and_loaded(tiny, tmp_path):
    X, y = tiny
    model, other = mlp().fit(X, y), mlp(random_state=1).fit(X, y)
    files = {f"f_{part}": str(tmp_path / part) for part in ("params", "optimizer", "criterion", "history")}
    model.net_.save_params(**files)
    other.net_.load_params(**files)
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert other.net_.history == model.net_.history
    assert other.net_.optimizer_.state_dict()["state"].keys() == model.net_.optimizer_.state_dict()["state"].keys()


def test_a_net_can_be_fitted_anew(tiny):
    X, y = tiny
    model = mlp().fit(X, y)
    losses = model.loss_curve_
    assert model.net_.fit(X, y).history[:, "train_loss"] == losses


def test_the_history_holds_one_summary_batch_per_epoch(tiny):
    model = mlp().fit(*tiny)
    for row in model.net_.history:
        assert row["batches"] == [{"train_loss": row["train_loss"], "train_batch_size": 60}]


@pytest.mark.parametrize("callback", [cb.Checkpoint, cb.TrainEndCheckpoint])
def test_stored_nets_hold_nothing_of_their_training(garments, tmp_path, callback):
    X, y = garments
    store = callback(dirname=tmp_path, f_pickle="net.pkl", **({"monitor": None} if callback is cb.Checkpoint else {}))
    model = mlp(store).fit(X, y, X_val=X[:300], y_val=y[:300])
    (path,) = tmp_path.glob("*net.pkl")
    assert path.stat().st_size < X.nbytes / 2
    net = pickle.loads(path.read_bytes())
    assert net.valid_ is None
    assert not net.listeners_
    net.callbacks_ = []
    net.partial_fit(X.astype(np.float32) / 255, y.astype(np.int64))
    assert np.isfinite(net.history[-1, "train_loss"])
    assert model.n_epochs_ == 4


def test_a_network_may_call_the_number_of_classes_as_it_likes(garments):
    def linear(n_classes):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, n_classes))

    @estimator
    class LinearClassifier(BaseNetClassifier):
        def _network(self):
            return Network(module=linear, arguments={"n_classes": len(self.classes_)}, foreign=True)

    scoring = cb.EpochScoring("accuracy", on_train=True, lower_is_better=False)
    model = LinearClassifier(max_epochs=2, random_state=0, net_params={"callbacks": [scoring]}).fit(*garments)
    assert 0 < model.net_.history[-1, "accuracy"] < 1
    assert model.net_.classes_.tolist() == list(range(10))

"""Nets that are trained together become what they would alone."""

import contextlib
import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from networks import state, weights
from processes import run_python
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from skorch.callbacks import Callback

import skfashion.training._together as together
from skfashion.neural_network import Autoencoder, CNNClassifier, EncoderClassifier, MLPClassifier
from skfashion.training._together import Fit, _best_size, train_together

SMALL = {"max_epochs": 1, "batch_size": 32, "random_state": 0}


def mlp(**parameters):
    return MLPClassifier((16, 8), **{**SMALL, **parameters})


def autoencoder(**parameters):
    return Autoencoder(4, (16,), **{**SMALL, **parameters})


def fitted(models, X, y=None, n_jobs=1, **arguments):
    """The fits of clones that meet each other."""
    functions = [lambda model=model: clone(model).fit(X, y, **arguments) for model in models]
    return train_together([Fit(function) for function in functions], n_jobs)


MODELS = {
    "learning rates": [mlp(learning_rate=rate) for rate in (0.0005, 0.002, 0.01)],
    "optimizers": [mlp(optimizer=name, weight_decay=0.01) for name in ("adam", "adamw", "sgd", "nesterov", "rmsprop")],
    "dropouts": [mlp(dropout=dropout) for dropout in (0.0, 0.3, (0.5, 0.0))],
    "label smoothings": [mlp(label_smoothing=share) for share in (0.0, 0.1)],
    "seeds": [mlp(random_state=seed, dropout=0.2, augmentation="flip+shift") for seed in range(3)],
    "augmentations": [mlp(augmentation=augmentation) for augmentation in (None, "flip", "flip+shift+erase")],
    "mixing": [mlp(augmentation=a, random_state=s) for a in ("mixup", "flip+cutmix") for s in (0, 1)],
    "one mixing": [mlp(augmentation="mixup", label_smoothing=share) for share in (0.0, 0.1)],
    "mixed and plain": [mlp(augmentation=a, random_state=s) for a in (None, "mixup") for s in (0, 1)],
    "one augmentation": [mlp(augmentation="flip+shift", learning_rate=rate) for rate in (0.001, 0.01)],
    "class weights": [mlp(class_weight=weight) for weight in (None, "balanced", {0: 3.0})],
    "schedules": [mlp(lr_schedule=schedule, max_epochs=2) for schedule in (None, "cosine", "onecycle")],
    "epochs": [mlp(max_epochs=n_epochs) for n_epochs in (1, 3, 2)],
    "everything": [
        mlp(dropout=0.3, label_smoothing=0.1, augmentation="flip+mixup", class_weight="balanced", learning_rate=rate)
        for rate in (0.001, 0.01)
    ],
    "activations, each in its own pack": [mlp(activation=a, random_state=s) for a in ("relu", "tanh") for s in (0, 1)],
    "autoencoders": [autoencoder(learning_rate=rate) for rate in (0.001, 0.01)],
    "losses": [autoencoder(loss=loss) for loss in ("squared_error", "bernoulli", "absolute_error")],
    "autoencoders with dropout": [autoencoder(dropout=dropout) for dropout in (0.0, 0.2)],
    "classifiers of codes": [
        EncoderClassifier(autoencoder(), (8,), learning_rate=rate, **SMALL) for rate in (0.001, 0.01)
    ],
}


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_models_are_those_of_their_own_fits(garments, name, n_jobs):
    X, y = garments[0][:200], garments[1][:200]
    sample_weight = np.linspace(0.5, 1.5, len(X))
    for fit, model in zip(fitted(MODELS[name], X, y, n_jobs, sample_weight=sample_weight), MODELS[name], strict=True):
        assert fit.error is None
        assert fit.packed or n_jobs > 1  # two jobs may share few nets one by one
        alone = clone(model).fit(X, y, sample_weight=sample_weight)
        torch.testing.assert_close(weights(fit.result), weights(alone), rtol=0, atol=1e-4)
        np.testing.assert_allclose(fit.result.loss_curve_, alone.loss_curve_, rtol=1e-4)
        assert [set(row) for row in fit.result.history_] == [set(row) for row in alone.history_]
        # Streams of random numbers are where they would be, and weights have a memory of their own.
        assert torch.equal(*(m.net_.streams_["order"].get_state() for m in (fit.result, alone)))
        for weight in fit.result.module_.parameters():
            assert weight.untyped_storage().nbytes() == weight.nbytes


def test_batch_norm_of_each_net_is_its_own(garments):
    models = [mlp(batch_norm=True, learning_rate=rate, lr_schedule=None) for rate in (0.001, 0.003)]
    for fit, model in zip(fitted(models, *garments), models, strict=True):
        alone, found = state(clone(model).fit(*garments)), state(fit.result)
        for name in ("2.running_var", "2.num_batches_tracked", "2.weight", "2.bias", "7.weight"):
            torch.testing.assert_close(found[name], alone[name], rtol=1e-3, atol=1e-3)


def test_batch_norm_of_the_last_net_goes_on(garments):
    """The others have left the pack after an epoch."""
    models = [mlp(batch_norm=True, lr_schedule=None, max_epochs=n_epochs) for n_epochs in (1, 6)]
    fits = fitted(models, *garments)
    alone = state(clone(models[1]).fit(*garments))
    found = state(fits[1].result)
    for name in ("2.weight", "2.bias"):
        torch.testing.assert_close(found[name], alone[name], rtol=1e-3, atol=1e-3)
    assert (alone["2.weight"] - state(fits[0].result)["2.weight"]).abs().max() > 0.01


def test_early_stopping_of_one_leaves_the_others(garments):
    models = [
        mlp(early_stopping=True, n_iter_no_change=patience, max_epochs=12, learning_rate=rate, lr_schedule=None)
        for patience, rate in ((2, 0.03), (5, 0.003), (12, 0.001))
    ]
    fits = fitted(models, *garments)
    lengths = []
    for fit, model in zip(fits, models, strict=True):
        alone = clone(model).fit(*garments)
        assert fit.packed
        assert (fit.result.n_epochs_, fit.result.best_epoch_) == (alone.n_epochs_, alone.best_epoch_)
        lengths.append(alone.n_epochs_)
    assert len(set(lengths)) > 1


def test_the_time_of_one_leaves_the_others(garments):
    models = [mlp(max_epochs=3), mlp(max_epochs=3, max_seconds=1e-9), mlp(max_epochs=3, learning_rate=0.01)]
    fits = fitted(models, *garments)
    assert [fit.result.n_epochs_ for fit in fits] == [3, 1, 3]
    assert all(fit.packed for fit in fits)


def test_one_that_diverges_leaves_the_others(garments):
    models = [mlp(optimizer="sgd", learning_rate=rate, max_epochs=3) for rate in (0.01, 1e30, 0.02)]
    fits = fitted(models, *garments)
    assert isinstance(fits[1].error, ValueError)
    assert "Training diverged: in epoch 1" in str(fits[1].error)
    for index in (0, 2):
        alone = clone(models[index]).fit(*garments)
        torch.testing.assert_close(weights(fits[index].result), weights(alone), rtol=0, atol=1e-5)


class LooksAtBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        self.n_batches = getattr(self, "n_batches", 0) + 1


class CountsEpochs(Callback):
    def on_epoch_end(self, net, **kwargs):
        self.n_epochs = getattr(self, "n_epochs", 0) + 1


def test_who_is_trained_alone(garments):
    X, y = garments[0][:100], garments[1][:100]
    models = [
        mlp(),
        mlp(net_params={"callbacks": [CountsEpochs()]}),
        mlp(net_params={"callbacks": [LooksAtBatches()]}),
        mlp(batch_size=16),
        mlp(precision="bfloat16"),
        MLPClassifier((16, 9), **SMALL),
        CNNClassifier(**SMALL),
        CNNClassifier(**SMALL),
    ]
    fits = fitted(models, X, y)
    assert [fit.packed for fit in fits] == [True, True] + [False] * 6
    assert fits[1].result.net_.callbacks_[0][1].n_epochs == 1
    assert fits[2].result.net_.callbacks_[0][1].n_batches == 4
    for fit, model in zip(fits, models, strict=True):
        torch.testing.assert_close(weights(fit.result), weights(clone(model).fit(X, y)), rtol=0, atol=1e-4)


def test_other_images_make_other_packs(garments):
    X, y = garments
    functions = [lambda m=m, i=i: clone(m).fit(X[i::2], y[i::2]) for m in MODELS["learning rates"] for i in (0, 1)]
    fits = train_together([Fit(function) for function in functions])
    assert all(fit.packed for fit in fits)
    for i, fit in enumerate(fits):
        alone = clone(MODELS["learning rates"][i // 2]).fit(X[i % 2 :: 2], y[i % 2 :: 2])
        torch.testing.assert_close(weights(fit.result), weights(alone), rtol=0, atol=1e-4)


@pytest.mark.parametrize("augmentation", [None, "flip+shift"])
def test_nets_on_different_images_go_together_where_they_would_be_alone(garments, augmentation):
    """As in a cross-validation of one candidate."""
    X, y = garments
    model = mlp(augmentation=augmentation, class_weight="balanced")
    parts = [(X[i::3][:90], y[i::3][:90]) for i in range(3)]
    fits = train_together([Fit(lambda part=part: clone(model).fit(*part)) for part in [*parts, (X[:91], y[:91])]])
    assert [fit.packed for fit in fits] == [True, True, True, False]
    for fit, part in zip(fits, parts, strict=False):
        torch.testing.assert_close(weights(fit.result), weights(clone(model).fit(*part)), rtol=0, atol=1e-4)


def test_a_last_batch_of_one_image(garments):
    models = [mlp(batch_norm=batch_norm, learning_rate=rate) for batch_norm in (False, True) for rate in (0.001, 0.002)]
    for fit, model in zip(fitted(models, garments[0][:33], garments[1][:33]), models, strict=True):
        assert fit.packed
        alone = clone(model).fit(garments[0][:33], garments[1][:33])
        np.testing.assert_allclose(fit.result.loss_, alone.loss_, rtol=1e-3)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_all_of_them(garments, n_jobs):
    class Interrupts(Callback):
        def on_epoch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    models = [mlp(), mlp(net_params={"callbacks": [Interrupts()]}), CNNClassifier(**SMALL)]
    with pytest.raises(KeyboardInterrupt):
        fitted(models, *garments, n_jobs=n_jobs)


def test_callbacks_of_scikit_learn_see_each_epoch_of_each_net(garments):
    X, y = garments
    models = [mlp(max_epochs=3, learning_rate=rate) for rate in (0.001, 0.01)]
    monitors = [ScoringMonitor(scoring="accuracy") for _ in models]
    functions = [
        lambda model=model, monitor=monitor: clone(model).set_callbacks(monitor).fit(X, y)
        for model, monitor in zip(models, monitors, strict=True)
    ]
    assert all(fit.packed for fit in train_together([Fit(function) for function in functions]))
    for model, monitor in zip(models, monitors, strict=True):
        rows = [row for row in monitor.get_logs(select="most_recent").data if row["task_name"] == "epoch"]
        alone = ScoringMonitor(scoring="accuracy")
        clone(model).set_callbacks(alone).fit(X, y)
        expected = [row for row in alone.get_logs(select="most_recent").data if row["task_name"] == "epoch"]
        assert [row["accuracy"] for row in rows] == [row["accuracy"] for row in expected]


def assert_as_alone(models, X, y):
    for fit, model in zip(fitted(models, X, y), models, strict=True):
        assert fit.error is None
        torch.testing.assert_close(weights(fit.result), weights(clone(model).fit(X, y)), rtol=0, atol=1e-4)


def test_what_is_trained_and_normalised_differently_goes_apart(garments):
    """Batch normalisation of a frozen encoder uses its running statistics."""
    X, y = garments[0][:200], garments[1][:200]
    models = [EncoderClassifier(autoencoder(batch_norm=True), (8,), freeze=freeze, **SMALL) for freeze in (True, False)]
    fits = fitted(models, X, y)
    for fit, model in zip(fits, models, strict=True):
        found, alone = state(fit.result), state(clone(model).fit(X, y))
        torch.testing.assert_close(found["norm.running_var"], alone["norm.running_var"], rtol=1e-3, atol=1e-3)
        assert found["norm.num_batches_tracked"] == alone["norm.num_batches_tracked"]


def test_settings_of_optimizers(garments):
    decoupled = {"optimizer_params": {"decoupled_weight_decay": True}, "weight_decay": 0.5, "max_epochs": 3}
    nets = [mlp(**decoupled, learning_rate=0.001), mlp(weight_decay=0.5, max_epochs=3), mlp(optimizer="adamw")]
    assert_as_alone(nets, garments[0][:200], garments[1][:200])


def test_other_shapes_of_images_and_own_parts_go_apart(garments):
    shapes = [mlp(image_shape=shape, augmentation="flip+shift") for shape in ((28, 28), (14, 56))]
    own = [mlp(augmentation=lambda images: images * 0.5), mlp(augmentation=lambda images: images)]
    closures = [mlp(optimizer=torch.optim.LBFGS, lr_schedule=None, random_state=seed) for seed in (0, 1)]
    assert_as_alone(shapes + own + closures, garments[0][:64], garments[1][:64])


class Replaces(Callback):
    def on_epoch_end(self, net, **kwargs):
        with torch.no_grad():
            for parameter in net.module_.parameters():
                parameter.data = parameter.data * 0.5


class Stores(Callback):
    """Keeps the size of the file of weights that a checkpoint would write."""

    sizes = []

    def on_epoch_end(self, net, **kwargs):
        file = io.BytesIO()
        torch.save(net.module_.state_dict(), file)
        self.sizes.append(len(file.getvalue()))


def test_a_checkpoint_holds_the_weights_of_one_net(garments):
    Stores.sizes.clear()
    model = mlp(net_params={"callbacks": [Stores()]})
    assert all(fit.packed for fit in fitted([model] * 8, *garments))
    clone(model).fit(*garments)
    assert len(set(Stores.sizes)) == 1
    assert len(Stores.sizes) == 9


def test_weights_that_a_callback_replaces(garments):
    models = [mlp(max_epochs=3, net_params={"callbacks": [Replaces()]}), mlp(max_epochs=3)]
    assert_as_alone(models, garments[0][:200], garments[1][:200])


class Fails(Callback):
    def on_epoch_begin(self, net, **kwargs):
        raise RuntimeError("out of order")


def test_one_whose_callback_fails_leaves_the_others(garments):
    fits = fitted([mlp(), mlp(net_params={"callbacks": [Fails()]}), mlp(learning_rate=0.01)], *garments)
    assert [fit.error is None for fit in fits] == [True, False, True]


@pytest.mark.skipif(os.cpu_count() < 2, reason="torch starts with no more threads than there are cores")
def test_threads_of_the_caller_are_as_before():
    run_python("""
        import torch
        from skfashion.datasets import make_garments
        from skfashion.neural_network import MLPClassifier
        from skfashion.training._together import Fit, train_together
        X, y = make_garments(100, random_state=0, return_X_y=True)
        for n_jobs in (1, 2):
            train_together([Fit(lambda: MLPClassifier((4,), max_epochs=1).fit(X, y)) for _ in range(2)], n_jobs)
            assert torch.get_num_threads() == 2, torch.get_num_threads()
    """, OMP_NUM_THREADS="2")  # fmt: skip


def test_a_function_that_survives_ctrl_c_does_not_wait_for_ever(garments):
    X, y = garments

    def stubborn():
        for _ in range(2):
            with contextlib.suppress(KeyboardInterrupt):
                clone(mlp()).fit(X, y)

    class Interrupts(Callback):
        def on_epoch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    interrupting = mlp(net_params={"callbacks": [Interrupts()]})
    with pytest.raises(KeyboardInterrupt):
        train_together([Fit(stubborn), Fit(lambda: clone(interrupting).fit(X, y))])


def test_own_functions_compute_in_the_state_of_the_caller():
    torch.set_default_dtype(torch.float64)
    try:
        (fit,) = train_together([Fit(lambda: torch.zeros(1).dtype)])
    finally:
        torch.set_default_dtype(torch.float32)
    assert fit.result == torch.float64


def test_functions_that_train_nothing_or_fail():
    def fails():
        raise RuntimeError("out of order")

    works, broken = train_together([Fit(lambda: 1), Fit(fails)])
    assert (works.result, works.error, works.packed) == (1, None, False)
    assert str(broken.error) == "out of order"


def test_packs_keep_all_jobs_busy():
    assert _best_size([4, 4, 4], 1) == 4
    assert _best_size([4, 4, 4], 2) == 2
    assert _best_size([12], 2) == 6
    assert _best_size([2, 1, 1, 1], 1) == 2
    assert _best_size([1, 1], 2) == 1
    assert _best_size([], 2) == 1


def test_the_time_of_a_fit_is_its_share_of_that_of_the_pack(monkeypatch):
    times = iter([3.0, 11.0])
    monkeypatch.setattr(together, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    monkeypatch.setattr(together, "Pack", lambda fits: SimpleNamespace(run=lambda: None))
    monkeypatch.setattr(together, "work_of_a_step", lambda net: 1)
    fits = [SimpleNamespace(net=None, training=1.0) for _ in range(4)]
    together._train(fits)
    assert [fit.training for fit in fits] == [3.0] * 4

"""The shared parameters, one by one."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import skorch
import torch
from networks import mlp, weights
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skfashion.modules import conv, dense, pool
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier
from skfashion.training._optimizers import OPTIMIZERS
from skfashion.training._schedules import learning_rate_factor


def small(**parameters):
    return mlp(**{"max_epochs": 3, **parameters})


def test_history(tiny):
    X, y = tiny
    model = small().fit(X, y, X_val=X[:20], y_val=y[:20])
    assert [row["epoch"] for row in model.history_] == [1, 2, 3]
    expected = {"epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "learning_rate", "duration"}
    for row in model.history_:
        assert set(row) == expected
        assert row["learning_rate"] == 0.001
        assert row["duration"] > 0
    assert model.loss_curve_ == [row["train_loss"] for row in model.history_]
    assert model.validation_scores_ == [row["valid_accuracy"] for row in model.history_]
    assert model.n_epochs_ == model.best_epoch_ == 3
    assert model.interrupted_ is False
    assert model.history_[-1]["valid_accuracy"] == pytest.approx(model.score(X[:20], y[:20]))
    expected_loss = -model.predict_log_proba(X[:20])[np.arange(20), y[:20]].mean()
    assert model.history_[-1]["valid_loss"] == pytest.approx(expected_loss, rel=1e-5)
    assert small().fit(X, y).validation_scores_ is None


def test_net_is_a_skorch_net(tiny):
    X, y = tiny
    model = small().fit(X, y)
    assert isinstance(model.net_, skorch.NeuralNet)
    assert model.net_.module_ is model.module_
    assert [row["train_loss"] for row in model.net_.history] == model.loss_curve_
    np.testing.assert_array_equal(model.net_.forward(X).softmax(1), model.predict_proba(X))
    assert model.net_.get_params()["module__hidden_layer_sizes"] == (8,)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, torch.optim.LBFGS, torch.optim.RAdam])
def test_every_optimizer_learns(tiny, optimizer):
    X, y = tiny
    rate = 1.0 if optimizer == "adadelta" else 0.05
    curve = small(optimizer=optimizer, learning_rate=rate, max_epochs=15).fit(X, y).loss_curve_
    assert curve[-1] < 0.6 * curve[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.filterwarnings("ignore:.*did not change a weight")
def test_optimizers_are_those_of_torch(optimizer):
    """One step from the same weights on the same rows."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 5)).astype(np.float32), np.arange(30) % 3
    parameters = {"optimizer": optimizer, "learning_rate": 0.01, "weight_decay": 0.1, "batch_size": 30}
    start = small(hidden_layer_sizes=(), max_epochs=1, learning_rate=1e-30, batch_size=30, optimizer="sgd")
    module = start.fit(X, y).module_
    named = {"momentum": 0.9, "nesterov": True} if optimizer == "nesterov" else {}
    reference = OPTIMIZERS[optimizer](module.parameters(), lr=0.01, weight_decay=0.1, **named)
    module.train()
    for _ in range(3):
        reference.zero_grad()
        torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
        reference.step()
    model = small(hidden_layer_sizes=(), **parameters).fit(X, y)
    np.testing.assert_allclose(weights(model), weights(start), rtol=1e-4, atol=1e-6)


class Clock:
    """Stands for time.perf_counter: every look at it takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize(("max_seconds", "n_epochs"), [(0.5, 1), (1.0, 1), (2.5, 3), (100.0, 6), (None, 6)])
def test_max_seconds(tiny, monkeypatch, max_seconds, n_epochs):
    X, y = tiny
    monkeypatch.setattr("skfashion.training._deadline.time", SimpleNamespace(perf_counter=Clock()))
    model = small(max_epochs=6, max_seconds=max_seconds).fit(X, y)
    assert model.n_epochs_ == n_epochs
    assert torch.equal(weights(model), weights(small(max_epochs=n_epochs).fit(X, y)))


def test_max_seconds_and_the_best_weights(tiny):
    X, y = tiny
    stops = {"early_stopping": True, "learning_rate": 0.5, "max_epochs": 5}
    model = small(**stops, max_seconds=60).fit(X, y, X_val=X, y_val=y)
    assert model.score(X, y) == model.best_validation_score_
    in_no_time = small(**stops, max_seconds=1e-9).fit(X, y, X_val=X, y_val=y)
    assert in_no_time.n_epochs_ == in_no_time.best_epoch_ == 1


def test_optimizer_params(tiny):
    X, y = tiny
    plain = small(optimizer="sgd").fit(X, y)
    momentum = small(optimizer="sgd", optimizer_params={"momentum": 0.9}).fit(X, y)
    assert not torch.equal(weights(plain), weights(momentum))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"optimizer_params": {"momentum": 0.9}}, r"holds \['momentum'\], which Adam does not take"),
        ({"optimizer_params": {"lr": 0.9}}, "learning_rate and weight_decay are parameters of their own"),
        ({"optimizer": dict}, "'optimizer' parameter must be one of"),
        ({"optimizer": torch.optim.LBFGS, "weight_decay": 0.1}, "LBFGS has no weight decay"),
        ({"device": "gpu"}, "'device' parameter must be 'auto' or a torch device of this machine"),
        ({"device": "cuda:99"}, "'device' parameter must be 'auto' or a torch device of this machine"),
        ({"net_params": {"lr": 0.1}}, "net_params may not hold 'lr': it is set by learning_rate"),
        ({"net_params": {"iterator_train__shuffle": True}}, "is set by batch_size and augmentation"),
        ({"net_params": {"callbacks": "disable"}}, "must be a list of skorch callbacks. Got 'disable' instead"),
        ({"net_params": {"no_such_thing": 1}}, "no_such_thing"),
        ({"activation": ("relu", "tanh")}, "of the 1 hidden layers"),
        ({"activation": "swish"}, "'activation' parameter of MLPClassifier must be"),
        ({"dropout": (1.5,)}, "'dropout' parameter of MLPClassifier must be"),
        ({"hidden_layer_sizes": (8, -1)}, "'hidden_layer_sizes' parameter of MLPClassifier must hold ints"),
        ({"hidden_layer_sizes": (8, 2.5)}, "'hidden_layer_sizes' parameter of MLPClassifier must hold ints"),
        ({"max_seconds": 0}, "'max_seconds' parameter of MLPClassifier must be"),
        ({"learning_rate": 0}, "'learning_rate' parameter of MLPClassifier must be"),
        ({"lr_schedule": "step"}, "'lr_schedule' parameter of MLPClassifier must be"),
        ({"class_weight": {"bag": 2.0}}, r"'class_weight' names \['bag'\], but the classes are \[0, 1, 2\]"),
        ({"class_weight": {0: -1.0}}, "'class_weight' parameter must hold non-negative weights"),
        ({"class_weight": {0: 0.0, 1: 0.0, 2: 0.0}}, "'class_weight' parameter must hold non-negative weights"),
    ],
)
def test_bad_parameters(tiny, parameters, message):
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(*tiny)


def test_schedules():
    assert learning_rate_factor("cosine", 0) == 1
    assert learning_rate_factor("cosine", 0.5) == pytest.approx(0.5)
    assert learning_rate_factor("cosine", 1) == pytest.approx(0, abs=1e-12)
    assert learning_rate_factor("onecycle", 0) == pytest.approx(0.04)
    assert learning_rate_factor("onecycle", 0.2) == pytest.approx(1)
    assert learning_rate_factor("onecycle", 0.6) == pytest.approx(0.5)
    assert learning_rate_factor("onecycle", 1) == pytest.approx(0)
    assert learning_rate_factor("onecycle", 7) == pytest.approx(0)


@pytest.mark.parametrize("schedule", ["onecycle", "cosine"])
def test_the_rate_follows_the_schedule_at_every_step(tiny, schedule):
    X, y = tiny  # 60 rows in batches of 16: 4 steps an epoch
    seen = []

    class Watch(skorch.callbacks.Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["lr"])

    model = small(lr_schedule=schedule, learning_rate=0.02, net_params={"callbacks": [Watch()]})
    model.fit(X, y)
    np.testing.assert_allclose(seen, [0.02 * learning_rate_factor(schedule, step / 12) for step in range(12)])
    assert model.history_[0]["learning_rate"] == seen[3]


def test_early_stopping_restores_the_best_epoch(tiny):
    X, y = tiny
    rng = np.random.default_rng(0)
    X_val, y_val = rng.normal(size=(40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    model = small(early_stopping=True, n_iter_no_change=4, max_epochs=60, learning_rate=0.05)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    best = int(np.argmax(model.validation_scores_)) + 1
    assert model.best_epoch_ == best
    assert model.n_epochs_ < 60
    assert model.score(X_val, y_val) == pytest.approx(model.validation_scores_[best - 1])
    same = small(max_epochs=best, learning_rate=0.05).fit(X, y)
    assert torch.equal(weights(model), weights(same))


def test_early_stopping_holds_images_out(tiny):
    X, y = tiny
    model = small(early_stopping=True, validation_fraction=0.2).fit(X, y)
    # 12 of 60 rows: accuracies are twelfths.
    assert all((12 * score) == pytest.approx(round(12 * score)) for score in model.validation_scores_)
    model = small(early_stopping=True, max_epochs=50, n_iter_no_change=2, tol=2.0).fit(X, y)
    assert model.n_epochs_ == 3  # the first epoch improves on nothing seen, two more do not improve by 2


def test_early_stopping_does_not_weigh_held_out_zeros(tiny):
    X, y = tiny
    keep = np.arange(60) % 5 > 0
    model = small(early_stopping=True)
    zero = model.fit(X, y, sample_weight=keep.astype(float)).history_
    removed = model.fit(X[keep], y[keep], sample_weight=np.ones(keep.sum())).history_
    assert [row["valid_loss"] for row in zero] == [row["valid_loss"] for row in removed]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X_val": np.zeros((2, 6))}, "must be given together"),
        ({"y_val": [0, 1]}, "must be given together"),
        ({"X_val": np.zeros((2, 6)), "y_val": [0, 7]}, "previously unseen labels"),
        ({"X_val": np.zeros((2, 5)), "y_val": [0, 1]}, "X has 5 features, but MLPClassifier is expecting 6"),
        ({"X_val": np.full((2, 6), np.nan), "y_val": [0, 1]}, "NaN"),
        ({"X_val": np.zeros((3, 6)), "y_val": [0, 1]}, "inconsistent numbers of samples"),
    ],
)
def test_bad_validation_data(tiny, arguments, message):
    with pytest.raises(ValueError, match=message):
        small().fit(*tiny, **arguments)


def test_partial_fit_is_one_epoch_of_fit(tiny):
    """As many passes as epochs, with everything that has a state: optimizer, dropout, shuffling."""
    X, y = tiny
    model = small(dropout=0.3, max_epochs=5)
    fitted = clone(model).fit(X, y)
    for _ in range(5):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert torch.equal(weights(model), weights(fitted))
    assert model.loss_curve_ == fitted.loss_curve_
    assert model.n_epochs_ == 5


def test_partial_fit_goes_on_after_pickling(tiny):
    X, y = tiny
    one = small(dropout=0.3).partial_fit(X, y, classes=[0, 1, 2])
    two = pickle.loads(pickle.dumps(one))
    assert torch.equal(weights(one.partial_fit(X, y)), weights(two.partial_fit(X, y)))


def test_partial_fit_sees_a_changed_parameter(tiny):
    X, y = tiny
    model = small(optimizer="sgd", lr_schedule="onecycle").partial_fit(X, y, classes=[0, 1, 2])
    before = weights(model)
    model.set_params(learning_rate=1e-12).partial_fit(X, y)
    torch.testing.assert_close(weights(model), before, atol=1e-9, rtol=0)


def test_partial_fit_goes_on_at_a_constant_rate_after_a_schedule(tiny):
    """It rises over 100 steps to a tenth of the rate of the fit, also if the model was stored in between."""
    X, y = tiny  # 60 rows in batches of 16: 4 steps a pass
    model = small(lr_schedule="onecycle", learning_rate=0.01).fit(X, y)
    before = weights(model)
    rates = []
    for _ in range(30):
        model = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
        rates.append(model.history_[-1]["learning_rate"])
    np.testing.assert_allclose(rates, [0.001 * min(1, 4 * (k + 1) / 100) for k in range(30)])
    assert not torch.equal(weights(model), before)


def test_class_weights_by_name(tiny):
    X, y = tiny
    part = y < 2  # class 2 is named but missing, class 0 is there but not named
    with pytest.warns(UserWarning, match=r"'class_weight' names \[2\], but the classes are \[0, 1\]; \[0\] weigh 1"):
        one = small(class_weight={1: 5.0, 2: 3.0}).fit(X[part], y[part])
    two = small().fit(X[part], y[part], sample_weight=np.where(y[part] == 1, 5.0, 1.0))
    assert torch.equal(weights(one), weights(two))
    small(class_weight={1: 5.0}).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X[y < 2], y[y < 2])


def test_partial_fit_in_pieces(tiny):
    X, y = tiny
    model = small()
    for start in range(0, 60, 20):
        model.partial_fit(X[start : start + 20], y[start : start + 20], classes=[0, 1, 2])
    assert model.n_epochs_ == 3
    model.partial_fit(X[y == 0], y[y == 0])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({}, {}, "classes must be passed on the first call to partial_fit"),
        ({}, {"classes": [0, 1]}, "previously unseen labels"),
        ({"early_stopping": True}, {"classes": [0, 1, 2]}, "does not support early_stopping"),
        ({"class_weight": "balanced"}, {"classes": [0, 1, 2]}, "pass a dict"),
    ],
)
def test_bad_partial_fit(tiny, parameters, arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**parameters).partial_fit(*tiny, **arguments)


def test_warm_start(tiny):
    X, y = tiny
    model = small(warm_start=True, optimizer="sgd").fit(X, y)
    first = weights(model)
    with pytest.warns(UserWarning, match="MLPClassifier did not change a weight in 1 epochs"):
        model.set_params(max_epochs=1, learning_rate=1e-12).fit(X, y)
    torch.testing.assert_close(weights(model), first, atol=1e-9, rtol=0)
    assert model.n_epochs_ == 4
    with pytest.raises(ValueError, match="previously unseen labels"):
        model.fit(X, y + 1)
    with pytest.raises(ValueError, match="another network than the fitted one"):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, y)
    cold = small(optimizer="sgd").fit(X, y)
    assert torch.equal(weights(cold), weights(cold.fit(X, y)))


def test_init_and_batch_norm_and_dropout_matter(tiny):
    X, y = tiny
    settings = [{}, {"init": "he_uniform"}, {"init": "normal"}, {"batch_norm": True}, {"dropout": 0.4}]
    curves = [tuple(small(**setting).fit(X, y).loss_curve_) for setting in settings]
    assert len(set(curves)) == len(curves)


def test_augmentation_changes_training_but_not_prediction(garments):
    X, y = garments
    model = CNNClassifier((conv(4, 5), pool(4)), max_epochs=1, random_state=0)
    plain = model.fit(X, y).loss_curve_
    for augmentation in ("flip", "shift", "flip+shift", "flip+shift+erase", lambda images: images * 0.5):
        model.set_params(augmentation=augmentation).fit(X, y)
        assert model.loss_curve_ != plain
        np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


def test_augmentation_of_an_mlp(garments):
    X, y = garments
    one, two = (MLPClassifier((8,), augmentation="flip", max_epochs=2, random_state=0).fit(X, y) for _ in range(2))
    assert torch.equal(weights(one), weights(two))


def test_resnet_recipe(garments):
    X, y = garments
    model = ResNetClassifier(width=4, max_epochs=2, random_state=0).fit(X, y)
    group = model.net_.optimizer_.param_groups[0]
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.9, True, 5e-4)
    assert model.module_.flip_averaging is True
    assert model.set_params(augmentation="shift").fit(X, y).module_.flip_averaging is False
    assert model.set_params(flip_averaging=True).fit(X, y).module_.flip_averaging is True
    assert "momentum" not in model.set_params(optimizer="adam").fit(X, y).net_.optimizer_.param_groups[0]
    assert model.set_params(optimizer="sgd").fit(X, y).net_.optimizer_.param_groups[0]["momentum"] == 0


def test_verbose(tiny, capsys):
    small().fit(*tiny)
    assert capsys.readouterr().out == ""
    small(verbose=1).fit(*tiny)
    printed = capsys.readouterr().out
    assert "train_loss" in printed
    assert len(printed.splitlines()) == 2 + 3


@pytest.mark.parametrize("architecture", [("conv", 3), (conv(3), "pool"), [1, 2]])
def test_bad_architecture(garments, architecture):
    with pytest.raises(ValueError, match="'architecture' parameter of CNNClassifier must be one of"):
        CNNClassifier(architecture).fit(*garments)


def test_architectures_can_be_searched_and_cloned(garments):
    X, y = garments
    grid = {"architecture": [(conv(4), pool(4)), (dense(8),), "single"]}
    search = GridSearchCV(CNNClassifier(max_epochs=1, random_state=0), grid, cv=2).fit(X, y)
    assert [row["architecture"] for row in search.cv_results_["params"]] == grid["architecture"]
    assert search.best_estimator_.architecture in grid["architecture"]

"""Networks whose training fails, is interrupted, or has few images."""

import copy
import pickle
import signal
import warnings

import joblib
import numpy as np
import pytest
import torch
from networks import MODELS, mlp, output, same, state
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback, EpochScoring

from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    SelfSupervisedOutlierDetector,
    SemiSupervisedClassifier,
)

# --- a fit that fails


def test_divergence_raises_and_names_epoch_and_rate(tiny):
    X, y = tiny
    with pytest.raises(ValueError, match=r"epoch \d+, at learning rate 1e\+30"):
        mlp(optimizer="sgd", learning_rate=1e30, max_epochs=10).fit(X, y)


def test_divergence_in_a_search_is_an_error_score(tiny):
    X, y = tiny
    search = GridSearchCV(mlp(optimizer="sgd", max_epochs=10), {"learning_rate": [0.1, 1e30]}, cv=2, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="Training diverged"):
        search.fit(X, y)
    assert search.cv_results_["mean_test_score"][1] == -1
    assert search.best_params_ == {"learning_rate": 0.1}


@pytest.mark.parametrize("call", ["fit", "warm fit", "partial_fit"])
@pytest.mark.parametrize("reason", ["input", "divergence"])
def test_a_failed_call_leaves_the_model_as_it_was(tiny, call, reason):
    X, y = tiny
    model = mlp(optimizer="sgd", warm_start=call == "warm fit").fit(X, y)
    before, attributes = state(model), set(vars(model))
    history = copy.deepcopy(model.history_)
    if reason == "input":
        X = np.where(X > 3, np.nan, X)
    else:
        model.set_params(learning_rate=1e38, max_epochs=10)
    train = model.partial_fit if call == "partial_fit" else model.fit
    with pytest.raises(ValueError, match=r"NaN|diverged"):
        train(X, y)
    assert same(before, state(model))
    assert set(vars(model)) == attributes
    assert model.history_ == history
    assert model.predict(tiny[0]).shape == (60,)


def test_a_failed_first_fit_leaves_an_unfitted_model(tiny):
    X, y = tiny
    model = mlp(optimizer="sgd", learning_rate=1e30, max_epochs=10)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, y)
    assert set(vars(model)) == set(model.get_params())


# --- Ctrl-C


class Interrupt(Callback):
    """Press Ctrl-C in a batch of the third epoch."""

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            signal.raise_signal(signal.SIGINT)


def interrupted(**parameters):
    return mlp(max_epochs=10, net_params={"callbacks": [Interrupt()]}, **parameters)


def test_ctrl_c_leaves_a_usable_model(tiny):
    X, y = tiny
    with pytest.warns(UserWarning, match="interrupted by user after 2 epochs"):
        model = interrupted().fit(X, y)
    assert model.interrupted_ is True
    assert model.n_epochs_ == len(model.history_) == 2
    assert model.predict_proba(X).shape == (60, 3)
    assert pickle.loads(pickle.dumps(model)).interrupted_ is True


def test_ctrl_c_in_partial_fit_stops_it_and_changes_nothing(tiny):
    X, y = tiny
    model = mlp().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    before = state(model)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(net_params={"callbacks": [Interrupt()]}).partial_fit(X, y)
    assert same(before, state(model))
    assert model.n_epochs_ == 2


def test_ctrl_c_while_a_callback_of_skorch_scores_is_ctrl_c(tiny):
    def slow(net, X, y=None):
        signal.raise_signal(signal.SIGINT)

    scoring = EpochScoring(slow, name="slow", on_train=True)
    with pytest.warns(UserWarning, match="interrupted by user after 1 epochs"):
        model = mlp(net_params={"callbacks": [scoring]}).fit(*tiny)
    assert model.interrupted_ is True


def test_ctrl_c_after_a_divergence_is_a_divergence(tiny):
    class Spoil(Callback):
        def on_batch_end(self, net, **kwargs):
            with torch.no_grad():
                net.module_[-1].bias.fill_(np.nan)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(ValueError, match="had diverged when training was interrupted"):
        mlp(net_params={"callbacks": [Spoil()]}).fit(*tiny)


def test_ctrl_c_goes_back_to_the_best_epoch(tiny):
    X, y = tiny
    with pytest.warns(UserWarning, match="interrupted"):
        model = interrupted(early_stopping=True).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted"):
        again = interrupted(early_stopping=True).fit(X, y)
    assert model.best_epoch_ in (1, 2)
    assert same(state(model), state(again))


@pytest.mark.parametrize(
    "search",
    [
        lambda model, X, y: GridSearchCV(model, {"batch_size": [8, 16]}, cv=2).fit(X, y),
        lambda model, X, y: cross_val_score(model, X, y, cv=2),
        lambda model, X, y: joblib.Parallel()(joblib.delayed(clone(model).fit)(X, y) for _ in range(2)),
    ],
)
def test_ctrl_c_stops_a_search(tiny, search):
    with pytest.raises(KeyboardInterrupt):
        search(interrupted(), *tiny)


INTERRUPTING = {"max_epochs": 10, "net_params": {"callbacks": [Interrupt()]}}
OWNERS = [
    (SemiSupervisedClassifier(interrupted(), random_state=0), "estimator_"),
    (AutoencoderOutlierDetector(Autoencoder(2, (4,), **INTERRUPTING), random_state=0), "autoencoder_"),
    (SelfSupervisedOutlierDetector(interrupted(), random_state=0), "classifier_"),
]


@pytest.mark.parametrize(("model", "inner"), OWNERS, ids=lambda each: type(each).__name__)
def test_ctrl_c_while_an_inner_network_is_trained_leaves_a_usable_model(tiny, model, inner):
    X, y = tiny
    y = np.where(np.arange(60) % 5 == 0, y, -1)
    model = type(model)(**model.get_params(deep=False))  # as a user makes it; a clone passes Ctrl-C on
    with pytest.warns(UserWarning, match="interrupted by user after 2 epochs"):
        model.fit(X, y)
    assert model.interrupted_ is getattr(model, inner).interrupted_ is True
    assert model.predict(X).shape == (60,)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(model, X, y, cv=2, scoring=lambda model, X, y: 0)
    again = clone(model)
    with pytest.raises(KeyboardInterrupt):
        again.fit(X, y)
    assert set(again.get_params(deep=False)) >= set(vars(again)) - {"_is_clone"}


def test_ctrl_c_stops_a_search_over_a_detector_with_its_own_network(tiny, monkeypatch):
    X, y = tiny
    train = CNNClassifier.fit

    def fit(self, *arguments, **others):
        return train(self.set_params(**INTERRUPTING), *arguments, **others)

    monkeypatch.setattr(CNNClassifier, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(SelfSupervisedOutlierDetector(), X, y, cv=2, scoring=lambda model, X, y: 0)


def test_a_skorch_callback_can_stop_early(tiny):
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    model = mlp(max_epochs=10, net_params={"callbacks": [Stop()]}).fit(*tiny)
    assert model.n_epochs_ == 2
    assert model.interrupted_ is False


# --- small data


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("n", [1, 2, 5, 17, 33])
@pytest.mark.parametrize("batch_size", [1, 16, 10**6])
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_few_rows(tiny, model, n, batch_size):
    X, y = tiny
    model = copy.deepcopy(model).set_params(batch_size=batch_size).fit(X[:n], y[:n])
    shape = (60,) if is_regressor(model) else (60, min(n, 3) if is_classifier(model) else 6)
    assert output(model, X).shape == shape
    assert np.isfinite(output(model, X)).all()


def test_one_row_at_a_time_with_batch_norm(tiny):
    X, y = tiny
    model = mlp(batch_norm=True)
    for row in range(4):
        model.partial_fit(X[row : row + 1], y[row : row + 1], classes=[0, 1, 2])
    assert model.n_epochs_ == 4


def test_one_class(tiny):
    X, _ = tiny
    model = mlp().fit(X, ["bag"] * 60)
    assert set(model.predict(X)) == {"bag"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((60, 1)))


def test_a_class_of_weight_zero_is_no_class(tiny):
    X, y = tiny
    for model in (mlp().fit(X, y, sample_weight=y > 0), mlp(class_weight={0: 0.0, 1: 1.0, 2: 1.0}).fit(X, y)):
        np.testing.assert_array_equal(model.classes_, [1, 2])


def test_early_stopping_with_a_class_too_small_to_split(tiny):
    X, _ = tiny
    with pytest.raises(ValueError, match="class"):
        mlp(early_stopping=True).fit(X, [0] * 59 + [1])


def test_a_class_missing_from_a_fold(tiny):
    X, y = tiny
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn says that the class has only one member
        scores = cross_val_score(mlp(), X, np.where(np.arange(60) == 0, 9, y), cv=3)
    assert np.isfinite(scores).all()

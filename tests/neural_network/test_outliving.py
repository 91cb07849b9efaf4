"""A model outlives its fit: partial_fit, warm starts, pickles, copies and hashes."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import torch
from networks import output
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from skfashion.modules import conv, dense, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)

SMALL = {"max_epochs": 2, "batch_size": 32, "random_state": 0, "device": "cpu"}
MODELS = [
    MLPClassifier((16,), dropout=0.2, **SMALL),
    CNNClassifier((conv(8, 5, stride=2), pool(2), dense(16)), **SMALL),
    ResNetClassifier(4, **SMALL),
    EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), (8,), **SMALL),
    EncoderClassifier(ConvAutoencoder(4, 4, max_epochs=1), (8,), freeze=False, **SMALL),
    Autoencoder(4, (16,), **SMALL),
    ConvAutoencoder(4, 4, **SMALL),
    VariationalAutoencoder(4, n_channels=(4, 8), **SMALL),
]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{type(model).__name__}")
pytestmark = pytest.mark.filterwarnings("ignore:.*it is dead")


def stored(model):
    return pickle.loads(pickle.dumps(model))


@EVERY_MODEL
@pytest.mark.parametrize("copied", [stored, copy.deepcopy, copy.copy], ids=lambda f: f.__name__)
def test_a_copy_is_the_same_model(garments, model, copied):
    X, y = garments[0][:200], garments[1][:200]
    model = clone(model).fit(X, y)
    again = copied(model)
    np.testing.assert_array_equal(output(again, X), output(model, X))
    assert joblib.hash(again) == joblib.hash(model) == joblib.hash(model)
    assert again.history_ == model.history_
    assert [row["train_loss"] for row in again.net_.history] == again.loss_curve_
    # It goes on as the original does, and does not share its weights.
    before = output(model, X)
    went_on = output(again.partial_fit(X, y), X)
    np.testing.assert_array_equal(output(model, X), before)
    np.testing.assert_array_equal(output(model.partial_fit(X, y), X), went_on)


@EVERY_MODEL
def test_passes_go_on_from_a_copy_as_from_the_model(garments, model):
    X, y = garments
    classes = {"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}
    alone, copies = (clone(model).partial_fit(X[:200], y[:200], **classes) for _ in range(2))
    for start in (200, 400):
        alone.partial_fit(X[start : start + 200], y[start : start + 200])
        copies = stored(copies).partial_fit(X[start : start + 200], y[start : start + 200])
    np.testing.assert_array_equal(output(copies, X), output(alone, X))


@EVERY_MODEL
def test_what_is_set_after_a_fit_does_not_change_the_model(garments, model):
    X, y = garments
    model = clone(model).fit(X, y)
    expected = output(model, X)
    other = {"hidden_layer_sizes": (3,), "width": 8, "architecture": "single", "latent_dim": 2, "encoder": None}
    model.set_params(**{name: value for name, value in other.items() if name in model.get_params(deep=False)})
    np.testing.assert_array_equal(output(stored(model), X), expected)


@pytest.mark.slow
@EVERY_MODEL
def test_one_pass_over_known_images_keeps_what_was_learned(garments, model):
    """Also after a pickle, and in a warm start that looks at all images again."""
    X, y = garments
    model = clone(model).set_params(max_epochs=12, batch_size=16).fit(X[:500], y[:500])
    before = model.score(X[500:], None if hasattr(model, "transform") else y[500:])
    for again in (stored(model).partial_fit(X[:100], y[:100]), model.partial_fit(X[:100], y[:100])):
        after = again.score(X[500:], None if hasattr(model, "transform") else y[500:])
        assert after > before - 0.04 if hasattr(model, "predict") else after > 1.1 * before
    warm = stored(model).set_params(warm_start=True, max_epochs=1).fit(X[:500], y[:500])
    after = warm.score(X[500:], None if hasattr(model, "transform") else y[500:])
    assert after > before - 0.15 if hasattr(model, "predict") else after > 1.3 * before


def test_another_optimizer_in_a_stream_goes_on_at_the_whole_rate(tiny):
    X, y = tiny
    model = MLPClassifier((4,), batch_size=1, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    model.set_params(optimizer="sgd").partial_fit(X, y)
    assert model.history_[-1]["learning_rate"] == pytest.approx(0.003 * 60 / 100)  # 60 of 100 steps of warm-up
    assert model.partial_fit(X, y).history_[-1]["learning_rate"] == 0.003


def test_a_warm_start_after_passes_trains_at_the_whole_rate(tiny):
    X, y = tiny
    model = MLPClassifier((4,), batch_size=1, max_epochs=4, warm_start=True, random_state=0).fit(X, y)
    model.partial_fit(X, y).fit(X, y)
    assert max(row["learning_rate"] for row in model.history_[-4:]) > 0.5 * 0.003


def test_a_clone_is_made_whatever_net_params_holds(tiny):
    for bad in ({"lr": 0.1}, {"callbacks": "disable"}, {"no_such_thing": 1}):
        copied = clone(MLPClassifier((4,), net_params=bad))
        assert copied.net_params == bad
        with pytest.raises((ValueError, TypeError)):
            copied.fit(*tiny)


def test_neither_cost_nor_pickle_grows_with_the_calls(tiny):
    X, y = tiny
    model = MLPClassifier((4,), random_state=0).fit(X, y)
    sizes = []
    for call in range(260):
        model.partial_fit(X[:2], y[:2])
        if call in (129, 259):
            sizes.append(len(pickle.dumps(model)))
    assert sizes[1] < 1.05 * sizes[0]
    assert len(model.history_) == len(model.net_.history) == 20 + 100
    assert [row["epoch"] for row in model.history_] == [*range(1, 21), *range(181, 281)]
    assert model.n_epochs_ == model.best_epoch_ == 280


@pytest.mark.parametrize("n_classes", [2, 10])
def test_pickles_are_about_as_large_as_the_weights(garments, n_classes):
    X, y = garments[0], garments[1] % n_classes
    encoder = Autoencoder(8, max_epochs=1, random_state=0).fit(X)
    for model in (
        MLPClassifier(max_epochs=1),
        ResNetClassifier(16, max_epochs=1),
        VariationalAutoencoder(max_epochs=1),
        EncoderClassifier(FrozenEstimator(encoder), max_epochs=1),
        EncoderClassifier(ConvAutoencoder(8, 16, max_epochs=1), max_epochs=1),
    ):
        weights = model.fit(X, y).module_.state_dict().values()
        size = sum(w.numel() * w.element_size() for w in weights)
        most = 2.2 if isinstance(model, EncoderClassifier) else 1.1  # the decoder of its encoder is kept
        assert len(pickle.dumps(model)) < most * size + 20_000, model


def test_what_happens_to_the_encoder_later_does_not_reach_the_classifier(garments):
    X, y = garments
    encoder = Autoencoder(4, (16,), max_epochs=1, random_state=0).fit(X)
    model = EncoderClassifier(FrozenEstimator(encoder), max_epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    encoder.set_params(random_state=1).fit(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    np.testing.assert_array_equal(stored(model).predict_proba(X), expected)


def test_a_pickle_names_no_code_of_torch_or_skorch(garments):
    class Names(pickle.Unpickler):
        seen = set()

        def find_class(self, module, name):
            self.seen.add(module.split(".")[0])
            return super().find_class(module, name)

    for model in MODELS:
        Names(io.BytesIO(pickle.dumps(clone(model).fit(*garments)))).load()
    assert Names.seen <= {"skfashion", "sklearn", "numpy", "builtins", "copyreg"}


def test_networks_of_a_closure_are_copied(garments):
    X, y = garments

    def linear():
        return lambda shape, n: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, n))

    model = CNNClassifier(linear(), **SMALL).fit(X, y)
    np.testing.assert_array_equal(copy.deepcopy(model).predict_proba(X), model.predict_proba(X))


class Remembers(Callback):
    def on_train_begin(self, net, **kwargs):
        self.losses = []

    def on_epoch_end(self, net, **kwargs):
        self.losses.append(net.history[-1, "train_loss"])


def test_callbacks_keep_what_they_saw(tiny):
    model = MLPClassifier((4,), net_params={"callbacks": [Remembers()]}, **SMALL).fit(*tiny)
    for one in (model, stored(model), copy.deepcopy(model)):
        assert dict(one.net_.callbacks_)["Remembers"].losses == model.loss_curve_
    assert not hasattr(clone(model).net_params["callbacks"][0], "losses")


def test_a_cache_finds_a_fitted_network_again(garments, tmp_path):
    X, y = garments
    encoder = FrozenEstimator(ConvAutoencoder(4, 4, **SMALL).fit(X))
    seen = []
    for memory in (None, str(tmp_path)):
        pipeline = make_pipeline(encoder, MLPClassifier((4,), **SMALL), memory=memory)
        grid = {"mlpclassifier__hidden_layer_sizes": [(4,), (8,), (16,)]}
        seen.append(GridSearchCV(pipeline, grid, cv=2).fit(X, y).cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*seen)
    assert len(list(tmp_path.rglob("output.pkl"))) == 3  # two folds and all images


def test_weights_are_contiguous_after_a_fit(garments):
    for model in MODELS:
        model = clone(model).fit(*garments)
        for fitted in (model, stored(model), model.partial_fit(*garments)):
            assert all(value.is_contiguous() for value in fitted.module_.state_dict().values())


def test_the_estimator_of_an_epoch_is_ready_to_be_used(garments):
    X, _ = garments
    seen = []

    class Sampler:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                seen.append(fitted_estimator.sample(2, random_state=0))

    for cls in (Autoencoder, VariationalAutoencoder):
        model = cls(3, **SMALL)
        seen.clear()
        model.set_callbacks(Sampler()).fit(X)
        expected = [cls(3, **{**SMALL, "max_epochs": k}).set_params(lr_schedule=None).fit(X) for k in (1, 2)]
        np.testing.assert_array_equal(seen[-1], model.sample(2, random_state=0))
        assert [each.shape for each in seen] == [each.sample(2).shape for each in expected]


def test_an_old_pickle_with_the_whole_net_is_read(tiny):
    model = MLPClassifier((4,), **SMALL).fit(*tiny)
    state = {**vars(model)}
    old = MLPClassifier.__new__(MLPClassifier)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old.__setstate__(state)
    np.testing.assert_array_equal(old.predict_proba(tiny[0]), model.predict_proba(tiny[0]))

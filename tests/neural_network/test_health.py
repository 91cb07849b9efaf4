"""Networks that died, never learned, or stopped too early are told, and there are fewer of them."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.datasets import make_garments
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    MLPClassifier,
    VariationalAutoencoder,
)
from skfashion.training._early_stopping import EarlyStopping


def drawings(n, seed):
    """Lines of which 2 to 4 % of the pixels are lit."""
    rng, images = np.random.default_rng(seed), np.zeros((n, 28, 28), dtype=np.uint8)
    for image in images:
        angle, (x, y), t = rng.uniform(0, np.pi), rng.uniform(8, 20, 2), np.linspace(-7, 7, 42)
        image[(y + t * np.sin(angle)).astype(int), (x + t * np.cos(angle)).astype(int)] = 255
    return images.reshape(n, -1)


@pytest.mark.slow
@pytest.mark.parametrize("cls", [Autoencoder, ConvAutoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("seed", [0, 1])
def test_line_drawings_are_learned(cls, seed):
    X, X_test = drawings(800, 0), drawings(200, 1)
    mean_image = ((X_test / 255 - (X / 255).mean(axis=0)) ** 2).mean()
    # The divergence of a code would cost more than so few pixels are worth.
    model = cls(14, random_state=seed, **({"beta": 0.1} if cls is VariationalAutoencoder else {})).fit(X)
    assert -model.score(X_test) < 0.9 * mean_image
    assert model.reconstruct(X_test).max() > 0.1


@pytest.mark.parametrize("output_activation", ["sigmoid", "identity"])
@pytest.mark.parametrize("n_channels", [(), (4,), (4, 8)])
def test_decoders_start_at_the_mean_image(output_activation, n_channels):
    X = np.random.default_rng(0).uniform(0.2, 0.8, size=(50, 3, 9, 12)) * np.linspace(0.3, 1, 12)
    model = VariationalAutoencoder(2, n_channels=n_channels, output_activation=output_activation, random_state=0)
    model.set_params(learning_rate=1e-30, max_epochs=1)
    with pytest.warns(UserWarning, match="did not change a weight"):
        model.fit(X, sample_weight=np.r_[np.zeros(20), np.ones(30)])
    module = model.module_
    last = next(layer for layer in reversed(module.decoder) if hasattr(layer, "bias"))
    with torch.no_grad():
        start = module.output_activation(last.bias).numpy()
    mean = X[20:].mean(axis=0)
    np.testing.assert_allclose(start, mean.ravel() if n_channels == () else mean.mean(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("cls", [Autoencoder, ConvAutoencoder, VariationalAutoencoder])
def test_decoders_start_where_init_puts_them_if_that_is_wanted(cls):
    model = cls(2, start_at_mean=False, init="he_normal", learning_rate=1e-30, max_epochs=1, random_state=0)
    model.fit(np.random.default_rng(0).uniform(0.5, 1, size=(20, 64)))
    last = next(layer for layer in reversed(model.module_.decoder) if hasattr(layer, "bias"))
    assert last.bias.abs().max() < 1e-20


def dead(**parameters):
    return MLPClassifier((8,), **{"optimizer": "sgd", "learning_rate": 1e-3, "random_state": 0, **parameters})


def test_a_network_with_one_output_for_all_images_is_told(garments):
    X, y = garments

    def negative(image_shape, n_outputs):  # ReLUs that nothing wakes up
        layers = [torch.nn.Flatten(), torch.nn.Linear(784, 4), torch.nn.ReLU(), torch.nn.Linear(4, n_outputs)]
        torch.nn.init.constant_(layers[1].bias, -1e4)
        return torch.nn.Sequential(*layers)

    with pytest.warns(UserWarning, match="CNNClassifier gives the same output for 256 different images: it is dead"):
        CNNClassifier(negative, max_epochs=2, random_state=0).fit(X, y)


def test_weights_that_stay_and_losses_that_stay_are_told(tiny):
    with pytest.warns(UserWarning, match="MLPClassifier did not change a weight in 3 epochs"):
        dead(learning_rate=1e-30, max_epochs=3).fit(*tiny)
    with pytest.warns(UserWarning, match=r"its training loss stayed at [0-9.]+ for 6 epochs"):
        dead(learning_rate=1e-7, max_epochs=6).fit(*tiny)


def test_nothing_is_told_where_there_is_nothing_to_learn(tiny):
    X, y = tiny
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dead(max_epochs=3).fit(np.ones_like(X), y)  # the images are equal
        dead(max_epochs=8).fit(X, np.zeros(len(y)))  # one class
        model = dead(max_epochs=20, learning_rate=0.1).fit(X, y)
        model.set_params(warm_start=True, learning_rate=1e-4, max_epochs=2).fit(X, y)


@pytest.mark.parametrize("cls", [MLPClassifier, CNNClassifier, Autoencoder])
@pytest.mark.parametrize("dtype", ["uint16", "int64", "float64"])
def test_large_numbers_are_told(garments, cls, dtype):
    X = garments[0].astype(dtype) * 16
    with pytest.warns(UserWarning, match=f"{cls.__name__} is fitted on {dtype} values up to 4080, which are taken as"):
        cls(max_epochs=1, random_state=0, learning_rate=1e-5).fit(X, garments[1])


def test_a_stream_that_leaves_the_range_of_its_first_images_is_told(garments):
    X = garments[0] / 255
    model = Autoencoder(4, (8,), random_state=0).partial_fit(X)
    with pytest.warns(UserWarning, match="ends in a sigmoid, which cannot give them back"):
        model.partial_fit(X * 1.8 - 0.5)
    first_dark = MLPClassifier((8,), random_state=0).partial_fit(garments[0] // 16, garments[1], classes=range(10))
    with pytest.warns(UserWarning, match="taken as they are, but was fitted on values up to 15"):
        first_dark.partial_fit(*garments)


# --- early stopping


@pytest.mark.parametrize("n_images", [200, 400])
def test_early_stopping_waits_for_the_end_of_the_warm_up(n_images):
    """Few images make few steps per epoch, and so a warm-up of many epochs."""
    X, y = make_garments(1000, random_state=1, return_X_y=True)
    model = MLPClassifier((64,), max_epochs=200, n_iter_no_change=5, random_state=0)
    stopped = model.set_params(early_stopping=True).fit(X[:n_images], y[:n_images])
    steps_per_epoch = -(-0.9 * n_images // 128)
    assert stopped.n_epochs_ > min(100 / steps_per_epoch, 0.2 * 200)
    score = stopped.score(X[500:], y[500:])
    assert score > model.set_params(early_stopping=False, max_epochs=20).fit(X[:n_images], y[:n_images]).score(
        X[500:], y[500:]
    )


def test_the_warm_up_ends_with_a_fifth_of_a_short_training(garments):
    """Of 90 steps, too, the last ones are at the whole rate, and early stopping waits for none of those."""
    model = MLPClassifier((8,), max_epochs=90, early_stopping=True, n_iter_no_change=1, random_state=0)
    model.fit(garments[0][:100], garments[1][:100])
    rates = [row["learning_rate"] for row in model.history_]
    assert rates.index(0.003) == 17
    assert model.n_epochs_ < 90
    model.set_params(early_stopping=False, lr_schedule=None, warm_start=True, max_epochs=10).fit(*garments)
    assert [row["learning_rate"] for row in model.history_][-10:] == pytest.approx([0.003 * 5 / 10] + [0.003] * 9)


@pytest.mark.slow
@pytest.mark.parametrize("n_first", [1, 4, 32])
@pytest.mark.parametrize("cls", [Autoencoder, ConvAutoencoder])
def test_a_stream_of_bright_images_is_learned(garments, cls, n_first):
    X = 255 - garments[0]
    mean_image = ((X / 255 - (X / 255).mean(axis=0)) ** 2).mean()
    model = cls(4, random_state=0).partial_fit(X[:n_first])
    for _ in range(20):
        model.partial_fit(X)
    assert -model.score(X) < mean_image


def test_standardised_columns_are_not_large(garments):
    X, y = garments
    rare = np.zeros((600, 1))
    rare[3] = 1e5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_pipeline(StandardScaler(), MLPClassifier((8,), max_epochs=3, random_state=0)).fit(np.c_[X, rare], y)


def test_a_collapsed_vae_is_told(garments):
    with pytest.warns(UserWarning, match="VariationalAutoencoder gives the same output for 256 different images"):
        VariationalAutoencoder(4, beta=1000.0, max_epochs=10, random_state=0).fit(garments[0])


@pytest.mark.parametrize("lr_schedule", ["auto", "onecycle", "adaptive"])
def test_a_generous_max_epochs_does_not_stop_in_the_warm_up(lr_schedule):
    X, y = make_garments(1500, random_state=1, return_X_y=True)
    model = MLPClassifier((64,), early_stopping=True, n_iter_no_change=4, lr_schedule=lr_schedule, random_state=0)
    few, many = (model.set_params(max_epochs=n).fit(X[:700], y[:700]).score(X[700:], y[700:]) for n in (20, 150))
    assert many > few - 0.04
    assert model.n_epochs_ > 30 if lr_schedule == "onecycle" else model.n_epochs_ < 150


def test_the_adaptive_rate_falls_when_the_score_stays():
    stopping = EarlyStopping("score", 1, 0.0, patience=6)
    factors, stopped = [], []
    for epoch, score in enumerate([0.1, 0.5, 0.5, 0.4, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6], start=1):
        net = SimpleNamespace(history=[{"score": score, "epoch": epoch}], module_=torch.nn.Identity())
        stopped.append(stopping.end_epoch(net))
        factors.append(stopping.adaptive_factor)
    np.testing.assert_allclose(factors, [1] * 5 + [0.2] * 5 + [0.04] * 3)
    assert stopped == [False] * 12 + [True]
    assert stopping.best_epoch == 7


def test_the_adaptive_rate_falls_in_a_training(tiny):
    X, y = tiny
    model = MLPClassifier((8,), early_stopping=True, n_iter_no_change=6, tol=10.0, max_epochs=30, random_state=0)
    rates = [row["learning_rate"] for row in model.fit(X, y, X_val=X, y_val=y).history_]
    assert max(rates) == pytest.approx(model.learning_rate)
    assert rates[-1] == pytest.approx(0.2 * model.learning_rate)


def test_the_best_epoch_may_be_better_by_less_than_tol():
    stopping = EarlyStopping("score", 1, 0.1, patience=9)
    for epoch, score in enumerate([0.5, 0.55, 0.58, 0.57], start=1):
        net = SimpleNamespace(history=[{"score": score, "epoch": epoch}], module_=torch.nn.Identity())
        stopping.end_epoch(net)
    assert (stopping.best_epoch, stopping.best_score, stopping.n_waiting) == (3, 0.58, 3)


def test_the_adaptive_rate_needs_early_stopping(tiny):
    with pytest.raises(ValueError, match="lr_schedule='adaptive' follows the validation score"):
        MLPClassifier((4,), lr_schedule="adaptive").fit(*tiny)


@pytest.mark.parametrize(("n_warm_up_epochs", "n_epochs"), [(0, 3), (2.5, 4), (3, 5)])
def test_epochs_of_the_warm_up_are_not_waited_for(n_warm_up_epochs, n_epochs):
    """The last one of them neither: the rate rises until its end."""
    stopping = EarlyStopping("score", 1, 0.0, patience=2, n_warm_up_epochs=n_warm_up_epochs)
    net = SimpleNamespace(history=[{"score": 0.5, "epoch": 1}], module_=torch.nn.Identity())
    first = max(1, int(n_warm_up_epochs))  # the first epoch is the best one, and waits for nothing
    assert [stopping.end_epoch(net) for _ in range(n_epochs)].index(True) == first + 1


@pytest.mark.parametrize(("lr_schedule", "n_epochs"), [(None, 3), ("cosine", 3), ("onecycle", 8), ("adaptive", 8)])
def test_early_stopping_waits_until_the_rate_has_risen(tiny, lr_schedule, n_epochs):
    """In the first fifth of 30 epochs of 4 steps; then two epochs do not improve by `tol`."""
    X, y = tiny
    settings = {"early_stopping": True, "n_iter_no_change": 2, "tol": 10.0, "max_epochs": 30, "batch_size": 16}
    model = MLPClassifier((8,), lr_schedule=lr_schedule, random_state=0, **settings)
    assert model.fit(X, y, X_val=X, y_val=y).n_epochs_ == n_epochs

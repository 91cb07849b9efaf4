"""Regressors: numbers from images, in any unit."""

import copy
import pickle

import numpy as np
import pytest
import torch
from networks import weights
from sklearn.base import clone, is_regressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.model_selection import VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.modules import conv, dense
from skfashion.neural_network import CNNRegressor, MLPRegressor, ResNetRegressor


def linear(**parameters):
    """A linear model trained to convergence with all rows in one batch."""
    defaults = {"max_epochs": 30, "batch_size": 10**6, "optimizer": torch.optim.LBFGS, "learning_rate": 1.0}
    return MLPRegressor((), random_state=0, device="cpu", lr_schedule=None, **{**defaults, **parameters})


def small(**parameters):
    return MLPRegressor((16,), **{"max_epochs": 5, "batch_size": 16, "random_state": 0, **parameters})


def noisy(n=200, n_outputs=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = X @ rng.normal(size=(4, n_outputs or 1)) + 0.5 * rng.normal(size=(n, n_outputs or 1)) + 3
    return X, y if n_outputs else y[:, 0]


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_a_linear_one_is_linear_regression(n_outputs, unit):
    X, y = noisy(n_outputs=n_outputs)
    y = (y + 7) * unit
    weight = np.random.default_rng(1).uniform(0.1, 3, size=len(y))
    ours, theirs = linear().fit(X, y, sample_weight=weight), LinearRegression().fit(X, y, sample_weight=weight)
    assert ours.predict(X).shape == y.shape
    assert ours.predict(X).dtype == np.float64
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-3 * unit)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-5)
    assert ours.n_outputs_ == (n_outputs or 1)


def test_weight_decay_is_ridge_of_standardised_targets():
    """torch's weight decay adds decay * w to the gradient of the mean squared error, of the bias too."""
    X, y = noisy()
    X, y = X - X.mean(axis=0), (y - y.mean()) / y.std()
    decay = 0.2
    ours = MLPRegressor(
        (), optimizer="sgd", learning_rate=0.1, lr_schedule=None, weight_decay=decay, batch_size=200, max_epochs=300,
        random_state=0, device="cpu",
    ).fit(X, y)  # fmt: skip
    theirs = Ridge(alpha=decay * len(y) / 2, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)


@pytest.mark.parametrize(("loss", "location"), [("squared_error", np.mean), ("absolute_error", np.median)])
@pytest.mark.filterwarnings("ignore:.*gives the same output", "ignore:.*did not learn")
def test_each_loss_has_its_constant(loss, location):
    """The best constant is the mean for squared errors, and the median for absolute ones."""
    y = np.random.default_rng(0).exponential(size=501)
    model = MLPRegressor((), loss=loss, batch_size=501, max_epochs=400, learning_rate=0.02, random_state=0)
    assert model.fit(np.zeros((501, 2)), y).predict(np.zeros((1, 2)))[0] == pytest.approx(location(y), abs=0.01)


def test_huber_is_squared_nearby_and_absolute_far_away():
    X, y = noisy()
    far = y.copy()
    far[:5] += 1e4
    near = linear(max_epochs=1).fit(X, y)._task.criterion()
    loss = near[0](loss="huber", output_activation="identity")
    errors = torch.tensor([[0.0], [0.5], [-1.0], [3.0]])
    assert loss(errors, torch.zeros(4, 1)).tolist() == [0.0, 0.125, 0.5, 2.5]
    robust, plain = (small(loss=loss, max_epochs=30).fit(X, far) for loss in ("huber", "squared_error"))
    assert np.median(abs(robust.predict(X) - y)) < np.median(abs(plain.predict(X) - y))


def test_units_do_not_matter():
    X, y = noisy(n_outputs=2)
    scale, shift = np.array([1000.0, 1e-3]), np.array([5e5, -2.0])
    one, other = small().fit(X, y), small().fit(X, y * scale + shift)
    np.testing.assert_allclose(other.predict(X), one.predict(X) * scale + shift, rtol=1e-4)
    torch.testing.assert_close(weights(one), weights(other), rtol=0, atol=1e-4)


def test_a_constant_target_and_large_ones():
    X, y = noisy()
    constant = np.column_stack([y, np.full(len(y), 0.1)])
    assert small().fit(X, constant).predict(X)[:, 1] == pytest.approx(0.1, abs=0.5)
    large = 1e9 + y  # whose differences float32 does not see
    assert small(max_epochs=20).fit(X, large).score(X, large) > 0.5


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e300])
def test_units_whose_squares_are_out_of_reach(unit):
    X, y = noisy()
    y = y / abs(y).max()
    weight = np.full(len(y), 1e308)
    found = small().fit(X, y * unit, sample_weight=weight).predict(X) / unit
    np.testing.assert_allclose(found, small().fit(X, y).predict(X), rtol=1e-3, atol=1e-4)


def test_small_differences_of_large_numbers():
    X, y = noisy()
    far = 1.7e18 + 1e5 * y
    assert small(max_epochs=30).fit(X, far).score(X, far) > 0.5


def test_targets_that_are_too_far_from_those_of_training():
    X, y = noisy()
    with pytest.raises(ValueError, match=r"y holds values up to .*too far from training targets"):
        small().fit(X, y, X_val=X, y_val=y * 1e50)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool, object])
def test_targets_of_other_dtypes(dtype):
    X, y = noisy()
    y = (y > 3).astype(dtype) if dtype is bool else y.round().astype(dtype)
    np.testing.assert_array_equal(small().fit(X, y).predict(X), small().fit(X, y.astype(float)).predict(X))


def test_weights_are_repetitions():
    X, y = noisy(60)
    count = np.random.default_rng(1).integers(0, 3, size=60)
    whole = {"batch_size": 10**6, "optimizer": "sgd", "learning_rate": 0.1, "max_epochs": 20}
    weighted = small(**whole).fit(X, y, sample_weight=count)
    repeated = small(**whole).fit(np.repeat(X, count, axis=0), np.repeat(y, count))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-4)


def test_early_stopping_watches_r2():
    X, y = noisy(400)
    model = small(early_stopping=True, n_iter_no_change=3, max_epochs=60, learning_rate=0.02).fit(
        X[:300], y[:300], X_val=X[300:], y_val=y[300:]
    )
    assert model.n_epochs_ < 60
    assert model.best_validation_score_ == max(model.validation_scores_)
    error = np.mean((model.predict(X[300:]) - y[300:]) ** 2)
    assert model.best_validation_score_ == pytest.approx(1 - error / y[:300].var(), abs=1e-4)
    assert model.score(X[300:], y[300:]) == pytest.approx(r2_score(y[300:], model.predict(X[300:])))


def test_partial_fit_and_warm_start_keep_the_units():
    X, y = noisy()
    y = 100 * y
    model = small()
    for _ in range(60):
        model.partial_fit(X[:100], y[:100]).partial_fit(X[100:], y[100:])
    assert model.score(X, y) > 0.8
    first = model._task.mean
    model.set_params(warm_start=True).fit(X, y + 1)
    assert model._task.mean == first
    with pytest.raises(ValueError, match=r"shape \(200, 2\), but the model is fitted on targets of shape \(n,\)"):
        model.partial_fit(X, np.column_stack([y, y]))


def test_one_pass_of_one_image():
    X, y = noisy()
    with pytest.warns(UserWarning, match="first partial_fit are all the same") as warned:
        model = small().partial_fit(X[:1], y[:1])
    assert warned[0].filename == __file__
    assert np.isfinite(model.predict(X)).all()


MODELS = [
    small(),
    CNNRegressor((conv(4), dense(8)), max_epochs=2, batch_size=32, random_state=0),
    ResNetRegressor(width=4, max_epochs=2, batch_size=32, random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_copies_pickles_and_scikit_learn(garments, model):
    X = garments[0]
    y = np.column_stack([X.reshape(len(X), -1).mean(axis=1), X.reshape(len(X), -1).max(axis=1)])
    fitted = clone(model).fit(X, y)
    assert is_regressor(fitted)
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), clone(model).fit(X, y)):
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert cross_val_score(clone(model), X, y, cv=2).shape == (2,)


def test_the_net_predicts_in_units():
    X, y = noisy(n_outputs=2)
    model = small().fit(X, 50 * y)
    ours = model.net_.predict(model.as_images(X).astype(np.float32).reshape(len(X), -1))
    np.testing.assert_allclose(ours, model.predict(X), rtol=1e-6)


def test_flip_averaging_is_the_mean_of_both(garments):
    X = garments[0].reshape(-1, 28, 28)
    y = X[:, :, :14].mean(axis=(1, 2))
    model = ResNetRegressor(width=4, max_epochs=2, flip_averaging=True, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict(X), model.predict(X[:, :, ::-1].copy()), rtol=1e-4)
    plain = ResNetRegressor(width=4, max_epochs=2, flip_averaging=False, random_state=0).fit(X, y)
    both = (plain.predict(X) + plain.predict(X[:, :, ::-1].copy())) / 2
    np.testing.assert_allclose(model.predict(X), both, rtol=1e-4)


def test_an_architecture_of_ones_own(garments):
    def architecture(image_shape, n_outputs):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(n_outputs))

    X = garments[0]
    y = X.reshape(len(X), -1).mean(axis=1)
    assert CNNRegressor(architecture, max_epochs=10, batch_size=16, random_state=0).fit(X, y).score(X, y) > 0.5


def test_searches():
    X, y = noisy(150)
    pipeline = make_pipeline(StandardScaler(), small())
    grid = {"mlpregressor__learning_rate": [0.0001, 0.003, 0.01], "mlpregressor__loss": ["squared_error", "huber"]}
    usual, vectorized = (search(pipeline, grid, cv=3).fit(X, y) for search in (GridSearchCV, VectorizedGridSearchCV))
    np.testing.assert_allclose(
        usual.cv_results_["mean_test_score"], vectorized.cv_results_["mean_test_score"], atol=1e-5
    )
    assert vectorized.cv_results_["vectorized"].all()
    halving = VectorizedHalvingGridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert halving.best_score_ == pytest.approx(usual.best_score_, abs=1e-5)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(200, np.nan), "NaN"),
        (np.full(200, "red"), "must be numbers. Got a y of dtype <U3"),
        (np.zeros((200, 2, 2)), "dim 3"),
        (np.zeros(199), "inconsistent numbers of samples"),
    ],
)
def test_targets_that_are_none(y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(noisy()[0], y)


def test_validation_images_need_targets():
    X, y = noisy()
    with pytest.raises(ValueError, match="X_val and y_val must be given together"):
        small().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"y has shape \(200, 1\)"):
        small().fit(X, y, X_val=X, y_val=y[:, None])

"""What training must come to, known from elsewhere."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from skfashion.modules import dense
from skfashion.neural_network import CNNClassifier, MLPClassifier


def full_batch(**parameters):
    """A linear model trained to convergence with all rows in one batch."""
    defaults = {"max_epochs": 400, "batch_size": 10**6, "optimizer": torch.optim.LBFGS, "learning_rate": 1.0}
    defaults["lr_schedule"] = None
    return MLPClassifier((), random_state=0, device="cpu", **{**defaults, **parameters})


def noisy(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = (X @ rng.normal(size=(4, 3)) + rng.gumbel(size=(n, 3))).argmax(1)
    return X, y


def test_a_linear_mlp_is_logistic_regression():
    X, y = noisy()
    ours = full_batch(max_epochs=30).fit(X, y).predict_proba(X)
    theirs = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 5.0, 2: 0.5}])
def test_weights_are_those_of_logistic_regression(class_weight):
    X, y = noisy()
    weight = np.random.default_rng(1).uniform(0.1, 3, size=len(y))
    ours = full_batch(max_epochs=30, class_weight=class_weight).fit(X, y, sample_weight=weight).predict_proba(X)
    theirs = LogisticRegression(C=np.inf, class_weight=class_weight, tol=1e-8, max_iter=1000)
    theirs = theirs.fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.filterwarnings("ignore:.*did not change a weight")
def test_one_step_of_sgd_by_hand():
    """w <- w - rate * x^T (softmax(x w) - onehot(y)) / n."""
    X, y = noisy(50)
    rate = 0.3
    start = full_batch(optimizer="sgd", learning_rate=1e-30, max_epochs=1).fit(X, y).module_[-1]
    weight, bias = (parameter.detach().double().numpy() for parameter in (start.weight, start.bias))
    scores = X @ weight.T + bias
    probability = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    error = (probability - np.eye(3)[y]) / len(y)
    fitted = full_batch(optimizer="sgd", learning_rate=rate, max_epochs=1).fit(X, y)
    np.testing.assert_allclose(fitted.module_[-1].weight.detach(), weight - rate * error.T @ X, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fitted.module_[-1].bias.detach(), bias - rate * error.sum(axis=0), rtol=1e-5, atol=1e-6)
    assert fitted.loss_curve_[0] == pytest.approx(-np.log(probability[np.arange(50), y]).mean(), rel=1e-5)
    assert fitted.history_[0]["train_accuracy"] == pytest.approx((scores.argmax(1) == y).mean())


def test_label_smoothing_lowers_confidence_to_the_known_optimum():
    """On separable data the smoothed loss is lowest where the probability is 1 - s + s / k."""
    X = np.repeat(np.eye(3), 20, axis=0)
    y = np.repeat([0, 1, 2], 20)
    probability = full_batch(label_smoothing=0.3).fit(X, y).predict_proba(X).max(axis=1)
    np.testing.assert_allclose(probability, 1 - 0.3 + 0.3 / 3, atol=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_weight_of_zero_is_a_removed_row(tiny, optimizer):
    X, y = tiny
    keep = np.arange(len(y)) % 4 != 1
    model = MLPClassifier((8,), dropout=0.2, optimizer=optimizer, batch_size=16, max_epochs=4, random_state=0)
    zero = model.fit(X, y, sample_weight=keep.astype(float)).predict_proba(X)
    removed = model.fit(X[keep], y[keep], sample_weight=np.ones(keep.sum())).predict_proba(X)
    np.testing.assert_array_equal(zero, removed)


def test_a_weight_of_two_is_a_repeated_row(tiny):
    X, y = tiny
    twice = np.r_[np.arange(len(y)), np.arange(0, len(y), 3)]
    weight = np.bincount(twice).astype(float)
    model = full_batch(optimizer="sgd", learning_rate=0.5, max_epochs=50)
    weighted = model.fit(X, y, sample_weight=weight).predict_proba(X)
    repeated = model.fit(X[twice], y[twice]).predict_proba(X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-5)


def test_the_scale_of_weights_does_not_matter(tiny):
    X, y = tiny
    model = MLPClassifier((8,), max_epochs=3, random_state=0)
    weight = np.random.default_rng(0).uniform(1, 2, len(y))
    one = model.fit(X, y, sample_weight=weight).predict_proba(X)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(model.fit(X, y, sample_weight=weight * scale).predict_proba(X), one, atol=1e-5)


@pytest.mark.parametrize("architecture", ["compact", (dense(16),)])
def test_uint8_is_the_scaled_float(garments, architecture):
    X, y = garments
    model = CNNClassifier(architecture, max_epochs=2, random_state=0)
    scaled = (X / np.float32(255)).astype(np.float32)
    np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), model.fit(scaled, y).predict_proba(scaled))
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(scaled))


def test_other_dtypes_are_taken_as_they_are(tiny):
    X, y = tiny
    X = np.round(X * 10)
    model = MLPClassifier((8,), max_epochs=2, random_state=0)
    expected = model.fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
    for dtype in (np.int8, np.int16, np.int64, np.float16, np.float64, np.longdouble, ">f4"):
        found = model.fit(X.astype(dtype), y).predict_proba(X.astype(dtype))
        # float64 is normalised in float64.
        np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float64 else 0)
    positive = X - X.min()
    expected = model.fit(positive.astype(np.float32), y).predict_proba(positive.astype(np.float32))
    for dtype in (np.uint16, np.uint32, np.uint64):
        np.testing.assert_array_equal(model.fit(positive.astype(dtype), y).predict_proba(positive), expected)
    model.fit(positive > 0, y).predict(positive > 0)


def test_bfloat16_learns_what_float32_learns(garments):
    X, y = garments
    losses = [
        CNNClassifier("single", precision=precision, max_epochs=8, random_state=0).fit(X, y).loss_curve_
        for precision in ("float32", "bfloat16")
    ]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(*losses, rtol=0.1)


def test_predictions_are_float32_whatever_the_training(garments):
    X, y = garments
    model = CNNClassifier("single", precision="bfloat16", max_epochs=1, random_state=0).fit(X, y)
    with torch.inference_mode():
        x = torch.from_numpy(X.reshape(-1, 1, 28, 28) / np.float32(255)).contiguous(memory_format=torch.channels_last)
        expected = model.module_(x).softmax(1)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-6)
    assert all(parameter.dtype == torch.float32 for parameter in model.module_.parameters())

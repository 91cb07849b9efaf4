"""Learning from images without labels: the steps against a loop by hand, missing labels of all kinds, and the gain."""

import numpy as np
import pandas as pd
import pytest
import torch
from networks import weights
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from torch.nn.functional import cross_entropy

import skfashion.training._consistency as consistency_module
from skfashion.inspection import TrainingCurveDisplay
from skfashion.modules._init import stream
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    SemiSupervisedClassifier,
)
from skfashion.training._consistency import Consistency

INNER = MLPClassifier(
    (8,), optimizer="sgd", learning_rate=0.2, lr_schedule=None, max_epochs=3, batch_size=16, random_state=0
)


def without(y, labelled, missing=-1):
    """Labels, of which those outside of a mask are missing."""
    return np.where(labelled, y, missing)


@pytest.fixture
def few(tiny):
    """Images of which every fifth has a label."""
    X, y = tiny
    return X, without(y, np.arange(60) % 5 == 0)


def orders(n, size, generator):
    """Places in one random order of `n` after the other, `size` at a time."""
    waiting = []
    while True:
        while len(waiting) < size:
            waiting += torch.randperm(n, generator=generator).tolist()
        taken, waiting = waiting[:size], waiting[size:]
        yield taken


def by_hand(X, y, *, threshold, weight):
    """The weights of `INNER` after FixMatch without augmentation, and the share of each epoch that counts; in torch."""
    start = clone(INNER).set_params(learning_rate=1e-30).fit(X[y != -1], y[y != -1])
    network = start.module_.train()
    optimizer = torch.optim.SGD(network.parameters(), 0.2)
    labelled, unlabelled = (torch.from_numpy(np.flatnonzero(where)) for where in (y != -1, y == -1))
    images, targets, order = torch.from_numpy(X)[:, None, None], torch.from_numpy(y), stream(start.net_.seed, "order")
    shares = []
    for _ in range(3):
        n_counted = 0
        permuted = torch.randperm(len(unlabelled), generator=order)
        known = orders(len(labelled), 4, order)
        for indices in permuted.split(12):
            with_labels, others = labelled[next(known)], unlabelled[indices]
            confidence, said = network(images[others]).softmax(1).detach().max(1)
            n_counted += int((confidence >= threshold).sum())
            losses = cross_entropy(network(images[others]), said, reduction="none")
            loss = cross_entropy(network(images[with_labels]), targets[with_labels])
            loss = loss + weight * (losses * (confidence >= threshold)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        shares.append(n_counted / len(unlabelled))
    return weights(start), shares


@pytest.mark.filterwarnings("ignore:.*did not change a weight")  # which the loop by hand starts from
@pytest.mark.parametrize(("threshold", "weight"), [(0.0, 1.0), (0.5, 1.0), (0.6, 0.3), (1.0, 1.0)])
def test_steps_are_those_of_a_loop_by_hand(few, threshold, weight):
    settings = {"threshold": threshold, "unlabelled_weight": weight, "labelled_share": 0.25}
    model = SemiSupervisedClassifier(INNER, **settings).fit(*few)
    expected, shares = by_hand(*few, threshold=threshold, weight=weight)
    torch.testing.assert_close(weights(model), expected, atol=1e-5, rtol=1e-4)
    assert [row["train_pseudo_labelled"] for row in model.history_] == pytest.approx(shares)


def test_the_adaptive_threshold():
    """FreeMatch, equations 5 to 9."""
    rng = np.random.default_rng(0)
    consistency = Consistency(
        np.arange(9), row_weight=None, labelled_share=0.5, threshold="adaptive", weight=1.0, augmentation=()
    )
    confidence, shares, all_expected = 1 / 4, np.full(4, 1 / 4), []
    for sharpness in np.linspace(5, 0.5, 300):
        probabilities = rng.dirichlet(np.ones(4), 50) ** sharpness
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        confidence = 0.99 * confidence + 0.01 * probabilities.max(axis=1).mean()
        shares = 0.99 * shares + 0.01 * probabilities.mean(axis=0)
        thresholds = shares / shares.max() * confidence
        expected = probabilities.max(axis=1) >= thresholds[probabilities.argmax(axis=1)]
        np.testing.assert_array_equal(consistency.counts(torch.from_numpy(probabilities)).numpy(), expected)
        all_expected.append(expected)
    assert 0.1 < np.mean(all_expected) < 0.9


@pytest.mark.parametrize(
    ("batch_size", "share", "parts"),
    [(128, 0.25, (32, 96)), (10, 0.01, (1, 9)), (10, 0.99, (9, 1)), (2, 0.5, (1, 1)), (1, 0.25, (1, 1))],
)
def test_every_batch_has_images_of_both_kinds(batch_size, share, parts):
    consistency = Consistency(
        np.arange(100), row_weight=None, labelled_share=share, threshold=0.9, weight=1.0, augmentation=()
    )
    assert consistency.parts(batch_size) == parts
    assert consistency.n_batches(batch_size) == -(-100 // parts[1])


def test_images_without_labels_help():
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    inner = CNNClassifier(image_shape=(8, 8), batch_size=32, max_epochs=8, random_state=0)
    model = SemiSupervisedClassifier(inner).fit(X[:1200], without(y[:1200], np.arange(1200) < 60))
    alone = clone(inner).set_params(max_epochs=60).fit(X[:60], y[:60])
    assert model.score(X[1200:], y[1200:]) > alone.score(X[1200:], y[1200:]) + 0.02


LETTERS = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
    "labels",
    [
        lambda y: y.astype(float),
        lambda y: y.tolist(),
        lambda y: pd.Series(y),
        lambda y: y.astype(object),
        lambda y: without(LETTERS[y].astype(object), y != -1, None),
        lambda y: without(LETTERS[y].astype(object), y != -1, np.nan),
        lambda y: without(LETTERS[y].astype(object), y != -1),
        lambda y: without(LETTERS[y].astype(object), y != -1).tolist(),
        lambda y: tuple(without(LETTERS[y].astype(object), y != -1, np.nan)),
        lambda y: pd.Series(LETTERS[y]).where(y != -1),
        lambda y: pd.Series(LETTERS[y], dtype="string").where(y != -1),
        lambda y: pd.Series(LETTERS[y], dtype="category").where(y != -1),
    ],
)
def test_missing_labels_of_all_kinds(few, labels):
    X, y = few
    expected = SemiSupervisedClassifier(INNER).fit(X, y)
    model = SemiSupervisedClassifier(INNER).fit(X, labels(y))
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.classes_.tolist() in ([0, 1, 2], ["a", "b", "c"])
    assert model.score(X, labels(y)) == expected.score(X, y) == expected.score(X[y != -1], y[y != -1])


def test_times_may_be_missing(few):
    X, y = few
    model = SemiSupervisedClassifier(INNER).fit(X, np.where(y == -1, np.datetime64("NaT"), np.datetime64("2020") + y))
    np.testing.assert_array_equal(model.predict_proba(X), SemiSupervisedClassifier(INNER).fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(model.classes_, np.datetime64("2020") + np.arange(3))


def test_an_array_of_strings_cannot_miss_a_label(few):
    X, y = few
    for lost in (-1, np.nan):
        labels = LETTERS[y % 2].astype("<U8")
        labels[y == -1] = lost
        with pytest.raises(
            ValueError, match=f"y holds the string '{lost}': for images without a label, y needs dtype=object"
        ):
            SemiSupervisedClassifier(INNER).fit(X, labels)
    words = np.where(y == -1, "None", LETTERS[y % 2])
    assert SemiSupervisedClassifier(INNER).fit(X, words).classes_.tolist() == ["None", "a", "b"]


def test_without_missing_labels_it_is_the_network(tiny):
    X, y = tiny
    model, network = SemiSupervisedClassifier(INNER).fit(X, y), clone(INNER).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), network.predict_proba(X))
    np.testing.assert_array_equal(model.embed(X), network.embed(X))
    assert "train_pseudo_labelled" not in model.history_[-1]
    weight = np.where(y == 0, 5.0, 1.0)
    model, network = SemiSupervisedClassifier(INNER).fit(X, y, weight), clone(INNER).fit(X, y, weight)
    np.testing.assert_array_equal(model.predict_proba(X), network.predict_proba(X))


def test_a_weight_of_zero_leaves_an_image_out(few):
    X, y = few
    weight = np.where(np.arange(60) % 7, 1.0, 0.0)
    one = SemiSupervisedClassifier(INNER).fit(X, y, sample_weight=weight)
    other = SemiSupervisedClassifier(INNER).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_weights_of_images_without_labels_count(few):
    X, y = few
    weight = np.where((X[:, 0] > 1) & (y == -1), 10.0, 1.0)
    one, other = (SemiSupervisedClassifier(INNER, threshold=0.0).fit(X, y, w) for w in (weight, None))
    assert not np.array_equal(one.predict_proba(X), other.predict_proba(X))
    twice = SemiSupervisedClassifier(INNER, threshold=0.0).fit(X, y, np.full(60, 2.0))
    np.testing.assert_array_equal(twice.predict_proba(X), other.predict_proba(X))


def test_validation_images_and_early_stopping(tiny, few):
    X, y = few
    inner = clone(INNER).set_params(early_stopping=True, n_iter_no_change=2, max_epochs=30)
    model = SemiSupervisedClassifier(inner).fit(X, y, X_val=tiny[0], y_val=tiny[1])
    assert model.estimator_.best_validation_score_ == model.score(*tiny)
    held_out = SemiSupervisedClassifier(inner.set_params(validation_fraction=0.5)).fit(X, y)
    assert {"valid_accuracy", "train_pseudo_labelled"} <= set(held_out.history_[-1])
    TrainingCurveDisplay.from_estimator(model)


def test_an_encoder_learns_from_all_images(few):
    X, y = few
    autoencoder = Autoencoder(2, (8,), max_epochs=2, random_state=0)
    model = SemiSupervisedClassifier(EncoderClassifier(autoencoder, (4,), max_epochs=1, random_state=0)).fit(X, y)
    expected = clone(autoencoder).fit(X)
    np.testing.assert_array_equal(model.estimator_.encoder_.code_mean_, expected.code_mean_)


def test_validation_images_are_read_on_the_scale_of_the_fit(garments):
    X, y = garments[0][:100], without(garments[1][:100], np.arange(100) < 50)
    model = SemiSupervisedClassifier(clone(INNER).set_params(early_stopping=True))
    for like in (np.uint8, np.float32, np.int64):
        model.fit(X.astype(like), y, X_val=X[:50].astype(like), y_val=y[:50])
        assert model.estimator_.best_validation_score_ == model.score(X[:50], y[:50])


@pytest.mark.parametrize("n_unlabelled", [1, 13])
def test_a_last_batch_of_one_image(garments, n_unlabelled):
    X, y = (each[: 20 + n_unlabelled] for each in garments)
    model = SemiSupervisedClassifier(ResNetClassifier(4, batch_size=16, max_epochs=1), random_state=0)
    model.fit(X, without(y, np.arange(len(y)) < 20))
    assert np.isfinite(model.predict_proba(X)).all()


def test_strong_changes_are_those_of_the_parameter(garments):
    X, y = garments[0][:100], without(garments[1][:100], np.arange(100) < 50)
    seen = []

    def strong(images):
        seen.append(len(images))
        return images

    inner = CNNClassifier("single", augmentation="shift", batch_size=20, max_epochs=1, random_state=0)
    SemiSupervisedClassifier(inner, strong_augmentation=strong, labelled_share=0.25).fit(X, y)
    assert seen == [15, 15, 15, 5]


def test_pseudo_labels_are_predicted_for_weak_changes(garments, monkeypatch):
    X, y = garments[0][:100], without(garments[1][:100], np.arange(100) < 50)
    seen = []

    def recorded(net, images):
        seen.append(images.flatten(1))
        return probabilities(net, images)

    probabilities = consistency_module._probabilities
    monkeypatch.setattr(consistency_module, "_probabilities", recorded)
    inner = CNNClassifier("single", augmentation=_inverted, batch_size=20, max_epochs=1, random_state=0)
    SemiSupervisedClassifier(inner, strong_augmentation=None).fit(X, y)
    found, expected = torch.cat(seen).sum(1).sort().values, torch.from_numpy(1 - X[50:] / 255).float().sum(1)
    torch.testing.assert_close(found, expected.sort().values, rtol=1e-4, atol=1e-3)


def _inverted(images):
    return 1 - images


def test_flips_only_where_the_network_flips(garments):
    X, y = garments[0][:100], without(garments[1][:100], np.arange(100) < 50)
    for augmentation, same in (("shift", "shift+erase+erase"), ("flip", "flip+shift+erase+erase")):
        inner = CNNClassifier("single", augmentation=augmentation, max_epochs=1, random_state=0)
        auto, named = (SemiSupervisedClassifier(inner, strong_augmentation=name).fit(X, y) for name in ("auto", same))
        np.testing.assert_array_equal(auto.predict_proba(X), named.predict_proba(X))


def test_searches_score_by_the_labels_that_are_there(few):
    X, y = few
    search = GridSearchCV(SemiSupervisedClassifier(INNER), {"threshold": [0.5, 0.9]}, cv=3, error_score="raise")
    search.fit(X, y)
    assert search.best_score_ > 0.6
    best = SemiSupervisedClassifier(INNER, threshold=search.best_params_["threshold"])
    assert cross_val_score(best, X, y, cv=3).mean() == search.best_score_
    folds, letters = KFold(3, shuffle=True, random_state=0), without(LETTERS[y].astype(object), y != -1, None)
    expected = cross_val_score(best, X, y, cv=folds)
    np.testing.assert_array_equal(cross_val_score(best, X, letters, cv=folds, error_score="raise"), expected)


@pytest.mark.parametrize(
    ("parameters", "labels", "said"),
    [
        ({}, lambda y: np.full(60, -1), "y holds no label: images without one are -1"),
        ({}, lambda y: np.full(60, None), "y holds no label"),
        ({}, lambda y: np.eye(3, dtype=int)[y], "1d array"),
        ({}, lambda y: y[:50], "inconsistent numbers of samples"),
        ({}, lambda y: np.where(y == 0, np.nan, y), "NaN"),
        ({"estimator": MLPRegressor()}, lambda y: y, "'estimator' parameter"),
        ({"threshold": 1.1}, lambda y: y, "'threshold' parameter"),
        ({"threshold": "high"}, lambda y: y, "'threshold' parameter"),
        ({"labelled_share": 0.0}, lambda y: y, "'labelled_share' parameter"),
        ({"strong_augmentation": "twist"}, lambda y: without(y, np.arange(60) < 30), "'twist'"),
        ({"strong_augmentation": "shift"}, lambda y: without(y, np.arange(60) < 30), "needs images"),
        ({"estimator__distributed": True}, lambda y: y, "cannot share a training"),
    ],
)
def test_what_is_refused(tiny, parameters, labels, said):
    model = SemiSupervisedClassifier(clone(INNER)).set_params(**parameters)
    with pytest.raises(ValueError, match=said):
        model.fit(tiny[0], labels(tiny[1]))
    assert not hasattr(model, "estimator_")


def test_a_score_weighs_the_labelled_images(few):
    X, y = few
    model = SemiSupervisedClassifier(clone(INNER).set_params(max_epochs=1, learning_rate=0.02)).fit(X, y)
    weight, known = np.random.default_rng(0).uniform(0.1, 5, 60), y != -1
    expected = accuracy_score(y[known], model.predict(X[known]), sample_weight=weight[known])
    assert model.score(X, y, weight) == pytest.approx(expected)
    assert expected != model.score(X, y)


def test_a_score_needs_a_label(few):
    model = SemiSupervisedClassifier(INNER).fit(*few)
    with pytest.raises(ValueError, match="y holds no label to score by"):
        model.score(few[0], np.full(60, -1))


def test_missing_ints_of_pandas_are_no_labels(tiny):
    X, y = tiny
    few = pd.Series(np.where(np.arange(len(y)) % 2, y, -1), dtype="Int64")
    model = SemiSupervisedClassifier(MLPClassifier((8,), max_epochs=2), random_state=0)
    expected = clone(model).fit(X, few.to_numpy(dtype=np.int64))
    model.fit(X, few.where(few >= 0, pd.NA))
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.classes_.dtype == np.int64
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))

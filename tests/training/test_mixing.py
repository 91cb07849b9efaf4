"""Mixing: what images become, what they learn, and which estimators refuse it."""

import numpy as np
import pytest
import torch
from networks import weights
from sklearn.base import clone
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy, one_hot

from skfashion.modules._losses import CrossEntropyLoss, Mixed, losses_and_gradient, losses_of
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    CNNRegressor,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)
from skfashion.training._epochs import metrics_of
from skfashion.training._mixing import blended, cutmix, mixup, partners

FAST = {"max_epochs": 2, "batch_size": 50, "random_state": 0, "device": "cpu"}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


IMAGES = torch.rand(200, 2, 9, 10, generator=generator())


OTHERS = IMAGES.roll(1, 0)


def test_mixup():
    images, share = mixup(IMAGES, OTHERS, generator())
    parts = share[:, None, None, None]
    torch.testing.assert_close(images, parts * IMAGES + (1 - parts) * OTHERS)
    assert share.min() < 0.1
    assert share.max() > 0.9
    assert abs(share.mean() - 0.5) < 0.1


def test_cutmix():
    images, share = cutmix(IMAGES, OTHERS, generator())
    foreign = (images != IMAGES).any(1)
    torch.testing.assert_close(images, torch.where(foreign[:, None], OTHERS, IMAGES))
    torch.testing.assert_close(share, 1 - foreign.flatten(1).float().mean(1))
    for mask in foreign[foreign.flatten(1).any(1)]:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        assert mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    assert 0.6 < share.mean() < 0.85  # a half, less what reaches beyond the edges


def test_each_image_meets_the_one_before_it():
    assert partners(4, None, generator()).tolist() == [3, 0, 1, 2]
    assert partners(1, None, generator()).tolist() == [0]


def test_images_meet_by_their_weight():
    weight = torch.tensor([1.0, 0.0, 3.0])
    met = torch.cat([partners(3, weight, generator(seed)) for seed in range(400)])
    share_of_each = met.bincount(minlength=3) / len(met)
    torch.testing.assert_close(share_of_each, weight / 4, rtol=0, atol=0.05)


@pytest.fixture
def drawn():
    """Scores of three classes, classes and those of other images, weights and shares of seven images."""
    rng = generator(1)
    scores = torch.randn(7, 3, generator=rng, dtype=torch.float64)
    classes, others = torch.randint(0, 3, (2, 7), generator=rng)
    weight, share = torch.rand(2, 7, generator=rng, dtype=torch.float64)
    return scores, classes, Mixed(others, share), weight


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_losses_and_gradients_are_those_of_mixed_targets(drawn, smoothing):
    scores, classes, mixed, weight = drawn
    targets = blended(one_hot(classes, 3).double(), one_hot(mixed.target, 3).double(), mixed.share)
    scores.requires_grad_()
    expected = cross_entropy(scores, targets, reduction="none", label_smoothing=smoothing)
    (expected_gradient,) = torch.autograd.grad((weight * expected).sum(), scores)
    criterion = CrossEntropyLoss(smoothing)
    torch.testing.assert_close(losses_of(criterion, scores, classes, mixed), expected)
    with torch.no_grad():
        losses, gradient = losses_and_gradient(criterion, scores, classes, weight, mixed)
    torch.testing.assert_close(losses, expected.detach())
    torch.testing.assert_close(gradient, expected_gradient)


def test_the_accuracy_is_what_is_right_of_each_image(drawn):
    scores, classes, mixed, _ = drawn
    mixed = Mixed(mixed.target, mixed.share.float())
    (found,) = metrics_of(lambda s, c: {"accuracy": s.argmax(1) == c}, scores, classes, mixed).values()
    best = scores.argmax(1)
    expected = mixed.share * (best == classes) + (1 - mixed.share) * (best == mixed.target)
    torch.testing.assert_close(found, expected)
    assert metrics_of(None, scores, classes, mixed) == {}


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_a_weight_of_k_is_k_copies(name):
    """The mean gradient of a linear model at its start, over many epochs."""
    X, y = load_digits(return_X_y=True)
    X, y, times = X[:60], y[:60], 1 + 3 * (np.arange(60) % 3 == 0)

    def mean_gradient(X, y, weight=None):
        model = MLPClassifier(
            (), augmentation=name, batch_size=len(X), image_shape=(8, 8), max_epochs=1, random_state=0
        )
        net = model.fit(X, y, weight).net_
        net.set_params(lr=0.0)
        images = net.get_dataset((X / 16).astype(np.float32), y.astype(np.int64))
        images.weight = None if weight is None else torch.from_numpy(weight / weight.mean()).float()
        net.module_.reset_weights(0)
        gradients = []
        for _ in range(600):
            (batch,) = net.get_iterator(images, training=True)
            losses = losses_of(net.criterion_, net.module_(batch.images), batch.target, batch.mixed)
            loss = losses.mean() if batch.weight is None else (losses * batch.weight).mean()
            gradients.append(torch.autograd.grad(loss, net.module_[-1].weight)[0])
        return torch.stack(gradients).mean(0)

    copies = mean_gradient(np.repeat(X, times, axis=0), np.repeat(y, times))
    weighed = mean_gradient(X, y, times.astype(float))
    assert (weighed - copies).norm() < 0.06 * copies.norm()


def test_numbers_are_mixed_as_pixels_are(garments):
    """A linear model of the brightness of images is one of that of mixed images, too."""
    X = garments[0]
    brightness = X.mean(axis=1)
    model = MLPRegressor((), augmentation="mixup", max_epochs=60, batch_size=50, random_state=0).fit(X, brightness)
    assert model.history_[-1]["train_r2"] > 0.9
    assert model.score(X, brightness) > 0.9


MODELS = {
    "dense": MLPClassifier((16,), **FAST),
    "convolutions": CNNClassifier("single", **FAST),
    "residual": ResNetClassifier(4, **FAST),
    "numbers": CNNRegressor("single", **FAST),
    "reconstruction": Autoencoder(4, (16,), **FAST),
    "transfer": EncoderClassifier(Autoencoder(4, (16,), **FAST), (8,), **FAST),
}


@pytest.mark.parametrize("augmentation", ["mixup", "flip+cutmix"])
@pytest.mark.parametrize("name", MODELS)
def test_networks_learn_from_mixed_images(garments, name, augmentation):
    X, y = garments[0][:300], garments[1][:300]
    y = y.astype(float) if name == "numbers" else y
    sample_weight = np.linspace(0.5, 2, len(X))
    plain = clone(MODELS[name]).set_params(augmentation=None).fit(X, y, sample_weight)
    model, same = (clone(MODELS[name]).set_params(augmentation=augmentation).fit(X, y, sample_weight) for _ in range(2))
    torch.testing.assert_close(weights(model), weights(same), rtol=0, atol=0)
    assert not torch.equal(weights(model), weights(plain))
    assert np.isfinite(model.loss_curve_).all()
    assert model.predict(X).shape == y.shape if hasattr(model, "predict") else model.reconstruct(X).shape == X.shape


def test_mixed_images_with_several_labels(garments):
    X, y = garments[0][:300], garments[1][:300]
    several = np.c_[y % 2, y > 4].astype(int)
    model = CNNClassifier("single", augmentation="mixup", **FAST).fit(X, several)
    assert model.predict(X).shape == several.shape


def test_rows_that_are_no_images_can_be_mixed_but_not_cut():
    X, y = np.random.default_rng(0).normal(size=(60, 7)), np.arange(60) % 2
    model = MLPClassifier((8,), max_epochs=2, batch_size=20, random_state=0)
    assert clone(model).set_params(augmentation="mixup").fit(X, y).image_shape_ == (1, 1, 7)
    with pytest.raises(ValueError, match="needs images"):
        clone(model).set_params(augmentation="cutmix").fit(X, y)


def test_images_are_mixed_once(garments):
    with pytest.raises(ValueError, match="mixes images twice: at most one of 'mixup' and 'cutmix' may be given"):
        CNNClassifier("single", augmentation="mixup+cutmix", **FAST).fit(*garments)


def test_one_image_cannot_be_mixed(garments):
    with pytest.raises(ValueError, match=r"there must be two or more\. Got batch_size=1\."):
        MLPClassifier((4,), augmentation="mixup", batch_size=1).fit(*garments)


def test_a_conditional_autoencoder_refuses_mixed_images(garments):
    vae = VariationalAutoencoder(2, n_channels=(4,), conditional=True, augmentation="mixup", **FAST)
    with pytest.raises(ValueError, match=r"'augmentation' parameter must not mix images: .*conditional=True.*'mixup'"):
        vae.fit(*garments)


@pytest.mark.parametrize("n_labels", [100, 300])
def test_pseudo_labels_are_those_of_one_image(garments, n_labels):
    X, y = garments[0][:300], garments[1][:300]
    few = np.where(np.arange(300) < n_labels, y, -1)
    plain, mixing = (CNNClassifier("single", augmentation=a, **FAST) for a in (None, "flip+mixup"))
    with pytest.raises(ValueError, match=r"'estimator__augmentation' parameter must not mix .*Got 'flip\+mixup'"):
        SemiSupervisedClassifier(mixing).fit(X, few)
    with pytest.raises(ValueError, match=r"'strong_augmentation' parameter must not mix images.*Got 'cutmix'"):
        SemiSupervisedClassifier(plain, strong_augmentation="cutmix").fit(X, few)

"""Mixing: what images become, what they learn, and which estimators refuse it."""

import numpy as np
import pytest
import torch
from networks import weights
from sklearn.base import clone
from torch.nn.functional import cross_entropy, one_hot

from skfashion.modules._losses import CrossEntropyLoss, ReconstructionLoss
from skfashion.modules._multilabel import MultilabelLoss
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    CNNRegressor,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)
from skfashion.training._mixing import Mixed, cutmix, losses_and_gradient_of, metrics_of, mixup, values_of

FAST = {"max_epochs": 4, "batch_size": 50, "random_state": 0, "device": "cpu"}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


IMAGES = torch.rand(200, 2, 9, 10, generator=generator())


def before(images):
    """The image before each in its batch."""
    return torch.cat([images[-1:], images[:-1]])


def test_mixup():
    images, share = mixup(IMAGES, generator())
    parts = share[:, None, None, None]
    torch.testing.assert_close(images, parts * IMAGES + (1 - parts) * before(IMAGES))
    assert share.min() < 0.1
    assert share.max() > 0.9
    assert abs(share.mean() - 0.5) < 0.1


def test_cutmix():
    images, share = cutmix(IMAGES, generator())
    foreign = (images != IMAGES).any(1)
    torch.testing.assert_close(images, torch.where(foreign[:, None], before(IMAGES), IMAGES))
    torch.testing.assert_close(share, 1 - foreign.flatten(1).float().mean(1))
    for mask in foreign[foreign.flatten(1).any(1)]:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        assert mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    assert 0.6 < share.mean() < 0.85  # a half, less what reaches beyond the edges


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_an_image_alone_stays_as_it_is(mix):
    torch.testing.assert_close(mix(IMAGES[:1], generator())[0], IMAGES[:1])


@pytest.fixture
def drawn():
    """Scores of three classes, classes, weights and shares of seven images."""
    rng = generator(1)
    scores = torch.randn(7, 3, generator=rng, dtype=torch.float64)
    classes = torch.randint(0, 3, (7,), generator=rng)
    weight, share = torch.rand(2, 7, generator=rng, dtype=torch.float64)
    return scores, classes, weight, share


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_cross_entropy_of_mixed_targets(drawn, smoothing):
    scores, classes, _, share = drawn
    mixed, _ = Mixed.of(classes, None, share)
    losses = values_of(lambda target: CrossEntropyLoss(smoothing)(scores, target), classes, mixed)
    targets = one_hot(classes, 3).double()
    targets = torch.lerp(before(targets), targets, share[:, None])
    expected = cross_entropy(scores, targets, reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(losses, expected)


def test_several_labels_are_mixed_too(drawn):
    scores, classes, _, share = drawn
    labels = one_hot(classes, 3).double()
    mixed, _ = Mixed.of(labels, None, share)
    losses = values_of(lambda target: MultilabelLoss()(scores, target), labels, mixed)
    torch.testing.assert_close(losses, MultilabelLoss()(scores, torch.lerp(before(labels), labels, share[:, None])))


def test_each_target_counts_with_the_weight_of_its_image(drawn):
    scores, classes, weight, share = drawn
    mixed, of_batch = Mixed.of(classes, weight, share)
    losses = values_of(lambda target: CrossEntropyLoss()(scores, target), classes, mixed)
    own, other = (CrossEntropyLoss()(scores, target) for target in (classes, before(classes)))
    expected = share * weight * own + (1 - share) * before(weight) * other
    torch.testing.assert_close(of_batch * losses, expected)


def test_weights_of_several_nets_are_mixed_side_by_side(drawn):
    _, classes, weight, share = drawn
    both = torch.stack([weight, weight.square()], 1)
    mixed, of_batch = Mixed.of(classes, both, share)
    for place in range(2):
        one, of_one = Mixed.of(classes, both[:, place], share)
        torch.testing.assert_close(of_batch[:, place], of_one)
        torch.testing.assert_close(mixed.share[:, place], one.share)


@pytest.mark.parametrize(
    "criterion", [CrossEntropyLoss(0.1), MultilabelLoss(), ReconstructionLoss("huber", "identity")]
)
def test_gradients_by_hand_are_those_of_autograd(drawn, criterion):
    scores, classes, weight, share = drawn
    target = classes if isinstance(criterion, CrossEntropyLoss) else one_hot(classes, 3).double()
    mixed, weight = Mixed.of(target, weight, share)
    scores.requires_grad_()
    expected = values_of(lambda each: criterion(scores, each), target, mixed)
    (gradient,) = torch.autograd.grad((weight * expected).sum(), scores)
    with torch.no_grad():
        losses, by_hand = losses_and_gradient_of(criterion, scores, target, mixed, weight)
    torch.testing.assert_close(losses, expected.detach())
    torch.testing.assert_close(by_hand, gradient)


def test_the_accuracy_is_what_is_right_of_each_image(drawn):
    scores, classes, _, share = drawn
    mixed, _ = Mixed.of(classes, None, share.float())
    (found,) = metrics_of(lambda s, c: {"accuracy": s.argmax(1) == c}, scores, classes, mixed).values()
    best = scores.argmax(1)
    expected = share * (best == classes) + (1 - share) * (best == before(classes))
    torch.testing.assert_close(found, expected.float())
    assert metrics_of(None, scores, classes, mixed) == {}


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
    assert model.loss_curve_[-1] < model.loss_curve_[0]
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
    with pytest.raises(ValueError, match="mixes images more than once: take one of"):
        CNNClassifier("single", augmentation="mixup+cutmix", **FAST).fit(*garments)


def test_who_learns_one_class_per_image_refuses_mixed_ones(garments):
    X, y = garments
    vae = VariationalAutoencoder(2, n_channels=(4,), conditional=True, augmentation="mixup", **FAST)
    with pytest.raises(ValueError, match="A mixed image has no class that a conditional network could be told"):
        vae.fit(X, y)
    few = np.where(np.arange(len(y)) < 100, y, -1)
    plain, mixing = (CNNClassifier("single", augmentation=a, **FAST) for a in (None, "flip+mixup"))
    for model in (
        SemiSupervisedClassifier(mixing, strong_augmentation="flip"),
        SemiSupervisedClassifier(plain, strong_augmentation="cutmix"),
    ):
        with pytest.raises(ValueError, match="A pseudo-label is that of one image: leave 'mixup' and 'cutmix' out"):
            model.fit(X, few)

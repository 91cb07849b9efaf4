import numpy as np
import pytest
import torch

from skfashion.neural_network import CNNClassifier
from skfashion.training._augmentation import augment, augmentation_steps, erase, flip, mirrors, shift


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


IMAGES = torch.arange(1.0, 1 + 200 * 2 * 9 * 10).reshape(200, 2, 9, 10)


def test_flip():
    flipped = flip(IMAGES, generator())
    kept = (flipped == IMAGES).flatten(1).all(1)
    mirrored = (flipped == IMAGES.flip(3)).flatten(1).all(1)
    assert (kept ^ mirrored).all()
    assert 60 < kept.sum() < 140


def test_shift():
    shifted = shift(IMAGES, generator())
    seen = set()
    for before, after in zip(IMAGES, shifted, strict=True):
        matches = []
        for rows in (-1, 0, 1):
            for columns in (-1, 0, 1):
                padded = torch.nn.functional.pad(before, (1, 1, 1, 1))
                if torch.equal(after, padded[:, 1 + rows : 10 + rows, 1 + columns : 11 + columns]):
                    matches.append((rows, columns))
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 9


def test_shift_grows_with_the_image():
    image = torch.zeros(500, 1, 56, 56)
    image[:, :, 28, 28] = 1
    where = shift(image, generator()).nonzero()
    assert where[:, 2].min() == 26
    assert where[:, 2].max() == 30


def test_erase():
    erased = erase(IMAGES, generator())
    changed = erased != IMAGES
    assert not erased[changed].any()
    touched = changed.flatten(1).any(1)
    assert 40 < touched.sum() < 140
    for mask in changed[touched]:
        assert torch.equal(mask[0], mask[1])
        rows, columns = mask[0].any(1).nonzero(), mask[0].any(0).nonzero()
        block = mask[0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert block.all()
        assert block.shape[0] <= 5
        assert block.shape[1] <= 5


@pytest.mark.parametrize(
    "name", ["flip", "erase", "flip+shift", "shift+flip", ("erase", "shift+flip"), [flip], "mixup", "flip+cutmix"]
)
def test_names_repeat_by_seed_and_leave_their_input(name):
    before = IMAGES.clone()
    steps = augmentation_steps(name, IMAGES.shape[1:])
    one, same, other = (augment(IMAGES, steps, generator(seed))[0] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(IMAGES, before)
    assert one.shape == IMAGES.shape


def test_steps_are_applied_in_their_order():
    def brighten(images):
        return images + 1

    def halve(images, generator):
        return images * torch.full((1,), 0.5)

    steps = augmentation_steps(["shift", brighten, halve], IMAGES.shape[1:])
    assert steps == (shift, brighten, halve)
    shifted = shift(IMAGES, generator(0))
    torch.testing.assert_close(augment(IMAGES, steps, generator(0))[0], (shifted + 1) / 2)


def test_a_step_says_whether_it_flips_images():
    def mirror(images):
        return images.flip(3)

    assert mirrors(augmentation_steps("shift+flip", (1, 4, 4)))
    assert not mirrors(augmentation_steps(["shift", mirror], (1, 4, 4)))
    mirror.mirrors = True
    assert mirrors(augmentation_steps(["shift", mirror], (1, 4, 4)))


def test_auto_is_nothing_for_rows():
    assert augmentation_steps("auto", (1, 1, 784)) == augmentation_steps(None, (1, 28, 28)) == ()
    assert augmentation_steps("auto", (1, 28, 28)) == (flip, shift)


def test_a_callable_is_given_the_generator_of_the_fit(garments):
    X, y = garments
    given = []

    def noise(images, generator):
        given.append(generator)
        return images + 0.1 * torch.randn(images.shape, generator=generator)

    def fitted():
        model = CNNClassifier("single", augmentation=["flip", noise], max_epochs=1, random_state=0)
        return model.fit(X, y).predict_proba(X)

    np.testing.assert_array_equal(fitted(), fitted())
    assert all(isinstance(each, torch.Generator) for each in given)


@pytest.mark.parametrize("bad", ["vflip", "flip+", "", ("flip", 3), 3])
def test_unknown_steps(garments, bad):
    with pytest.raises(ValueError, match="The 'augmentation' parameter"):
        CNNClassifier("single", augmentation=bad, max_epochs=1).fit(*garments)


def test_a_callable_draws_from_the_fit(garments):
    X, y = garments

    def noise(images):
        assert images.shape[1:] == (1, 28, 28)
        assert images.dtype == torch.float32
        assert 0 <= images.min() <= images.max() <= 1
        return images + 0.1 * torch.randn_like(images)

    before = torch.get_rng_state()
    one, two = (
        CNNClassifier("single", augmentation=noise, max_epochs=1, random_state=0).fit(X, y).predict_proba(X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("bad", [lambda images: images[:, :, 1:], lambda images: None, lambda images: 3.0])
def test_a_callable_that_returns_something_else(garments, bad):
    with pytest.raises(ValueError, match="augmentation must return a tensor of the shape that it is given"):
        CNNClassifier("single", augmentation=bad, max_epochs=1).fit(*garments)


def test_shift_is_of_each_side():
    image = torch.zeros(2000, 1, 28, 224)
    image[:, :, 14, 112] = 1
    where = shift(image, generator()).nonzero()
    assert (where[:, 2].min(), where[:, 2].max()) == (13, 15)
    assert (where[:, 3].min(), where[:, 3].max()) == (104, 120)

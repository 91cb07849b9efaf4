import copy

import pytest
import torch
from torch import nn

from skfashion.modules import MLP, ConvNet, ResNet, batch_norm, conv, dense, dropout, flatten, global_pool, pool
from skfashion.modules._init import INITS, initialize
from skfashion.modules._layers import smallest_size


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (conv(40, 5), "conv(40, 5)"),
        (conv(40, padding="same", stride=2), "conv(40, 3, padding='same', stride=2)"),
        (pool(), "pool(2)"),
        (flatten(), "flatten()"),
        (dense(100, activation="tanh"), "dense(100, activation='tanh')"),
        (dropout(0.25), "dropout(0.25)"),
        (batch_norm(), "batch_norm()"),
        (global_pool(), "global_pool()"),
    ],
)
def test_repr_is_how_it_is_written(layer, text):
    assert repr(layer) == text
    assert eval(text) == layer
    assert hash(copy.deepcopy(layer)) == hash(layer)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv(0), "n_filters of conv"),
        (lambda: conv(3, 2.5), "kernel_size of conv"),
        (lambda: conv(3, 4, padding="same"), "odd kernel_size"),
        (lambda: conv(3, padding="full"), "padding of conv"),
        (lambda: dense(3, activation="swish"), "activation of dense"),
        (lambda: dense(True), "n_units of dense"),
        (lambda: dropout(1), r"p of dropout\(\) must be in \[0, 1\)"),
        (lambda: pool(0), "size of pool"),
    ],
)
def test_bad_layer(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_image_layer_after_a_vector_layer():
    with pytest.raises(ValueError, match=r"pool\(2\) needs an image"):
        ConvNet((dense(4), pool(2)), (1, 8, 8), 2)


@pytest.mark.parametrize(
    "layers",
    [
        (conv(4, 5), pool(3), conv(3, stride=2), dense(5)),
        (conv(4, 5, padding="same", stride=2), batch_norm(), global_pool(), batch_norm(), dropout(0.1)),
        (flatten(), dense(3)),
        (dense(3),),
        (),
    ],
)
@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 27, 31), (2, 1, 5)])
def test_shapes_are_those_of_torch(layers, image_shape):
    net = ConvNet(layers, image_shape, 7).eval()
    assert net(torch.zeros(2, *image_shape)).shape == (2, 7)


def test_output_shape_is_that_of_torch():
    for layer in (conv(4, 5), conv(4, 5, padding="same", stride=3), conv(2, 2, stride=2), pool(3), batch_norm()):
        for shape in ((1, 17, 20), (3, 8, 9)):
            assert layer.build(shape).eval()(torch.zeros(1, *shape)).shape[1:] == layer.output_shape(shape)


def test_smallest_size():
    assert smallest_size((conv(4, 5),)) == 5
    assert smallest_size((pool(2), pool(2), conv(1, 3))) == 12
    assert smallest_size((dense(3),)) == 1
    # A strided convolution needs more than one pixel: see _survives.
    assert smallest_size((conv(4, padding="same"),)) == 1
    assert smallest_size((conv(4, padding="same", stride=2), conv(4, padding="same", stride=2))) == 3
    layers = (conv(4, 5), pool(2), conv(3, 3), pool(2))
    size = smallest_size(layers)
    ConvNet(layers, (1, size, size), 2)(torch.zeros(1, 1, size, size))
    assert type(ConvNet(layers, (1, size, size), 2)[0]).__name__ != "Pad"
    assert type(ConvNet(layers, (1, size - 1, size), 2)[0]).__name__ == "Pad"


def test_padding_centres_the_image():
    pad = ConvNet((pool(4),), (1, 2, 3), 2)[0]
    padded = pad(torch.ones(1, 1, 2, 3))
    assert padded.shape == (1, 1, 4, 4)
    assert torch.equal(padded[0, 0, 1:3, 0:3], torch.ones(2, 3))
    assert padded.sum() == 6


@pytest.mark.parametrize("init", INITS)
def test_init_schemes(init):
    layer = nn.Linear(1000, 500)
    drawn_by_torch = layer.weight.std().item()
    initialize(layer, init)
    expected = {
        "pytorch": (3 * 1000) ** -0.5,
        "normal": 0.1,
        "xavier_normal": (2 / 1500) ** 0.5,
        "xavier_uniform": (2 / 1500) ** 0.5,
        "he_normal": (2 / 1000) ** 0.5,
        "he_uniform": (2 / 1000) ** 0.5,
    }
    assert drawn_by_torch == pytest.approx(expected["pytorch"], rel=0.01)
    assert layer.weight.std().item() == pytest.approx(expected[init], rel=0.01)
    assert layer.bias.abs().max().item() == pytest.approx(0.05 if init == "pytorch" else 0, rel=0.02)
    uniform = layer.weight.abs().max().item() < 1.8 * expected[init]
    assert uniform == (init == "pytorch" or init.endswith("uniform"))


def test_a_weight_depends_on_seed_and_shape_alone():
    narrow, wide = (MLP(6, 3, (n, 5, 5), ("relu",) * 3, (0.0, 0.5, 0.0), False, "pytorch") for n in (8, 16))
    for net in (narrow, wide):
        net.reset_weights(seed=1)
    shared = [(a, b) for a, b in zip(narrow.parameters(), wide.parameters(), strict=True) if a.shape == b.shape]
    assert len(shared) == 5
    assert all(torch.equal(a, b) for a, b in shared)
    two_of_a_shape = [p for p in narrow.parameters() if p.shape == (5,)]
    assert not torch.equal(*two_of_a_shape)
    before = [p.clone() for p in narrow.parameters()]
    narrow.reset_weights(seed=2)
    assert not any(torch.equal(p, q) for p, q in zip(before, narrow.parameters(), strict=True))


def test_mlp_layers():
    mlp = MLP(6, 3, (8, 4), ("tanh", "sigmoid"), (0.0, 0.5), True, "pytorch")
    names = [type(layer).__name__ for layer in mlp]
    assert names == [
        *("Flatten", "Linear", "BatchNorm1d", "Tanh"),
        *("Linear", "BatchNorm1d", "Sigmoid", "Dropout", "Linear"),
    ]
    assert [layer.weight.shape for layer in mlp if isinstance(layer, nn.Linear)] == [(8, 6), (4, 8), (3, 4)]


@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 32, 32), (1, 1, 5), (1, 1, 1), (4, 27, 31)])
def test_resnet_takes_any_size(image_shape):
    net = ResNet(image_shape, 5, width=4, depth=1, flip_averaging=True)
    x = torch.rand(3, *image_shape)
    assert net(x).shape == net.eval()(x).shape == (3, 5)


@pytest.mark.parametrize("outputs", ["classes", "labels", "numbers"])
def test_resnet_flip_averaging_is_the_mean_of_two_predictions(outputs):
    net = ResNet((1, 8, 8), 4, width=4, depth=1, flip_averaging=True, outputs=outputs).eval()
    torch.nn.init.normal_(net.head.weight, std=10.0, generator=torch.Generator().manual_seed(0))
    x = 5 * torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * (torch.arange(8) < 3)
    predicted = {"classes": lambda scores: scores.softmax(1), "labels": torch.sigmoid, "numbers": lambda scores: scores}
    averaged = net(x)
    net.flip_averaging = False
    one, other = predicted[outputs](net(x)), predicted[outputs](net(x.flip(3)))
    assert (one - other).abs().max() > 0.1
    torch.testing.assert_close(predicted[outputs](averaged), (one + other) / 2)
    if outputs == "classes":
        torch.testing.assert_close(averaged.exp().sum(1), torch.ones(3))


def test_a_new_resnet_prefers_no_class():
    """Whatever the image: its first large steps start from there."""
    net = ResNet((1, 8, 8), 4, width=4, depth=1, flip_averaging=False).eval()
    for seed in (None, 0):
        net.reset_weights(seed)
        first, *others = net(torch.rand(3, 1, 8, 8))
        assert all(torch.equal(each, first) for each in others)
        assert first.softmax(0).max() < 0.3

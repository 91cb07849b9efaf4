"""Encoders and decoders: the published shapes and parameter counts, any size, and what the losses compute."""

import numpy as np
import pytest
import torch
from layers import count_parameters
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from skfashion.modules import AutoencoderModule, VariationalModule
from skfashion.modules._autoencoder import draw_normal
from skfashion.modules._losses import ELBOLoss, ReconstructionLoss, kl_from_standard_normal
from skfashion.modules._random import set_generator
from skfashion.modules._transfer import TransferModule

LAYERS = {"hidden_layer_sizes": (64,), "activation": "relu", "dropout": 0.0, "batch_norm": False}
PUBLISHED = {**LAYERS, "n_channels": (8, 16, 32), "padding": (2, 1, 0), "decoder_padding": (1, 1, 0)}
VARIATIONAL = {**LAYERS, "n_channels": (4, 8), "kernel_size": 5, "padding": (2, 2), "decoder_padding": (2, 2)}


def layers_with_parameters(net):
    return [part for part in net.modules() if list(part.parameters(recurse=False))]


def shapes_along(net, x):
    shapes = []
    for layer in net:
        x = layer(x)
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.ConvTranspose2d, nn.Unflatten)):
            shapes.append(tuple(x.shape[1:]))
    return shapes


def test_the_published_encoder():
    encoder = AutoencoderModule((1, 28, 28), 14, **PUBLISHED).encoder
    assert [count_parameters(layer) for layer in layers_with_parameters(encoder)] == [80, 1168, 4640, 18496, 910]
    assert shapes_along(encoder, torch.zeros(2, 1, 28, 28)) == [(8, 15, 15), (16, 8, 8), (32, 3, 3), (64,), (14,)]


def test_the_published_decoder():
    decoder = AutoencoderModule((1, 28, 28), 14, **PUBLISHED).decoder
    counts = [count_parameters(layer) for layer in layers_with_parameters(decoder)]
    assert counts == [960, 18720, 4624, 1160, 73]
    shapes = [(64,), (288,), (32, 3, 3), (16, 7, 7), (8, 14, 14), (1, 28, 28)]
    assert shapes_along(decoder, torch.zeros(2, 14)) == shapes
    paddings = [(c.padding[0], c.output_padding[0]) for c in decoder if isinstance(c, nn.ConvTranspose2d)]
    assert paddings == [(0, 0), (1, 1), (1, 1)]


def test_where_activations_are():
    module = AutoencoderModule((1, 28, 28), 14, **PUBLISHED)
    assert sum(isinstance(part, nn.ReLU) for part in module.encoder) == 4
    assert sum(isinstance(part, nn.ReLU) for part in module.decoder) == 4
    assert isinstance(module.encoder[-1], nn.Linear)
    assert isinstance(module.decoder[-1], nn.ConvTranspose2d)
    assert isinstance(module.output_activation, nn.Sigmoid)


@pytest.mark.parametrize("parameters", [LAYERS, PUBLISHED, VARIATIONAL], ids=["dense", "published", "variational"])
@pytest.mark.parametrize("cls", [AutoencoderModule, VariationalModule])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(
    "shape", [(1, 28, 28), (1, 27, 31), (3, 32, 32), (1, 1, 40), (1, 1, 1), (2, 9, 8), (4, 3, 50)], ids=str
)
def test_any_size(cls, parameters, batch_norm, shape):
    module = cls(shape, 5, **{**parameters, "batch_norm": batch_norm})
    images = torch.rand(3, *shape)
    codes = module.encode(images)
    assert codes.shape == (3, 5)
    assert module.decode(codes).shape == images.shape
    output = module(images)
    assert (output if cls is AutoencoderModule else output[0]).shape == images.shape


def test_a_frame_is_cut_off_where_it_was_put_on():
    """Through an encoder and a decoder that keep every pixel, a small image comes back."""
    module = AutoencoderModule((1, 4, 3), 2, **PUBLISHED)
    framed = module.frame(torch.arange(12.0).view(1, 1, 4, 3))
    module.decoder = nn.Sequential(nn.Unflatten(1, tuple(framed.shape[1:])))
    torch.testing.assert_close(module.scores(framed.flatten(1)), torch.arange(12.0).view(1, 1, 4, 3))


def test_the_scores_are_the_image_before_the_activation():
    module = AutoencoderModule((1, 6, 6), 2, **LAYERS)
    images = torch.rand(3, 1, 6, 6)
    torch.testing.assert_close(module(images).sigmoid(), module.decode(module.encode(images)))


def test_without_a_generator_evaluation_takes_the_mean():
    module = VariationalModule((1, 6, 6), 3, **LAYERS).eval()
    images = torch.rand(4, 1, 6, 6)
    assert torch.equal(module(images)[0], module.scores(module.encode(images)))


def test_codes_are_drawn_from_the_generator_only():
    module = VariationalModule((1, 6, 6), 3, **LAYERS)
    images = torch.rand(4, 1, 6, 6)
    outputs = []
    for seed in (0, 0, 1):
        set_generator(module, torch.Generator().manual_seed(seed))
        before = torch.get_rng_state()
        outputs.append(module(images)[0])
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_drawn_codes_follow_their_distribution():
    mean, log_variance = torch.tensor([[1.0, -2.0]]).expand(200_000, 2), torch.tensor([[0.0, -3.0]]).expand(200_000, 2)
    codes = draw_normal(mean, log_variance, torch.Generator().manual_seed(0))
    torch.testing.assert_close(codes.mean(0), mean[0], atol=0.01, rtol=0)
    torch.testing.assert_close(codes.var(0), log_variance[0].exp(), atol=0.01, rtol=0)


def test_variances_stay_within_float32():
    module = VariationalModule((1, 6, 6), 3, **LAYERS)
    _, log_variance = module.posterior(torch.full((2, 1, 6, 6), 1e6))
    assert log_variance.exp().isfinite().all()
    assert (log_variance.exp() > 0).all()


def test_kl_is_that_of_torch():
    mean, log_variance = torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(0))
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_from_standard_normal(mean, log_variance), expected)
    assert kl_from_standard_normal(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == [0, 0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_reconstruction_losses(reduction):
    generator = torch.Generator().manual_seed(0)
    scores, images = torch.randn(5, 2, 3, 4, generator=generator), torch.rand(5, 2, 3, 4, generator=generator)
    reduce = getattr(np, reduction)
    pixels, wanted = scores.sigmoid().flatten(1).numpy(), images.flatten(1).numpy()
    expected = {
        "squared_error": reduce((pixels - wanted) ** 2, axis=1),
        "absolute_error": reduce(np.abs(pixels - wanted), axis=1),
        "bernoulli": reduce(-(wanted * np.log(pixels) + (1 - wanted) * np.log(1 - pixels)), axis=1),
    }
    for loss, values in expected.items():
        np.testing.assert_allclose(ReconstructionLoss(loss, "sigmoid", reduction)(scores, images), values, rtol=1e-5)
    as_it_is = ReconstructionLoss("squared_error", "identity", reduction)(scores, images)
    np.testing.assert_allclose(as_it_is, reduce((scores - images).square().flatten(1).numpy(), axis=1), rtol=1e-5)


def test_bernoulli_is_a_likelihood():
    scores, images = torch.randn(2, 1, 2, 2), torch.randint(0, 2, (2, 1, 2, 2)).float()
    expected = -Bernoulli(logits=scores).log_prob(images).sum((1, 2, 3))
    torch.testing.assert_close(ReconstructionLoss("bernoulli", "sigmoid", "sum")(scores, images), expected)


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_elbo_is_the_sum_of_its_terms(beta):
    scores, images = torch.randn(2, 1, 2, 2), torch.rand(2, 1, 2, 2)
    mean, log_variance = torch.randn(2, 2, 3)
    loss = ELBOLoss("squared_error", "sigmoid", beta)
    terms = loss.terms((scores, mean, log_variance), images)
    total = loss((scores, mean, log_variance), images)
    torch.testing.assert_close(total, terms["reconstruction"] + beta * terms["kl"])
    torch.testing.assert_close(terms["kl"], kl_from_standard_normal(mean, log_variance))


@pytest.mark.parametrize("freeze", [True, False])
def test_a_frozen_encoder_gets_no_gradient_and_stays_in_evaluation(freeze):
    encoder = AutoencoderModule((1, 9, 9), 3, **{**PUBLISHED, "batch_norm": True})
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    module = TransferModule(
        encoder.without_decoder(), np.zeros(3), np.ones(3), freeze, 2, (4,), ("relu",), (0.0,), False, "pytorch"
    ).train()
    module(torch.rand(4, 1, 9, 9)).sum().backward()
    assert all((parameter.grad is None) == freeze for parameter in module.encoder.encoder.parameters())
    assert all(parameter.grad is not None for parameter in module.head.parameters())
    same = [torch.equal(before[f"encoder.{n}"], v) for n, v in module.encoder.encoder.state_dict().items()]
    assert all(same) == freeze  # the running statistics
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert module.encoder.decoder is None
    assert encoder.decoder is not None


@pytest.mark.parametrize("side", [8, 16, 17, 24, 28, 30, 32, 33, 36, 40, 64])
@pytest.mark.parametrize("padding", [(1, 1, 0), (1, 1, 1), (0, 0)])
def test_every_pixel_depends_on_the_code(side, padding):
    """No window of a transposed convolution leaves out the last rows or columns."""
    module = AutoencoderModule(
        (1, side, side + 3),
        5,
        n_channels=(2,) * len(padding),
        padding=padding,
        decoder_padding=padding,
        output_activation="identity",
        **{**LAYERS, "activation": "identity"},
    )
    images = module.decode(torch.randn(20, 5, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (20, 1, side, side + 3)
    assert (images.std(dim=0) > 1e-7).all()


@pytest.mark.parametrize("output_activation", ["sigmoid", "identity"])
@pytest.mark.parametrize("parameters", [LAYERS, PUBLISHED], ids=["dense", "convolutions"])
def test_the_output_starts_around_an_image(parameters, output_activation):
    """It is exactly what comes out while the last weights are zero; from black a sigmoid would never come back."""
    image = torch.rand(2, 28, 30, generator=torch.Generator().manual_seed(0))
    image[0, :5], image[1, :5] = 0.0, 1.0
    module = AutoencoderModule((2, 28, 30), 3, output_activation=output_activation, **parameters)
    module.start_at(image)
    last = [part for part in module.decoder if isinstance(part, (nn.Linear, nn.ConvTranspose2d))][-1]
    nn.init.zeros_(last.weight)
    expected = image if parameters is LAYERS else image.mean((1, 2), keepdim=True).expand_as(image)
    if output_activation == "sigmoid":
        expected = expected.clamp(0.01, 0.99)
    for started in module.decode(torch.randn(2, 3)):
        torch.testing.assert_close(started, expected)

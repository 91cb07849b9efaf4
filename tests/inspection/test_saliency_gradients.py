"""Saliency maps by gradients: completeness, closed forms, a Grad-CAM by hand, and weights that mean nothing."""

import copy
import textwrap

import numpy as np
import pytest
import torch
from processes import run_python
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, StandardScaler

from skfashion.baselines import SubspaceClassifier
from skfashion.inspection import saliency
from skfashion.modules import batch_norm, conv, dropout, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
)

attr = pytest.importorskip("captum.attr", reason="the extra explain brings it")

SETTINGS = {"max_epochs": 3, "batch_size": 32, "random_state": 0}
CONVOLUTIONS = {
    "CNN": CNNClassifier((conv(6, 3), pool(2), conv(8, 3), batch_norm(), dropout(0.2), pool(2)), **SETTINGS),
    "ResNet": ResNetClassifier(4, augmentation="flip", **SETTINGS),
    "encoder": EncoderClassifier(ConvAutoencoder(4, 4, max_epochs=1), **SETTINGS),
}
NETWORKS = {**CONVOLUTIONS, "MLP": MLPClassifier((32,), **SETTINGS)}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def fitted(garments, digits):
    """Each network on garments and on digits."""
    X, y = digits
    on_garments = {("garments", name): clone(model).fit(*garments) for name, model in NETWORKS.items()}
    return on_garments | {("digits", name): clone(model).fit(X[:600], y[:600]) for name, model in NETWORKS.items()}


def images_of(data, garments, digits):
    return garments[0][:6] if data == "garments" else digits[0][:6]


def as_linear(digits):
    """A linear classifier of this library: a network without hidden layers."""
    return MLPClassifier((), **SETTINGS).fit(*digits)


@pytest.mark.parametrize("response", ["logit", "probability"])
@pytest.mark.parametrize("data", ["garments", "digits"])
@pytest.mark.parametrize("name", NETWORKS)
def test_maps_add_up_to_the_difference_of_the_scores(fitted, garments, digits, data, name, response):
    X, model = images_of(data, garments, digits), fitted[data, name]
    found = saliency(model, X, method="integrated_gradients", response=response)
    missed = np.abs(found.maps.sum(axis=(1, 2)) - (found.scores - found.baseline_scores))
    np.testing.assert_allclose(found.errors, missed, atol=1e-5)
    assert (missed <= 0.01 * np.abs(found.maps).sum(axis=(1, 2)) + 1e-5).all()
    if response == "probability":
        proba = model.predict_proba(np.concatenate([X, np.zeros_like(X[:1])]))
        indices = np.searchsorted(model.classes_, found.classes)
        np.testing.assert_allclose(found.scores, proba[np.arange(6), indices], atol=1e-5)
        np.testing.assert_allclose(found.baseline_scores, proba[6, indices], atol=1e-5)


def test_too_few_steps_are_warned_of(fitted, garments):
    with pytest.warns(ConvergenceWarning, match="of 6 images: use a larger n_steps"):
        found = saliency(fitted["garments", "ResNet"], garments[0][:6], method="integrated_gradients", n_steps=1)
    assert found.errors.max() > 0.01


@pytest.mark.parametrize("baseline", [None, "mean", 0.25])
def test_of_a_linear_network_maps_are_weights_times_differences(digits, baseline):
    X, y = digits[0][:20], digits[1][:20]
    model = as_linear(digits)
    (layer,) = (part for part in model.module_.modules() if isinstance(part, torch.nn.Linear))
    weights = layer.weight.detach().numpy()
    ground = {None: 0, "mean": X.mean(axis=0), 0.25: 0.25}[baseline]
    found = saliency(model, X, y, method="integrated_gradients", baseline=baseline)
    np.testing.assert_allclose(found.maps.reshape(20, -1), weights[y] * (X - ground), atol=1e-5)
    one_by_one = saliency(model, X, y, response="logit", baseline=baseline, patch_size=1)
    np.testing.assert_allclose(one_by_one.maps, found.maps, atol=1e-4)


def test_it_is_captum_that_integrates_and_covers(fitted, garments):
    X, model = garments[0][:3], fitted["garments", "MLP"]
    images, classes = torch.from_numpy(X.reshape(-1, 1, 28, 28) / np.float32(255)), torch.tensor([1, 2, 3])
    expected = attr.IntegratedGradients(model.module_).attribute(images, target=classes, n_steps=70)
    found = saliency(model, X, [1, 2, 3], method="integrated_gradients", n_steps=70)
    np.testing.assert_allclose(found.maps, expected[:, 0].numpy(), atol=1e-6)
    module = model.as_module().predictor
    with torch.no_grad():
        covered = attr.Occlusion(module).attribute(images, (1, 4, 4), strides=(1, 2, 2), target=classes)
    np.testing.assert_allclose(saliency(model, X, [1, 2, 3]).maps, covered[:, 0].numpy(), atol=1e-6)


def test_subspaces_have_gradients(garments):
    X, y = garments
    model = SubspaceClassifier(5).fit(X, y)
    for response in ("logit", "probability"):
        found = saliency(model, X[:3], y[:3], method="integrated_gradients", response=response)
        np.testing.assert_allclose(
            found.maps.sum(axis=(1, 2)), found.scores - found.baseline_scores, rtol=0.01, atol=1e-6
        )
    np.testing.assert_allclose(found.scores, model.predict_proba(X[:3])[np.arange(3), y[:3]], atol=1e-6)


def cam_by_hand(model, X, target, until):
    """The feature maps of the last convolution, weighted by the mean gradients of a logit."""
    seen = {}
    network = copy.deepcopy(model.module_).eval()
    network.flip_averaging = False
    handle = until(network).register_forward_hook(lambda part, _, output: seen.update(maps=output))
    images = torch.from_numpy(X.reshape(-1, 1, 28, 28) / np.float32(255)).requires_grad_()
    logits = network(images)
    handle.remove()
    (gradients,) = torch.autograd.grad(logits[:, target].sum(), seen["maps"])
    cam = torch.einsum("nc,nchw->nhw", gradients.mean(dim=(2, 3)), seen["maps"]).clamp(min=0)
    fine = torch.nn.functional.interpolate(cam[:, None], (28, 28), mode="bilinear", align_corners=False)
    return fine[:, 0].detach().numpy(), logits[:, target].detach().numpy()


LAST_FEATURES = {
    "CNN": lambda network: network[4],  # after normalisation and dropout, before pooling
    "ResNet": lambda network: network.body[-2],
}


@pytest.mark.parametrize("name", ["CNN", "ResNet"])
def test_grad_cam_is_the_one_by_hand(fitted, garments, name):
    X, model = garments[0][:4], fitted["garments", name]
    found = saliency(model, X, 6, method="grad_cam")
    maps, logits = cam_by_hand(model, X, 6, LAST_FEATURES[name])
    np.testing.assert_allclose(found.maps, maps, atol=1e-5)
    if name == "CNN":
        np.testing.assert_allclose(found.scores, logits, atol=1e-4)
    # The ResNet averages over mirror images: its map does not, but its score is what it answers.
    sure = saliency(model, X, 6, method="grad_cam", response="probability")
    np.testing.assert_allclose(sure.scores, model.predict_proba(X)[:, 6], rtol=1e-5)
    assert found.errors is None
    assert found.baseline_scores is None
    assert found.maps.max() > 0


def test_grad_cam_is_of_the_image_alone(fitted, garments):
    X, plain = garments[0][:4], fitted["garments", "CNN"]
    averaged = clone(plain).set_params(flip_averaging=True).fit(*garments)
    averaged.module_.load_state_dict(plain.module_.state_dict())
    maps = [saliency(model, X, 6, method="grad_cam").maps for model in (averaged, plain)]
    np.testing.assert_allclose(*maps, atol=1e-5)
    sure = saliency(averaged, X, 6, method="grad_cam", response="probability")
    np.testing.assert_allclose(sure.scores, averaged.predict_proba(X)[:, 6], rtol=1e-5)


@pytest.mark.parametrize("freeze", [True, False])
def test_grad_cam_of_an_encoder_stops_before_it_flattens(garments, freeze):
    X, y = garments
    model = clone(CONVOLUTIONS["encoder"]).set_params(freeze=freeze).fit(X, y)

    def last(network):
        parts = list(network.encoder.modules())
        (index,) = (index for index, part in enumerate(parts) if isinstance(part, torch.nn.Flatten) and index)
        return parts[index - 1]

    maps, _ = cam_by_hand(model, X[:4], 2, last)
    np.testing.assert_allclose(saliency(model, X[:4], 2, method="grad_cam").maps, maps, atol=1e-5)


def test_grad_cam_of_images_that_the_network_pads(digits):
    """A network of 12 x 12 pixels: the map of the frame around 8 x 8 pixels is cut off."""
    X, y = digits
    model = CNNClassifier((conv(4, 9), pool(4)), max_epochs=1, random_state=0).fit(X[:200], y[:200])
    framed = np.pad(X[:3].reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2)))
    larger = CNNClassifier((conv(4, 9), pool(4)), max_epochs=1, random_state=0)
    larger.fit(np.pad(X[:200].reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2))), y[:200])
    weights = zip(larger.module_.state_dict(), model.module_.state_dict().values(), strict=True)
    larger.module_.load_state_dict(dict(weights))
    small = saliency(model, X[:3], 1, method="grad_cam").maps
    np.testing.assert_allclose(small, saliency(larger, framed, 1, method="grad_cam").maps[:, 2:-2, 2:-2], atol=1e-6)


@pytest.mark.parametrize("name", ["MLP", "dense encoder", "no network"])
def test_who_has_no_grad_cam(garments, fitted, name):
    X, y = garments[0][:50], garments[1][:50]
    dense = EncoderClassifier(Autoencoder(2, (4,), max_epochs=1), max_epochs=1, random_state=0)
    model = {"MLP": fitted["garments", "MLP"], "dense encoder": dense, "no network": LogisticRegression(max_iter=3000)}
    model = model[name] if name == "MLP" else model[name].fit(X / 255, y)
    message = "needs a neural classifier" if name == "no network" else "network with convolutions: CNNClassifier"
    with pytest.raises(TypeError, match=message):
        saliency(model, X[:2] / 255, method="grad_cam")


# --- what a map must not survive


def same_order(one, other, seen):
    """The mean rank correlation of two maps of an image, where it is not empty."""
    return np.mean([spearmanr(a[part], b[part])[0] for a, b, part in zip(one, other, seen, strict=True)])


@pytest.mark.parametrize("name", ["CNN", "MLP"])
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_fresh_weights_destroy_maps(garments, name, method):
    X, y = garments
    model = clone(NETWORKS[name]).set_params(max_epochs=15).fit(X, y)
    images, settings = X[:30], {"method": method, "response": "logit"}
    seen = images.reshape(-1, 28, 28) > 20
    maps = saliency(model, images, y[:30], **settings).maps
    noisy = np.clip(images + np.random.default_rng(0).integers(-2, 3, images.shape), 0, 255).astype(np.uint8)
    again = same_order(maps, saliency(model, noisy, y[:30], **settings).maps, seen)
    fresh = []
    for seed in range(4):
        other = copy.deepcopy(model)
        other.module_.reset_weights(seed)
        fresh.append(same_order(maps, saliency(other, images, y[:30], **settings).maps, seen))
    assert again > 0.8
    assert abs(np.mean(fresh)) < 0.3


# --- what holds an estimator, scales, state


WRAPPED = {
    "frozen": FrozenEstimator,
    "search": lambda model: GridSearchCV(make_pipeline(FrozenEstimator(model)), {}, cv=2),
    "pipeline": lambda model: make_pipeline("passthrough", FrozenEstimator(model)),
}


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_networks_give_the_same_maps(fitted, garments, name, method):
    X, y = garments
    model = fitted["garments", "CNN"]
    wrapped = WRAPPED[name](model).fit(X[:100], y[:100])
    expected = saliency(model, X[:3], y[:3], method=method)
    np.testing.assert_array_equal(saliency(wrapped, X[:3], y[:3], method=method).maps, expected.maps)


def test_steps_that_scale_pixels_are_followed(garments):
    """A network behind StandardScaler and one that has the scaler's factors in its weights are the same function."""
    X, y = garments[0] / 255, garments[1]
    model = make_pipeline(StandardScaler(), MLPClassifier((), **SETTINGS)).fit(X, y)
    (layer,) = (part for part in model[-1].module_.modules() if isinstance(part, torch.nn.Linear))
    weights = layer.weight.detach().numpy() / model[0].scale_
    found = saliency(model, X[:5], y[:5], method="integrated_gradients", baseline="mean")
    expected = weights[y[:5]] * (X[:5] - X[:5].mean(axis=0))
    np.testing.assert_allclose(found.maps.reshape(5, -1), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("step", "accepted"),
    [
        (MinMaxScaler(), ("integrated_gradients", "grad_cam")),
        (FunctionTransformer(np.sqrt), ("grad_cam",)),
        (Normalizer(), ()),
        (PCA(49, whiten=True), ()),
        (PCA(784, whiten=True, svd_solver="full"), ()),
    ],
)
def test_steps_that_mix_pixels_are_refused(garments, step, accepted):
    X, y = np.tile(garments[0] / 255, (2, 1)), np.tile(garments[1], 2)
    X = np.clip(X + np.random.default_rng(0).normal(0, 0.01, X.shape), 0, None)
    network = CNNClassifier((conv(2, 3),), max_epochs=1, random_state=0)
    model = make_pipeline(step, network).fit(X, y)
    for method in ("integrated_gradients", "grad_cam"):
        if method in accepted:
            assert saliency(model, X[:2], method=method, n_steps=None).maps.shape == (2, 28, 28)
        else:
            with pytest.raises(TypeError, match=f"each pixel on its own.*{type(step).__name__}.*occlusion"):
                saliency(model, X[:2], method=method)


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
def test_layouts_and_scales_of_colour_images_give_the_same_maps(method):
    X, y = np.random.default_rng(0).integers(0, 256, (40, 20, 24, 3), dtype=np.uint8), np.arange(40) % 2
    model = CNNClassifier((conv(4, 3),), max_epochs=2, random_state=0).fit(X, y)
    expected = saliency(model, X[:3], y[:3], method=method).maps
    assert expected.shape == (3, 20, 24)
    assert expected.std() > 0
    for given in (np.moveaxis(X, -1, 1)[:3], X[:3].reshape(3, -1), X[:3].astype(float), X[:3] / 255):
        np.testing.assert_allclose(saliency(model, given, y[:3], method=method).maps, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam", "occlusion"])
def test_nothing_of_the_caller_or_the_model_moves(fitted, garments, method):
    """Under settings that would change or prevent gradients; ``no_state_leaks`` watches the rest of the process."""
    model, X = fitted["garments", "CNN"], garments[0][:2]
    expected = saliency(model, X, method=method).maps
    weights = list(model.module_.parameters())
    gradients = [None if each.grad is None else each.grad.clone() for each in weights]
    before = copy.deepcopy(model.module_.state_dict())
    with torch.inference_mode():
        np.testing.assert_array_equal(saliency(model, X, method=method).maps, expected)
        assert torch.is_inference_mode_enabled()
    with torch.no_grad(), torch.autocast("cpu"):
        np.testing.assert_array_equal(saliency(model, X, method=method).maps, expected)
    for name, value in model.module_.state_dict().items():
        assert torch.equal(value, before[name])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert weight.grad is None or torch.equal(weight.grad, gradient)
        assert weight.requires_grad
    assert not any(part._forward_hooks or part._backward_hooks for part in model.module_.modules())


def test_several_labels_are_refused(garments):
    X, y = garments[0][:60], np.eye(10, dtype=int)[garments[1][:60]]
    model = MLPClassifier((4,), max_epochs=1, random_state=0).fit(X, y)
    for method in ("occlusion", "integrated_gradients"):
        with pytest.raises(ValueError, match="one label per image is needed"):
            saliency(model, X[:2], method=method)


def test_occlusion_needs_no_captum_and_the_others_name_the_extra():
    code = textwrap.dedent("""
        import sys
        sys.modules["captum"] = None
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from skfashion.inspection import saliency
        X, y = np.random.default_rng(0).random((20, 16)), np.arange(20) % 2
        print(saliency(LogisticRegression().fit(X, y), X).maps.shape, "torch" in sys.modules)
        from skfashion.neural_network import MLPClassifier
        model = MLPClassifier((2,), max_epochs=1).fit(X, y)
        print(saliency(model, X, response="logit").maps.shape)
        try:
            saliency(model, X, method="integrated_gradients")
        except ImportError as error:
            print(error)
    """)
    first, second, last = run_python(code).splitlines()
    assert second == "(20, 4, 4)"
    assert first == "(20, 4, 4) False"
    assert last == "method='integrated_gradients' needs captum: pip install \"skfashion[explain]\" brings it."


def test_grad_cam_of_colour_images_is_the_one_by_hand():
    """It says where, not in which channel: it is no sum over them."""
    X, y = np.random.default_rng(0).integers(0, 256, (40, 3, 12, 14), dtype=np.uint8), np.arange(40) % 2
    model = CNNClassifier((conv(4, 3),), max_epochs=2, random_state=0).fit(X, y)
    images = torch.from_numpy(X[:3] / np.float32(255))
    features, *rest = model.module_.eval()
    seen = features(images).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(torch.nn.Sequential(*rest)(seen)[:, 1].sum(), seen)
    cam = torch.einsum("nc,nchw->nhw", gradients.mean(dim=(2, 3)), seen).clamp(min=0)
    expected = torch.nn.functional.interpolate(cam[:, None], (12, 14), mode="bilinear")[:, 0].detach().numpy()
    assert expected.std() > 0
    np.testing.assert_allclose(saliency(model, X[:3], 1, method="grad_cam").maps, expected, atol=1e-6)

"""Displays of codes: reconstructions, latent spaces, walks and interpolations."""

import numpy as np
import pandas as pd
import pytest
from pictures import NAMES, drawn, texts
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skfashion.baselines import KNNClassifier
from skfashion.inspection import (
    InterpolationDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    ReconstructionDisplay,
)
from skfashion.neural_network import ConvAutoencoder, VariationalAutoencoder


def test_reconstructions_and_their_errors(garments, pca, autoencoder):
    X = garments[0]
    for model, given in ((pca, X / 255), (autoencoder, X)):
        back = model.reconstruct(X[:4]) if model is autoencoder else pca.inverse_transform(pca.transform(X[:4] / 255))
        display = ReconstructionDisplay.from_estimator(model, given, n_images=4)
        np.testing.assert_allclose(drawn(display.images_[:4]), X[:4].reshape(-1, 28, 28) / 255, rtol=1e-6)
        np.testing.assert_allclose(
            drawn(display.images_[4:]), back.reshape(-1, 28, 28).clip(0, 1), rtol=1e-5, atol=1e-6
        )
        errors = ((back - X[:4] / 255) ** 2).mean(axis=1)
        np.testing.assert_allclose(display.errors, errors, rtol=1e-5)
        assert [text.get_text() for text in display.captions_] == [f"{error:.4f}" for error in errors]


def test_a_transformer_of_raw_pixels_is_brought_to_the_same_scale(garments):
    X = garments[0]
    display = ReconstructionDisplay.from_estimator(PCA(4, random_state=0).fit(X), X)
    scaled = ReconstructionDisplay.from_estimator(PCA(4, random_state=0).fit(X / 255), X / 255)
    np.testing.assert_allclose(display.errors, scaled.errors, rtol=1e-4)
    pipeline = make_pipeline(MinMaxScaler(), PCA(4, random_state=0)).fit(X)
    assert ReconstructionDisplay.from_estimator(pipeline, X).errors.max() < 0.1


def test_reconstructions_in_colour():
    X = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    model = ConvAutoencoder(3, 2, max_epochs=1, random_state=0).fit(X)
    display = ReconstructionDisplay.from_estimator(model, X, n_images=3)
    np.testing.assert_allclose(display.reconstructions, model.reconstruct(X[:3]), rtol=1e-6)
    rows = ConvAutoencoder(3, 2, image_shape=(8, 8, 3), max_epochs=1, random_state=0).fit(X.reshape(30, -1))
    np.testing.assert_allclose(
        ReconstructionDisplay.from_estimator(rows, X.reshape(30, -1), n_images=3).images, X[:3] / 255, rtol=1e-6
    )


def test_latent_space_by_pca_is_that_of_pca(garments, pca):
    X, y = garments
    codes = pca.transform(X / 255)
    display = LatentSpaceDisplay.from_estimator(pca, X / 255, y, class_names=NAMES)
    np.testing.assert_allclose(np.abs(display.points), np.abs(PCA(2, random_state=0).fit_transform(codes)), atol=1e-6)
    for label, points in display.points_.items():
        np.testing.assert_allclose(points.get_offsets(), display.points[y == label])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == NAMES


def test_codes_of_two_dimensions_are_drawn_as_they_are(garments):
    codes = np.random.default_rng(0).normal(size=(50, 2))
    display = LatentSpaceDisplay.from_codes(codes)
    np.testing.assert_array_equal(display.points, codes)
    assert list(display.points_) == [None]
    assert len(LatentSpaceDisplay.from_codes(codes, n_samples=20, random_state=0).points) == 20


def test_t_sne_keeps_clusters_together():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    codes = 20 * np.eye(3)[y] + rng.normal(size=(90, 3))
    points = LatentSpaceDisplay.from_codes(codes, y, method="tsne", random_state=0).points
    assert KNNClassifier(5).fit(points, y).score(points, y) == 1
    again = LatentSpaceDisplay.from_codes(codes, y, method="tsne", random_state=0).points
    np.testing.assert_array_equal(points, again)


def test_a_class_has_its_colour_in_every_display(garments, pca):
    X, y = garments[0] / 255, garments[1]
    every = LatentSpaceDisplay.from_estimator(pca, X, y, class_names=NAMES)
    some = LatentSpaceDisplay.from_estimator(pca, X[y > 4], y[y > 4], class_names=NAMES)
    for label in range(5, 10):
        np.testing.assert_array_equal(every.points_[label].get_facecolor(), some.points_[label].get_facecolor())
    assert len({tuple(points.get_facecolor()[0]) for points in every.points_.values()}) == 10
    many = LatentSpaceDisplay.from_codes(np.eye(30), np.arange(30))
    assert len({tuple(points.get_facecolor()[0]) for points in many.points_.values()}) == 30


def test_latent_walks_change_one_dimension(garments, pca, autoencoder):
    X = garments[0] / 255
    display = LatentWalkDisplay.from_estimator(pca, X, n_steps=5, span=2, dimensions=[1, 3])
    codes = pca.transform(X)
    expected = np.tile(codes.mean(axis=0), (5, 1))
    expected[:, 3] += codes[:, 3].std() * np.linspace(-2, 2, 5)
    np.testing.assert_allclose(display.images[1].reshape(5, -1), pca.inverse_transform(expected), atol=1e-6)
    assert texts(display.ax_) == ["dimension 1", "dimension 3", "-2 sd", "-1 sd", "0", "+1 sd", "+2 sd"]
    standard = LatentWalkDisplay.from_estimator(autoencoder, n_steps=3, span=1)
    expected = autoencoder.inverse_transform(np.float32([[0, 0, -1], [0, 0, 0], [0, 0, 1]]))
    np.testing.assert_allclose(standard.images[2].reshape(3, -1), expected, atol=1e-6)
    through = LatentWalkDisplay.from_estimator(autoencoder, start=garments[0][:1], n_steps=3)
    np.testing.assert_allclose(through.images[0, 1].reshape(1, -1), autoencoder.reconstruct(garments[0][:1]), atol=1e-5)


def test_interpolation_begins_and_ends_with_reconstructions(garments, autoencoder):
    X = garments[0]
    display = InterpolationDisplay.from_estimator(autoencoder, X[:2], X[2:4], n_steps=4)
    ends = display.images[:, [0, -1]].reshape(2, 2, -1)
    np.testing.assert_allclose(ends[:, 0], autoencoder.reconstruct(X[:2]), atol=1e-5)
    np.testing.assert_allclose(ends[:, 1], autoencoder.reconstruct(X[2:4]), atol=1e-5)
    codes = autoencoder.transform(X[:4])
    third = autoencoder.inverse_transform((2 * codes[:2] + codes[2:]) / 3)
    np.testing.assert_allclose(display.images[:, 1].reshape(2, -1), third, atol=1e-5)


@pytest.fixture(scope="module")
def conditional(garments):
    """Two classes, which its decoder is told; the same network alone, and after a step."""
    X, y = garments[0], np.array(NAMES)[garments[1] % 2]
    vae = VariationalAutoencoder(
        2, n_channels=(), hidden_layer_sizes=(16,), conditional=True, max_epochs=20, random_state=0
    ).fit(X, y)
    return X, y, vae, make_pipeline(FunctionTransformer(inverse_func=np.asarray), vae)


@pytest.mark.parametrize("index", [0, 1], ids=["alone", "last step"])
def test_a_conditional_autoencoder_is_told_classes(conditional, index):
    X, y, vae, _ = conditional
    model = conditional[2:][index]
    display = ReconstructionDisplay.from_estimator(model, X, y, n_images=5)
    np.testing.assert_allclose(display.reconstructions.reshape(5, -1), vae.reconstruct(X[:5], y[:5]), atol=1e-5)
    of_one = ReconstructionDisplay.from_estimator(model, X, NAMES[1], n_images=5)
    np.testing.assert_allclose(of_one.reconstructions.reshape(5, -1), vae.reconstruct(X[:5], NAMES[1]), atol=1e-5)
    assert not np.allclose(vae.reconstruct(X[:5], NAMES[1]), vae.reconstruct(X[:5], NAMES[0]), atol=0.01)

    walks = LatentWalkDisplay.from_estimator(model, X, NAMES[:2], n_steps=3, span=1)
    assert texts(walks.ax_)[:2] == [f"{name}\ndimension {index}" for index, name in enumerate(NAMES[:2])]
    named = {NAMES[0]: "zero", NAMES[1]: "one"}
    of_one = LatentWalkDisplay.from_estimator(model, X, NAMES[0], dimensions=[1, 1], n_steps=2, class_names=named)
    assert of_one.classes == ["zero", "zero"]
    codes = vae.transform(X)
    steps = codes.mean(axis=0) + np.outer([-1, 0, 1], [0, codes[:, 1].std()])
    np.testing.assert_allclose(walks.images[1].reshape(3, -1), vae.inverse_transform(steps, NAMES[1]), atol=1e-5)

    column = pd.DataFrame({"class": y[:2]}, index=[7, 3])
    lines = InterpolationDisplay.from_estimator(model, X[:2], X[2:4], column, n_steps=3)
    middle = vae.inverse_transform((vae.transform(X[:2]) + vae.transform(X[2:4])) / 2, y[:2])
    np.testing.assert_allclose(lines.images[:, 1].reshape(2, -1), middle, atol=1e-5)


def test_classes_that_do_not_fit_are_refused(conditional, pca):
    X, y, vae, _ = conditional
    for display, images in (
        (ReconstructionDisplay, (X,)),
        (LatentWalkDisplay, (X,)),
        (InterpolationDisplay, (X[:2], X[2:4])),
    ):
        for told, error, message in (
            ([], ValueError, "needs y, the class of each image"),
            ([y[:3]], ValueError, "inconsistent numbers"),
            (["nothing"], ValueError, "knows no class 'nothing'"),
        ):
            with pytest.raises(error, match=message):
                display.from_estimator(vae, *images, *told)
        with pytest.raises(TypeError, match="PCA has no conditional decoder"):
            display.from_estimator(pca, *images, y[0])


def test_a_sample_of_points_keeps_their_labels():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 50)
    codes = np.c_[y, rng.normal(0, 1e-3, 200)].astype(float)
    identity = FunctionTransformer().fit(codes)
    for display in (
        LatentSpaceDisplay.from_codes(codes, y, n_samples=20, random_state=0),
        LatentSpaceDisplay.from_estimator(identity, codes, y, n_samples=20, random_state=0),
    ):
        assert sum(len(points.get_offsets()) for points in display.points_.values()) == 20
        for label, points in display.points_.items():
            np.testing.assert_allclose(points.get_offsets()[:, 0], label, atol=0.01)


def test_tsne_of_few_images():
    codes = np.random.default_rng(0).normal(size=(10, 3))
    assert LatentSpaceDisplay.from_codes(codes, method="tsne", random_state=0).points.shape == (10, 2)


def test_a_walk_from_an_image_takes_the_steps_of_all_images(garments, pca):
    X = garments[0] / 255
    codes = pca.transform(X)
    display = LatentWalkDisplay.from_estimator(pca, X, start=X[:1], dimensions=[1], span=1, n_steps=3)
    ends = np.tile(codes[0], (3, 1))
    ends[:, 1] += np.array([-1, 0, 1]) * codes[:, 1].std()
    np.testing.assert_allclose(display.images[0].reshape(3, -1), pca.inverse_transform(ends), atol=1e-6)


@pytest.mark.parametrize("dimensions", [3, [0.5], [True], [], "01", [99]])
def test_dimensions_of_a_walk(pca, dimensions):
    with pytest.raises(ValueError, match="dimensions must be a sequence of ints from 0 to"):
        LatentWalkDisplay.from_estimator(pca, dimensions=dimensions)

"""Displays: what they hold and what they draw (artists, texts, data), never pixels."""

import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

import skfashion.inspection
from skfashion.baselines import CentroidSampler, ClusterClassifier, KNNClassifier, NeighborSampler, SubspaceClassifier
from skfashion.inspection import (
    ClassBalanceDisplay,
    FilterDisplay,
    ImageGridDisplay,
    InterpolationDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    MisclassifiedDisplay,
    ParallelCoordinatesDisplay,
    PrototypeDisplay,
    ReconstructionDisplay,
    TrainingCurveDisplay,
    TrialScoresDisplay,
)
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, MLPClassifier, VariationalAutoencoder

NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def drawn(images):
    return np.array([image.get_array() for image in images])


@pytest.fixture(scope="module")
def pca(garments):
    return PCA(4, random_state=0).fit(garments[0] / 255)


@pytest.fixture(scope="module")
def autoencoder(garments):
    return ConvAutoencoder(3, 2, max_epochs=1, random_state=0).fit(garments[0][:100])


@pytest.fixture(scope="module")
def mlp(garments):
    X, y = garments
    return MLPClassifier((8,), max_epochs=3, random_state=0).fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])


ALL = {
    "ClassBalanceDisplay": lambda X, y, ax: ClassBalanceDisplay.from_labels(y, ax=ax),
    "FilterDisplay": lambda X, y, ax: FilterDisplay.from_estimator(
        LogisticRegression(max_iter=3000).fit(X / 255, y), ax=ax
    ),
    "ImageGridDisplay": lambda X, y, ax: ImageGridDisplay.from_data(X, y, ax=ax),
    "InterpolationDisplay": lambda X, y, ax: InterpolationDisplay.from_estimator(PCA(2).fit(X), X[:1], X[1:2], ax=ax),
    "LatentSpaceDisplay": lambda X, y, ax: LatentSpaceDisplay.from_estimator(PCA(2).fit(X), X, y, ax=ax),
    "LatentWalkDisplay": lambda X, y, ax: LatentWalkDisplay.from_estimator(PCA(2).fit(X), X, ax=ax),
    "MisclassifiedDisplay": lambda X, y, ax: MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1), ax=ax),
    "ParallelCoordinatesDisplay": lambda X, y, ax: ParallelCoordinatesDisplay.from_trials(
        [{"a": 1}, {"a": 2}], [0, 1], ax=ax
    ),
    "PrototypeDisplay": lambda X, y, ax: PrototypeDisplay.from_data(X, y, ax=ax),
    "ReconstructionDisplay": lambda X, y, ax: ReconstructionDisplay.from_estimator(PCA(2).fit(X), X, ax=ax),
    "TrainingCurveDisplay": lambda X, y, ax: TrainingCurveDisplay.from_histories(
        {"": [{"epoch": 1, "train_loss": 1.0}]}, ax=ax
    ),
    "TrialScoresDisplay": lambda X, y, ax: TrialScoresDisplay.from_trials([1, 2], ax=ax),
}


def test_every_display_is_here():
    assert set(ALL) == {name for name in skfashion.inspection.__all__ if name.endswith("Display")}


@pytest.mark.parametrize("name", ALL)
def test_axes_are_made_or_taken(garments, name):
    X, y = garments[0][:60], garments[1][:60]
    display = ALL[name](X, y, None)
    assert plt.get_fignums() == [1]
    assert display.figure_ is plt.figure(1)
    assert display.ax_ in display.figure_.axes
    figure, (_, ax) = plt.subplots(1, 2)
    assert ALL[name](X, y, ax).ax_ is ax
    assert display.plot(ax=ax) is display
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 2
    figure.canvas.draw()


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_clipped(garments, name):
    """All that is drawn lies within the figure that a display makes for itself."""
    figure = ALL[name](garments[0][:60], garments[1][:60], None).figure_
    figure.canvas.draw()
    width, height = figure.bbox.size
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1


def test_without_matplotlib_the_error_names_the_extra():
    code = textwrap.dedent("""
        import sys
        sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
        from skfashion.inspection import TrialScoresDisplay
        try:
            TrialScoresDisplay.from_trials([1, 2])
        except ImportError as error:
            print(error)
    """)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.startswith("TrialScoresDisplay.plot needs matplotlib: pip install 'skfashion[plot]'")


# --- images


def test_image_grid_shows_the_first_the_drawn_and_one_of_each_class(garments):
    X, y = garments
    first = ImageGridDisplay.from_data(X, y, n_images=7, class_names=NAMES, n_columns=3)
    np.testing.assert_allclose(drawn(first.images_), X[:7].reshape(-1, 28, 28) / 255, rtol=1e-6)
    assert [caption.get_text() for caption in first.captions_] == [NAMES[label] for label in y[:7]]
    one, two, other = (ImageGridDisplay.from_data(X, n_images=7, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.images, two.images)
    assert not np.array_equal(one.images, other.images)
    each = ImageGridDisplay.from_data(X, y, one_per_class=True, class_names=NAMES)
    assert each.captions == NAMES
    for label, image in enumerate(each.images):
        assert (image == X[y == label][0].reshape(28, 28) / np.float32(255)).all()


@pytest.mark.parametrize("as_given", [lambda X: X, lambda X: X.astype(np.float32) / 255, lambda X: X.tolist()])
def test_all_ways_to_give_colour_images_show_the_same(as_given):
    X = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 6), dtype=np.uint8)
    last = np.moveaxis(X, 1, -1)
    shown = [
        ImageGridDisplay.from_data(as_given(images), image_shape=shape).images
        for images, shape in [
            (X, None),
            (last, None),
            (X.reshape(4, -1), (3, 5, 6)),
            (last.reshape(4, -1), (5, 6, 3)),
        ]
    ]
    for images in shown:
        np.testing.assert_allclose(images, last / 255, rtol=1e-6)


def test_grid_of_generated_images(garments):
    X = garments[0][:100]
    for sampler in (NeighborSampler(3).fit(X), CentroidSampler(KMeans(5, n_init=1), random_state=0).fit(X)):
        display = ImageGridDisplay.from_estimator(sampler, n_images=3, random_state=0)
        np.testing.assert_array_equal(display.images.reshape(3, -1), sampler.sample(3, random_state=0))
    colour = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
    assert ImageGridDisplay.from_estimator(NeighborSampler(3).fit(colour), n_images=4).images.shape == (4, 6, 5, 3)
    with pytest.raises(TypeError, match="PCA has no method 'sample'"):
        ImageGridDisplay.from_estimator(PCA())


def test_class_balance(garments):
    y = garments[1]
    display = ClassBalanceDisplay.from_labels({"train": y[:400], "test": y[400:]}, class_names=NAMES)
    assert display.class_names == NAMES
    for name, labels in (("train", y[:400]), ("test", y[400:])):
        np.testing.assert_array_equal(display.counts[name], np.bincount(labels, minlength=10))
        widths = [bar.get_width() for bar in display.bars_[name]]
        np.testing.assert_allclose(widths, 100 * np.bincount(labels, minlength=10) / len(labels))
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["train: 400 images", "test: 200 images"]
    assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == NAMES


# --- training and errors


@pytest.mark.parametrize("against", ["epochs", "seconds"])
@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_training_curves_of_several_models(mlp, garments, metric, against):
    X, y = garments
    cnn = make_pipeline(MinMaxScaler(), CNNClassifier("compact", max_epochs=2, random_state=0)).fit(X[:50], y[:50])
    display = TrainingCurveDisplay.from_estimator({"MLP": mlp, "CNN": cnn}, metric=metric, against=against)
    assert set(display.lines_) == {("MLP", f"train_{metric}"), ("MLP", f"valid_{metric}"), ("CNN", f"train_{metric}")}
    for (name, quantity), line in display.lines_.items():
        history = mlp.history_ if name == "MLP" else cnn[-1].history_
        np.testing.assert_allclose(line.get_ydata(), [row[quantity] for row in history])
        seconds = np.cumsum([row["duration"] for row in history])
        np.testing.assert_allclose(
            line.get_xdata(), seconds if against == "seconds" else np.arange(1, len(seconds) + 1)
        )
        assert line.get_linestyle() == ("--" if quantity.startswith("valid") else "-")
    train, valid, other = display.lines_.values()
    assert train.get_color() == valid.get_color() != other.get_color()


def test_training_curves_of_other_quantities(mlp, garments):
    display = TrainingCurveDisplay.from_estimator(mlp, metric="learning_rate")
    assert set(display.lines_) == {("", "learning_rate")}
    assert display.ax_.get_legend() is None
    vae = VariationalAutoencoder(2, n_channels=(2,), max_epochs=1, random_state=0).fit(garments[0][:50])
    assert set(TrainingCurveDisplay.from_estimator(vae, metric="kl").lines_) == {("", "train_kl")}


def test_errors_of_highest_confidence_come_first(garments, mlp):
    X, y = garments
    display = MisclassifiedDisplay.from_estimator(mlp, X, y, class_names=NAMES, n_images=6)
    proba, predicted = mlp.predict_proba(X).max(axis=1), mlp.predict(X)
    wrong = np.flatnonzero(predicted != y)
    expected = wrong[np.argsort(-proba[wrong], kind="stable")][:6]
    np.testing.assert_array_equal(display.indices, expected)
    np.testing.assert_allclose(drawn(display.images_), X[expected].reshape(-1, 28, 28) / 255, rtol=1e-6)
    for caption, row in zip(display.captions_, expected, strict=True):
        text = f"{NAMES[y[row]]},\nnot {NAMES[predicted[row]]}\n{100 * proba[row]:.0f} %"
        assert caption.get_text() == text
    assert display.ax_.get_title() == f"{len(wrong)} of 600 misclassified"


def test_errors_without_probabilities_keep_their_order(garments):
    X, y = garments
    display = MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1), n_images=3)
    np.testing.assert_array_equal(display.indices, np.flatnonzero(y != np.roll(y, 1))[:3])
    assert display.confidence is None
    with pytest.raises(ValueError, match="All 600 predictions are right"):
        MisclassifiedDisplay.from_predictions(X, y, y)


# --- codes


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
    np.testing.assert_allclose(np.abs(display.points), np.abs(PCA(2).fit_transform(codes)), atol=1e-6)
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


# --- weights and prototypes


def test_filters_are_the_first_weights(garments, mlp):
    X, y = garments
    first = next(mlp.module_.parameters()).detach().numpy()
    display = FilterDisplay.from_estimator(mlp, n_filters=5)
    np.testing.assert_array_equal(display.filters, first[:5].reshape(5, 28, 28))
    assert np.abs(drawn(display.images_)).max(axis=(1, 2)).tolist() == [1] * 5
    cnn = CNNClassifier("single", max_epochs=1, random_state=0).fit(X[:50], y[:50])
    kernels = next(cnn.module_.parameters()).detach().numpy()
    np.testing.assert_array_equal(FilterDisplay.from_estimator(cnn, n_filters=99).filters, kernels[:99, 0])
    linear = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=3000)).fit(X, y)
    display = FilterDisplay.from_estimator(linear)
    np.testing.assert_array_equal(display.filters.reshape(10, -1), linear[-1].coef_)
    assert display.captions == [str(label) for label in range(10)]
    perceptron = SklearnMLP((6,), tol=1.0, random_state=0).fit(X[:50] / 255, y[:50])
    np.testing.assert_array_equal(
        FilterDisplay.from_estimator(perceptron).filters.reshape(6, -1), perceptron.coefs_[0].T
    )


def test_means_of_classes(garments):
    X, y = garments
    display = PrototypeDisplay.from_data(X, y, class_names=NAMES)
    assert [caption.get_text() for caption in display.captions_] == NAMES
    np.testing.assert_allclose(display.prototypes[3].ravel(), X[y == 3].mean(axis=0) / 255, rtol=1e-5)


def test_centroids_and_their_names(garments):
    X, y = garments
    model = ClusterClassifier(KMeans(12, n_init=1, random_state=0)).fit(X, y)
    display = PrototypeDisplay.from_estimator(model, class_names=NAMES)
    np.testing.assert_allclose(display.prototypes.reshape(12, -1), model.clusterer_.cluster_centers_, atol=1e-6)
    assert display.captions == [NAMES[name] for name in model.names_]
    piped = ClusterClassifier(make_pipeline(PCA(3, random_state=0), AgglomerativeClustering(4))).fit(X, y)
    means = [X[piped.labels_ == cluster].mean(axis=0) / 255 for cluster in range(4)]
    np.testing.assert_allclose(PrototypeDisplay.from_estimator(piped).prototypes.reshape(4, -1), means, atol=1e-6)
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X / 255)
    np.testing.assert_array_equal(PrototypeDisplay.from_estimator(mixture).prototypes.reshape(3, -1), mixture.means_)
    sampler = CentroidSampler(KMeans(5, n_init=1), random_state=0).fit(X)
    np.testing.assert_array_equal(
        PrototypeDisplay.from_estimator(sampler).prototypes.reshape(5, -1), sampler.centroids_
    )


def test_directions_have_a_sign(garments, pca):
    X, y = garments
    display = PrototypeDisplay.from_estimator(pca)
    assert display.signed
    np.testing.assert_array_equal(display.prototypes.reshape(4, -1), pca.components_)
    assert np.abs(drawn(display.images_)).max(axis=(1, 2)).tolist() == [1] * 4
    subspaces = SubspaceClassifier(6).fit(X, y)
    display = PrototypeDisplay.from_estimator(subspaces, class_names=NAMES, n_prototypes=30)
    assert display.prototypes.shape == (30, 28, 28)
    assert [caption for caption in display.captions if caption] == NAMES
    np.testing.assert_array_equal(display.prototypes[7].ravel(), subspaces.components_[2][1])
    rows = PrototypeDisplay.from_estimator(subspaces, n_prototypes=30, n_columns=5)
    assert rows.images_[5].get_extent()[0] == 0  # the sixth begins a row
    points = SubspaceClassifier().fit(X[:2], [0, 1])
    assert not PrototypeDisplay.from_estimator(points).prototypes.any()
    small = SubspaceClassifier(4).fit(X[:51], [0] * 50 + [1])  # a class of one image spans nothing
    assert PrototypeDisplay.from_estimator(small).prototypes.shape == (8, 28, 28)


def test_means_of_neighbours(garments):
    X, y = garments
    knn = KNNClassifier(4).fit(X, y)
    display = PrototypeDisplay.from_estimator(knn, X[:3])
    nearest = knn.kneighbors(X[:3], return_distance=False)
    np.testing.assert_allclose(display.prototypes.reshape(3, -1), X[nearest].mean(axis=1) / 255, rtol=1e-5)


# --- searches


@pytest.fixture(scope="module")
def search(garments):
    grid = {"n_neighbors": [1, 10, 300], "metric": ["cosine", "euclidean"]}
    return GridSearchCV(KNNClassifier(), grid, cv=2).fit(*garments)


def test_parallel_coordinates_of_a_search(search):
    display = ParallelCoordinatesDisplay.from_estimator(search)
    assert display.axes_names_ == ["metric", "n_neighbors"]
    np.testing.assert_array_equal(display.scores, search.cv_results_["mean_test_score"])
    for line, setting in zip(display.lines_, search.cv_results_["params"], strict=True):
        metric, neighbors = line.get_ydata()
        assert metric == ["cosine", "euclidean"].index(setting["metric"])
        assert neighbors == pytest.approx(np.log(setting["n_neighbors"]) / np.log(300))  # spans more than 100
    assert {"cosine", "euclidean", "1", "10", "300"} <= set(texts(display.ax_))


def test_settings_without_a_parameter_pass_over_it():
    params = [{"a": 1, "c": True}, {"a": 2, "b": "x", "c": False}, {"a": 3, "c": True}]
    display = ParallelCoordinatesDisplay.from_trials(params, [0.1, np.nan, 0.3])
    assert len(display.lines_) == 2
    assert display.axes_names_ == ["a", "c"]
    display = ParallelCoordinatesDisplay.from_trials(params, [0.1, 0.2, 0.3])
    assert [line.get_xdata().tolist() for line in display.lines_] == [[0, 2], [0, 1, 2], [0, 2]]


class _Named:
    def __init__(self, name):
        self.name = name


class _Trial:
    def __init__(self, params, value, state):
        self.params, self.value, self.state = params, value, _Named(state)


class _Study:
    """What displays read of an Optuna study."""

    direction = _Named("MINIMIZE")
    trials = [
        _Trial({"lr": 0.1}, 3.0, "COMPLETE"),
        _Trial({"lr": 0.2}, 0.5, "PRUNED"),
        _Trial({"lr": 0.3}, None, "FAIL"),
        _Trial({"lr": 0.4}, 1.0, "COMPLETE"),
        _Trial({"lr": 0.5}, 2.0, "COMPLETE"),
    ]


def test_trials_of_a_study():
    display = TrialScoresDisplay.from_study(_Study())
    assert display.points_.get_ydata().tolist() == [3, 1, 2]
    assert display.best_.get_ydata().tolist() == [3, 1, 1]
    assert len(ParallelCoordinatesDisplay.from_study(_Study()).lines_) == 3


def test_trials_of_a_search(search):
    display = TrialScoresDisplay.from_estimator(search)
    assert display.best_.get_ydata()[-1] == search.best_score_


# --- whatever is given


@pytest.fixture(scope="module")
def colour():
    """Images of 8 x 6 pixels, red at the left and blue at the right, and their three classes."""
    X = np.zeros((60, 8, 6, 3), np.uint8)
    X[:, :, :3, 0] = X[:, :, 3:, 2] = 200
    X[::2] //= 2
    return X, np.arange(60) % 3


@pytest.mark.parametrize("layout", ["images", "rows"])
def test_colour_images_with_channels_last_look_as_they_are(colour, layout):
    X, y = colour
    mean = X.mean(axis=0) / 255
    shape = "auto" if layout == "images" else (8, 6, 3)
    given = X if layout == "images" else X.reshape(60, -1)
    if layout == "images":
        clusters = ClusterClassifier(KMeans(1)).fit(given, y)
        np.testing.assert_allclose(PrototypeDisplay.from_estimator(clusters).prototypes[0], mean, atol=1e-6)
        knn = KNNClassifier(60).fit(given, y)
        np.testing.assert_allclose(PrototypeDisplay.from_estimator(knn, given[:1]).prototypes[0], mean, atol=1e-6)
    mlp = MLPClassifier((8,), max_epochs=1, random_state=0).fit(given, y)
    cnn = CNNClassifier("single", image_shape=shape, max_epochs=1, random_state=0).fit(given, y)
    for model in (cnn, make_pipeline("passthrough", cnn)):
        display = MisclassifiedDisplay.from_estimator(model, given, y)
        np.testing.assert_allclose(display.images, X[display.indices] / 255, atol=1e-6)
    if layout == "images":
        weights = next(mlp.module_.parameters()).detach().numpy().reshape(8, 8, 6, 3)
        np.testing.assert_allclose(FilterDisplay.from_estimator(mlp).filters, weights.mean(axis=-1), atol=1e-7)


def test_colours_on_any_scale_are_stretched_not_clipped(colour):
    X, _ = colour
    shown = drawn(ImageGridDisplay.from_data(X * 20.0).images_)
    np.testing.assert_allclose(shown, X[:20] / 200)
    signed = PrototypeDisplay.from_estimator(PCA(2, random_state=0).fit(np.random.default_rng(0).random((40, 192))))
    shown = drawn(signed.images_)
    assert shown.min() >= 0
    assert shown.max() <= 1
    middle = np.abs(signed.prototypes) < 1e-3
    np.testing.assert_allclose(shown[middle], 0.5, atol=0.01)


def test_confidence_is_that_of_the_predicted_class(garments):
    X, y = garments
    model = ClusterClassifier(KMeans(10, n_init=1, random_state=0), naming="one_to_one").fit(X, y)
    display = MisclassifiedDisplay.from_estimator(model, X, y, n_images=600)
    expected = model.predict_proba(X)[display.indices, model.predict(X)[display.indices]]
    np.testing.assert_array_equal(display.confidence, expected)
    assert (np.diff(display.confidence) <= 0).all()


def test_masks_come_back_on_the_scale_of_the_images(garments):
    masks = (garments[0] > 200).astype(np.uint8)
    pca = PCA(50, random_state=0).fit(masks)
    display = ReconstructionDisplay.from_estimator(pca, masks, n_images=3)
    back = pca.inverse_transform(pca.transform(masks[:3]))
    np.testing.assert_allclose(display.errors, ((back - masks[:3]) ** 2).mean(axis=1), rtol=1e-4)
    piped = make_pipeline(ConvAutoencoder(2, 2, max_epochs=1, random_state=0)).fit(masks)
    np.testing.assert_allclose(
        ReconstructionDisplay.from_estimator(piped, masks, n_images=3).reconstructions.reshape(3, -1),
        piped[0].reconstruct(masks[:3]),
        rtol=1e-6,
    )


def test_frames_series_and_arrays_of_names(garments):
    X, y = garments
    frame, labels = pd.DataFrame(X / 255), pd.Series(y, index=np.arange(600)[::-1])
    named = np.array(NAMES)
    assert ImageGridDisplay.from_data(frame, labels, class_names=named, n_images=2).captions == [
        NAMES[k] for k in y[:2]
    ]
    pca = PCA(4, random_state=0).set_output(transform="pandas").fit(frame)
    assert LatentSpaceDisplay.from_estimator(pca, frame, labels, class_names=named).points.shape == (600, 2)
    assert LatentWalkDisplay.from_estimator(pca, frame, start=frame[:1], n_steps=2).images.shape == (4, 2, 28, 28)
    assert InterpolationDisplay.from_estimator(pca, frame[:2], frame[2:4], n_steps=3).images.shape == (2, 3, 28, 28)
    assert ReconstructionDisplay.from_estimator(pca, frame, n_images=2).errors.shape == (2,)
    assert PrototypeDisplay.from_data(frame, labels).prototypes.shape == (10, 28, 28)


def test_keywords_go_by_any_of_their_names(garments, mlp):
    X, y = garments
    curve = TrainingCurveDisplay.from_estimator(mlp, line_kw={"c": "k", "ls": ":", "lw": 3})
    assert {(line.get_color(), line.get_linestyle(), line.get_linewidth()) for line in curve.lines_.values()} == {
        ("k", ":", 3)
    }
    points = LatentSpaceDisplay.from_codes(X[:, 300:302] / 255, y, scatter_kw={"c": "k", "linewidths": 2}).points_
    assert all(each.get_linewidths().tolist() == [2] for each in points.values())
    coordinates = ParallelCoordinatesDisplay.from_trials([{"a": 1}, {"a": 2}], [1, 2], line_kw={"lw": 3})
    assert coordinates.lines_[0].get_linewidth() == 3
    assert TrialScoresDisplay.from_trials([1, 2], line_kw={"ms": 7}).points_.get_markersize() == 7
    assert ClassBalanceDisplay.from_labels(y, bar_kw={"fc": "k"}).bars_["samples"][0].get_facecolor() == (0, 0, 0, 1)
    norm = LogNorm(0.01, 1)
    assert ImageGridDisplay.from_data(X / 255 + 0.01, imshow_kw={"norm": norm}).images_[0].norm is norm


def test_classes_read_from_top_to_bottom_on_shared_axes(garments):
    _, axes = plt.subplots(1, 2, sharey=True)
    for ax in axes:
        ClassBalanceDisplay.from_labels(garments[1], ax=ax)
    assert axes[0].yaxis_inverted()


def test_figures_around_subfigures_can_be_saved(tmp_path):
    parts = plt.figure().subfigures(1, 2)
    display = TrialScoresDisplay.from_trials([1, np.nan, 2], ax=parts[0].subplots())
    display.figure_.savefig(tmp_path / "x.png")
    np.testing.assert_array_equal(display.points_.get_ydata(), [1, np.nan, 2])
    assert display.best_.get_ydata().tolist() == [1, 1, 2]


def test_pairs_of_classes_are_no_classes(garments):
    X, y = garments
    three = y < 3
    assert FilterDisplay.from_estimator(SVC(kernel="linear").fit(X[three] / 255, y[three])).captions is None
    sparse = LogisticRegression(max_iter=2000).fit(X / 255, y).sparsify()
    assert FilterDisplay.from_estimator(sparse).filters.shape == (10, 28, 28)


def test_large_data_are_not_copied(garments):
    X, y = np.tile(garments[0], (40, 1)), np.tile(garments[1], 40)
    for call in (
        lambda: ImageGridDisplay.from_data(X, y),
        lambda: MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1)),
    ):
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 2  # floats would be four times as large


# --- bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, y: ImageGridDisplay.from_data(X, one_per_class=True), ValueError, "needs the labels"),
        (lambda X, y: ImageGridDisplay.from_data(X, y[:3]), ValueError, "inconsistent numbers"),
        (lambda X, y: ImageGridDisplay.from_data(X, n_images=0), ValueError, "n_images"),
        (lambda X, y: ImageGridDisplay.from_data(X, y, class_names=NAMES[:3]), ValueError, "class_names"),
        (lambda X, y: ImageGridDisplay.from_data(X, y - 1, class_names=NAMES), ValueError, "names none of -1"),
        (lambda X, y: ImageGridDisplay.from_data(X, image_shape=(3, 3)), ValueError, "784 features"),
        (lambda X, y: ImageGridDisplay.from_data(X, image_shape=(2, 14, 28)), ValueError, "1, 3 or 4 channels"),
        (lambda X, y: ClassBalanceDisplay.from_labels({}), ValueError, "at least one"),
        (lambda X, y: TrainingCurveDisplay.from_estimator(PCA()), TypeError, "PCA has no 'history_'"),
        (lambda X, y: TrainingCurveDisplay.from_histories({"a": []}, against="time"), ValueError, "against"),
        (lambda X, y: TrainingCurveDisplay.from_histories({"a": [{"epoch": 1}]}), ValueError, "no 'loss'"),
        (lambda X, y: MisclassifiedDisplay.from_predictions(X, y, y[:3]), ValueError, "inconsistent numbers"),
        (lambda X, y: ReconstructionDisplay.from_estimator(KMeans(), X), TypeError, "reconstruct"),
        (lambda X, y: ReconstructionDisplay.from_predictions(X[:3], X[:2]), ValueError, "have shape"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X[:, :1]), ValueError, "minimum of 2"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X, method="umap"), ValueError, "method"),
        (lambda X, y: LatentWalkDisplay.from_estimator(KMeans(), X), TypeError, "inverse_transform"),
        (lambda X, y: LatentWalkDisplay.from_estimator(PCA(2).fit(X), X, dimensions=[2]), ValueError, "0 to 1"),
        (lambda X, y: InterpolationDisplay.from_estimator(PCA(2).fit(X), X[:2], X[:1]), ValueError, "X_other 1"),
        (lambda X, y: FilterDisplay.from_estimator(KNNClassifier().fit(X, y)), TypeError, "no weights"),
        (lambda X, y: PrototypeDisplay.from_estimator(LogisticRegression()), TypeError, "no prototypes"),
        (lambda X, y: PrototypeDisplay.from_estimator(KNNClassifier().fit(X, y)), ValueError, "X is needed"),
        (lambda X, y: ClassBalanceDisplay.from_labels({"a": y, "b": y.astype(str)}), ValueError, "[Mm]ix"),
        (lambda X, y: ClassBalanceDisplay.from_labels([1.0, np.nan]), ValueError, "NaN"),
        (lambda X, y: MisclassifiedDisplay.from_predictions(X, y, y.astype(str)), ValueError, "[Mm]ix"),
        (lambda X, y: MisclassifiedDisplay.from_predictions(X, y, y + 0.5), ValueError, "continuous"),
        (lambda X, y: PrototypeDisplay.from_data(X, y[:-1]), ValueError, "inconsistent numbers"),
        (lambda X, y: LatentSpaceDisplay.from_codes(np.ones((1, 5))), ValueError, "minimum of 2"),
        (lambda X, y: ImageGridDisplay.from_data(X, n_columns=-1), ValueError, "n_columns"),
        (
            lambda X, y: TrainingCurveDisplay.from_histories({"a": [{"epoch": 1, "loss": 1}]}, against="seconds"),
            ValueError,
            "no 'duration'",
        ),
        (lambda X, y: ParallelCoordinatesDisplay.from_estimator(PCA()), TypeError, "cv_results_"),
        (lambda X, y: ParallelCoordinatesDisplay.from_trials([{}], [1, 2]), ValueError, "as many scores"),
        (lambda X, y: TrialScoresDisplay.from_trials([np.nan]), ValueError, "finite"),
    ],
)
def test_bad_input(garments, call, error, message):
    with pytest.raises(error, match=message):
        call(*garments)


def test_errors_of_several_labels_are_refused(garments):
    X, y = garments
    labels = np.c_[y < 5, y % 2 == 0]
    model = MLPClassifier((8,), max_epochs=1, random_state=0).fit(X, labels)
    with pytest.raises(ValueError, match="MLPClassifier predicts several labels for an image"):
        MisclassifiedDisplay.from_estimator(model, X, labels)

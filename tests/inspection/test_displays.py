"""Displays: what they hold and what they draw (artists, texts, data), never pixels."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import NAMES, drawn
from processes import run_python
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skfashion.inspection
from skfashion.baselines import CentroidSampler, NeighborSampler
from skfashion.inspection import (
    ClassBalanceDisplay,
    CriticalDifferenceDisplay,
    FilterDisplay,
    ImageGridDisplay,
    InterpolationDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    MisclassifiedDisplay,
    NearestImagesDisplay,
    ParallelCoordinatesDisplay,
    PrototypeDisplay,
    ReconstructionDisplay,
    ReliabilityDisplay,
    RiskCoverageDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
    TrialScoresDisplay,
)
from skfashion.neural_network import CNNClassifier, VariationalAutoencoder

ALL = {
    "ClassBalanceDisplay": lambda X, y, ax: ClassBalanceDisplay.from_labels(y, ax=ax),
    "CriticalDifferenceDisplay": lambda X, y, ax: CriticalDifferenceDisplay.from_scores(
        {"a": [0.9, 0.8, 0.7], "b": [0.8, 0.9, 0.6], "c": [0.5, 0.7, 0.4]}, ax=ax
    ),
    "FilterDisplay": lambda X, y, ax: FilterDisplay.from_estimator(
        LogisticRegression(max_iter=3000).fit(X / 255, y), ax=ax
    ),
    "ImageGridDisplay": lambda X, y, ax: ImageGridDisplay.from_data(X, y, ax=ax),
    "InterpolationDisplay": lambda X, y, ax: InterpolationDisplay.from_estimator(
        PCA(2, random_state=0).fit(X), X[:1], X[1:2], ax=ax
    ),
    "LatentSpaceDisplay": lambda X, y, ax: LatentSpaceDisplay.from_estimator(
        PCA(2, random_state=0).fit(X), X, y, ax=ax
    ),
    "LatentWalkDisplay": lambda X, y, ax: LatentWalkDisplay.from_estimator(PCA(2, random_state=0).fit(X), X, ax=ax),
    "MisclassifiedDisplay": lambda X, y, ax: MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1), ax=ax),
    "NearestImagesDisplay": lambda X, y, ax: NearestImagesDisplay.from_data(X[:2], X[2:], y[2:], y=y[:2], ax=ax),
    "ParallelCoordinatesDisplay": lambda X, y, ax: ParallelCoordinatesDisplay.from_trials(
        [{"a": 1}, {"a": 2}], [0, 1], ax=ax
    ),
    "PrototypeDisplay": lambda X, y, ax: PrototypeDisplay.from_data(X, y, ax=ax),
    "ReconstructionDisplay": lambda X, y, ax: ReconstructionDisplay.from_estimator(
        PCA(2, random_state=0).fit(X), X, ax=ax
    ),
    "ReliabilityDisplay": lambda X, y, ax: ReliabilityDisplay.from_predictions(
        y, np.eye(10)[y], labels=range(10), ax=ax
    ),
    "RiskCoverageDisplay": lambda X, y, ax: RiskCoverageDisplay.from_predictions(y, np.roll(y, 1), X[:, 400], ax=ax),
    "SaliencyDisplay": lambda X, y, ax: SaliencyDisplay.from_maps(X, X.reshape(-1, 28, 28) - 100.0, ax=ax),
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
    assert run_python(code).startswith('TrialScoresDisplay.plot needs matplotlib: pip install "skfashion[plot]"')


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


def test_filters_of_a_linear_model_are_named(garments):
    X, y = garments
    model = LogisticRegression(max_iter=3000).fit(X[:300] / 255, y[:300])
    display = FilterDisplay.from_estimator(model, class_names=NAMES, n_filters=4)
    assert [caption.get_text() for caption in display.captions_] == NAMES[:4]
    with pytest.raises(ValueError, match="names none of"):
        FilterDisplay.from_estimator(model, class_names=NAMES[:3])
    with pytest.raises(ValueError, match="the weights of LogisticRegression are not one per class"):
        FilterDisplay.from_estimator(
            LogisticRegression(max_iter=3000).fit(X[:300] / 255, y[:300] == 3), class_names=NAMES
        )


def test_images_of_chosen_classes_are_drawn(garments):
    X, y = garments
    sampler = NeighborSampler(3).fit(X, y)
    display = ImageGridDisplay.from_estimator(sampler, [3, 1, 3], class_names=NAMES, random_state=0)
    assert [caption.get_text() for caption in display.captions_] == [NAMES[3], NAMES[1], NAMES[3]]
    expected = sampler.sample(3, random_state=0, y=[3, 1, 3]).reshape(-1, 28, 28)
    np.testing.assert_allclose(drawn(display.images_), expected, rtol=1e-6)
    one = ImageGridDisplay.from_estimator(sampler, 1, n_images=2, random_state=0)
    assert [caption.get_text() for caption in one.captions_] == ["1", "1"]
    with pytest.raises(TypeError, match=r"y must be None: GaussianMixture\.sample takes no classes"):
        ImageGridDisplay.from_estimator(GaussianMixture(2, reg_covar=0.1).fit(X[:50] / 255), 1)

"""Displays of whatever is given: layouts, scales, frames, keywords, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm
from memory import peak_of
from pictures import NAMES, drawn
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skfashion.baselines import ClusterClassifier, KNNClassifier
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
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, MLPClassifier


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
        clusters = ClusterClassifier(KMeans(1, random_state=0)).fit(given, y)
        np.testing.assert_allclose(PrototypeDisplay.from_estimator(clusters).prototypes[0], mean, atol=1e-6)
        knn = KNNClassifier(60).fit(given, y)
        np.testing.assert_allclose(PrototypeDisplay.from_estimator(knn, given[:1]).prototypes[0], mean, atol=1e-6)
    mlp = MLPClassifier((8,), max_epochs=1, random_state=0).fit(given, y)
    cnn = CNNClassifier("single", image_shape=shape, max_epochs=1, random_state=0).fit(given, y)
    for model in (cnn, make_pipeline("passthrough", cnn)):
        display = MisclassifiedDisplay.from_estimator(model, given, y)
        np.testing.assert_allclose(display.images, X[display.indices] / 255, atol=1e-6)
    if layout == "images":
        weights = next(mlp.module_.parameters()).detach().numpy().reshape(8, 3, 8, 6)  # a network sees channels first
        np.testing.assert_allclose(FilterDisplay.from_estimator(mlp).filters, weights.mean(axis=1), atol=1e-7)


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
    assert (
        ParallelCoordinatesDisplay.from_trials([{"a": 1}, {"a": 2}], [1, 2], line_kw={"lw": 3})
        .lines_[0]
        .get_linewidth()
        == 3
    )
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
    assert (
        FilterDisplay.from_estimator(SVC(kernel="linear", random_state=0).fit(X[three] / 255, y[three])).captions
        is None
    )
    sparse = LogisticRegression(max_iter=2000).fit(X / 255, y).sparsify()
    assert FilterDisplay.from_estimator(sparse).filters.shape == (10, 28, 28)


def test_large_data_are_not_copied(garments):
    X, y = np.tile(garments[0], (40, 1)), np.tile(garments[1], 40)
    for call in (
        lambda: ImageGridDisplay.from_data(X, y),
        lambda: MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1)),
    ):
        assert peak_of(call) < X.nbytes / 2  # floats would be four times as large


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
        (lambda X, y: TrainingCurveDisplay.from_histories([{"epoch": 1}]), TypeError, "must be a dict.*Got list"),
        (
            lambda X, y: TrainingCurveDisplay({"a": [{"epoch": 1, "loss": 1}]}, against="time").plot(),
            ValueError,
            "against",
        ),
        (lambda X, y: TrainingCurveDisplay().plot(), ValueError, "at least one history"),
        (lambda X, y: MisclassifiedDisplay.from_predictions(X, y, y[:3]), ValueError, "inconsistent numbers"),
        (lambda X, y: ReconstructionDisplay.from_estimator(KMeans(), X), TypeError, "reconstruct"),
        (lambda X, y: ReconstructionDisplay.from_predictions(X[:3], X[:2]), ValueError, "have shape"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X[:, :1]), ValueError, "minimum of 2"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X, method="umap"), ValueError, "method"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X, n_samples=-1), ValueError, "n_samples == -1"),
        (lambda X, y: LatentSpaceDisplay.from_codes(X, n_samples=2.5), TypeError, "n_samples must be"),
        (
            lambda X, y: ImageGridDisplay.from_estimator(PCA(), n_images=0),
            ValueError,
            "n_images == 0",
        ),
        (lambda X, y: LatentWalkDisplay.from_estimator(KMeans(), X), TypeError, "inverse_transform"),
        (
            lambda X, y: LatentWalkDisplay.from_estimator(PCA(2, random_state=0).fit(X), X, dimensions=[2]),
            ValueError,
            "0 to 1",
        ),
        (
            lambda X, y: InterpolationDisplay.from_estimator(PCA(2, random_state=0).fit(X), X[:2], X[:1]),
            ValueError,
            "X_other 1",
        ),
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


@pytest.mark.parametrize("as_rows", [False, True], ids=["images", "rows"])
def test_filters_of_images_with_channels_last(as_rows):
    """One pixel decides on the class: the filter shows it, whatever the order in a row is."""
    X = np.random.default_rng(0).random((200, 8, 6, 3))
    y = (X[:, 2, 3, 0] > 0.5).astype(int)
    model = MLPClassifier(
        (1,), activation="tanh", image_shape=(8, 6, 3), batch_size=16, learning_rate=0.02, random_state=0
    )
    model.fit(X.reshape(200, -1) if as_rows else X, y)
    (shown,) = FilterDisplay.from_estimator(model).filters
    first = next(model.module_.parameters()).detach().numpy().reshape(3, 8, 6)
    np.testing.assert_allclose(shown, first.mean(axis=0), rtol=1e-6)
    assert np.unravel_index(np.abs(shown).argmax(), shown.shape) == (2, 3)

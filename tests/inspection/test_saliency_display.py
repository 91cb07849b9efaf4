"""Saliency maps as pictures: what is drawn over which image, in which colours, with which words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_rgba
from pictures import NAMES, drawn
from scipy.sparse import coo_matrix
from sklearn.linear_model import RidgeClassifier

from skfashion.baselines import KNNClassifier
from skfashion.inspection import SaliencyDisplay, saliency


@pytest.fixture(scope="module")
def knn(garments):
    return KNNClassifier(5).fit(*garments)


@pytest.mark.parametrize("n", [1, 3])
def test_single_images(garments, knn, n):
    X, y = garments
    display = SaliencyDisplay.from_estimator(knn, X, y, n_images=n, patch_size=7, class_names=NAMES)
    found = saliency(knn, X[:n], y[:n], patch_size=7)
    np.testing.assert_allclose(drawn(display.maps_), found.maps)
    np.testing.assert_allclose(display.images, X[:n].reshape(-1, 28, 28) / 255, rtol=1e-6)
    expected = [f"{NAMES[label]}\n{100 * score:.0f} %" for label, score in zip(y[:n], found.scores, strict=True)]
    assert [caption.get_text() for caption in display.captions_] == expected
    assert display.colorbar_.ax.get_ylabel() == "drop in probability\nwhere occluded"
    for image, over in zip(display.images_, display.maps_, strict=True):
        assert image.get_extent() == over.get_extent()
        assert image.get_zorder() <= over.get_zorder()
        assert image.axes is over.axes


def test_means_of_classes(garments, knn):
    X, y = garments[0][:100], garments[1][:100]
    display = SaliencyDisplay.from_estimator(knn, X, y, average=True, patch_size=7, class_names=NAMES)
    for label in range(10):
        np.testing.assert_allclose(display.images[label], X[y == label].mean(axis=0).reshape(28, 28) / 255, rtol=1e-5)
        assert display.captions_[label].get_text() == f"{NAMES[label]}\n{(y == label).sum()} images"
    predicted = SaliencyDisplay.from_estimator(knn, X, average=True, patch_size=7)
    assert predicted.captions[0] == f"0\n{(knn.predict(X) == 0).sum()} images"


def test_one_class_for_all(garments, knn):
    X = garments[0][:3]
    display = SaliencyDisplay.from_estimator(knn, X, 6, patch_size=14, class_names=NAMES)
    np.testing.assert_allclose(display.maps, saliency(knn, X, 6, patch_size=14).maps)
    assert all(caption.startswith("Shirt\n") for caption in display.captions)


def test_decision_values_have_no_percent(garments):
    X, y = garments
    model = RidgeClassifier().fit(X / 255, y)
    display = SaliencyDisplay.from_estimator(model, X[:2] / 255, patch_size=14)
    scores = model.decision_function(X[:2] / 255).max(axis=1)
    assert [caption.split("\n")[1] for caption in display.captions] == [f"{score:.1f}" for score in scores]
    assert display.label == "drop in decision value\nwhere occluded"


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_zero_is_clear_and_colours_are_on_one_scale(garments, style):
    X = garments[0][:2]
    maps = np.zeros((2, 28, 28))
    maps[0, 0, 0], maps[1, 5, 5] = 2, -1
    maps[1, 9:20, 9:20] = 0.5
    with plt.style.context(style):
        display = SaliencyDisplay.from_maps(X, maps)
    one, two = display.maps_
    assert one.norm is two.norm
    assert one.norm.vmin == -one.norm.vmax
    red, none, blue = (one.cmap(one.norm(value)) for value in (2, 0, -2))
    assert none[3] == 0
    assert red[3] == blue[3] == 1
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert display.colorbar_.ax.get_facecolor() == to_rgba("white")
    last = one.norm.vmax  # some pixels may be beyond it
    assert display.colorbar_.extend == {2: "neither", 1: "both", 0.5: "both"}[last]
    assert max(image.get_array().max() for image in display.images_) <= 0.5  # light enough to see colours


@pytest.mark.parametrize("n", [1, 2, 10, 30])
def test_any_number_of_classes_finds_room(n):
    names = [f"class {label}" for label in range(n)]
    rng = np.random.default_rng(0)
    display = SaliencyDisplay.from_maps(
        rng.random((n, 8, 8)),
        rng.normal(size=(n, 8, 8)),
        captions=names,
        label="drop in decision value\nwhere occluded",
    )
    figure = display.figure_
    figure.canvas.draw()
    (width, height), box = figure.get_size_inches(), figure.get_tightbbox()
    assert box.x0 >= -0.02
    assert box.y0 >= -0.02
    assert box.x1 <= width + 0.02
    assert box.y1 <= height + 0.02
    assert len(display.maps_) == n


def test_colours_that_are_asked_for(garments):
    X, maps = garments[0][:2], np.abs(garments[0][:2].reshape(-1, 28, 28) - 100.0) + 1
    display = SaliencyDisplay.from_maps(X, maps, imshow_kw={"cmap": "viridis", "vmin": 1, "vmax": 9, "aspect": "auto"})
    assert (display.maps_[0].norm.vmin, display.maps_[0].norm.vmax) == (1, 9)
    assert display.maps_[0].cmap(0.5) == pytest.approx(plt.get_cmap("viridis")(0.5), abs=0.01)
    assert display.ax_.get_aspect() == "auto"
    norm = LogNorm(1, 200)
    assert SaliencyDisplay.from_maps(X, maps, imshow_kw={"norm": norm}).maps_[1].norm is norm


def test_colour_images_lie_in_grey_beneath(garments):
    X = np.zeros((2, 8, 8, 3), np.uint8)
    X[:, :, 4:] = 255
    display = SaliencyDisplay.from_maps(X, np.ones((2, 8, 8)))
    left, right = display.images_[0].get_array()[0, [0, 7]]
    assert left > right == 0  # of gray_r: black is darker, white is white


def test_maps_that_are_empty(garments):
    display = SaliencyDisplay.from_maps(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)))
    display.figure_.canvas.draw()
    assert display.maps_[0].norm.vmax == 1


def test_what_is_refused(garments, knn):
    X, y = garments
    with pytest.raises(ValueError, match=r"images have shape \(2, 28, 28\), their maps \(3, 28, 28\)"):
        SaliencyDisplay.from_maps(X[:2], np.zeros((3, 28, 28)))
    with pytest.raises(ValueError, match="maps contains NaN"):
        SaliencyDisplay.from_maps(X[:2], np.full((2, 28, 28), np.nan))
    with pytest.raises(ValueError, match="inconsistent"):
        SaliencyDisplay.from_estimator(knn, X, y[:20])
    with pytest.raises(ValueError, match="n_images == 0"):
        SaliencyDisplay.from_estimator(knn, X, y, n_images=0)
    with pytest.raises(ValueError, match="names none of"):
        SaliencyDisplay.from_estimator(knn, X, y, n_images=2, patch_size=14, class_names={99: "Hat"})
    assert not plt.get_fignums()


def test_the_mean_is_that_of_all_images(garments):
    X, y = garments[0] / 255, garments[1]
    model = RidgeClassifier().fit(X, y)
    display = SaliencyDisplay.from_estimator(model, X, y, n_images=2, baseline="mean", patch_size=14, stride=14)
    found = saliency(model, X[:2], y[:2], baseline=X.mean(axis=0), patch_size=14, stride=14)
    np.testing.assert_allclose(display.maps, found.maps)


def test_sparse_images_of_any_format(garments, knn):
    X, y = garments[0][:20], garments[1][:20]
    display = SaliencyDisplay.from_estimator(knn, coo_matrix(X), y, n_images=2, patch_size=14, stride=14)
    np.testing.assert_array_equal(display.maps, saliency(knn, X[:2], y[:2], patch_size=14, stride=14).maps)

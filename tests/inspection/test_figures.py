"""Displays in figures: those that they make, and those of people, with their layouts, settings and shared axes."""

import warnings
from inspect import signature
from itertools import combinations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

import skfashion.inspection
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
from skfashion.inspection._labels import distinct_colors

NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
HISTORY = [{"epoch": epoch, "train_loss": 1 / epoch, "valid_loss": 2 / epoch} for epoch in range(1, 5)]
TRIALS = [{"a": 1, "step__b": "x"}, {"a": 2, "step__b": "y"}]


@pytest.fixture(scope="module")
def displays(garments):
    """One display of each kind, not drawn in the figure of the test."""
    X, y = garments[0][:60] / 255, garments[1][:60]
    pca = PCA(3, random_state=0).fit(X)
    made = [
        ClassBalanceDisplay.from_labels({"train": y[:40], "test": y[40:]}, class_names=NAMES),
        CriticalDifferenceDisplay.from_scores({name: range(9) for name in NAMES}),
        FilterDisplay.from_estimator(LogisticRegression(max_iter=3000).fit(X, y)),
        ImageGridDisplay.from_data(X, y, class_names=NAMES),
        InterpolationDisplay.from_estimator(pca, X[:3], X[3:6]),
        LatentSpaceDisplay.from_codes(X, y, class_names=NAMES, method="tsne", random_state=0),
        LatentWalkDisplay.from_estimator(pca, X),
        MisclassifiedDisplay.from_predictions(X, y, np.roll(y, 1), class_names=NAMES),
        NearestImagesDisplay.from_data(X[:3], X[3:], y[3:], y=y[:3], class_names=NAMES),
        ParallelCoordinatesDisplay.from_trials(TRIALS, [0, 1]),
        PrototypeDisplay.from_data(X, y, class_names=NAMES),
        ReconstructionDisplay.from_estimator(pca, X),
        ReliabilityDisplay.from_predictions(y, np.eye(10)[y], labels=range(10)),
        RiskCoverageDisplay.from_predictions(y, np.roll(y, 1), X[:, 400]),
        SaliencyDisplay.from_maps(X, X.reshape(-1, 28, 28) - 0.5, captions=[NAMES[label] for label in y]),
        TrainingCurveDisplay.from_histories({"one": HISTORY, "two": HISTORY}),
        TrialScoresDisplay.from_trials([1, 2]),
    ]
    plt.close("all")
    return {type(display).__name__: display for display in made}


ALL = sorted(name for name in skfashion.inspection.__all__ if name.endswith("Display"))
GRIDS = [
    "FilterDisplay",
    "ImageGridDisplay",
    "InterpolationDisplay",
    "LatentWalkDisplay",
    "MisclassifiedDisplay",
    "NearestImagesDisplay",
    "PrototypeDisplay",
    "ReconstructionDisplay",
    "SaliencyDisplay",
]


def assert_nothing_is_outside(figure):
    figure.canvas.draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= -0.02
    assert box.y0 >= -0.02
    assert box.x1 <= width + 0.02
    assert box.y1 <= height + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_margins_can_be_set_afterwards(displays, name):
    display = displays[name].plot()
    assert_nothing_is_outside(display.figure_)
    plt.subplots_adjust(left=0.4, right=0.6)
    display.figure_.canvas.draw()
    assert display.figure_.subplotpars.left == 0.4
    box = display.ax_.get_position()
    assert 0.39 < box.x0 < box.x1 < 0.61  # narrower where there is a colour bar, or where pictures keep proportions
    plt.tight_layout()
    assert display.figure_.subplotpars.right > 0.6
    assert_nothing_is_outside(display.figure_)
    figure = displays[name].plot().figure_
    assert figure.get_layout_engine() is None
    if len(figure.axes) == 1:  # matplotlib itself cannot change the layout around a colour bar
        figure.set_layout_engine("constrained")
        assert_nothing_is_outside(figure)


@pytest.mark.parametrize("name", ALL)
def test_a_layout_that_the_settings_ask_for_stays(displays, name):
    for setting in ("figure.autolayout", "figure.constrained_layout.use"):
        with matplotlib.rc_context({setting: True}):
            figure = displays[name].plot().figure_
            assert figure.get_layout_engine() is not None
            assert_nothing_is_outside(figure)


@pytest.mark.parametrize("n", [1, 2])
def test_long_names_find_room(garments, n):
    names = ["a class whose name is as long as a sentence"] * 10
    X, y = garments[0][:n], garments[1][:n]
    assert_nothing_is_outside(ImageGridDisplay.from_data(X, y, class_names=names, n_columns=1).figure_)
    assert_nothing_is_outside(ClassBalanceDisplay.from_labels(y, class_names=names).figure_)
    codes = np.random.default_rng(0).normal(size=(40, 2))
    assert_nothing_is_outside(LatentSpaceDisplay.from_codes(codes, np.arange(40) % 10, class_names=names).figure_)
    params = [{"a_parameter_with_quite_a_long_name": f"setting {number}" * 3} for number in range(2)]
    assert_nothing_is_outside(ParallelCoordinatesDisplay.from_trials(params, [0, 1]).figure_)


def assert_pictures_are_seen(display):
    for image in display.images_:
        left, right, bottom, top = image.get_extent()
        (low_x, high_x), (low_y, high_y) = sorted(image.axes.get_xlim()), sorted(image.axes.get_ylim())
        assert low_x <= left < right <= high_x
        assert low_y <= top < bottom <= high_y


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_axes_that_share_limits_show_all_pictures(displays, garments, layout):
    for start in range(0, len(GRIDS), 3):
        figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, layout=layout)
        axes[1, 1].plot([0, 1], [2, 3])
        limits = axes[1, 1].get_xlim(), axes[1, 1].get_ylim()
        drawn = [displays[name].plot(ax=ax) for name, ax in zip(GRIDS[start : start + 3], axes.flat, strict=False)]
        figure.canvas.draw()
        for display, ax in zip(drawn, axes.flat, strict=False):
            assert display.ax_ is ax
            assert_pictures_are_seen(display)
            outer = ax.get_position()
            for image in display.images_[:1]:
                inner = image.axes.get_position()
                assert outer.x0 - 0.01 <= inner.x0 < inner.x1 <= outer.x1 + 0.01
        assert (axes[1, 1].get_xlim(), axes[1, 1].get_ylim()) == limits


def test_parallel_coordinates_on_axes_that_share_limits():
    figure, axes = plt.subplots(1, 2, sharex=True, sharey=True)
    one = ParallelCoordinatesDisplay.from_trials(
        [{"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 1, "c": 1}], [0, 1], ax=axes[0]
    )
    two = ParallelCoordinatesDisplay.from_trials([{"d": 1}, {"d": 2}], [0, 1], ax=axes[1])
    figure.canvas.draw()
    for display, names in ((one, ["a", "b", "c"]), (two, ["d"])):
        ax = display.lines_[0].axes
        assert [tick.get_text() for tick in ax.get_xticklabels()] == names
        assert ax.get_xlim() == (-0.5, len(names) - 0.8)


def test_classes_on_axes_that_share_those_of_others():
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True)
    labels = ([0, 1, 2], [3, 4], [0, 1, 2])
    for y, ax in zip(labels, axes.flat, strict=False):
        display = ClassBalanceDisplay.from_labels(y, ax=ax)
        figure.canvas.draw()
        ticks = display.bars_["samples"][0].axes.get_yticklabels()
        assert [tick.get_text() for tick in ticks] == display.class_names == [str(label) for label in y]
    ticks = axes[0, 0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == ["0", "1", "2"]


def test_ticks_of_neighbours_stay(garments):
    codes = np.random.default_rng(0).normal(size=(30, 2))
    _, (curve, plane) = plt.subplots(1, 2, sharex=True, sharey=True)
    TrainingCurveDisplay.from_histories({"": HISTORY}, ax=curve)
    LatentSpaceDisplay.from_codes(codes, method="tsne", random_state=0, ax=plane)
    assert len(curve.get_xticks()) > 1
    assert curve.get_xticklabels()
    _, ax = plt.subplots()
    ax.set_xticks([1, 4])
    TrainingCurveDisplay.from_histories({"": HISTORY}, ax=ax)
    TrialScoresDisplay.from_trials([1, 2, 3], ax=ax)
    assert ax.get_xticks().tolist() == [1, 4]
    ax.set_xscale("log")
    TrialScoresDisplay.from_trials([1, 2, 3], ax=ax).figure_.canvas.draw()


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("layout", [None, "tight", "constrained", "compressed"])
def test_figures_of_people(displays, name, layout):
    figure = plt.figure(layout=layout)
    engine = figure.get_layout_engine()
    left, right = figure.subfigures(1, 2)
    (ax, _), here = right.subplots(2, 1), left.subplots()
    plt.sca(here)
    display = displays[name].plot(ax=ax)
    figure.canvas.draw()
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert figure.get_layout_engine() is engine
    assert plt.gca() is here
    assert len(here.get_children()) == len(plt.figure().subplots().get_children())


@pytest.mark.slow
@pytest.mark.parametrize("style", ["dark_background", "classic", "ggplot", "fivethirtyeight"])
@pytest.mark.parametrize("name", ALL)
def test_styles(displays, name, style):
    with plt.style.context(style), matplotlib.rc_context({"image.origin": "lower", "image.aspect": "auto"}):
        before = dict(matplotlib.rcParams)
        display = displays[name].plot()
        assert_nothing_is_outside(display.figure_)
        assert dict(matplotlib.rcParams) == before
    if name in GRIDS:
        assert_pictures_are_seen(display)
        assert {image.origin for image in display.images_} == {"upper"}
        assert display.ax_.get_aspect() == 1
    if name == "ParallelCoordinatesDisplay":  # texts are no colour of their background
        assert all(
            text.get_bbox_patch().get_facecolor()[:3] != matplotlib.colors.to_rgb(text.get_color())
            for text in display.ax_.texts
        )


def test_aspect_and_origin_are_taken(garments):
    display = ImageGridDisplay.from_data(garments[0], imshow_kw={"aspect": "auto", "origin": "lower"})
    assert display.ax_.get_aspect() == "auto"
    assert display.images_[0].origin == "lower"


def test_a_display_that_fails_leaves_no_figure(garments):
    with pytest.raises(AttributeError):
        ImageGridDisplay.from_data(garments[0], imshow_kw={"no_such_keyword": 1})
    assert not plt.get_fignums()
    _, ax = plt.subplots()
    with pytest.raises(AttributeError):
        ImageGridDisplay.from_data(garments[0], imshow_kw={"no_such_keyword": 1}, ax=ax)
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize("name", ALL)
def test_unknown_properties_raise_the_error_of_matplotlib(displays, name):
    (keyword,) = (parameter for parameter in signature(displays[name].plot).parameters if parameter.endswith("_kw"))
    with pytest.raises(AttributeError, match="no_such_property"):
        displays[name].plot(**{keyword: {"no_such_property": 1}})


def test_names_are_no_formulas(garments):
    names = dict(enumerate(["$x", "$y_1$", "a_b", "5 %", "_c", "\\d", "{e}", "#f", "^g", "&h"]))
    X, y = garments
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grid = ImageGridDisplay.from_data(X, y, class_names=names, one_per_class=True)
        bars = ClassBalanceDisplay.from_labels({"$set$": y}, class_names=names)
        axes = ParallelCoordinatesDisplay.from_trials([{"$p$": "$a$"}, {"$p$": "$"}], [0, 1])
    for display, texts in ((grid, grid.captions_), (bars, bars.ax_.get_yticklabels()), (axes, axes.ax_.texts)):
        display.figure_.canvas.draw()
        assert not any(text.get_parse_math() for text in texts)
    assert not any(text.get_parse_math() for text in bars.ax_.get_legend().get_texts())


def test_long_captions_do_not_overlap(garments):
    X, y = garments[0][:20], garments[1][:20]
    names = [f"the garment with number {label}" for label in range(10)]
    pairs = {"confidence": np.linspace(0.5, 1, 20), "class_names": names, "n_columns": 5}
    maps = np.random.default_rng(0).normal(size=(20, 28, 28))
    for display in (
        ImageGridDisplay.from_data(X, y, class_names=names),
        MisclassifiedDisplay.from_predictions(X, y, (y + 1) % 10, **pairs),
        NearestImagesDisplay.from_data(X[:3], X, y, y=y[:3], class_names=names),
        SaliencyDisplay.from_maps(X, maps, captions=np.array(names)[y]),
        PrototypeDisplay.from_data(X, y, class_names=names),
    ):
        assert_nothing_is_outside(display.figure_)
        boxes = [text.get_window_extent() for text in display.captions_ if text.get_text()]
        boxes += [image.get_window_extent() for image in display.images_]
        assert not any(one.overlaps(other) for one, other in combinations([box.padded(-1) for box in boxes], 2))
        plt.close(display.figure_)


@pytest.mark.parametrize("n", [2, 10, 30])
def test_all_lines_are_in_the_legend(n):
    histories = {
        f"model {number} of a search": [{"epoch": epoch, "train_loss": number, "valid_loss": epoch} for epoch in (1, 2)]
        for number in range(n)
    }
    display = TrainingCurveDisplay.from_histories(histories)
    assert_nothing_is_outside(display.figure_)
    assert len(display.ax_.get_legend().get_texts()) == 2 * n
    assert display.ax_.get_window_extent().width > 2 * display.figure_.dpi


def test_rows_of_pairs_with_long_names_find_room(garments):
    X, y = garments[0][:40], garments[1][:40]
    names = [f"the garment with number {label}" for label in range(10)]
    display = MisclassifiedDisplay.from_predictions(X, y, (y + 1) % 10, class_names=names, n_pairs=10)
    assert_nothing_is_outside(display.figure_)


@pytest.mark.parametrize("n", [3, 10, 11, 30, 100])
def test_colours_can_be_told_from_black(n):
    for red, green, blue in map(to_rgb, distinct_colors(n)):
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.15

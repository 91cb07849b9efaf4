"""The pages of studies: what they show of results, and how they compare."""

import json
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks import evidence, report, reproduce
from benchmarks.arrays import packed
from benchmarks.figures import curves, draw_published, scale_of
from benchmarks.measures import measured
from benchmarks.studies import Row, rows_of
from skfashion.datasets import make_garments
from skfashion.metrics import mcnemar_test
from skfashion.neural_network import MLPClassifier, VariationalAutoencoder

EVIDENCE = {
    "cpu": "a processor",
    "threads": 2,
    "commit": "0123456789",
    "versions": {"torch": "2", "scikit-learn": "1"},
}
ESTIMATOR = MLPClassifier()
GROUPS = {
    "Perceptrons": [
        Row("wide", ESTIMATOR, accuracy=50.0),
        Row("narrow", ESTIMATOR, accuracy=60.0, note="A reason."),
        Row("missing", None, accuracy=70.0, note="Not described."),
        Row("ours: deep", ESTIMATOR),
    ],
    "Generators": [
        Row("VAE", ESTIMATOR, negative_elbo=20.0, compared="negative_elbo"),
        Row("unpublished VAE", ESTIMATOR, compared="negative_elbo"),
        Row("ours: VAE", ESTIMATOR, compared="negative_elbo"),
    ],
    "Clusters": [Row("k-means", ESTIMATOR, silhouette=0.1, compared="silhouette")],
}
STUDY = SimpleNamespace(
    __doc__="What it is about.",
    TITLE="A study",
    QUESTION="Is wider better?",
    ANSWER="Yes: {wide|accuracy} % against {narrow|accuracy} %.",
    LEAD="published",
    SEEDS=1,
    GROUPS=GROUPS,
)
PICTURES = ("reconstructions", "samples", "walk", "latent_space")


@pytest.fixture(scope="module")
def models():
    """What two fitted models are measured to be."""
    X, y = make_garments(300, random_state=0, return_X_y=True)
    images = SimpleNamespace(X=X[:200], y=y[:200], X_test=X[200:], y_test=y[200:])
    mlp = MLPClassifier((16,), max_epochs=3, batch_size=20, random_state=0)
    vae = VariationalAutoencoder(2, n_channels=(4,), hidden_layer_sizes=(8,), max_epochs=2, random_state=0)
    return {
        "mlp": measured(mlp.fit(images.X, images.y), images),
        "vae": measured(vae.fit(images.X), images, pictures=PICTURES),
    }


def run(result, seconds=1800, **changes):
    return {"seed": 0, "fit_seconds": seconds, "n_train": 200, "evidence": EVIDENCE, **result, **changes}


def right(n, n_right):
    return packed(np.arange(n) < n_right)


@pytest.fixture
def pages(tmp_path, monkeypatch, models):
    """The pages of a study whose numbers are known."""
    mlp, vae = models["mlp"], models["vae"]
    errors = np.linspace(10, 30, 100)
    rows = {
        "wide": [
            run(mlp, accuracy=52.0, right=right(100, 52), n_train=150),
            run(mlp, seed=1, accuracy=56.0, n_train=150),
        ],
        "narrow": [run(mlp, accuracy=40.0, right=right(100, 40))],
        "renamed since": [run(mlp)],
        "ours: deep": [run(mlp, accuracy=70.0, right=right(100, 70))],
        "VAE": [run(vae, negative_elbo=20.0, errors={"negative_elbo": packed(errors)})],
        "unpublished VAE": [run(vae, negative_elbo=15.0)],
        "ours: VAE": [run(vae, negative_elbo=18.0, errors={"negative_elbo": packed(errors - 2)})],
        "k-means": [run({"silhouette": 0.2}, seconds=0)],
    }
    results = {"title": "A study", "rows": {name: {"runs": runs} for name, runs in rows.items()}}
    (tmp_path / "fcn-ablation.json").write_text(json.dumps(results))
    monkeypatch.setattr(evidence, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "load_study", lambda name: STUDY)
    report.write_studies(tmp_path / "pages")
    return tmp_path / "pages"


def cells(page):
    """The rows of the tables of a page."""
    rows = []
    for line in page.read_text().splitlines():
        cell = re.fullmatch(r" {3,6}([ *]) -(?: (.*))?", line)
        if cell:
            rows += [[]] if cell[1] == "*" else []
            rows[-1].append(cell[2] or "")
    return rows


def test_the_table_shows_published_beside_ours(pages):
    table = {row[0]: row for row in cells(pages / "fcn-ablation.rst")}
    assert table["wide"][1:] == ["accuracy", "50", "54 ± 2.8", "28.59 to 79.41", "+4", "2"]
    assert table["narrow"][1:] == ["accuracy", "60", "40", "", "-20", "1"]
    assert table["missing"][1:] == ["accuracy", "70", "", "", "", "0"]
    assert table["ours: deep"][1:] == ["accuracy", "", "70", "", "", "1"]
    assert table["VAE"][1:] == ["negative ELBO", "20", "20", "", "+0", "1"]


def test_a_page_begins_with_a_question_its_answer_and_a_picture(pages):
    text = (pages / "fcn-ablation.rst").read_text()
    parts = ["*Is wider better?*", "Yes: 54 ± 2.8 % against 40 %.", "fcn-ablation-published.png", "What differs"]
    assert sorted(parts, key=text.index) == parts


def test_the_picture_of_an_answer_may_be_that_of_a_group(tmp_path, monkeypatch, pages):
    monkeypatch.setattr(report, "load_study", lambda name: SimpleNamespace(**{**vars(STUDY), "LEAD": "1-samples"}))
    report.write_studies(tmp_path / "others")
    text = (tmp_path / "others/fcn-ablation.rst").read_text()
    assert text.count("1-samples.png") == 1
    assert text.index("1-samples.png") < text.index("What differs")


def test_a_model_that_guesses_hides_no_difference():
    figure = draw_published(
        {"guesses": 11.0, "good": 89.0, "ours: better": None},
        {"guesses": [10.0], "good": [88.0, 90.0], "ours: better": [91.0]},
    )
    ax = figure.axes[0]
    assert ax.get_xlim()[0] > 60
    assert [text.get_text().split()[-1] for text in ax.texts] == ["10.0"]
    plt.close(figure)


def test_rows_of_the_house_are_compared_with_the_best_published_one(pages):
    text = (pages / "fcn-ablation.rst").read_text()
    pvalue = mcnemar_test(np.ones(100, int), np.arange(100) < 70, np.arange(100) < 52).pvalue
    assert "accuracy 70 against 54 of *wide*, the best reproduced row (trained on 150 and 200 images)" in text
    assert "at seed 0 ours alone gets 18 test images right, the other alone 0" in text
    assert report.p_value(pvalue) in text
    assert "negative ELBO 18 against 20 of *VAE*" in text
    assert "at seed 0 ours is lower on 100% of 100 test images" in text
    assert "on a processor, threads 2, torch 2, scikit-learn 1, commit 0123456" in text
    assert "- *narrow*: A reason." in text
    assert "- *missing*: Not described." in text


def test_a_note_names_the_rows_that_have_it():
    notes = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "z", "f": "y", "g": "y"}
    study = SimpleNamespace(GROUPS={"All": [Row(name, None, note=note) for name, note in notes.items()]})
    assert list(report.notes(study)) == ["- *a* to *c*: x", "- *d*; *f*; *g*: y", "- *e*: z"]


def test_every_picture_of_a_page_is_there(pages):
    text = (pages / "fcn-ablation.rst").read_text()
    named = [line.split(":: ")[1] for line in text.splitlines() if line.startswith(".. figure::")]
    assert sorted(named) == sorted(path.name for path in pages.glob("*.png"))
    kinds = {name.removeprefix("fcn-ablation-").removesuffix(".png") for name in named}
    generator = {"1-curves", "1-reconstructions", "1-latent-space", "1-walk", "1-samples"}
    assert kinds == {"published", "0-curves", "0-confusion", *generator}
    assert "Confusion matrix of *ours: deep*" in text


def test_a_group_without_pictures_has_no_section(pages):
    titles = [line for line in (pages / "fcn-ablation.rst").read_text().splitlines() if line in GROUPS]
    assert titles == ["Perceptrons", "Generators"]


@pytest.mark.parametrize(
    ("losses", "scale", "inside"),
    [
        ({"a": [2.0, 1.0, 0.8], "b": [2.0, 0.5, 0.4]}, "linear", (0.4, 0.8)),
        ({"a": [2.0, *[1.0] * 18, 0.5], "diverges": [2.5, 1e9, np.nan]}, "linear", (0.5, 2.0)),
        ({"a": [0.5, 0.3, 0.3], "b": [0.5, 0.1, 0.01]}, "log", (0.01, 0.5)),
        ({"a": [0.1, 1e-20, 0.0]}, "log", (1e-10, 0.1)),
    ],
)
def test_every_curve_is_seen(losses, scale, inside):
    found, (low, high) = scale_of({name: [{"train_loss": loss} for loss in values] for name, values in losses.items()})
    assert found == scale
    assert low <= inside[0] < inside[1] <= high <= 3 * inside[1]


def test_losses_of_zero_are_drawn_above_the_lower_end():
    history = {"epoch": [1, 2, 3], "train_loss": [0.1, 1e-20, 0.0], "duration": [1.0, 1.0, 1.0]}
    figure = curves({"a": {"history": history}}, None)
    for ax in figure.axes:
        assert ax.get_ylim()[0] < 0 < ax.transData.transform((1, 0.0))[1] - ax.bbox.y0
        np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), history["train_loss"])
    plt.close(figure)


def test_the_cost_is_known(pages):
    (_, row) = cells(pages / "index.rst")
    # Seven runs of half an hour on two threads, and one of no time; that of a row which is no more does not count.
    assert row == [":doc:`fcn-ablation`", "7 of 7", "8", "420", "210"]


def test_without_common_seeds_nothing_is_tested(models):
    rows = {
        "wide": {"runs": [run(models["mlp"], seed=1)]},
        "ours: deep": {"runs": [run(models["mlp"], seed=0)]},
    }
    sentence = report.comparison(STUDY, rows, GROUPS["Perceptrons"][3])
    assert "the best reproduced row." in sentence
    assert "McNemar" not in sentence
    del rows["wide"]
    assert "nothing to compare" in report.comparison(STUDY, rows, GROUPS["Perceptrons"][3])


def is_near(metric, ours, published):
    """Whether a mean over runs is no surprise.

    An accuracy is one within its 95 % interval, on 10,000 test images or, in a search, on all 60,000 training images;
    losses may differ by a tenth.
    """
    difference = abs(np.mean(ours) - published)
    if not metric.endswith("accuracy"):
        return difference <= 0.1 * published
    share = np.mean(ours) / 100
    return difference <= 196 * np.sqrt(share * (1 - share) / (60_000 if metric == "cv_accuracy" else 10_000))


@pytest.mark.parametrize("name", reproduce.STUDIES)
def test_surprises_are_explained(name):
    """A published number that ours is not near needs a sentence."""
    rows = evidence.read(name).get("rows", {})
    unexplained = [
        (row.name, metric, published, ours)
        for row in rows_of(reproduce.load_study(name))
        for metric, published in row.published.items()
        if published is not None
        and (ours := report.values_of(rows, row, metric))
        and not is_near(metric, ours, published)
        and not row.note
    ]
    assert not unexplained

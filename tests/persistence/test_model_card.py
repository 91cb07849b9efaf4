"""Model cards: for every estimator, with what is said of it; what nobody says is not stated."""

import json
import re
import sys

import numpy as np
import pytest
from cards import card_of, estimates, files, near, rows
from estimators import DEFAULTS, ESTIMATORS, READERS, SEARCHES
from sklearn import metrics
from sklearn.base import clone, is_classifier, is_clusterer, is_regressor
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skfashion.baselines import NeighborSampler, SubspaceClassifier
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    EncoderClassifier,
    MLPClassifier,
)
from skfashion.persistence import model_card
from skfashion.preprocessing import ImageReader


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model, X, y: make_pipeline(FunctionTransformer(), model).fit(X, y),
        lambda model, X, y: GridSearchCV(model, {"batch_size": [32]}, cv=2).fit(X, y),
        lambda model, X, y: FrozenEstimator(clone(model).fit(X, y)),
        lambda model, X, y: make_pipeline(
            MinMaxScaler(),
            GridSearchCV(make_pipeline(PCA(8, random_state=0), model), {"mlpclassifier__batch_size": [32]}, cv=2),
        ).fit(X, y),
    ],
    ids=["Pipeline", "search", "frozen", "search at the end of a Pipeline"],
)
def test_wrapped_estimators(split, tmp_path, wrap):
    X, y, X_test, y_test = split
    model = wrap(MLPClassifier((16,), batch_size=64, max_epochs=2, random_state=0), X, y)
    card = card_of(model, tmp_path, X_test, y_test)
    assert estimates(card)["Accuracy"] == near(metrics.accuracy_score(y_test, model.predict(X_test)))
    assert "`skfashion.neural_network.MLPClassifier`" in card
    assert files(tmp_path) == {"README.md", "estimator.html", "training_curve.png", "confusion_matrix.png"}


@pytest.mark.parametrize("resize", ["fit", "stretch"])
def test_a_pipeline_that_starts_at_photos(split, tmp_path, resize):
    photos = list(split[0][:60].reshape(-1, 28, 28))
    model = make_pipeline(ImageReader((16, 16), resize=resize), Autoencoder(4, (16,), max_epochs=1, random_state=0))
    card = card_of(model.fit(photos), tmp_path, photos)
    assert "16 x 16 pixels" in card
    assert "reconstructions.png" in files(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [*DEFAULTS, *ESTIMATORS, *SEARCHES], ids=lambda each: type(each).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_estimator(split, tmp_path, estimator):
    X, y, X_test, y_test = split
    model = clone(estimator)
    if "max_epochs" in model.get_params():
        model.set_params(max_epochs=2)
    with pytest.raises(NotFittedError):
        model_card(model, tmp_path / "not fitted")
    assert not (tmp_path / "not fitted").exists()
    model.fit(X[:200], y[:200])
    measurable = hasattr(model, "predict") or hasattr(model, "reconstruct")
    needs_targets = is_classifier(model) or is_regressor(model) or is_clusterer(model)
    targets = y_test if needs_targets else None
    card = card_of(model, tmp_path / "card", X_test if measurable else None, targets)
    shown = set(re.findall(r"!\[.+?\]\((.+?)\)", card))
    assert {*shown, "README.md", "estimator.html"} == files(tmp_path / "card")
    assert (rows(card, "Metrics") != []) == measurable


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_a_card(reader, tmp_path):
    assert "8 x 6 pixels" in card_of(clone(reader).fit([]), tmp_path)


def test_what_nobody_says_is_not_stated(mlp, tmp_path):
    card = card_of(mlp, tmp_path)
    for title in (
        "Intended use",
        "Training data",
        "Evaluation data",
        "Limitations",
        "Ethical considerations",
        "Authors",
        "License",
    ):
        assert f"## {title}\n\nNot stated.\n" in card
    assert "## Metrics\n\nNot measured.\n" in card
    assert 'load("model.skf")' in card
    assert "license:" not in card


def test_what_is_said_is_in_the_card(mlp, tmp_path):
    said = ("data", "test_data", "intended_use", "limitations", "ethical_considerations", "authors", "how_to_load")
    card = card_of(mlp, tmp_path, title="Garments", license="mit", **{name: f"This is {name}." for name in said})
    assert all(f"\n\nThis is {name}.\n" in card for name in said)
    assert "\n# Garments\n" in card
    assert "Not stated." not in card
    assert 'load("model.skf")' not in card


def test_the_metadata_is_yaml(mlp, tmp_path):
    yaml = pytest.importorskip("yaml")
    card = card_of(mlp, tmp_path, license='"no": [é]')
    assert yaml.safe_load(card.split("---\n")[1]) == {
        "license": '"no": [é]',
        "library_name": "skfashion",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "skfashion", "scikit-learn", "MLPClassifier"],
    }


def test_parameters_that_are_not_as_by_default(split, tmp_path):
    X, y, *_ = split
    encoder = Autoencoder(4, (16,), max_epochs=1)
    model = EncoderClassifier(encoder, max_epochs=1, random_state=0).fit(X, y)
    shown = dict(rows(card_of(model, tmp_path), "Parameters"))
    assert shown == {
        "`encoder`": "`Autoencoder(hidden_layer_sizes=(16,), latent_dim=4, max_epochs=1)`",
        "`max_epochs`": "`1`",
        "`random_state`": "`0`",
    }
    default = card_of(SubspaceClassifier().fit(X, y), tmp_path / "default")
    assert "### Parameters\n\nAll have their default values.\n" in default


@pytest.mark.parametrize(
    ("factor", "dtype", "scale"),
    [
        (1, np.uint8, "levels from 0 to 255"),
        (1, np.float64, "levels"),
        (1 / 255, np.float32, "brightness"),
        (0.1, np.float32, "numbers"),
    ],
)
def test_images_and_weights(split, tmp_path, factor, dtype, scale):
    X, y, *_ = split
    model = CNNClassifier(max_epochs=1, random_state=0).fit((X[:100] * factor).astype(dtype), y[:100])
    facts = dict(rows(card_of(model, tmp_path), "Model"))
    assert facts["Pixels"].startswith(scale)
    assert facts["Images"] == "28 x 28 pixels, channels: 1"
    n_weights = sum(weight.numel() for weight in model.module_.parameters())
    assert facts["Trainable parameters"] == f"{n_weights:,}"


def test_a_mask_is_brightness(split, tmp_path):
    X, y, *_ = split
    card = card_of(SubspaceClassifier(3).fit((X > 127).astype(np.uint8), y), tmp_path)
    assert dict(rows(card, "Model"))["Pixels"].startswith("brightness")


def test_frozen_weights_are_not_trainable(split, tmp_path):
    X, y, *_ = split
    model = EncoderClassifier(Autoencoder(4, (16,), max_epochs=1), freeze=True, max_epochs=1).fit(X, y)
    trainable, everything = dict(rows(card_of(model, tmp_path), "Model"))["Trainable parameters"].split(" of ")
    assert int(trainable.replace(",", "")) < int(everything.replace(",", ""))


def test_the_versions_are_those_of_the_packages(mlp, tmp_path):
    import sklearn
    import torch

    versions = dict(rows(card_of(mlp, tmp_path), "Versions"))
    assert versions["scikit-learn"] == sklearn.__version__
    assert torch.__version__.startswith(versions["torch"])  # without the build, which not every wheel states
    assert versions["numpy"] == np.__version__


def test_nothing_is_overwritten_unasked(split, mlp, tmp_path):
    _, _, X, y = split
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(FileExistsError, match=r"README\.md already: overwrite=True replaces"):
        model_card(mlp, tmp_path, X, y)
    assert files(tmp_path) == {"README.md"}
    assert card_of(mlp, tmp_path, X, y, overwrite=True).startswith("---")
    (tmp_path / "README.md").unlink()
    with pytest.raises(FileExistsError, match="confusion_matrix"):
        model_card(mlp, tmp_path)


def test_a_failure_leaves_no_half_of_a_card(split, mlp, tmp_path, monkeypatch):
    _, _, X, y = split
    card = card_of(mlp, tmp_path, X, y)

    def broken(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        model_card(mlp, tmp_path, title="other", overwrite=True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == card
    assert len(files(tmp_path)) == 4


def test_what_is_wrong_is_said(split, mlp, tmp_path):
    X, _, X_test, y_test = split
    cases = [
        (TypeError, "license must be a str", (), {"license": 3}),
        (ValueError, "without y_test", (X_test,), {}),
        (ValueError, "without X_test", (None, y_test), {}),
        (ValueError, "not trained on: 77", (X_test, np.where(y_test == 3, 77, y_test)), {}),
        (ValueError, "class_names must be", (X_test, y_test), {"class_names": ["one"]}),
        (ValueError, "inconsistent numbers", (X_test, y_test[:-1]), {}),
    ]
    for error, message, arguments, texts in cases:
        with pytest.raises(error, match=message):
            model_card(mlp, tmp_path / "card", *arguments, **texts)
    with pytest.raises(ValueError, match="neither predicts nor reconstructs"):
        model_card(NeighborSampler().fit(X), tmp_path / "card", X_test)
    with pytest.raises(ValueError, match="not a classifier"):
        model_card(NeighborSampler().fit(X), tmp_path / "card", class_names=["one"])
    search = GridSearchCV(SubspaceClassifier(), {"n_components": [2]}, cv=2, refit=False).fit(X_test, y_test)
    with pytest.raises(NotFittedError, match="refit=True"):
        model_card(search, tmp_path / "card")
    assert not (tmp_path / "card").exists()


def test_matplotlib_that_is_missing_is_named(split, mlp, tmp_path, monkeypatch):
    X, y, *_ = split
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"skfashion\[plot\]"):
        model_card(mlp, tmp_path / "card")
    assert not (tmp_path / "card").exists()
    card_of(SubspaceClassifier(3).fit(X, y), tmp_path / "without pictures")


def test_no_figure_stays_open(split, mlp, tmp_path):
    import matplotlib.pyplot as plt

    before, settings = plt.get_fignums(), dict(plt.rcParams)
    model_card(mlp, tmp_path, *split[2:])
    assert plt.get_fignums() == before
    assert dict(plt.rcParams) == settings


def test_the_html_is_the_diagram_of_scikit_learn(mlp, tmp_path):
    model_card(mlp, tmp_path)
    html = (tmp_path / "estimator.html").read_text(encoding="utf-8")
    assert "MLPClassifier" in html
    assert "<style>" in html


def test_a_card_is_the_same_twice(split, mlp, tmp_path):
    first, second = (model_card(mlp, tmp_path / name, *split[2:]).parent for name in "ab")
    for name in files(first) - {"estimator.html"}:  # scikit-learn numbers its diagrams
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_metadata_is_one_line_each(mlp, tmp_path):
    lines = card_of(mlp, tmp_path, license="a\nb: c").split("---\n")[1].splitlines()
    assert json.loads(lines[0].removeprefix("license: ")) == "a\nb: c"

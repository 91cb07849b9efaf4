"""The runner of studies: what it writes, what it skips, and what an interruption costs."""

import json
import sys
from types import SimpleNamespace

import pytest
from sklearn.model_selection import GridSearchCV

from benchmarks import evidence, reproduce
from benchmarks.studies import Row
from skfashion.datasets import make_garments
from skfashion.neural_network import MLPClassifier

MLP = MLPClassifier((8,), max_epochs=1, batch_size=50)
STUDY = SimpleNamespace(
    TITLE="A study",
    SEEDS=2,
    ROWS=[
        Row("plain", MLP, accuracy=50.0, loss=2.0, note="A note."),
        Row("searched", GridSearchCV(MLP, {"max_epochs": [1, 2]}, cv=2), cv_accuracy=40.0),
        Row("held out", MLP, held_out=0.25),
    ],
)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A study on garments, whose results go to a folder of the test."""
    monkeypatch.setattr(evidence, "RESULTS", tmp_path)
    monkeypatch.setattr(reproduce, "RESULTS", tmp_path)
    monkeypatch.setattr(reproduce, "load_study", lambda name: STUDY)
    fetch = lambda subset="train", return_X_y=True: make_garments(  # noqa: E731
        200, random_state=0 if subset == "train" else 1, return_X_y=True
    )
    monkeypatch.setattr(reproduce, "FETCH", {"fashion_mnist": fetch})
    return tmp_path


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["reproduce", "fcn-ablation", *arguments])
    reproduce.main()


def test_a_study_is_fitted_written_and_shown(results, monkeypatch, capsys):
    call(monkeypatch)
    content = json.loads((results / "fcn-ablation.json").read_text())
    assert content["title"] == "A study"
    assert {name: [run["seed"] for run in row["runs"]] for name, row in content["rows"].items()} == {
        "plain": [0, 1],
        "searched": [0, 1],
        "held out": [0, 1],
    }
    plain, searched, held_out = (content["rows"][name]["runs"][1] for name in ("plain", "searched", "held out"))
    X, y = make_garments(200, random_state=0, return_X_y=True)
    X_test, y_test = make_garments(200, random_state=1, return_X_y=True)
    model = MLPClassifier((8,), max_epochs=1, batch_size=50, random_state=1).fit(X, y)
    assert plain["accuracy"] == pytest.approx(100 * model.score(X_test, y_test))
    assert sum(map(sum, plain["confusion_matrix"])) == 200
    assert plain["parameters"] == 784 * 8 + 8 + 80 + 10
    assert searched["best_params"]["max_epochs"] in (1, 2)
    assert len(searched["trials"]) == 2
    assert (held_out["n_train"], plain["n_train"]) == (150, 200)
    assert held_out["history"]["valid_accuracy"][0] is not None
    assert {"commit", "cpu", "versions", "command"} <= set(plain["evidence"])
    assert content["rows"]["plain"]["published"] == {"accuracy": 50.0, "loss": 2.0}
    table = capsys.readouterr().out.splitlines()
    line = next(line for line in table if line.startswith("plain") and "accuracy" in line).split()
    ours = (content["rows"]["plain"]["runs"][0]["accuracy"] + plain["accuracy"]) / 2
    assert (line[2], line[3], line[-1]) == ("50.00", f"{ours:.2f}", "2")
    assert float(line[5]) == pytest.approx(ours - 50, abs=0.01)


def test_an_interruption_costs_the_run_that_it_hits(results, monkeypatch):
    run, count = reproduce.run, []

    def interrupted(row, seed, **how):
        count.append((row.name, seed))
        if len(count) == 3:
            raise KeyboardInterrupt
        return run(row, seed, **how)

    monkeypatch.setattr(reproduce, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch)
    before = json.loads((results / "fcn-ablation.json").read_text())["rows"]
    assert [len(row["runs"]) for row in before.values()] == [2]
    call(monkeypatch)
    after = json.loads((results / "fcn-ablation.json").read_text())["rows"]
    assert [len(row["runs"]) for row in after.values()] == [2, 2, 2]
    assert after["plain"] == before["plain"]
    assert len(count) == 3 + 4
    assert not list(results.glob("*.part"))
    call(monkeypatch)
    assert len(count) == 7


def test_parts_of_a_study(results, monkeypatch, capsys):
    call(monkeypatch, "--list")
    assert capsys.readouterr().out.split("\n")[:3] == ["plain", "searched", "held out"]
    call(monkeypatch, "--only", "plain", "--seeds", "1", "--epochs", "3")
    (row,) = json.loads((results / "fcn-ablation-3-epochs.json").read_text())["rows"].values()
    assert [run["epochs"] for run in row["runs"]] == [3]
    call(monkeypatch, "--quick", "--only", "held*")
    (row,) = json.loads((results / "quick" / "fcn-ablation.json").read_text())["rows"].values()
    assert [run["epochs"] for run in row["runs"]] == [1]
    assert not (results / "fcn-ablation.json").exists()
    with pytest.raises(SystemExit, match="no row matches 'nothing'"):
        call(monkeypatch, "--only", "nothing")


@pytest.mark.parametrize("name", reproduce.STUDIES)
def test_studies_are_well_formed(name):
    study = reproduce.load_study(name)
    names = [row.name for row in study.ROWS]
    assert len(set(names)) == len(names)
    for row in study.ROWS:
        assert reproduce.prepared(row.estimator, 3, 1).get_params()
        assert reproduce.parameters_of(row.estimator, "random_state")
    assert study.TITLE
    assert study.SEEDS >= 1


@pytest.mark.real_data
@pytest.mark.parametrize("name", reproduce.STUDIES)
def test_every_row_fits(fashion_mnist, name):
    """One epoch on 300 images: every setting of every study is one that the estimators take."""
    for row in reproduce.load_study(name).ROWS:
        result = reproduce.run(row, 0, n_train=300, n_test=100, epochs=1)
        assert set(row.published) <= set(result)
        json.dumps(result)

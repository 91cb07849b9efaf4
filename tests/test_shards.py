"""Studies in shards: which runs belong to which, and how their results are merged."""

import json
import shutil
import signal
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from processes import run_python, start_python

from benchmarks import evidence, reproduce, shards
from benchmarks.studies import Row
from skfashion.neural_network import MLPClassifier

NAMES = ["plain", "Plain", "plain!", "other", "Ä", "x" * 300]  # names that read alike, and one longer than a file's
STUDY = SimpleNamespace(
    TITLE="A study",
    SEEDS=3,
    GROUPS={
        "All": [
            *(Row(name, MLPClassifier((8,)), accuracy=50.0) for name in NAMES),
            Row("not described", None, accuracy=50.0, note="Nobody says how."),
        ]
    },
)
RUNS = sorted((name, seed) for name in NAMES for seed in range(3))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A study whose runs only note that they were made, and whose results go to a folder of the test."""
    made = []
    folder = tmp_path / "results"

    def run(row, seed, **how):
        made.append((row.name, seed))
        return {"seed": seed, "accuracy": float(len(row.name) + seed), "fit_seconds": 1.0}

    monkeypatch.setattr(evidence, "RESULTS", folder)
    monkeypatch.setattr(reproduce, "load_study", lambda name: STUDY)
    monkeypatch.setattr(reproduce, "run", run)
    return SimpleNamespace(folder=folder, made=made)


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["reproduce", "fcn-ablation", *arguments])
    reproduce.main()


def in_file(folder):
    rows = json.loads((folder / "fcn-ablation.json").read_text())["rows"]
    return sorted((name, run["seed"]) for name, row in rows.items() for run in row["runs"])


@pytest.mark.parametrize("count", [1, 2, 5, 18, 25])
def test_shards_make_every_run_once(results, monkeypatch, capsys, count):
    for number in range(count, 0, -1):
        call(monkeypatch, "--shard", f"{number}/{count}")
    assert sorted(results.made) == RUNS
    assert not (results.folder / "fcn-ablation.json").exists()
    for number in range(1, count + 1):
        call(monkeypatch, "--shard", f"{number}/{count}")
    assert sorted(results.made) == RUNS, "a run that is there was made again"
    call(monkeypatch, "--merge")
    assert "18 results of shards were merged, 0 runs are missing." in capsys.readouterr().out
    assert in_file(results.folder) == RUNS
    assert not list(shards.folder_of("fcn-ablation").iterdir())
    call(monkeypatch, "--shard", f"1/{count}")
    call(monkeypatch)
    assert sorted(results.made) == RUNS, "a run that was merged was made again"


def test_merged_results_are_those_of_a_study_in_one_piece(results, monkeypatch):
    for number in (1, 2):
        call(monkeypatch, "--shard", f"{number}/2")
    call(monkeypatch, "--merge")
    merged = shards.merged_rows("fcn-ablation")
    (results.folder / "fcn-ablation.json").unlink()
    call(monkeypatch)
    whole = shards.merged_rows("fcn-ablation")
    for rows in (merged, whole):
        for row in rows.values():
            for run in row["runs"]:
                assert run["evidence"].pop("command").startswith("python -m ")
    assert merged == whole


def test_what_is_done_moves_no_run_to_another_shard(results, monkeypatch):
    call(monkeypatch, "--shard", "2/3")
    of_an_empty_study = set(results.made)
    shutil.rmtree(results.folder)
    call(monkeypatch, "--only", "plain", "--seeds", "2")
    call(monkeypatch, "--shard", "1/3")
    results.made.clear()
    call(monkeypatch, "--shard", "2/3")
    there = {("plain", 0), ("plain", 1), ("Plain", 0), ("Plain", 1), ("plain!", 0), ("plain!", 1)}
    assert set(results.made) == of_an_empty_study - there


@pytest.mark.slow
def test_other_processes_agree_on_the_shards():
    code = """
        import json
        from types import SimpleNamespace
        from benchmarks import reproduce, shards
        asked = SimpleNamespace(seeds=None, quick=False, only="", shard=shards.shard("3/16"))
        studies = [reproduce.load_study(name) for name in reproduce.STUDIES]
        runs = [reproduce.chosen_runs(study, asked) for study in studies]
        print(json.dumps([[(row.name, seed) for row, seed in some] for some in runs]))
    """
    one, two = (json.loads(run_python(code, PYTHONHASHSEED=seed)) for seed in "12")
    assert one == two
    assert all(one)


def test_each_shard_has_its_share_of_rows_that_take_long():
    """Rows of one kind stand together in a study, and the seeds of a row next to each other."""
    runs = [("long" if 10 <= row < 14 else "short", seed) for row in range(30) for seed in range(4)]
    for count in (2, 4, 8, 16):
        n_long = [sum(kind == "long" for kind, _ in shards.Shard(k, count).part_of(runs)) for k in range(1, count + 1)]
        assert set(n_long) == {16 // count}


def test_a_call_without_shards_takes_in_what_they_left(results, monkeypatch):
    call(monkeypatch, "--shard", "1/2")
    call(monkeypatch)
    assert sorted(results.made) == RUNS
    assert in_file(results.folder) == RUNS
    assert not list(shards.folder_of("fcn-ablation").iterdir())


def test_copies_are_brought_together(results, monkeypatch, tmp_path):
    """Two copies made some runs both; files of one are laid over those of the other, a part of them twice."""
    for copy, part in (("one", "1/2"), ("two", "2/3")):
        monkeypatch.setattr(evidence, "RESULTS", tmp_path / copy)
        call(monkeypatch, "--shard", part)
    here = tmp_path / "one" / "shards"
    shutil.copytree(tmp_path / "two" / "shards", here, dirs_exist_ok=True)
    monkeypatch.setattr(evidence, "RESULTS", tmp_path / "one")
    call(monkeypatch, "--merge")
    expected = sorted(set(results.made))
    assert len(expected) < len(results.made)
    assert in_file(tmp_path / "one") == expected
    shutil.copytree(tmp_path / "two" / "shards", here, dirs_exist_ok=True)
    call(monkeypatch, "--merge")
    assert in_file(tmp_path / "one") == expected


def test_epochs_and_quick_runs_have_shards_of_their_own(results, monkeypatch):
    for scale, table in ((("--epochs", "3"), "fcn-ablation-3-epochs"), (("--quick",), "quick/fcn-ablation")):
        call(monkeypatch, *scale, "--only", "other", "--shard", "1/1")
        assert len(list(shards.folder_of(table).glob("*.json"))) == (1 if table.startswith("quick") else 3)
        call(monkeypatch, *scale, "--only", "other", "--merge")
        assert set(shards.merged_rows(table)) == {"other"}
    assert not (results.folder / "fcn-ablation.json").exists()
    n_made = len(results.made)
    call(monkeypatch, "--quick", "--only", "other", "--shard", "1/1")
    assert len(results.made) == n_made + 1


def test_results_of_other_settings_are_not_merged(results, monkeypatch):
    call(monkeypatch, "--shard", "1/1", "--only", "other", "--seeds", "1")
    (path,) = shards.folder_of("fcn-ablation").glob("*.json")
    result = json.loads(path.read_text())
    path.write_text(json.dumps({**result, "estimator": "MLPClassifier((9,))"}))
    for arguments in ((), ("--merge",), ("--shard", "1/1")):
        with pytest.raises(SystemExit, match=r"The results of 'other' are those of MLPClassifier\(\(9,\)\)"):
            call(monkeypatch, *arguments)
    path.unlink()
    call(monkeypatch, "--only", "other", "--seeds", "1")
    path.write_text(json.dumps({**result, "estimator": "MLPClassifier((9,))"}))
    with pytest.raises(SystemExit, match=rf"{path.name} is one of MLPClassifier\(\(9,\)\): remove it or them"):
        call(monkeypatch, "--merge")
    assert path.exists()


@pytest.mark.parametrize(("text", "message"), [("{", "holds no results"), ("[1]", "is not the result of a run")])
def test_what_is_no_result_is_named_before_a_fit(results, monkeypatch, text, message):
    folder = shards.folder_of("fcn-ablation")
    folder.mkdir(parents=True)
    (folder / "cut-off.json").write_text(text)
    for arguments in ((), ("--merge",), ("--shard", "1/2")):
        with pytest.raises(ValueError, match=f"cut-off.json {message}"):
            call(monkeypatch, *arguments)
    assert not results.made


def test_a_folder_that_takes_no_files_costs_no_fit(results, monkeypatch):
    results.folder.mkdir()
    (results.folder / "shards").write_text("a file")
    with pytest.raises(OSError, match="shards"):
        call(monkeypatch, "--shard", "1/2")
    assert not results.made


@pytest.mark.parametrize("bad", ["0/4", "5/4", "a/b", "1/0", "-1/4", "1/4/2", "4", "1.0/4", "", "²/4"])
def test_what_is_no_shard_is_refused(results, monkeypatch, capsys, bad):
    with pytest.raises(SystemExit, match="2"):
        call(monkeypatch, f"--shard={bad}")
    assert f"{bad!r} is no shard: pass NUMBER/COUNT" in capsys.readouterr().err
    assert not results.made


@pytest.mark.parametrize("both", [["--shard", "1/2", "--merge"], ["--jobs", "2", "--dask", "tcp://localhost:1"]])
def test_what_does_not_go_together_is_refused(results, monkeypatch, capsys, both):
    with pytest.raises(SystemExit, match="2"):
        call(monkeypatch, *both)
    assert "not allowed with" in capsys.readouterr().err


def test_no_result_is_lost_where_many_write_and_merge(results):
    """Locks belong to open files, so that threads stand for processes."""
    seeds = range(12)

    def work(number):
        for seed in seeds:
            run = {"seed": seed, "accuracy": 1.0}
            result = {"row": f"row {number}", "published": {}, "estimator": "a model", "run": run}
            if number % 2:
                shards.keep("table", "A table", result)
            else:
                shards.keep_apart("table", result)
                shards.merge("table", "A table")
            assert seed in [each["seed"] for each in shards.known_rows("table")[f"row {number}"]["runs"]]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    rows = shards.merged_rows("table")
    assert {name: [run["seed"] for run in row["runs"]] for name, row in rows.items()} == {
        f"row {number}": list(seeds) for number in range(6)
    }


def test_a_merge_that_is_cut_off_is_made_up_for(results, monkeypatch):
    call(monkeypatch, "--shard", "1/1")
    with monkeypatch.context() as cut_off:
        cut_off.setattr(Path, "unlink", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            call(cut_off, "--merge")
    assert len(list(shards.folder_of("fcn-ablation").iterdir())) == len(RUNS)
    call(monkeypatch, "--merge")
    assert in_file(results.folder) == RUNS
    assert not list(shards.folder_of("fcn-ablation").iterdir())
    assert sorted(results.made) == RUNS


def in_a_process(code, folder, *arguments):
    """Start the command in a process of its own, with the study of these tests and after some more code."""
    return start_python(f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_shards
from benchmarks import evidence, reproduce

evidence.RESULTS = Path({str(folder)!r})
reproduce.load_study = lambda name: test_shards.STUDY
reproduce.run = lambda row, seed, **how: {{"seed": seed, "accuracy": 1.0, "fit_seconds": 1.0}}
{textwrap.dedent(code)}
for options in {arguments!r}:
    sys.argv = ["reproduce", "fcn-ablation", *options]
    reproduce.main()
""")


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--shard", "1/2")])
@pytest.mark.parametrize("when", ["half written", "written", "in its place"])
def test_a_process_that_is_killed_while_it_writes_loses_one_run(results, monkeypatch, options, when):
    code = f"""
        replace, written = os.replace, []

        def killed(source, target):
            written.append(target)
            if len(written) == 3:
                if {when!r} == "half written":
                    Path(source).write_text(Path(source).read_text()[:100])
                if {when!r} == "in its place":
                    replace(source, target)
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, target)

        os.replace = killed
    """
    process = in_a_process(code, results.folder, options)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    call(monkeypatch, *options)
    asked = RUNS if not options else sorted(shards.shard("1/2").part_of([(n, k) for n in NAMES for k in range(3)]))
    assert len(results.made) == len(asked) - (3 if when == "in its place" else 2)
    call(monkeypatch, "--merge")
    assert in_file(results.folder) == asked


@pytest.mark.slow
def test_shards_may_run_and_be_merged_at_the_same_time(results):
    processes = [in_a_process("", results.folder, ("--shard", f"{k}/3"), ("--merge",)) for k in (1, 2, 3)]
    processes.append(in_a_process("", results.folder, ("--only", "plain")))
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert in_file(results.folder) == RUNS

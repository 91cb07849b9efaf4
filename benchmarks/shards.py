"""Shards: the runs of a study in parts that are made apart, in any processes, copies and machines.

Nothing coordinates them. What belongs to a shard follows from the list of runs alone, and each result goes to a file of
its own under ``benchmarks/results/shards``, so that files of several copies can be brought together in one folder.
There they wait until they are merged into the results of the study.
"""

import argparse
import fcntl
import hashlib
import re
import tempfile
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import evidence


class Shard(NamedTuple):
    """Part `number` of `count`, from 1."""

    number: int
    count: int

    def part_of(self, runs):
        """Every `count`-th run: neighbours in a study take about as long as each other, and so are spread evenly."""
        return runs[self.number - 1 :: self.count]


def shard(text):
    """Read ``"3/16"``."""
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no shard: pass NUMBER/COUNT, from 1/4 to 4/4 for four of them")
    return Shard(int(match[1]), int(match[2]))


def check_writable(folder):
    """Raise an OSError if no file can be written to a folder, which is made if need be: before that costs a fit."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def path_of(table):
    """The file of what is merged."""
    return evidence.RESULTS / f"{table}.json"


def folder_of(table):
    """The folder in which results of a table wait."""
    return evidence.RESULTS / "shards" / table


def keep_apart(table, result):
    """Write the result of one run to a file of its own, whole or not at all."""
    name, seed = result["row"], result["run"]["seed"]
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower())[:60].strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]  # names of two rows may read alike
    evidence.write(f"shards/{table}/{readable}-{digest}-seed-{seed}", result)


def keep(table, title, result):
    """Add the result of one run to the results of its study, as they are now: others may have written to them."""
    with _alone():
        rows = merged_rows(table)
        _add(rows, result, "this run")
        evidence.write(table, {"title": title, "rows": rows})


def merge(table, title):
    """Move all that waits to the results of the study; return how many runs that were."""
    with _alone():
        waiting, rows = _waiting(table), merged_rows(table)
        for path, result in waiting.items():
            _add(rows, result, path)
        if waiting:
            evidence.write(table, {"title": title, "rows": rows})
        for path in waiting:
            path.unlink()
    return len(waiting)


def merged_rows(table):
    """The rows of a table, without what waits."""
    return evidence.read(table).get("rows", {})


def known_rows(table):
    """The rows of a table, with what waits."""
    waiting = _waiting(table)  # first: what is merged meanwhile is among the others then
    rows = merged_rows(table)
    for path, result in waiting.items():
        _add(rows, result, path)
    return rows


def _waiting(table):
    """The results that wait, by their files."""
    results = {path: evidence.read(f"shards/{table}/{path.stem}") for path in sorted(folder_of(table).glob("*.json"))}
    for path, result in results.items():
        if result and not {"row", "published", "estimator", "run"} <= set(result):
            raise ValueError(f"{path} is not the result of a run: remove it.")
    return {path: result for path, result in results.items() if result}  # others may have merged some meanwhile


def _add(rows, result, source):
    """Add a result to rows; one of the same seed makes room for it."""
    described = {"published": result["published"], "estimator": result["estimator"]}
    entry = rows.setdefault(result["row"], {**described, "runs": []})
    if entry["estimator"] != result["estimator"]:
        raise SystemExit(
            f"The results of {result['row']!r} are those of {entry['estimator']}, but {source} is one of "
            f"{result['estimator']}: remove it or them."
        )
    others = [run for run in entry["runs"] if run["seed"] != result["run"]["seed"]]
    entry["runs"] = sorted([*others, result["run"]], key=lambda run: run["seed"])


@contextmanager
def _alone():
    """One process at a time changes the results of studies; the lock of one that is killed is free again."""
    evidence.RESULTS.mkdir(parents=True, exist_ok=True)
    with (evidence.RESULTS / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Reproduce a published table: ``python -m benchmarks.reproduce STUDY``.

Every run (a row at a seed) is written to ``benchmarks/results/STUDY.json`` as soon as it is done, with its evidence;
what is there is skipped, so that an interrupted study goes on where it was. A run that fails does not stop the others.
At the end published and own numbers stand side by side. ``--quick`` takes a few minutes at most: one epoch on 2,000
images, kept apart in ``results/quick``.

``--shard 3/16`` makes the third of sixteen parts: in a job array, a CI matrix, or terminals. Its results wait in files
in ``benchmarks/results/shards/STUDY``, one per run, until ``--merge`` or a call without ``--shard`` adds them to
``STUDY.json``. ``--dask ADDRESS`` hands the runs to the workers of a Dask cluster.
"""

import argparse
import importlib
import re
import sys
import time
import traceback
from fnmatch import fnmatch
from types import SimpleNamespace

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from benchmarks import shards
from benchmarks.evidence import evidence, machine, write
from benchmarks.measures import measured
from benchmarks.studies import rows_of
from skfashion.datasets import fetch_fashion_mnist, fetch_mnist

STUDIES = ("fcn-ablation", "mlp-cnn", "optimizers", "cae-vae", "generation")


def fetch_black(**fetch_params):
    """Fashion-MNIST with every pixel 0, as a mistake in scaling can make it."""
    X, y = fetch_fashion_mnist(**fetch_params)
    return np.zeros_like(X), y


FETCH = {"fashion_mnist": fetch_fashion_mnist, "mnist": fetch_mnist, "black": fetch_black}

QUICK = {"n_train": 2000, "n_test": 2000, "max_epochs": 1, "n_trials": 2}


def load_study(name):
    """The module of a study."""
    return importlib.import_module(f"benchmarks.studies.{name.replace('-', '_')}")


def prepared(estimator, **settings):
    """A clone in which every parameter of these names, also of what the estimator holds, has these values."""
    names = {each: each.rpartition("__")[2] for each in estimator.get_params()}
    return clone(estimator).set_params(
        **{each: settings[name] for each, name in names.items() if settings.get(name) is not None}
    )


def load_images(row, seed, n_train, n_test):
    """The images of a row, and what it holds out of them."""
    X, y = FETCH[row.data](return_X_y=True)
    X_test, y_test = FETCH[row.data](subset="test", return_X_y=True)
    X, y = X[:n_train], y[:n_train]
    if row.n_train is not None and row.n_train < len(X):
        X, _, y, _ = train_test_split(X, y, train_size=row.n_train, random_state=seed)
    held_out = {}
    if row.held_out:
        X, X_val, y, y_val = train_test_split(X, y, test_size=row.held_out, stratify=y, random_state=seed)
        held_out = {"X_val": X_val, "y_val": y_val}
    return SimpleNamespace(X=X, y=y, X_test=X_test[:n_test], y_test=y_test[:n_test], held_out=held_out)


def run(row, seed, *, n_train=None, n_test=None, **settings):
    """Fit one row at one seed and measure it; pictures, which are large, are those of seed 0."""
    images = load_images(row, seed, n_train, n_test)
    model = prepared(row.estimator, random_state=seed, **settings)
    start = time.perf_counter()
    model.fit(images.X, images.y, **images.held_out)
    seconds = time.perf_counter() - start
    return {
        "seed": seed,
        "fit_seconds": round(seconds, 1),
        "n_train": len(images.X),
        **measured(model, images, as_clusters="wcss" in row.published, pictures=() if seed else row.pictures),
    }


def run_or_fail(row, seed, settings, started):
    """The row with its result, or with the error that it ended in; others need not wait for that."""
    try:
        result = run(row, seed, **settings)
    except Exception:
        return row, seed, traceback.format_exc()  # as text: not every error travels between processes
    return row, seed, {**result, "evidence": {**started, **machine()}}


def reproduce(name, arguments):
    """Fit what is missing of a study, or of a shard of it, and print its table; return what failed."""
    study, table, settings = load_study(name), name, {}
    if arguments.epochs is not None:
        table, settings = f"{name}-{arguments.epochs}-epochs", {"max_epochs": arguments.epochs}
    if arguments.quick:
        table, settings = f"quick/{name}", QUICK
    begins_anew = arguments.quick and not arguments.merge
    rows = {} if begins_anew else shards.known_rows(table)
    missing = missing_runs(chosen_runs(study, arguments), rows, settings)
    failed = []
    if arguments.merge:
        n_merged = shards.merge(table, study.TITLE)
        print(f"{n_merged} results of shards were merged, {len(missing)} runs are missing.")
    else:
        prepare(table, study, arguments)
        failed = make(missing, table, study, settings, arguments)
    print_table(study, shards.known_rows(table))
    if arguments.quick:
        print("One epoch on 2,000 images: this shows that every row runs, and no more.")
    return failed


def prepare(table, study, arguments):
    """Take in what shards have left; what cannot be written fails before it costs a fit."""
    if arguments.shard is not None:
        shards.check_writable(shards.folder_of(table))
    elif arguments.quick:
        write(table, {"title": study.TITLE, "rows": {}})
    else:
        shards.merge(table, study.TITLE)
        shards.check_writable(shards.path_of(table).parent)


def make(runs, table, study, settings, arguments):
    """Make runs, some at a time, and keep the result of each; return what failed."""
    started = evidence()  # what runs is the code of now, whatever is committed meanwhile
    if arguments.dask is None:
        done = Parallel(n_jobs=arguments.jobs or 1, return_as="generator_unordered")(
            delayed(run_or_fail)(row, seed, settings, started) for row, seed in runs
        )
    else:
        done = done_by_dask(arguments.dask, runs, settings, started)
    failed = []
    for number, (row, seed, result) in enumerate(done, 1):
        label = f"{number} of {len(runs)}: {row.name}, seed {seed}"
        if isinstance(result, str):
            failed.append(label)
            print(f"{label}: {result}", flush=True)
            continue
        keep(table, study, row, settings, result, apart=arguments.shard is not None)
        numbers = ", ".join(f"{metric} {result[metric]:.5g}" for metric in row.published)
        print(f"{label}: {numbers} in {result['fit_seconds']} s", flush=True)
    return failed


def done_by_dask(address, runs, settings, started):
    """Let the workers of a Dask cluster make the runs, and yield them as they are done.

    Not by joblib: there a run that takes its workers with it, by the memory that it needs, ends all others.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise SystemExit('--dask needs more: pip install -c constraints.txt -e ".[dask]"') from error
    with Client(address) as client:
        futures = {client.submit(run_or_fail, *run, settings, started, pure=False): run for run in runs}
        for future, result in as_completed(futures, with_results=True, raise_errors=False):
            if future.status == "finished":
                yield result
            else:
                kind, error, _ = result
                yield *futures[future], f"{kind.__name__}: {error}"


def keep(table, study, row, settings, result, *, apart):
    """Write the result of a run to the results of its study, or to a file that waits to be merged into them."""
    result = {"row": row.name, "published": row.published, "estimator": described(row, settings), "run": result}
    if apart:
        shards.keep_apart(table, result)
    else:
        shards.keep(table, study.TITLE, result)


def described(row, settings):
    """The estimator that is fitted, in one line, the same in every process."""
    model = prepared(row.estimator, **settings)
    spaces = {name: space for name, space in model.get_params().items() if isinstance(space, dict)}
    model.set_params(**{name: {key: _in_full(of) for key, of in space.items()} for name, space in spaces.items()})
    text = model.__repr__(N_CHAR_MAX=sys.maxsize)
    return " ".join(re.sub(r"( object)? at 0x[0-9a-f]+", "", text).split())


def _in_full(values):
    """A distribution of scipy with its range, which its own text hides; others as they are."""
    if not hasattr(values, "dist"):
        return values
    settings = [*map(str, values.args), *(f"{name}={value}" for name, value in values.kwds.items())]
    return f"{values.dist.name}({','.join(settings)})"  # without spaces, at which a repr would break it


def chosen_runs(study, arguments):
    """The requested rows and seeds: the same in every process and at any time, so that shards fit together."""
    seeds = range(arguments.seeds or (1 if arguments.quick else study.SEEDS))
    rows = [row for row in chosen_rows(study, arguments.only) if row.estimator is not None]
    runs = [(row, seed) for row in rows for seed in seeds]
    return runs if arguments.shard is None else arguments.shard.part_of(runs)


def missing_runs(runs, rows, settings):
    """Those of the runs that have no result yet."""
    missing = []
    for row, seed in runs:
        estimator = described(row, settings)
        entry = rows.get(row.name, {"estimator": estimator, "runs": []})
        if entry["estimator"] != estimator:
            raise SystemExit(
                f"The results of {row.name!r} are those of {entry['estimator']}, which is now {estimator}: "
                "remove them, or give the row another name."
            )
        if seed not in [result["seed"] for result in entry["runs"]]:
            missing.append((row, seed))
    return missing


def chosen_rows(study, pattern):
    pattern = pattern.lower()
    rows = [row for row in rows_of(study) if pattern in row.name.lower() or fnmatch(row.name.lower(), f"*{pattern}*")]
    if not rows:
        raise SystemExit(f"no row matches {pattern!r}; --list shows them")
    return rows


def print_table(study, rows):
    """Published, ours and the difference, row by row."""
    width = max(len(row.name) for row in rows_of(study))
    print(f"\n{study.TITLE}\n{'':{width}}{'':>14}{'published':>11}{'ours':>11}{'sd':>10}{'difference':>12}{'seeds':>7}")
    for row in rows_of(study):
        for metric, value in row.published.items() if row.name in rows else ():
            values = [result.get(metric, np.nan) for result in rows[row.name]["runs"]]
            mean, spread = np.mean(values), f"{np.std(values, ddof=1):.2g}" if len(values) > 1 else ""
            published, difference = ("", "") if value is None else (f"{value:.4g}", f"{mean - value:+.3g}")
            print(
                f"{row.name:{width}}{metric:>14}{published:>11}{mean:11.4g}{spread:>10}{difference:>12}{len(values):>7}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument(
        "--only", default="", help="run the rows whose name holds this pattern (* and ? match anything)"
    )
    parser.add_argument("--seeds", type=at_least_one, help="how many, instead of the study's own number")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=at_least_one, help="runs at a time (1); each gets its share of the cores")
    where.add_argument("--dask", metavar="ADDRESS", help="make the runs on the cluster of this scheduler")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--shard", type=shards.shard, metavar="NUMBER/COUNT", help="make a part, from 1/COUNT")
    part.add_argument("--merge", action="store_true", help="add the results of shards to the others, and fit nothing")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--epochs", type=at_least_one, help="epochs of every fit; results go to a file of their own")
    scale.add_argument(
        "--quick",
        action="store_true",
        help="one epoch on 2,000 images, anew in every call; results go to results/quick",
    )
    parser.add_argument("--list", action="store_true", help="list the rows and fit nothing")
    arguments = parser.parse_args()
    if arguments.list:
        for row in chosen_rows(load_study(arguments.study), arguments.only):
            print(row.name)
    elif failed := reproduce(arguments.study, arguments):
        raise SystemExit("failed: " + "; ".join(failed))


def at_least_one(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"at least 1 is needed, not {text}")
    return int(text)


if __name__ == "__main__":
    main()

"""Reproduce a published table: ``python -m benchmarks.reproduce STUDY``.

Every run (a row at a seed) is written to ``benchmarks/results/STUDY.json`` as soon as it is done, with its evidence;
what is there is skipped, so that an interrupted study goes on where it was. At the end published and own numbers stand
side by side. ``--quick`` takes a few minutes at most: one epoch on 2,000 images, kept apart in ``results/quick``.
"""

import argparse
import importlib
import json
import time
from fnmatch import fnmatch
from types import SimpleNamespace

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from benchmarks.evidence import RESULTS, command, evidence, write
from benchmarks.measures import measured
from benchmarks.studies import rows_of
from skfashion.datasets import fetch_fashion_mnist, fetch_mnist

STUDIES = ("fcn-ablation", "mlp-cnn", "optimizers", "cae-vae", "generation")


def fetch_black(**how):
    """Fashion-MNIST with every pixel 0: what a mistake in scaling can make of it."""
    X, y = fetch_fashion_mnist(**how)
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
    """Fit one row at one seed and measure it."""
    images = load_images(row, seed, n_train, n_test)
    model = prepared(row.estimator, random_state=seed, **settings)
    start = time.perf_counter()
    model.fit(images.X, images.y, **images.held_out)
    seconds = time.perf_counter() - start
    return {
        "seed": seed,
        "fit_seconds": round(seconds, 1),
        "n_train": len(images.X),
        **measured(model, images, as_clusters="wcss" in row.published, pictures=row.pictures),
        "evidence": evidence(),
    }


def run_one(row, seed, how):
    return row, run(row, seed, **how)


def reproduce(name, arguments):
    """Fit what is missing of a study and print its table."""
    study = load_study(name)
    table, how = name, {}
    if arguments.epochs is not None:
        table, how = f"{name}-{arguments.epochs}-epochs", {"max_epochs": arguments.epochs}
    if arguments.quick:
        table, how = f"quick/{name}", QUICK
    path = RESULTS / f"{table}.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else {}
    missing = missing_runs(study, rows, arguments)
    done = Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")(
        delayed(run_one)(row, seed, how) for row, seed in missing
    )
    for number, (row, result) in enumerate(done, 1):
        result["evidence"]["command"] = command()
        held = rows.setdefault(row.name, {"runs": []})
        held.update(published=row.published, estimator=repr(row.estimator))
        held["runs"] = sorted([*held["runs"], result], key=lambda each: each["seed"])
        write(table, {"title": study.TITLE, "rows": rows})
        found = ", ".join(f"{metric} {result[metric]:.5g}" for metric in row.published)
        print(
            f"{number} of {len(missing)}: {row.name}, seed {result['seed']}: {found} in {result['fit_seconds']} s",
            flush=True,
        )
    print_table(study, rows)


def missing_runs(study, rows, arguments):
    """The rows and seeds that are asked for and have no result yet."""
    seeds = range(arguments.seeds or (1 if arguments.quick else study.SEEDS))
    return [
        (row, seed)
        for row in chosen_rows(study, arguments.only)
        for seed in seeds
        if row.estimator is not None
        if not any(result["seed"] == seed for result in rows.get(row.name, {"runs": []})["runs"])
    ]


def chosen_rows(study, pattern):
    rows = [row for row in rows_of(study) if fnmatch(row.name.lower(), f"*{pattern.lower()}*")]
    if not rows:
        raise SystemExit(f"no row matches {pattern!r}; --list shows them")
    return rows


def print_table(study, rows):
    """Published, ours and the difference, row by row."""
    width = max(len(row.name) for row in rows_of(study))
    print(f"\n{study.TITLE}\n{'':{width}}{'':>14}{'published':>11}{'ours':>11}{'sd':>10}{'difference':>12}{'seeds':>7}")
    for row in rows_of(study):
        for metric, value in row.published.items() if row.name in rows else ():
            values = [result[metric] for result in rows[row.name]["runs"]]
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
    parser.add_argument("--seeds", type=int, help="how many, instead of the study's own number")
    parser.add_argument("--epochs", type=int, help="epochs of every fit; results go to a file of their own")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time; each gets its share of the cores")
    parser.add_argument("--quick", action="store_true", help="one epoch on 2,000 images; results go to results/quick")
    parser.add_argument("--list", action="store_true", help="list the rows and fit nothing")
    arguments = parser.parse_args()
    if arguments.list:
        for row in chosen_rows(load_study(arguments.study), arguments.only):
            print(row.name)
    else:
        reproduce(arguments.study, arguments)


if __name__ == "__main__":
    main()

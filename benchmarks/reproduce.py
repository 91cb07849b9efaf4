"""Reproduce a published table: ``python -m benchmarks.reproduce STUDY``.

Every run (a row at a seed) is written to ``benchmarks/results/STUDY.json`` as soon as it is done, with its evidence;
what is there is skipped, so that an interrupted study goes on where it was. At the end published and own numbers stand
side by side. ``--quick`` takes a few minutes at most: one epoch on 2,000 images, kept apart in ``results/quick``.
"""

import argparse
import base64
import importlib
import json
import time
from fnmatch import fnmatch

import numpy as np
from sklearn.base import clone
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split

from benchmarks.evidence import RESULTS, evidence, write
from skfashion.datasets import fetch_fashion_mnist, fetch_mnist
from skfashion.metrics import accuracy_interval

STUDIES = ("fcn-ablation", "mlp-cnn", "optimizers")
FETCH = {"fashion_mnist": fetch_fashion_mnist, "mnist": fetch_mnist}

QUICK = {"n_train": 2000, "n_test": 2000, "epochs": 1}


def load_study(name):
    """The module of a study."""
    return importlib.import_module(f"benchmarks.studies.{name.replace('-', '_')}")


def parameters_of(estimator, name):
    """The names of the parameters of an estimator, and of what it holds, that are called `name`."""
    return [each for each in estimator.get_params() if each == name or each.endswith(f"__{name}")]


def prepared(estimator, seed, epochs):
    """A clone with a seed and, if given, a number of epochs."""
    settings = dict.fromkeys(parameters_of(estimator, "random_state"), seed)
    if epochs is not None:
        settings |= dict.fromkeys(parameters_of(estimator, "max_epochs"), epochs)
    return clone(estimator).set_params(**settings)


def run(row, seed, *, n_train=None, n_test=None, epochs=None):
    """Fit one row at one seed and measure it on the test images."""
    X, y = FETCH[row.data](return_X_y=True)
    X_test, y_test = FETCH[row.data](subset="test", return_X_y=True)
    X, y, X_test, y_test = X[:n_train], y[:n_train], X_test[:n_test], y_test[:n_test]
    held_out = {}
    if row.held_out:
        X, X_val, y, y_val = train_test_split(X, y, test_size=row.held_out, stratify=y, random_state=seed)
        held_out = {"X_val": X_val, "y_val": y_val}
    model = prepared(row.estimator, seed, epochs)
    start = time.perf_counter()
    model.fit(X, y, **held_out)
    seconds = time.perf_counter() - start
    result = {"seed": seed, "fit_seconds": round(seconds, 1), "n_train": len(X), **search_result(model)}
    best = getattr(model, "best_estimator_", model)
    probabilities = best.predict_proba(X_test)
    predicted = best.classes_[probabilities.argmax(axis=1)]
    accuracy, low, high = accuracy_interval(y_test, predicted)
    return {
        **result,
        "accuracy": round(100 * accuracy, 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
        "loss": round(log_loss(y_test, probabilities.clip(1e-7, 1)), 4),
        "confusion_matrix": confusion_matrix(y_test, predicted).tolist(),
        "right": packed(predicted == y_test),
        "epochs": best.n_epochs_,
        "parameters": sum(parameter.numel() for parameter in best.module_.parameters()),
        "history": columns(best.history_),
        "evidence": evidence(),
    }


def search_result(model):
    """What a search adds: its best setting, and all scores."""
    if not hasattr(model, "cv_results_"):
        return {}
    scores = zip(model.cv_results_["params"], model.cv_results_["mean_test_score"], strict=True)
    return {
        "cv_accuracy": round(100 * model.best_score_, 2),
        "best_params": model.best_params_,
        "trials": [{"params": params, "score": round(float(score), 4)} for params, score in scores],
    }


def columns(history):
    """A history as one list for each of its quantities, to five digits."""
    return {name: [rounded(epoch[name]) for epoch in history] for name in history[0]}


def rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def packed(right):
    """Which test images a model gets right, as text: eight images a byte, in base 64."""
    return base64.b64encode(np.packbits(right).tobytes()).decode("ascii")


def reproduce(name, arguments):
    """Fit what is missing of a study and print its table."""
    study = load_study(name)
    table = name if arguments.epochs is None else f"{name}-{arguments.epochs}-epochs"
    how = {"epochs": arguments.epochs}
    if arguments.quick:
        table, how = f"quick/{name}", QUICK
    path = RESULTS / f"{table}.json"
    rows = json.loads(path.read_text())["rows"] if path.exists() else {}
    seeds = range(arguments.seeds or (1 if arguments.quick else study.SEEDS))
    missing = [
        (row, seed)
        for row in chosen_rows(study, arguments.only)
        for seed in seeds
        if not any(done["seed"] == seed for done in rows.get(row.name, {"runs": []})["runs"])
    ]
    for number, (row, seed) in enumerate(missing, 1):
        result = run(row, seed, **how)
        held = rows.setdefault(row.name, {"runs": []})
        held.update(published=row.published, note=row.note, estimator=repr(row.estimator))
        held["runs"].append(result)
        write(table, {"title": study.TITLE, "rows": rows})
        found = ", ".join(f"{metric} {result[metric]}" for metric in row.published)
        print(f"{number} of {len(missing)}: {row.name}, seed {seed}: {found} in {result['fit_seconds']} s", flush=True)
    print_table(study, rows)


def chosen_rows(study, pattern):
    rows = [row for row in study.ROWS if fnmatch(row.name.lower(), f"*{pattern.lower()}*")]
    if not rows:
        raise SystemExit(f"no row matches {pattern!r}; --list shows them")
    return rows


def print_table(study, rows):
    """Published, ours and the difference, row by row."""
    width = max(len(row.name) for row in study.ROWS)
    print(f"\n{study.TITLE}\n{'':{width}}{'':>12}{'published':>11}{'ours':>9}{'sd':>7}{'difference':>12}{'seeds':>7}")
    for row in study.ROWS:
        for metric, value in row.published.items() if row.name in rows else ():
            values = [result[metric] for result in rows[row.name]["runs"]]
            mean, spread = np.mean(values), f"{np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
            published, difference = ("", "") if value is None else (f"{value:.2f}", f"{mean - value:+.2f}")
            print(
                f"{row.name:{width}}{metric:>12}{published:>11}{mean:9.2f}{spread:>7}{difference:>12}{len(values):>7}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument(
        "--only", default="", help="run the rows whose name holds this pattern (* and ? match anything)"
    )
    parser.add_argument("--seeds", type=int, help="how many, instead of the study's own number")
    parser.add_argument("--epochs", type=int, help="epochs of every fit; results go to a file of their own")
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

"""A page for each study that has results: its table, published beside ours, and its curves, from the JSON alone."""

import json
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.reproduce import STUDIES, load_study
from skfashion.inspection import TrainingCurveDisplay

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


def write_studies(folder):
    """Write NAME.rst and its pictures for each study, and index.rst, which lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    there = [name for name in STUDIES if (RESULTS / f"{name}.json").exists()]
    for name in there:
        results = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        (folder / f"{name}.rst").write_text(_page(name, results, folder), encoding="utf-8")
    entries = "\n".join(f"   {name}" for name in there)
    (folder / "index.rst").write_text(_INDEX + entries + "\n", encoding="utf-8")


_INDEX = """Studies
=======

Published tables of student reports on Fashion-MNIST, and what the same settings give here. A study is a list of
estimators in ``benchmarks/studies``; ``python -m benchmarks.reproduce STUDY`` fits what is missing of it. The pages are
made from ``benchmarks/results`` and nothing else.

.. toctree::
   :maxdepth: 1

"""


def _page(name, results, folder):
    rows = results["rows"]
    runs = [run for row in rows.values() for run in row["runs"]]
    evidence = runs[0]["evidence"]
    hours = sum(run["fit_seconds"] for run in runs) / 3600
    _draw_curves(rows, folder / f"{name}.png")
    return "\n".join(
        [
            f"{results['title']}\n{'=' * len(results['title'])}\n",
            f"``python -m benchmarks.reproduce {name}`` on {evidence['cpu']} (threads: {evidence['threads']}), torch "
            f"{evidence['versions']['torch']}, scikit-learn {evidence['versions']['scikit-learn']}: "
            f"{len(runs)} fits, {hours:.1f} hours of fitting. Accuracies are of the last epoch on the test images, in "
            "percent; the interval of a single one is about half a point to either side.\n",
            ".. list-table::\n   :header-rows: 1\n",
            _list_row("row", "what", "published", "ours", "seeds", "difference", "remark"),
            *_table(load_study(name), rows),
            "",
            f".. image:: {name}.png\n   :alt: training curves of the study\n",
        ]
    )


def _table(study, rows):
    for row in study.ROWS:
        for metric, published in row.published.items() if row.name in rows else ():
            values = [run[metric] for run in rows[row.name]["runs"]]
            spread = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
            numbers = ("", "") if published is None else (f"{published:.2f}", f"{mean(values) - published:+.2f}")
            ours = f"{mean(values):.2f}{spread}"
            yield _list_row(row.name, metric.replace("_", " "), numbers[0], ours, len(values), numbers[1], row.note)


def _list_row(*cells):
    return "\n".join(f"   {' ' if column else '*'} - {cell}" for column, cell in enumerate(cells))


def _draw_curves(rows, path):
    """Loss and accuracy of the first seed of each row."""
    histories = {name: row["runs"][0]["history"] for name, row in rows.items()}
    figure, axes = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    for ax, metric in zip(axes, ("loss", "accuracy"), strict=True):
        TrainingCurveDisplay.from_histories(histories, metric=metric, ax=ax)
    highest = np.nanpercentile([epoch["train_loss"] for history in histories.values() for epoch in history], 95)
    axes[0].get_legend().remove()  # the same as that of the other
    axes[0].set_ylim(0, 1.2 * highest)  # what diverges would hide all others
    figure.savefig(path, dpi=100)
    plt.close(figure)

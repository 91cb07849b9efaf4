"""Write a page for each study that has results: ``python -m benchmarks.report``.

Nothing is fitted: rows come from ``benchmarks/studies``, their results from ``benchmarks/results``. A page asks a
question, answers it, shows the answer, says what differs from the report and why, and then has all numbers and
pictures. The documentation is built from these pages.
"""

import argparse
import re
from pathlib import Path
from textwrap import indent

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from benchmarks.arrays import unpacked
from benchmarks.evidence import read
from benchmarks.figures import draw, draw_published
from benchmarks.reproduce import STUDIES, load_study
from benchmarks.studies import rows_of
from skfashion.datasets import make_garments
from skfashion.metrics import mcnemar_test

GREATER_IS_BETTER = {"accuracy", "cv_accuracy", "silhouette"}
GARMENTS = make_garments(10, random_state=0).target_names
CLASS_NAMES = {"fashion_mnist": GARMENTS, "black": GARMENTS, "mnist": list("0123456789")}

INDEX = """Studies
=======

Published tables of student reports on Fashion-MNIST, and what the same settings give here. A study is a list of
estimators in ``benchmarks/studies``; ``python -m benchmarks.reproduce STUDY`` fits what is missing of it. The pages are
made from ``benchmarks/results``; nothing is fitted for them.

.. grid:: 1 1 2 2
   :gutter: 2

{cards}

.. toctree::
   :hidden:

{entries}

Computing time
--------------

Minutes of fitting, of all runs that these pages show, on one core; two cores fit two models at a time
(``--jobs 2``), and so take half of that.

.. list-table::
   :header-rows: 1
   :class: measured

{cost}
"""


def write_studies(folder):
    """Write NAME.rst and its pictures for each study, and index.rst, which lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    studies = results_of_studies()
    for name, results in studies.items():
        (folder / f"{name}.rst").write_text(page(name, results, folder), encoding="utf-8")
    entries = "\n".join(f"   {name}" for name in studies)
    header, *numbers = costs(studies)
    cost = "\n".join([list_row(*header), *(list_row(f":doc:`{name}`", *row) for name, *row in numbers)])
    cards = "\n".join(card(name) for name in studies)
    (folder / "index.rst").write_text(INDEX.format(cards=cards, entries=entries, cost=cost), encoding="utf-8")


def card(name):
    """A study as a card: its title, and what it asks."""
    study = load_study(name)
    head = f".. grid-item-card:: {study.TITLE}\n   :link: {name}\n   :link-type: doc\n"
    text = f"{head}\n{indent(study.QUESTION.strip(), '   ')}\n"
    return indent(text, "   ")


def results_of_studies():
    """The results of each study that has some, by its name."""
    return {name: results for name in STUDIES if (results := read(name))}


def costs(studies):
    """Fitting times of each study, as rows of a table."""
    yield "study", "models", "fits", "minutes on one core", "minutes on two cores"
    for name, results in studies.items():
        study = load_study(name)
        possible = [row for row in rows_of(study) if row.estimator is not None]
        runs = [run for row in possible for run in results["rows"].get(row.name, {"runs": []})["runs"]]
        minutes = sum(run["fit_seconds"] * run["evidence"]["threads"] for run in runs) / 60
        n_fitted = sum(row.name in results["rows"] for row in possible)
        yield name, f"{n_fitted} of {len(possible)}", len(runs), f"{minutes:.0f}", f"{minutes / 2:.0f}"


def page(name, results, folder):
    """Question, answer, picture; what differs from the report and why; then all numbers, and how they were made."""
    study, rows = load_study(name), results["rows"]
    pictures = dict(sections(name, study, rows, folder))
    if study.LEAD == "published":
        lead = published_beside_ours(name, study, rows, folder)
    else:
        lead = next(group.pop(study.LEAD) for group in pictures.values() if study.LEAD in group)
    parts = [
        titled(study.TITLE, "="),
        f"*{study.QUESTION.strip()}*\n",
        answer(study, rows) + "\n",
        lead,
        *under("What differs from the report, and why", notes(study)),
        *under("Our own models", comparisons(study, rows)),
        *(line for title, group in pictures.items() for line in under(title, group.values())),
        titled("All numbers"),
        "Accuracies are in percent, of the last epoch on the test images; the 95 % interval of a single one is about "
        "half a point to either side. Where runs were made at several seeds, they are given with their standard "
        "deviation, and with the 95 % interval of their mean by Student's t.\n",
        *folded(f"{len(rows_of(study))} models, published and here", table(study, rows)),
        titled("How it was done"),
        study.__doc__.strip() + "\n",
        f"``python -m benchmarks.reproduce {name}`` fits the missing runs. Those shown were made {machines(rows)}. "
        "Others ran at the same time, and commits differ in speed: seconds of two rows are only roughly comparable.\n",
    ]
    return "\n".join(parts)


def titled(title, mark="-"):
    return f"{title}\n{mark * len(title)}\n"


def under(title, parts):
    """The parts under a title; nothing if there are none."""
    parts = list(parts)
    return [titled(title), *parts, ""] if parts else []


def answer(study, rows):
    """The answer, with the means of the runs that it names in their places."""
    members = {row.name: row for row in rows_of(study)}

    def number(match):
        return summary(values_of(rows, members[match[1]], match[2]))

    return re.sub(r"\{([^|}]+)\|(\w+)\}", number, study.ANSWER.strip())


def folded(title, lines):
    """A table that opens at a click."""
    yield f".. dropdown:: {title}\n"
    yield "   .. list-table::\n      :header-rows: 1\n      :class: measured\n"
    for line in [list_row("model", "what", "published", "here", "95 % interval", "difference", "runs"), *lines]:
        yield indent(line, "   ")
    yield ""


def machines(rows):
    """Hardware and versions of the runs of a study."""
    evidence = [run["evidence"] for row in rows.values() for run in row["runs"]]
    parts = {
        "on": {record["cpu"] for record in evidence},
        "threads": {str(record["threads"]) for record in evidence},
        "torch": {record["versions"]["torch"] for record in evidence},
        "scikit-learn": {record["versions"]["scikit-learn"] for record in evidence},
        "commit": {record["commit"][:7] for record in evidence},
    }
    return ", ".join(f"{name} {' and '.join(sorted(values))}" for name, values in parts.items())


def table(study, rows):
    """A line for each published number, those without a result included."""
    for row in rows_of(study):
        for metric, published in row.published.items():
            ours = values_of(rows, row, metric)
            known = "" if published is None else f"{published:.4g}"
            difference = f"{np.mean(ours) - published:+.3g}" if ours and published is not None else ""
            yield list_row(row.name, spelt(metric), known, summary(ours), interval(ours), difference, len(ours))


def summary(ours):
    """Mean with standard deviation, as text."""
    if len(ours) < 2:
        return f"{ours[0]:.4g}" if ours else ""
    spread = np.format_float_positional(np.std(ours, ddof=1), precision=2, fractional=False, trim="-")
    return f"{np.mean(ours):.4g} ± {spread}"


def interval(ours):
    """The 95 % interval of the mean over all seeds, by Student's t, as text; one run says nothing about it."""
    if len(ours) < 2 or np.ptp(ours) == 0:
        return ""
    low, high = stats.t.interval(0.95, len(ours) - 1, loc=np.mean(ours), scale=stats.sem(ours))
    return f"{low:.4g} to {high:.4g}"


def values_of(rows, row, metric):
    """This number of each run of a row that has it."""
    return [run[metric] for run in rows.get(row.name, {"runs": []})["runs"] if metric in run]


def notes(study):
    """A line for each reason why rows differ."""
    yield from remarks(study, {row.name: row.note for row in rows_of(study) if row.note})


def comparisons(study, rows):
    """How rows of the house compare."""
    ours = [row for row in rows_of(study) if row.is_ours and row.name in rows]
    yield from remarks(study, {row.name: comparison(study, rows, row) for row in ours})


def remarks(study, remark_of):
    """A line for each remark, with the rows to which it applies."""
    order = [row.name for row in rows_of(study)]
    names_of = {}
    for name, remark in remark_of.items():
        names_of.setdefault(remark, []).append(name)
    for remark, names in names_of.items():
        in_a_row = names == order[order.index(names[0]) :][: len(names)]
        ends = [names[0], names[-1]] if in_a_row and len(names) > 2 else names
        label = (" to " if ends is not names else "; ").join(f"*{name}*" for name in ends)
        yield f"- {label}: {remark}"


def comparison(study, rows, row):
    """One of our rows against the best reproduced one, on the same test images at the same seeds."""
    metric = row.compared
    others = [
        other
        for other in rows_of(study)
        if other.data == row.data and not other.is_ours and any(other.published.values())
        if values_of(rows, other, metric)
    ]
    if not others:
        return "there is nothing to compare it with yet."
    best = min(others, key=lambda other: rank(metric, values_of(rows, other, metric)))
    mean, best_mean = (np.mean(values_of(rows, each, metric)) for each in (row, best))
    text = f"{spelt(metric)} {mean:.4g} against {best_mean:.4g} of *{best.name}*, the best reproduced row"
    pairs = [
        (ours, other)
        for ours in rows[row.name]["runs"]
        for other in rows[best.name]["runs"]
        if ours["seed"] == other["seed"] and keeps(ours, metric) and keeps(other, metric)
    ]
    sizes = sorted({run["n_train"] for pair in pairs for run in pair})
    if len(sizes) > 1:
        text += f" (trained on {' and '.join(f'{size:,}' for size in sizes)} images)"
    return "; ".join([text, *(paired(ours, other, metric) for ours, other in pairs)]) + "."


def rank(metric, values):
    """A sort key that puts the best first."""
    return -np.mean(values) if metric in GREATER_IS_BETTER else np.mean(values)


def keeps(run, metric):
    """Whether a run holds the data of a paired test by this number."""
    return "right" in run if metric == "accuracy" else metric in run.get("errors", {})


def paired(ours, other, metric):
    """The result of a paired test of two models on the same test images, as text."""
    if metric == "accuracy":
        first, second = unpacked(ours["right"]), unpacked(other["right"])
        result = mcnemar_test(np.ones(len(first), dtype=int), first.astype(int), second.astype(int))
        return (
            f"at seed {ours['seed']} ours alone gets {result.only_first} test images right, the other alone "
            f"{result.only_second} (McNemar's exact test, {p_value(result.pvalue)})"
        )
    first, second = (unpacked(run["errors"][metric]).astype(float) for run in (ours, other))
    return (
        f"at seed {ours['seed']} ours is lower on {(first < second).mean():.0%} of {len(first):,} test images "
        f"(Wilcoxon's signed-rank test, {p_value(stats.wilcoxon(first, second).pvalue)})"
    )


def spelt(metric):
    return {"wcss": "WCSS", "negative_elbo": "negative ELBO"}.get(metric, metric.replace("_", " "))


def p_value(value):
    return f"p = {value:.2g}" if value >= 1e-4 else "p < 0.0001"


def sections(name, study, rows, folder):
    """The title of each group of rows, and its pictures by their names, of the first seed of each row."""
    for number, (title, members) in enumerate(study.GROUPS.items()):
        members = [row for row in members if row.name in rows]
        if not members:
            continue
        runs = {row.name: rows[row.name]["runs"][0] for row in members}
        metric = members[0].compared
        best_first = sorted(members, key=lambda row: rank(metric, values_of(rows, row, metric) or [np.inf]))
        best_first = [row.name for row in best_first]
        group = {key: runs[key] for key in best_first}
        figures = {}
        for file, caption in draw(group, folder, f"{name}-{number}", CLASS_NAMES[members[0].data]):
            plain, marked = (caption.format(best=name) for name in (best_first[0], f"*{best_first[0]}*"))
            figures[file.removeprefix(f"{name}-").removesuffix(".png")] = figure_block(file, plain, marked)
        yield title, figures


def figure_block(file, plain, caption):
    return f".. figure:: {file}\n   :alt: {plain}\n\n   {caption}\n"


def published_beside_ours(name, study, rows, folder):
    """Draw every published accuracy beside ours."""
    members = [row for row in rows_of(study) if values_of(rows, row, "accuracy")]
    ours = {row.name: values_of(rows, row, "accuracy") for row in members}
    figure = draw_published({row.name: row.accuracy for row in members}, ours)
    figure.savefig(folder / f"{name}-published.png", dpi=100, bbox_inches="tight")
    plt.close(figure)
    caption = (
        "Accuracy on the test images, in percent: rings are published, dots are ours, thin lines span our seeds. "
        "Models of our own are green; numbers at the edge are those of networks that only guess."
    )
    return figure_block(f"{name}-published.png", caption, caption)


def list_row(*cells):
    return "\n".join(f"   {' ' if column else '*'} - {cell}" for column, cell in enumerate(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/studies"), help="where pages go")
    mpl.use("agg")
    write_studies(parser.parse_args().folder)


if __name__ == "__main__":
    main()

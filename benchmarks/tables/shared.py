"""What tables have in common: ranges over processors, and rows by name."""

import statistics

from benchmarks.evidence import read_of_processors


def by_threads(result, choose):
    """The programs of a result at the largest or smallest number of threads."""
    return result["threads"][choose(result["threads"], key=int)]


def span(values, form):
    """A value, or the range of those of several processors."""
    texts = dict.fromkeys(format(value, form) for value in (min(values), max(values)))
    return " to ".join(texts)


def peers(name):
    """The first result of a benchmark, and by the names of its rows what each processor measured."""
    results = list(read_of_processors(name).values())
    return results[0], {row: [result["rows"][row] for result in results] for row in results[0]["rows"]}


def cell(measured, key, form):
    """The value of a row under this key, or its range over processors."""
    return span([row[key] for row in measured], form)


def percent(row, name):
    spread = f" ± {row['sd'][name]:.1f}" if row["sd"] else ""
    return f"{row['mean'][name]:.1f}{spread} %"


def mean_and_deviation(values, digits):
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"

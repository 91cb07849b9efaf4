"""Measured tables as reStructuredText: what a benchmark wrote into README.md and TABLES.md, not typed again."""

import ast
import re
from itertools import groupby
from pathlib import Path

from skfashion.persistence._classes import SKLEARN

ROOT = Path(__file__).parents[1]


def write_tables(folder):
    """Write what stands between ``<!-- NAME -->`` and ``<!-- end of NAME -->`` to NAME.rst in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in ("README.md", "benchmarks/TABLES.md"):
        text = (ROOT / source).read_text(encoding="utf-8")
        for name, block in re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end of \1 -->", text, re.DOTALL):
            (folder / f"{name}.rst").write_text(_rst(block), encoding="utf-8")


def write_saved_estimators(folder):
    """Write the estimators of scikit-learn that ``skfashion.persistence.save`` knows, by package."""
    items = (f"- ``{package}``: " + ", ".join(f"``{name}``" for name in names) for package, names in SKLEARN.items())
    (folder / "saved_estimators.rst").write_text("\n".join(items) + "\n", encoding="utf-8")


def write_benchmarks(folder):
    """Write the commands of all benchmarks, and the first paragraphs of their docstrings."""
    rows = []
    for path in sorted((ROOT / "benchmarks").glob("bench_*.py")):
        first = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n\n")[0]
        rows += [f"   * - ``python -m benchmarks.{path.stem}``", f"     - {' '.join(first.split())}"]
    (folder / "benchmarks.rst").write_text("\n".join([".. list-table::", "", *rows]) + "\n", encoding="utf-8")


def _rst(markdown):
    """Tables and plain lines with code and links, as reStructuredText."""
    markdown = re.sub(r"\[([^]]+)\]\([^)]+\)", r"`\1`", markdown).replace("`", "``")
    parts = groupby(markdown.strip().splitlines(), lambda line: line.startswith("|"))
    return "\n\n".join(_list_table(lines) if is_table else "\n".join(lines) for is_table, lines in parts) + "\n"


def _list_table(lines):
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if not set(line) <= set("|:- ")]
    cells = [f"   {' ' if column else '*'} - {cell}" for row in rows for column, cell in enumerate(row)]
    return "\n".join([".. list-table::", "   :class: measured", "   :header-rows: 1", "", *cells])

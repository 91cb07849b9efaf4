"""Pieces of Markdown in which names and values stand as they are."""

import json
import math
import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")


def escaped(text):
    """A text on one line in which nothing is taken for markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def code(text):
    """A text on one line as code, also inside a table."""
    text = " ".join(str(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}".replace("|", r"\|")


def number(value):
    """Four digits of a number, and a dash for one that is not defined."""
    if not math.isfinite(value):
        return "-"
    if value == 0 or 0.001 <= abs(value) < 1000:
        return f"{value:.4f}"
    return f"{value:.4g}"


def interval(low, high):
    """The ends of an interval, or a dash if there is none."""
    return f"{number(low)} to {number(high)}" if math.isfinite(low) and math.isfinite(high) else "-"


def table(header, rows):
    """A table whose cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def front_matter(entries):
    """The YAML at the top of a card: texts, and lists of texts.

    A string of JSON is one of YAML too, and so no text is taken for anything else.
    """
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items())
    return "\n".join(["---", *lines, "---"])

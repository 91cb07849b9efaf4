"""Curves as text, for terminals."""

import math

_MARKS = "*o+x#@%&=~"


def text_chart(lines, *, title, xlabel, width=60, height=12):
    """Curves as lines of plain text.

    Parameters
    ----------
    lines : dict of str to pair of sequences
        The horizontal and vertical positions of each curve, by its name.
    title, xlabel : str
        What is drawn, and over what.
    width, height : int
        Of the area that curves take, in characters.

    Returns
    -------
    list of str
        The lines of text. Positions that are not finite are left out; the legend gives the last value of each curve,
        whatever it is.
    """
    curves = {
        name: [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
        for name, (x, y) in lines.items()
    }
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return [f"{title}: no finite value yet"]
    xs, ys = zip(*points, strict=True)
    area = [[" "] * width for _ in range(height)]
    legend = []
    for number, (name, curve) in enumerate(curves.items()):
        mark = _MARKS[number % len(_MARKS)]
        for x, y in curve:
            row, column = _place(y, ys, height), _place(x, xs, width)
            area[height - 1 - row][column] = mark
        values = lines[name][1]
        legend.append(f"  {mark} {name}: {values[-1]:.4g}" if len(values) else f"  {mark} {name}")
    ends = [f"{max(ys):.4g}", *[""] * (height - 2), f"{min(ys):.4g}"]
    margin = max(map(len, ends))
    rows = [f"{end:>{margin}} |{''.join(row).rstrip()}" for end, row in zip(ends, area, strict=True)]
    low, high = f"{min(xs):.4g}", f"{max(xs):.4g}"
    axis = f"{low}{high:>{width - len(low)}} {xlabel}"
    return [title, *rows, " " * (margin + 2) + axis, *legend]


def _place(value, values, size):
    """Where a value is among so many steps between the extremes of all values."""
    low, high = min(values), max(values)
    return 0 if high == low else round((value - low) / (high - low) * (size - 1))

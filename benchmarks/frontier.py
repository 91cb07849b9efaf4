"""Draw test accuracy over the seconds and operations of a training: ``python -m benchmarks.frontier``.

All of it is from ``benchmarks/results/frontier.json``, on light and on dark ground.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.cover import FOLDER, INK
from benchmarks.evidence import read

LOWEST = 88  # percent; below, differences above would not be seen


def family(name):
    """What rows of different lengths have in common."""
    return name.rsplit(", ", 1)[0]


def frontier(rows, cost):
    """The names of the rows that no cheaper one is as accurate as, the cheapest first."""
    best, found = 0, []
    for name, row in sorted(rows.items(), key=lambda item: (item[1][cost], -item[1]["accuracy"])):
        if row["accuracy"] > best:
            best = row["accuracy"]
            found.append(name)
    return found


def seconds_to(rows, accuracy):
    """The row that reaches an accuracy in percent in the fewest seconds; None if none does."""
    reached = {name: row["core_seconds"] for name, row in rows.items() if row["accuracy"] >= accuracy}
    return min(reached, key=reached.get, default=None)


def panel(ax, rows, cost, label, colors):
    """The rows by one cost, each family a line, and the frontier behind them."""
    known = {name: row for name, row in rows.items() if row[cost] is not None}
    best = [known[name] for name in frontier(known, cost)]
    ax.step([row[cost] for row in best], [row["accuracy"] for row in best], where="post", color="0.6", lw=6, alpha=0.35)
    for name, color in colors.items():
        points = sorted((row[cost], row["accuracy"]) for each, row in known.items() if family(each) == name)
        if points:
            ax.plot(*zip(*points, strict=True), "o-", color=color, ms=5, lw=1.2, label=name)
    ax.set(xscale="log", xlabel=label, ylim=(LOWEST, None))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def figure(rows):
    """Both panels, and the names of the families."""
    names = sorted({family(name) for name in rows})
    shades = mpl.colormaps["tab20"].colors
    shades = shades[::2] + shades[1::2]
    colors = {name: shades[index] for index, name in enumerate(names)}
    drawn, axes = plt.subplots(1, 2, figsize=(11, 4.8), sharey=True, layout="constrained")
    panel(axes[0], rows, "core_seconds", "seconds of one core for the training", colors)
    panel(axes[1], rows, "training_operations", "operations of training", colors)
    axes[0].set_ylabel("accuracy on the test images, %")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside right center", frameon=False, fontsize=9)
    return drawn


def main():
    mpl.use("agg")
    rows = read("frontier")["rows"]
    for theme, ink in INK.items():
        colors = dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "legend.labelcolor"), ink
        )
        with mpl.rc_context({**colors, "axes.facecolor": "none"}):
            drawn = figure(rows)
        drawn.savefig(FOLDER / f"frontier-{theme}.png", dpi=120, transparent=True)
        plt.close(drawn)


if __name__ == "__main__":
    main()

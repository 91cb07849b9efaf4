"""Clusterers, as rows of Markdown."""

import statistics

from benchmarks.evidence import read
from benchmarks.tables.shared import mean_and_deviation, span


def clusters():
    result = read("clusters")
    rows = [
        f"| clusters of {result['images']:,} images | accuracy | NMI | ARI | WCSS | silhouette | clusters | noise |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in result["rows"].items():
        silhouette = "" if row["silhouette"] is None else f"{row['silhouette']:.3f}"
        rows.append(
            f"| {name} | {row['clustering_accuracy']:.1f} % | {row['nmi']:.3f} | {row['ari']:.3f} | {row['wcss']:,.0f} "
            f"| {silhouette} | {row['clusters']} | {100 * row['noise']:.0f} % |"
        )
    return rows


def spectral():
    """Clusterers of all images, the best first."""
    return over_seeds(read("spectral"), "seconds")


def deep_clusters():
    """Deep clusterers of ClustPy and ours, the best first."""
    return over_seeds(read("deep_clusters"), "seconds of a core")


def over_seeds(result, seconds_of):
    """Clusterers, the best first: means and deviations over seeds."""
    seeds = {}
    for key, row in result["rows"].items():
        seeds.setdefault(key.rpartition(", seed ")[0], []).append(row)
    lines = [
        f"| clusters of {result['images']:,} images | seeds | accuracy | NMI | ARI | {seconds_of} |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, rows in sorted(seeds.items(), key=lambda item: -statistics.mean(row["nmi"] for row in item[1])):
        means = [
            mean_and_deviation([row[key] for row in rows], digits)
            for key, digits in (("clustering_accuracy", 1), ("nmi", 3), ("ari", 3))
        ]
        seconds = span([row["fit_seconds"] for row in rows], ",.0f")
        lines.append(f"| {name} | {len(rows)} | {means[0]} % | {means[1]} | {means[2]} | {seconds} |")
    return lines

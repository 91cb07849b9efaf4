"""Write the tables of README.md and TABLES.md from ``benchmarks/results``: no number there is typed by hand."""

import re
from pathlib import Path

from benchmarks.tables import clusters, front, quality, speed

BENCHMARKS = Path(__file__).parents[1]
README = BENCHMARKS.parent / "README.md"


def main():
    for file, tables in TABLES.items():
        text = file.read_text()
        for table in tables:
            block = "\n".join([f"<!-- {table.__name__} -->", *table(), f"<!-- end of {table.__name__} -->"])
            between = f"<!-- {table.__name__} -->.*<!-- end of {table.__name__} -->"
            text, n_replaced = re.subn(between, lambda _, block=block: block, text, flags=re.DOTALL)
            if n_replaced != 1:
                raise SystemExit(f"{file.name} has {n_replaced} places for the table {table.__name__} instead of one.")
        file.write_text(text)


TABLES = {
    README: (
        front.why,
        quality.accuracy,
        quality.representations,
        quality.few_labels,
        quality.classifiers,
        speed.neighbors,
        speed.speed,
        speed.search,
        quality.studies,
        quality.machine,
    ),
    BENCHMARKS / "TABLES.md": (
        quality.classifiers_quick,
        quality.differences,
        quality.frontier,
        quality.histograms,
        speed.hog,
        clusters.clusters,
        clusters.spectral,
        clusters.deep_clusters,
        speed.memory,
        quality.regression,
        quality.outliers,
        quality.calibration,
        quality.other_images,
        quality.multilabel,
        quality.denoising,
        quality.chosen_classes,
        speed.sizes,
        speed.formats,
        speed.serving,
        speed.precision,
        speed.threads,
        speed.scaling,
        speed.workers,
        speed.ranks,
    ),
}


if __name__ == "__main__":
    main()

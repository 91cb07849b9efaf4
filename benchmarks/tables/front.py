"""Why this library and not another one: facts of the other tables, side by side."""

from benchmarks.evidence import read, read_of_processors
from benchmarks.tables.shared import by_threads, span


def why():
    """What one gets by hand, by skorch, by scikit-learn's own network, and here."""
    training = [by_threads(result["mlp"], max) for result in read_of_processors("training").values()]
    memory = [result["mlp"]["peak_memory_added_mb"] for result in read_of_processors("training").values()]
    search = [result["programs"] for result in read_of_processors("search").values()]
    rows = read("classifiers")["rows"]

    def per_second(program):
        return span([result[program]["images_per_second"] for result in training], ",.0f")

    def added(program):
        return span([result[program] for result in memory], ",.0f") + " MB"

    def seconds(program):
        return span([result[program]["median"] for result in search], ".1f") + " s"

    def accuracy(name):
        return f"{rows[name]['accuracy']:.1f} %"

    programs = ("skfashion", "torch loop", "skorch", "scikit-learn")
    searches = (
        "skfashion, VectorizedGridSearchCV, n_jobs=2",
        "skorch, GridSearchCV, n_jobs=2",
        "scikit-learn's MLPClassifier, GridSearchCV, n_jobs=2",
    )
    ours, skorch, sklearn = map(seconds, searches)
    lines = [
        ["", "skfashion", "torch by hand", "plain skorch", "scikit-learn's MLP"],
        ["---"] * 5,
        ["perceptron, images/s", *map(per_second, programs)],
        ["peak memory added by its fit on 47 MB of images", *map(added, programs)],
        ["grid of 4 learning rates, 3 folds (here `VectorizedGridSearchCV`)", ours, "your own loops", skorch, sklearn],
        [
            "test accuracy of the default perceptron",
            accuracy("MLPClassifier()"),
            "",
            "",
            accuracy("scikit-learn MLPClassifier"),
        ],
        [
            "test accuracy of the best default network",
            accuracy("ResNetClassifier()"),
            "your own network",
            "your own network",
            "perceptrons only",
        ],
        ["autoencoders, generators, outliers", "yes", "by hand", "by hand", "no"],
        ["float, `uint8`, colour, DataFrames give the same results", "yes", "by hand", "by hand", "numbers only"],
        ["a model file that runs no code when loaded", "yes", "weights only", "weights only", "by skops"],
    ]
    return [f"| {' | '.join(line)} |" for line in lines]

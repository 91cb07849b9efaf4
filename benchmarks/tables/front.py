"""Why this library and not another one: facts of the other tables, side by side."""

from benchmarks.evidence import read_of_processors
from benchmarks.predictions import stored_predictions
from benchmarks.tables.shared import by_threads, span
from skfashion.metrics import mcnemar_test


def why():
    """What one gets by hand, by skorch, by scikit-learn's own network, and here."""
    lines = [
        ["", "skfashion", "torch by hand", "plain skorch", "scikit-learn's MLP"],
        ["---"] * 5,
        ["perceptron, images/s", *speeds()],
        ["peak memory added by its fit on 47 MB of images", *memory()],
        ["grid of 4 learning rates, 3 folds (here `VectorizedGridSearchCV`)", *searches()],
        *accuracies(),
        ["autoencoders, generators, outliers", "yes", "by hand", "by hand", "no"],
        ["float, `uint8`, colour, DataFrames give the same results", "yes", "by hand", "by hand", "numbers only"],
        ["a model file that runs no code when loaded", "yes", "weights only", "weights only", "by skops"],
    ]
    return [f"| {' | '.join(line)} |" for line in lines]


def speeds():
    """Images per second in training; by hand, with the faster of two loops."""
    results = [by_threads(result["mlp"], max) for result in read_of_processors("training").values()]
    programs = ("skfashion", "torch loop, fused Adam", "skorch", "scikit-learn")
    return [span([result[program]["images_per_second"] for result in results], ",.0f") for program in programs]


def memory():
    results = [result["mlp"]["peak_memory_added_mb"] for result in read_of_processors("training").values()]
    programs = ("skfashion", "torch loop", "skorch", "scikit-learn")
    return [span([result[program] for result in results], ",.0f") + " MB" for program in programs]


def searches():
    results = [result["programs"] for result in read_of_processors("search").values()]
    programs = (
        "skfashion, VectorizedGridSearchCV, n_jobs=2",
        "skorch, GridSearchCV, n_jobs=2",
        "scikit-learn's MLPClassifier, GridSearchCV, n_jobs=2",
    )
    ours, *others = (span([result[name]["median"] for result in results], ".1f") + " s" for name in programs)
    return [ours, "your own loops", *others]


def accuracies():
    """Of perceptrons of one architecture, and of the best network."""
    y_true, predictions = stored_predictions("classifiers")
    networks = ("MLPClassifier()", "scikit-learn MLPClassifier", "ResNetClassifier()")
    ours, theirs, best = (f"{100 * (predictions[name] == y_true).mean():.1f} %" for name in networks)
    pvalue = mcnemar_test(y_true, *(predictions[name] for name in networks[:2])).pvalue
    own = "your own network"
    return [
        [f"test accuracy of a perceptron 784-128-64-10 (one seed, p = {pvalue:.2f})", ours, "", "", theirs],
        ["test accuracy of the best default network", best, own, own, "perceptrons only"],
    ]

"""Accuracies and errors, as rows of Markdown."""

import re
import statistics

from benchmarks.bench_classifiers import CLASSIFIERS
from benchmarks.evidence import read, read_of_processors
from benchmarks.frontier import frontier as front_of
from benchmarks.frontier import seconds_to
from benchmarks.predictions import stored_predictions
from benchmarks.report import costs, results_of_studies
from benchmarks.tables.shared import cell, mean_and_deviation, peers, percent, span
from skfashion._nested import steps_of
from skfashion.metrics import accuracy_interval, compare_classifiers, mcnemar_test


def accuracy():
    rows = [
        "| 20 epochs, all 60,000 images | test accuracy | seeds | fit | parameters |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, model in sorted(read("accuracy")["models"].items(), key=lambda item: item[1]["accuracy_mean"]):
        spread = f" ± {model['accuracy_sd']:.2f}" if model["accuracy_sd"] is not None else ""
        seconds = sorted(run["fit_seconds"] for run in model["runs"])[len(model["runs"]) // 2]
        rows.append(
            f"| `{name}` | {model['accuracy_mean']:.2f}{spread} % | {len(model['runs'])} | {seconds:.0f} s "
            f"| {model['runs'][0]['parameters']:,} |"
        )
    return rows


def classifiers():
    """All classifiers on all training images, best first; accuracies are those of the stored predictions."""
    y_true, predictions = stored_predictions("classifiers")
    rows = read("classifiers")["rows"]
    for name, row in rows.items():
        accuracy, *interval = accuracy_interval(y_true, predictions[name])
        row.update(accuracy=100 * accuracy, interval=[100 * end for end in interval])
    return classifier_rows(rows)


def classifiers_quick():
    """All classifiers on 10,000 training images."""
    return classifier_rows(read("classifiers_quick")["rows"])


def classifier_rows(rows):
    n_train = next(iter(rows.values()))["n_train"]
    lines = [
        f"| trained on {n_train:,} images | test accuracy | 95 % interval | fit | predict | memory | model |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["accuracy"]):
        low, high = row["interval"]
        lines.append(
            f"| `{name}` | {row['accuracy']:.1f} % | {low:.1f} to {high:.1f} | {row['fit_seconds']:.1f} s "
            f"| {row['predict_seconds']:.1f} s | {row['peak_memory_added_mb']:,} MB | {row['model_mb']:.1f} MB |"
        )
    return [
        *lines,
        "",
        "What names do not say: " + "; ".join(settings()) + ".",
    ]


def settings():
    """The models of scikit-learn and the classifier on an encoder, as they were fitted."""
    for name, model in CLASSIFIERS.items():
        if name.startswith(("scikit-learn", "EncoderClassifier")):
            steps = [" ".join(repr(step).split()) for step in steps_of(model)]
            yield f"`{name}` is `{', '.join(steps)}`"


def differences():
    """Which classifiers differ from the best of them, by the predictions that are stored."""
    y_true, predictions = stored_predictions("classifiers")
    table, _ = compare_classifiers(predictions, y_test=y_true)
    lines = [
        f"| the same {len(y_true):,} test images | test accuracy | 95 % interval | p-value against the first |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in table.iterrows():
        pvalue = "" if name == table.index[0] else f"{row['pvalue']:.1g}"
        interval = f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"
        lines.append(f"| `{name}` | {100 * row['accuracy']:.1f} % | {interval} | {pvalue} |")
    lines += ["", against("make_hog_svc()", "make_pca_svc()", y_true, predictions)]
    return lines


def against(first, second, y_true, predictions):
    """McNemar's test of two classifiers in a sentence."""
    tested = mcnemar_test(y_true, predictions[first], predictions[second])
    right = [predictions[name] == y_true for name in (first, second)]
    return (
        f"`{first}` alone classifies {(right[0] & ~right[1]).sum():,} of these images correctly, `{second}` alone "
        f"{(right[1] & ~right[0]).sum():,}: p = {tested.pvalue:.1g}."
    )


def few_labels():
    """Means over sets of labels; the best model of all images against the best one of the labels alone."""
    rows = read("few_labels")["rows"]
    sets = {}
    for key, row in rows.items():
        name, n_labels, number = re.fullmatch(r"(.*), (\d+) labels, set (\d+)", key).groups()
        sets.setdefault((int(n_labels), name), {})[number] = row
    lines = [
        "| Fashion-MNIST, 60,000 images | labels | sets | test accuracy | seconds | threads |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (n_labels, name), members in sorted(sets.items(), key=lambda item: (-item[0][0], -mean_accuracy(item[1]))):
        accuracies = [row["accuracy"] for row in members.values()]
        seconds = span([row["seconds"] for row in members.values()], ",.0f")
        threads = span([row["evidence"]["threads"] for row in members.values()], "d")
        lines.append(
            f"| `{name}` | {n_labels:,} | {len(members)} | {mean_and_deviation(accuracies, 2)} % | {seconds} "
            f"| {threads} |"
        )
    steps = (
        "The residual networks of the labels alone have a width of 32 and take about 1,600 steps; the semi-supervised "
        "ones, of widths 16 and 8, about 8,600 and 6,200."
    )
    return [*lines, "", steps, *few_labels_tested(sets)]


def mean_accuracy(members):
    return statistics.mean(row["accuracy"] for row in members.values())


def few_labels_tested(sets):
    """McNemar's test for each set of labels, in a sentence for each number of labels."""
    y_true, predictions = stored_predictions("few_labels")
    for n_labels in sorted({n for n, _ in sets}, reverse=True):
        names = [name for n, name in sets if n == n_labels]
        alone = [name for name in names if name.startswith("labels alone")]
        if not alone or len(alone) == len(names):
            continue
        best, alone = (
            max(group, key=lambda name: mean_accuracy(sets[n_labels, name]))
            for group in (set(names) - set(alone), alone)
        )
        common = sorted(sets[n_labels, best].keys() & sets[n_labels, alone].keys())
        tested = [
            mcnemar_test(y_true, *(predictions[f"{name}, {n_labels} labels, set {number}"] for name in (best, alone)))
            for number in common
        ]
        counts = ", ".join(f"{result.only_first} against {result.only_second}" for result in tested)
        yield (
            f"With {n_labels:,} labels, images that only `{best}` gets right against those that only `{alone}` does, "
            f"by set: {counts} (McNemar's exact test, p at most {max(result.pvalue for result in tested):.1g})."
        )


def histograms():
    """What the parts of make_hog_svc are worth."""
    result = read("defaults")
    rows = result["models"]["make_hog_svc()"]
    lines = [
        f"| `make_hog_svc()` on {rows[0]['n_train']:,} images | accuracy on {result['n_validation']:,} others |",
        "| --- | --- |",
    ]
    for row in rows:
        setting = {name: value for name, value in row.items() if name not in ("n_train", "mean", "validation_accuracy")}
        said = ", ".join(f"`{name.removeprefix('features__')}={value!r}`" for name, value in setting.items())
        lines.append(f"| {said or 'defaults'} | {row['mean']:.2f} % |")
    return lines


def frontier():
    """All trainings, the cheapest first and those of the frontier in bold; then the seconds to round marks."""
    rows = read("frontier")["rows"]
    best = front_of(rows, "core_seconds")
    lines = [
        "| trained on 60,000 images | seconds of a core | operations | test accuracy | 95 % interval |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in sorted(rows.items(), key=lambda item: item[1]["core_seconds"]):
        low, high = row["interval"]
        accuracy = f"{row['accuracy']:.2f} %"
        operations = "" if row["training_operations"] is None else f"{row['training_operations']:.1e}"
        lines.append(
            f"| {name} | {row['core_seconds']:,.0f} | {operations} "
            f"| {f'**{accuracy}**' if name in best else accuracy} | {low:.1f} to {high:.1f} |"
        )
    marks = {mark: seconds_to(rows, mark) for mark in range(90, 96)}
    said = [f"{mark} %: {rows[name]['core_seconds']:,.0f} ({name})" for mark, name in marks.items() if name]
    return [*lines, "", f"Fewest seconds to {'; '.join(said)}."]


def representations():
    rows = [
        "| representation | MSE per pixel | kNN on it | k-means on it | fit |",
        "| --- | --- | --- | --- | --- |",
    ]
    results = read("representations")["rows"]
    for name, row in results.items():
        mean = row["mean"]
        if "knn_accuracy" in mean:
            seconds = f"{mean['fit_seconds']:.0f} s" if "fit_seconds" in mean else ""
            error = f"{mean['test_squared_error_per_pixel']:.4f}" if "test_squared_error_per_pixel" in mean else ""
            rows.append(
                f"| `{name}` | {error} | {mean['knn_accuracy']:.1f} % | {mean['kmeans_accuracy']:.1f} % | {seconds} |"
            )
    vae = results["VariationalAutoencoder(latent_dim=10)"]["mean"]
    frozen, tuned = (results[f"EncoderClassifier, 16 dimensions, {mode}"] for mode in ("frozen", "fine-tuned"))
    few = results["EncoderClassifier, 1000 labels"]
    edges = results["make_hog_features(), Autoencoder(16, (512, 256))"]
    return [
        *rows,
        "",
        f"`VariationalAutoencoder(latent_dim=10)`: loss {vae['test_loss_per_image']:.1f} per test image, squared error "
        f"of the reconstruction from the mean code {vae['test_squared_error_per_image']:.1f}.",
        f"`EncoderClassifier` on 16 latent dimensions and all labels: frozen {percent(frozen, 'accuracy')}, fine-tuned "
        f"{percent(tuned, 'accuracy')}. A perceptron on 16 dimensions of edges and pixels, by `make_hog_features()` "
        f"and `Autoencoder(16, (512, 256))`, frozen: {percent(edges, 'accuracy')}.",
        f"With 1,000 labels and 60,000 images without: frozen {percent(few, 'pretrained_frozen_accuracy')}, fine-tuned "
        f"{percent(few, 'pretrained_fine_tuned_accuracy')}; better models of as many labels are in the next table.",
    ]


def regression():
    """By how many degrees is a digit turned: regressors of both libraries."""
    first, rows = peers("regression")
    return [
        f"| {first['images']:,} turned digits, {first['epochs']} epochs | error in degrees | seconds of a fit |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {cell(row, 'mean', '.2f')} | {cell(row, 'median_fit_seconds', '.1f')} |"
            for name, row in rows.items()
        ),
    ]


def outliers():
    """One class of Fashion-MNIST among all ten: mean areas under the ROC curve."""
    first, rows = peers("outliers")
    return [
        f"| trained on one of {first['classes']} classes | area under the ROC curve | seconds of a fit |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {cell(row, 'mean_auc', '.3f')} | {cell(row, 'median_fit_seconds', '.1f')} |"
            for name, row in sorted(rows.items(), key=lambda item: item[1][0]["mean_auc"])
        ),
    ]


def calibration():
    """What label smoothing and a temperature make of the calibration error of networks."""
    result = read("confidence")
    lines = [
        f"| trained on {result['training_images']:,} images | test accuracy | calibration error "
        "| after temperature scaling | temperature |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in networks(result).items():
        lines.append(
            f"| {name} | {100 * row['accuracy']['mean']:.1f} % | {mean(row['error'])} "
            f"| {mean(row['error_with_temperature'])} | {row['temperature']['mean']:.2f} |"
        )
    return lines


def other_images():
    """Garments among digits: areas under the ROC curve of networks that know garments, and of pixels alone."""
    result = read("confidence")
    names = networks(result)
    lines = [
        f"| garments among digits, area under the ROC curve | {' | '.join(names)} |",
        f"| --- |{' --- |' * len(names)}",
    ]
    for score in next(iter(names.values()))["auc"]:
        lines.append(f"| {score} | {' | '.join(mean(row['auc'][score]) for row in names.values())} |")
    alone = result["rows"]["without labels"]["auc"]
    return [*lines, "", "Without labels: " + ", ".join(f"{name} {mean(area)}" for name, area in alone.items()) + "."]


def networks(result):
    """The rows of networks by short names: smoothing where there is some."""
    rows = {name.replace(", label smoothing 0.0", ""): row for name, row in result["rows"].items()}
    return {name: row for name, row in rows.items() if name != "without labels"}


def mean(number):
    return f"{number['mean']:.3f} ± {number['sd']:.3f}"


def multilabel():
    """Two garments side by side: which ones are they?"""
    first, rows = peers("multilabel")
    return [
        f"| {first['images']:,} pairs of garments, {first['epochs']} epochs | both right | F1 per class | fit |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {cell(row, 'mean_both_right', '.1f')} % | {cell(row, 'mean_macro_f1', '.3f')} "
            f"| {cell(row, 'median_fit_seconds', '.1f')} s |"
            for name, row in rows.items()
        ),
    ]


def denoising():
    """What is left of noise: squared errors per pixel."""
    first, rows = peers("denoising")
    return [
        f"| noise of standard deviation {first['noise']} taken away | squared error per pixel | seconds of a fit |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {cell(row, 'mean', '.4f')} | {cell(row, 'median_fit_seconds', '.1f')} |"
            for name, row in sorted(rows.items(), key=lambda item: -item[1][0]["mean"])
        ),
    ]


def chosen_classes():
    """Images of chosen classes: means over the classes, closest to real images first."""
    lines = [
        "| generator | Fréchet distance | density | coverage | chosen class recognised | nearest training image "
        "| fit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = read("class_generation")["rows"]
    for name, row in sorted(rows.items(), key=lambda item: item[1]["mean"]["frechet_distance"]):
        mean = row["mean"]
        accuracy = f"{100 * mean['accuracy']:.1f} %"
        if name.startswith("variational"):  # nobody asked for one
            accuracy = f"none; {row['n_classes']} of {len(row['of_class'])} are drawn"
        rest = f"{row['nearest_train_distance']:.1f} | {row['fit_seconds']:.0f} s" if "fit_seconds" in row else "0 | "
        lines.append(
            f"| {name} | {mean['frechet_distance']:.2f} | {mean['density']:.3f} | {mean['coverage']:.3f} | {accuracy} "
            f"| {rest} |"
        )
    return lines


def studies():
    """What it costs to fit each published study."""
    header, *rows = costs(results_of_studies())
    lines = [header, ["---"] * len(header), *([f"`{name}`", *numbers] for name, *numbers in rows)]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def machine():
    evidences = [result["evidence"] for result in read_of_processors("training").values()]
    machines = "; ".join(
        f"{each['threads']} threads of {each['cpu']} ({', '.join(each['cpu_features'])})" for each in evidences
    )
    versions = ", ".join(f"{name} {evidences[0]['versions'][name]}" for name in ("torch", "scikit-learn", "skorch"))
    return [
        f"On {machines}; {versions}. Commands, seeds and commits are in [benchmarks/results](benchmarks/results), "
        "tables of clusterers, precisions and threads in [benchmarks/TABLES.md](benchmarks/TABLES.md)."
    ]

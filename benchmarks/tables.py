"""Write the tables of README.md and TABLES.md from ``benchmarks/results``: no number there is typed by hand."""

import re
from pathlib import Path

from benchmarks.evidence import read, read_of_processors
from benchmarks.report import costs, results_of_studies

README = Path(__file__).parents[1] / "README.md"


def accuracy():
    rows = [
        "| default settings, 20 epochs, all 60,000 images | test accuracy | seeds | fit | parameters |",
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


def speed():
    """Training against a hand-written loop: on all threads, and on one."""
    results = read_of_processors("training").values()
    rows = []
    networks = {
        "mlp": "MLP 784-128-64-10",
        "dense autoencoder": "`Autoencoder()`",
        "double": "CNN `double` (MCNN)",
        "autoencoder": "`ConvAutoencoder()`",
    }
    for name, title in networks.items():
        measured = [result[name] for result in results if name in result]
        title = f"{title}, batch {measured[0]['batch_size']}"
        rows += [f"| {title} | images/s | time / torch loop | the same on one thread |", "| --- | --- | --- | --- |"]
        most, one = ([by_threads(result, choose) for result in measured] for choose in (max, min))
        for program in most[0]:
            cells = (
                span([result[program]["images_per_second"] for result in most], ",.0f"),
                span([result[program]["time_over_torch_loop"] for result in most], ".2f"),
                span([result[program]["time_over_torch_loop"] for result in one], ".2f"),
            )
            rows.append(f"| {program} | {' | '.join(cells)} |")
        rows.append("")
    memory = next(result["mlp"]["peak_memory_added_mb"] for result in results)
    others = ", ".join(f"{name} {memory[name]}" for name in ("torch loop", "skorch", "scikit-learn"))
    rows.append(
        f"Fitting the MLP on 47 MB of uint8 images adds {memory['skfashion']} MB to the peak memory; "
        f"programs that copy them to float add more ({others} MB)."
    )
    return rows


def by_threads(result, choose):
    """The programs of a result at the largest or smallest number of threads."""
    return result["threads"][choose(result["threads"], key=int)]


def span(values, form):
    """A value, or the range of those of several processors."""
    texts = dict.fromkeys(format(value, form) for value in (min(values), max(values)))
    return " to ".join(texts)


def search():
    """A grid of learning rates, by every search, over scikit-learn's with its own perceptron and two jobs."""
    results = [result["programs"] for result in read_of_processors("search").values()]
    rows = [
        "| 4 learning rates, 3 folds, 20 epochs | jobs | seconds | time / scikit-learn |",
        "| --- | --- | --- | --- |",
    ]
    for name in results[0]:
        program, n_jobs = name.rsplit(", n_jobs=", 1)
        seconds = span([result[name]["median"] for result in results], ".1f")
        ratio = span([result[name]["time_over_scikit_learn"] for result in results], ".2f")
        rows.append(f"| {program} | {n_jobs} | {seconds} | {ratio} |")
    return rows


def precision():
    """What ``precision="auto"`` chooses on each processor, and what the other one would have given."""
    rows = [
        "| network | processor | float32 | bfloat16 | auto | auto / eager loop |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for processor, result in read_of_processors("precision").items():
        for name, row in result["networks"].items():
            speeds = row["images_per_second"]
            loop = f"{row['auto_over_the_eager_loop']:.2f}" if "auto_over_the_eager_loop" in row else ""
            cells = (
                f"`{name}`",
                processor,
                f"{speeds['float32']:,.0f}",
                f"{speeds['bfloat16']:,.0f}",
                row["auto"],
                loop,
            )
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def threads():
    """Milliseconds of a step by one thread and by all of them, on an idle machine and beside a busy program."""
    rows = ["| network | processor | program | idle | beside a busy program |", "| --- | --- | --- | --- | --- |"]
    for processor, result in read_of_processors("threads").items():
        for row in result["rows"]:
            idle, busy = (row[f"milliseconds_per_step_beside_{n}_programs"] for n in (0, 1))
            rows += [
                f"| {row['network']} | {processor} | {program} | {idle[program]:.2f} | {busy[program]:.2f} |"
                for program in idle
            ]
    return rows


def peers(name):
    """The first result of a benchmark, and by the names of its rows what each processor measured."""
    results = list(read_of_processors(name).values())
    return results[0], {row: [result["rows"][row] for result in results] for row in results[0]["rows"]}


def cell(measured, key, form):
    """The value of a row under this key, or its range over processors."""
    return span([row[key] for row in measured], form)


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


def sizes():
    """Parameters and speed of networks at several sizes of images."""
    results = read_of_processors("sizes")
    shapes = list(next(iter(next(iter(results.values()))["rows"].values())))
    heads = [f"{shape.replace('x', ' x ')}: parameters | images/s" for shape in shapes]
    rows = [f"| network | {' | '.join(heads)} |", f"| --- |{' --- | --- |' * len(shapes)}"]
    for name in next(iter(results.values()))["rows"]:
        cells = []
        for shape in shapes:
            measured = [result["rows"][name][shape] for result in results.values()]
            cells += [f"{measured[0]['parameters']:,}", span([row["images_per_second"] for row in measured], ",.0f")]
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    return rows


def formats():
    """One network in every format."""
    _, rows = peers("formats")
    return [
        "| format | kB | accuracy | save | load | one image | images/s in batches |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name if name.startswith('onnx') else f'`{name}`'} | {row[0]['bytes'] / 1000:,.0f} "
            f"| {100 * row[0]['accuracy']:.2f} % | {cell(row, 'save_seconds', '.3f')} s "
            f"| {cell(row, 'load_seconds', '.3f')} s | {cell(row, 'microseconds_of_one_image', ',.0f')} us "
            f"| {cell(row, 'images_per_second', ',.0f')} |"
            for name, row in rows.items()
        ),
    ]


def serving():
    """A web service by onnxruntime, and the same one by torch."""
    first, rows = peers("serving")
    return [
        f"| service | start | memory | latency (median) | 95 % below | requests/s, {first['clients']} clients |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {cell(row, 'seconds_to_start', '.1f')} s "
            f"| {cell(row, 'resident_mb_after_requests', '.0f')} MB "
            f"| {cell(row, 'latency_ms_p50', '.1f')} ms | {cell(row, 'latency_ms_p95', '.1f')} ms "
            f"| {cell(row, 'requests_per_second', ',.0f')} |"
            for name, row in rows.items()
        ),
    ]


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
            rows.append(
                f"| `{name}` | {mean['test_squared_error_per_pixel']:.4f} | {mean['knn_accuracy']:.1f} % "
                f"| {mean['kmeans_accuracy']:.1f} % | {seconds} |"
            )
    vae = results["VariationalAutoencoder(latent_dim=10)"]["mean"]
    frozen, tuned = (results[f"EncoderClassifier, 16 dimensions, {mode}"] for mode in ("frozen", "fine-tuned"))
    few = results["EncoderClassifier, 1000 labels"]
    return [
        *rows,
        "",
        f"`VariationalAutoencoder(latent_dim=10)`: loss {vae['test_loss_per_image']:.1f} per test image, squared error "
        f"of the mean {vae['test_squared_error_per_image']:.1f}.",
        f"`EncoderClassifier` on 16 latent dimensions and all labels: frozen {percent(frozen, 'accuracy')}, fine-tuned "
        f"{percent(tuned, 'accuracy')}.",
        f"With 1,000 labels and 60,000 images without: frozen {percent(few, 'pretrained_frozen_accuracy')}, fine-tuned "
        f"{percent(few, 'pretrained_fine_tuned_accuracy')}; the same network on the labels alone "
        f"{percent(few, 'labels_alone_accuracy')}.",
    ]


def neighbors():
    result = read("neighbors")
    rows = [
        f"| {result['n_neighbors']} nearest of {result['images']:,} images, {result['queries']:,} queries | seconds "
        "| time / scikit-learn | same neighbours |",
        "| --- | --- | --- | --- |",
    ]
    rows += [
        f"| {program} | {row['median']:.1f} | {row['time_over_scikit_learn']:.2f} "
        f"| {100 * row['same_neighbors']:.2f} % |"
        for program, row in result["programs"].items()
    ]
    best = result["best"]
    setting = ", ".join(f"{name}={value!r}" for name, value in best["setting"].items())
    low, high = best["interval"]
    subspace = read("subspaces")["chosen"]
    return [
        *rows,
        "",
        f"`KNNClassifier({setting})`, chosen by cross-validation: {best['test_accuracy']:.2f} % "
        f"({low:.2f} to {high:.2f}).",
        f"`SubspaceClassifier({subspace['n_components']})`, chosen on held-out images: "
        f"{subspace['test_accuracy']:.2f} %, fitted in {subspace['fit_seconds']:.1f} s.",
    ]


def classifiers():
    """All classifiers on all training images, best first."""
    return classifier_rows("classifiers")


def classifiers_quick():
    """All classifiers on 10,000 training images."""
    return classifier_rows("classifiers_quick")


def classifier_rows(name):
    rows = read(name)["rows"]
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
    return lines


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


def memory():
    """Page faults and time per batch where freed memory is kept, and where it is returned to the system."""
    result = read("memory")
    header = f"| batches of {result['batch_size']} | page faults | and without | ms | and without | time / without |"
    rows = [header, "| --- | --- | --- | --- | --- | --- |"]
    for name, row in result["networks"].items():
        kept, returned = row["kept"], row["given back"]
        rows.append(
            f'| `CNNClassifier("{name}")` | {kept["page_faults_per_batch"]:,} | {returned["page_faults_per_batch"]:,} '
            f"| {kept['median']:.1f} | {returned['median']:.1f} | {kept['median'] / returned['median']:.2f} |"
        )
    return rows


def studies():
    """What it costs to fit each published study."""
    header, *rows = costs(results_of_studies())
    lines = [header, ["---"] * len(header), *([f"`{name}`", *numbers] for name, *numbers in rows)]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def percent(row, name):
    spread = f" ± {row['sd'][name]:.1f}" if row["sd"] else ""
    return f"{row['mean'][name]:.1f}{spread} %"


def machine():
    evidences = [result["evidence"] for result in read_of_processors("training").values()]
    machines = "; ".join(
        f"{each['threads']} threads of {each['cpu']} ({', '.join(each['cpu_features'])})" for each in evidences
    )
    versions = ", ".join(f"{name} {evidences[0]['versions'][name]}" for name in ("torch", "scikit-learn", "skorch"))
    return [
        f"On {machines}; {versions}. Commands, seeds and commits are in [benchmarks/results](benchmarks/results), "
        "clusterers, precisions and threads in [benchmarks/TABLES.md](benchmarks/TABLES.md)."
    ]


def main():
    for file, tables in TABLES.items():
        text = file.read_text()
        for table in tables:
            block = "\n".join([f"<!-- {table.__name__} -->", *table(), f"<!-- end of {table.__name__} -->"])
            between = f"<!-- {table.__name__} -->.*<!-- end of {table.__name__} -->"
            text = re.sub(between, lambda _, block=block: block, text, flags=re.DOTALL)
        file.write_text(text)


TABLES = {
    README: (accuracy, representations, classifiers, neighbors, speed, search, studies, machine),
    Path(__file__).parent / "TABLES.md": (
        classifiers_quick,
        clusters,
        memory,
        regression,
        outliers,
        multilabel,
        denoising,
        sizes,
        formats,
        serving,
        precision,
        threads,
    ),
}


if __name__ == "__main__":
    main()

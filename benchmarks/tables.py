"""Write the tables of README.md and TABLES.md from ``benchmarks/results``: no number there is typed by hand."""

import re
from pathlib import Path

from benchmarks.evidence import read
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
    training = read("training")
    rows = []
    networks = {"mlp": "MLP 784-128-64-10", "double": "CNN `double` (MCNN)", "autoencoder": "`ConvAutoencoder()`"}
    for name, title in networks.items():
        result = training[name]
        rows += [f"| {title}, batch {result['batch_size']} | images/s | time / torch loop |", "| --- | --- | --- |"]
        rows += [
            f"| {program} | {row['images_per_second']:,} | {row['time_over_torch_loop']:.2f} |"
            for program, row in result["programs"].items()
        ]
        rows.append("")
    memory = {name: row.get("peak_memory_added_mb") for name, row in training["mlp"]["programs"].items()}
    search = read("search")["models"]
    others = ", ".join(f"{name} {memory[name]}" for name in ("torch loop", "skorch", "scikit-learn"))
    rows.append(
        f"Fitting the MLP on 47 MB of uint8 images adds {memory['skfashion']} MB to the peak memory; "
        f"programs that copy them to float add more ({others} MB)."
    )
    speed_ups = " and ".join(f"{row['speed_up_at_equal_threads']:.2f} ({name})" for name, row in search.items())
    rows.append(
        f"Two workers speed up a grid search on 10,000 images over one of the same single thread by {speed_ups}; "
        "one worker with all threads uses two cores just as well."
    )
    return rows


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
    evidence = read("training")["evidence"]
    versions = ", ".join(
        f"{name} {evidence['versions'][name]}" for name in ("torch", "scikit-learn", "skorch", "keras")
    )
    return [
        f"On {evidence['threads']} threads of {evidence['cpu']} ({', '.join(evidence['cpu_features'])}); {versions}. "
        "Commands, seeds and commits are in [benchmarks/results](benchmarks/results), clusterers in "
        "[benchmarks/TABLES.md](benchmarks/TABLES.md)."
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
    README: (accuracy, representations, classifiers, neighbors, speed, studies, machine),
    Path(__file__).parent / "TABLES.md": (classifiers_quick, clusters, memory),
}


if __name__ == "__main__":
    main()

"""Time, memory and size, as rows of Markdown."""

import statistics

from benchmarks.evidence import read, read_of_processors
from benchmarks.tables.shared import by_threads, cell, peers, span


def hog():
    """Histograms of oriented gradients by us and by scikit-image."""
    lines = [
        "| images | scikit-image | `HOGTransformer`, the same | time / scikit-image | with interpolation and signs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in read("hog")["rows"].items():
        lines.append(
            f"| {name} | {row['scikit_image_ms']:.2f} ms | {row['same_ms']:.2f} ms "
            f"| {row['same_ms'] / row['scikit_image_ms']:.2f} | {row['defaults_ms']:.2f} ms |"
        )
    return lines


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
        rows += [f"| {title} | images/s | time / torch loop | ratio on one thread |", "| --- | --- | --- | --- |"]
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
        "| network | processor | float32, images/s | bfloat16, images/s | auto | auto / eager loop |",
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


def ranks():
    """A training on one process and on two: images per second, and what they send each other."""
    rows = [
        "| one epoch | processes | images/s | traffic | largest difference of weights |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in read_of_processors("ranks").values():
        for name, row in result["models"].items():
            for program, run in row["programs"].items():
                difference = f"{row['largest_difference_of_weights']:.0e}" if program.startswith("2") else ""
                rows.append(
                    f"| `{name}` | {program} | {run['images_per_second']:,} | {run['traffic_mb']:,} MB | {difference} |"
                )
    return rows


def workers():
    """A grid search by workers of one thread each."""
    rows = [
        "| 36 fits of an MLP | workers | seconds | speed-up | traffic |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in read_of_processors("workers").values():
        programs = result["programs"]
        for program, row in programs.items():
            engine, n_workers = program.split(", ")
            alone = programs["serial, 1"]["seconds"]
            traffic = statistics.median(run["traffic_mb"] for run in row["runs"])
            rows.append(
                f"| {engine} | {n_workers} | {row['seconds']:.1f} | {alone / row['seconds']:.2f} | {traffic:,.0f} MB |"
            )
    return rows


def scaling():
    """Seconds against the number of images, their size, and the candidates of a search; the last column is computed."""
    (result,) = list(read_of_processors("scaling").values())[:1]
    return [
        *growth(
            result["images"],
            "{:,} images",
            f"an epoch, or {result['queries']:,} neighbours, seconds",
            10**8,
            "10⁸ images",
        ),
        "",
        *growth(result["sides"], "{0} x {0}", f"{result['images_of_sides']:,} images, one epoch, seconds"),
        "",
        *growth(result["candidates"], "{:,}", "candidates of 3 folds and 3 epochs, seconds", 10**4, "10⁴ candidates"),
    ]


def growth(curves, size_format, title, far=None, far_title=None):
    """A table of curves by name; how far they would go by the last measured size and the exponent, in hours."""
    sizes = max((curve["sizes"] for curve in curves.values()), key=len)
    header = [title, *map(size_format.format, sizes), "exponent", "memory added"]
    rows = []
    for name, curve in curves.items():
        runs = curve["runs"]
        seconds = [f"{run['seconds']:,.2f}" for run in runs] + [""] * (len(sizes) - len(runs))
        row = [f"`{name}`", *seconds, f"{curve['exponent']:.2f}", f"{runs[-1]['memory_mb']:,} MB"]
        if far is not None:
            hours = runs[-1]["seconds"] * (far / curve["sizes"][-1]) ** curve["exponent"] / 3600
            row.append(f"{hours:,.1f} h")
        rows.append(row)
    if far is not None:
        header.append(f"{far_title}, extrapolated")
    return [f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *rows)]

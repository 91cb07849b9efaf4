"""Savings by keeping freed memory: page faults and processor time per batch, with and without.

Training of the convolutional networks of the optimizers study, batches of 200 training images of Fashion-MNIST, Adam,
on the CPU. Each measurement is a fresh process (the limits of the C library stay raised once they are), which fits a
first epoch and then measures the next. With and without take turns; reported are medians. CPU time, not wall-clock
time: waiting for other programs does not count.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from unittest.mock import patch

import torch

from benchmarks.evidence import write
from skfashion.datasets import fetch_fashion_mnist
from skfashion.neural_network import CNNClassifier

NETWORKS = ("single", "stacked", "double")
BATCH_SIZE = 200
KEEP = "skfashion.training._epochs.keep_freed_memory"


def measure(name, n_images):
    """Print page faults and milliseconds of processor time per batch, of this process."""
    X, y = fetch_fashion_mnist(return_X_y=True)
    X, y = X[:n_images], y[:n_images]
    model = CNNClassifier(name, batch_size=BATCH_SIZE, device="cpu", random_state=0)
    model.partial_fit(X, y, classes=range(10))
    faults, seconds = page_faults(), time.process_time()
    model.partial_fit(X, y)
    n_batches = -(-n_images // BATCH_SIZE)
    print((page_faults() - faults) / n_batches, 1000 * (time.process_time() - seconds) / n_batches)


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def in_a_process(name, n_images, threads, keep):
    command = [sys.executable, "-m", "benchmarks.bench_memory", "--measure", name]
    command += ["--images", str(n_images), "--threads", str(threads), *([] if keep else ["--without"])]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(map(float, output.split()))


def compare(name, n_images, threads, repetitions):
    runs_by_mode = {"kept": [], "given back": []}
    for _ in range(repetitions):
        for mode, runs in runs_by_mode.items():
            runs.append(in_a_process(name, n_images, threads, mode == "kept"))
            print(f"{name}, memory {mode}: {runs[-1][0]:.0f} page faults, {runs[-1][1]:.1f} ms per batch", flush=True)
    return {mode: summary(runs) for mode, runs in runs_by_mode.items()}


def summary(runs):
    faults, milliseconds = zip(*runs, strict=True)
    return {
        "page_faults_per_batch": round(statistics.median(faults)),
        "milliseconds": [round(value, 2) for value in milliseconds],
        "median": round(statistics.median(milliseconds), 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8_000, help="training images")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--measure", choices=NETWORKS, help="only measure one network, in this process")
    parser.add_argument("--without", action="store_true", help="with --measure: give freed memory back")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.measure and arguments.without:
        with patch(KEEP):
            measure(arguments.measure, arguments.images)
    elif arguments.measure:
        measure(arguments.measure, arguments.images)
    else:
        networks = {n: compare(n, arguments.images, arguments.threads, arguments.repetitions) for n in NETWORKS}
        write("memory", {"images": arguments.images, "batch_size": BATCH_SIZE, "networks": networks})


if __name__ == "__main__":
    main()

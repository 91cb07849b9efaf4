"""How many threads pay off for a dense network, on an idle machine and while a program keeps a core busy.

Perceptrons of growing products train on random images for the same number of steps with one and with all of torch's
threads; the rule of ``skfashion.training._threads`` is off, except in the rows that say so. A hand-written loop and
scikit-learn's MLPClassifier stand beside the network of the benchmarks. Programs are interleaved; times are medians.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
import warnings
from unittest import mock

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier as SklearnMLP
from torch import nn

from benchmarks.evidence import write_for_processor
from skfashion.neural_network import MLPClassifier

# Features, units and images of a batch.
NETWORKS = [(64, 32, 128), (256, 64, 128), (784, 64, 128), (784, 128, 128), (784, 128, 256), (784, 512, 128)]
BENCHMARK = (784, 128, 128)
N_STEPS = 150

RULE = "skfashion.training._threads._WORK_OF_A_THREAD"


def images(n_features, batch_size):
    rng = np.random.default_rng(0)
    n = N_STEPS * batch_size
    return rng.integers(0, 256, (n, n_features)).astype(np.uint8), rng.integers(0, 10, n)


def ours(network, n_threads, rule):
    n_features, n_units, batch_size = network
    X, y = images(n_features, batch_size)
    model = MLPClassifier((n_units,), batch_size=batch_size, max_epochs=1, random_state=0)

    def fit():
        torch.set_num_threads(n_threads)
        with contextlib.nullcontext() if rule else mock.patch(RULE, 1e-9):
            model.fit(X, y)

    return fit


def loop(network, n_threads):
    n_features, n_units, batch_size = network
    X, y = images(n_features, batch_size)
    module = nn.Sequential(nn.Linear(n_features, n_units), nn.ReLU(), nn.Linear(n_units, 10))
    optimizer = torch.optim.Adam(module.parameters())
    X, y = torch.from_numpy(X).float().div(255), torch.from_numpy(y)

    def fit():
        torch.set_num_threads(n_threads)
        for rows in torch.randperm(len(y)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimizer.step()

    return fit


def scikit_learn(network):
    n_features, n_units, batch_size = network
    X, y = images(n_features, batch_size)
    X = (X / np.float32(255)).astype(np.float32)
    model = SklearnMLP((n_units,), batch_size=batch_size, max_iter=1, random_state=0)

    return lambda: model.fit(X, y)


@contextlib.contextmanager
def busy(n_programs):
    """Programs that keep a core busy each."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n_programs)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def medians(programs, repetitions):
    times = {name: [] for name in programs}
    for repetition in range(repetitions + 1):
        for name, fit in programs.items():
            start = time.perf_counter()
            fit()
            if repetition:  # the first one is a warm-up
                times[name].append(time.perf_counter() - start)
    return {name: round(1000 * statistics.median(values) / N_STEPS, 3) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # there is nothing to learn from noise, and our networks say so
    n_all = torch.get_num_threads()
    results = []
    for network in NETWORKS:
        programs = {f"skfashion, {n} threads": ours(network, n, rule=False) for n in sorted({1, n_all})}
        programs["skfashion, threads by the rule"] = ours(network, n_all, rule=True)
        if network == BENCHMARK:
            programs |= {f"torch loop, {n} threads": loop(network, n) for n in sorted({1, n_all})}
            programs["scikit-learn"] = scikit_learn(network)
        n_features, n_units, batch_size = network
        row = {
            "network": f"{n_features}-{n_units}-10, batch {batch_size}",
            "million_multiplications": round(batch_size * n_units * (n_features + 10) / 1e6, 1),
        }
        for n_busy in (0, 1):
            with busy(n_busy):
                row[f"milliseconds_per_step_beside_{n_busy}_programs"] = medians(programs, arguments.repetitions)
        results.append(row)
        print(row, flush=True)
    write_for_processor("threads", {"all_threads": n_all, "rows": results})


if __name__ == "__main__":
    main()

"""One training on several processes (``distributed=True`` under torchrun) beside the same in one process.

An epoch on Fashion-MNIST at the same batch size, after an epoch on 2,000 images that warms up. Programs take turns;
medians count. Traffic is what passed the loopback device meanwhile, by all processes of the machine. The largest
difference of weights is that after an epoch of plain gradient descent, in float32.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.evidence import write_for_processor
from skfashion.datasets import fetch_fashion_mnist
from skfashion.modules import conv, dense, pool
from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

SETTINGS = {"max_epochs": 1, "precision": "float32", "device": "cpu", "random_state": 0}
MODELS = {
    "MLPClassifier((1024, 512))": MLPClassifier((1024, 512), **SETTINGS),
    "CNNClassifier()": CNNClassifier(**SETTINGS),
    "ResNetClassifier()": ResNetClassifier(**SETTINGS),
}

# Without what is random, of which each process draws its own, and by plain steps.
PLAIN = {"optimizer": "sgd", "learning_rate": 0.01, "lr_schedule": None, "augmentation": None}
COMPARED = {**MODELS, "CNNClassifier()": CNNClassifier((conv(32), pool(2), dense(64)), **SETTINGS)}

# Processes, and threads of each.
PROGRAMS = {"1 process, 1 thread": (1, 1), "1 process, 2 threads": (1, 2), "2 processes, 1 thread each": (2, 1)}


def measure(name, n_images, folder):
    """Print images per second and MB of traffic of an epoch; leave the weights after one of plain steps."""
    n_ranks = int(os.environ.get("WORLD_SIZE", 1))
    rank = int(os.environ.get("RANK", 0))
    if n_ranks > 1:
        torch.distributed.init_process_group("gloo")
    model = MODELS[name].set_params(distributed=n_ranks > 1)
    X, y = (part[:n_images] for part in fetch_fashion_mnist(return_X_y=True))
    model.fit(X[:2000], y[:2000])
    start, sent = time.perf_counter(), loopback_mb()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    if rank == 0:
        print(json.dumps({"images_per_second": len(X) / seconds, "traffic_mb": loopback_mb() - sent}), flush=True)
    model = COMPARED[name].set_params(distributed=n_ranks > 1, **PLAIN).fit(X, y)
    if rank == 0:
        np.savez(folder / f"{n_ranks}.npz", **{key: each.numpy() for key, each in model.module_.state_dict().items()})
    if n_ranks > 1:
        torch.distributed.destroy_process_group()


def loopback_mb():
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.split()[1]) / 2**20


def in_processes(name, n_images, n_processes, n_threads, folder):
    program = ["-m", "benchmarks.bench_ranks", "--measure", name, str(n_images), str(folder)]
    if n_processes > 1:
        program = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}", *program]
    environment = {**os.environ, "OMP_NUM_THREADS": str(n_threads)}
    done = subprocess.run([sys.executable, *program], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def compare(name, n_images, repetitions):
    runs = {program: [] for program in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repetitions):
            for program, size in PROGRAMS.items():
                runs[program].append(in_processes(name, n_images, *size, folder))
                print(name, program, runs[program][-1], flush=True)
        one, two = (np.load(Path(folder) / f"{n_ranks}.npz") for n_ranks in (1, 2))
        difference = max(float(np.abs(one[key] - two[key]).max()) for key in one)
    programs = {
        program: {key: round(statistics.median(run[key] for run in found)) for key in found[0]}
        for program, found in runs.items()
    }
    return {"programs": programs, "runs": runs, "largest_difference_of_weights": difference}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--measure", nargs=3, metavar=("MODEL", "IMAGES", "FOLDER"), help="measure in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        name, n_images, folder = arguments.measure
        measure(name, int(n_images), Path(folder))
    else:
        models = {name: compare(name, arguments.images, arguments.repetitions) for name in MODELS}
        batch_size = MLPClassifier().batch_size
        write_for_processor("ranks", {"images": arguments.images, "batch_size": batch_size, "models": models})


if __name__ == "__main__":
    main()

"""A web service around a classifier: onnxruntime beside torch.

The service of ``examples/serve``, which knows only an ONNX file, beside the same one with the fitted estimator behind
it. Both run in a process of their own, compute on one thread per request, and take turns; reported are medians over
rounds. Clients run on the same machine, over sockets that stay open, and share its cores with the service. The time to
start counts from the start of the process to the first answer. ``--quick`` is a small run on drawn garments, kept apart
in ``results/quick``.
"""

import argparse
import contextlib
import http.client
import importlib.util
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import types
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from PIL import Image

from benchmarks.evidence import write, write_for_processor
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import CNNClassifier

EXAMPLE = Path(__file__).parents[1] / "examples/serve/serve.py"
PACKAGES = ("onnxruntime", "starlette", "uvicorn", "pillow")
HEADERS = {"Content-Type": "image/png"}
N_CLIENTS = 8
WARM_UP = 50


def serve_with_torch(path, port):
    """The service of the example around a fitted estimator; onnxruntime, whose memory would count, is not loaded."""
    sys.modules["onnxruntime"] = types.ModuleType("onnxruntime")
    spec = importlib.util.spec_from_file_location("serve", EXAMPLE)
    serve = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(serve)

    class TorchModel(serve.Model):
        def __init__(self, path):
            self.estimator = joblib.load(path)
            self.name, self.classes = path, self.estimator.classes_.tolist()
            self.channels, self.height, self.width = self.estimator.image_shape_
            self.channels_last = False

        def answer(self, levels):
            shares = self.estimator.predict_proba(levels)[0].tolist()
            pairs = [{"class": label, "probability": share} for label, share in zip(self.classes, shares, strict=True)]
            return {"label": self.classes[int(np.argmax(shares))], "probabilities": pairs}

    serve.uvicorn.run(serve.application(TorchModel(path)), port=port, log_level="warning", **serve.LIMITS)


def commands(folder):
    """How each service is started; a port follows."""
    ours = ["-m", "benchmarks.bench_serving", "--serve", str(folder / "model.joblib")]
    return {"onnxruntime": [str(EXAMPLE), str(folder / "model.onnx")], "torch": ours}


def fit(folder, quick):
    """Write a fitted network in both formats, and return files of images that it has not seen."""
    from skfashion.persistence import to_onnx  # after --serve, which does without

    if quick:
        X, y = make_garments(600, random_state=0, return_X_y=True)
        X_test = make_garments(100, random_state=1).data
    else:
        X, y = fetch_fashion_mnist(subset="train", return_X_y=True)
        X_test, _ = fetch_fashion_mnist(subset="test", return_X_y=True)
    model = CNNClassifier(max_epochs=1, device="cpu", random_state=0).fit(X, y)
    joblib.dump(model, folder / "model.joblib")
    to_onnx(model, folder / "model.onnx")
    return [png(row.reshape(28, 28)) for row in X_test[:100]]


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


@contextlib.contextmanager
def running(arguments):
    """A service until it is done with: its process, its port, and the seconds to its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments, "--port", str(port)], env=environment)
    try:
        wait_for_an_answer(process, port)
        yield process, port, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def wait_for_an_answer(process, port):
    while process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), client(port) as connection:
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        time.sleep(0.005)
    raise RuntimeError("the service has ended before it answered")


@contextlib.contextmanager
def client(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection, image):
    connection.request("POST", "/predict", image, HEADERS)
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        raise RuntimeError(f"the service has refused an image: {answer}")
    return answer


def latencies(port, images, n_requests):
    """Milliseconds of requests one after the other."""
    times = []
    with client(port) as connection:
        for number in range(WARM_UP + n_requests):
            started = time.perf_counter()
            ask(connection, images[number % len(images)])
            times.append(1000 * (time.perf_counter() - started))
    return times[WARM_UP:]


def requests_per_second(port, images, n_requests):
    """Of several clients at a time."""

    def requests(_):
        with client(port) as connection:
            for number in range(n_requests // N_CLIENTS):
                ask(connection, images[number % len(images)])

    started = time.perf_counter()
    with ThreadPoolExecutor(N_CLIENTS) as clients:
        list(clients.map(requests, range(N_CLIENTS)))
    return n_requests // N_CLIENTS * N_CLIENTS / (time.perf_counter() - started)


def resident_mb(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def measure(arguments, images, n_requests):
    """One round of a service, and its answers for some images."""
    with running(arguments) as (process, port, seconds):
        before = resident_mb(process)
        times = latencies(port, images, n_requests)
        with client(port) as connection:
            answers = [ask(connection, image)["probabilities"] for image in images[:20]]
        row = {
            "seconds_to_start": seconds,
            "resident_mb_after_start": before,
            "latency_ms_p50": float(np.quantile(times, 0.5)),
            "latency_ms_p95": float(np.quantile(times, 0.95)),
            "requests_per_second": requests_per_second(port, images, n_requests),
            "resident_mb_after_requests": resident_mb(process),
        }
    return row, np.array([[pair["probability"] for pair in answer] for answer in answers])


def compare(folder, images, rounds, n_requests):
    """Medians of each service over rounds in which they take turns."""
    rows = {name: [] for name in commands(folder)}
    answers = {}
    for _ in range(rounds):
        for name, arguments in commands(folder).items():
            row, answers[name] = measure(arguments, images, n_requests)
            rows[name].append(row)
            print(name, {key: round(value, 2) for key, value in row.items()}, flush=True)
    difference = float(np.abs(answers["onnxruntime"] - answers["torch"]).max())
    if difference > 1e-4:
        raise RuntimeError(f"the services disagree by {difference}: one of them does something else")
    medians = {
        name: {key: round(statistics.median(row[key] for row in each), 3) for key in each[0]}
        for name, each in rows.items()
    }
    return {"largest_difference_of_probabilities": difference, "rows": medians}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2000, help="of each measurement")
    parser.add_argument("--quick", action="store_true", help="one round of few requests; goes to results/quick")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve_with_torch(arguments.serve, arguments.port)
        return
    rounds, n_requests = (1, 80) if arguments.quick else (arguments.rounds, arguments.requests)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = compare(folder, fit(folder, arguments.quick), rounds, n_requests)
    versions = {package: version(package) for package in PACKAGES}
    settings = {"rounds": rounds, "requests": n_requests, "clients": N_CLIENTS, "service_versions": versions}
    if arguments.quick:
        write("quick/serving", {**settings, **results})
    else:
        write_for_processor("serving", {**settings, **results})


if __name__ == "__main__":
    main()

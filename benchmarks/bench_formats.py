"""One fitted network in every format: size, time to save and to load, accuracy, and speed of its predictions.

A convolutional network is trained on the training images of Fashion-MNIST; each format then answers for all test
images, alone and in batches, on one thread, in turns. Times are medians over rounds. ``--quick`` is a small run on
drawn garments, kept apart in ``results/quick``.
"""

import argparse
import io
import pickle
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.evidence import write, write_for_processor
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import CNNClassifier
from skfashion.persistence import load, save, to_onnx

ROUNDS = 7
BATCH = 256


def saved_as_pickle(model, folder):
    path = folder / "model.pickle"
    path.write_bytes(pickle.dumps(model))
    return path, lambda: pickle.loads(path.read_bytes()).predict


def saved(model, folder):
    path = folder / "model.skf"
    save(model, path)
    return path, lambda: load(path).predict


def exported(weights):
    def write_file(model, folder):
        path = folder / f"{weights}.onnx"
        to_onnx(model, path, weights=weights)
        return path, lambda: predict_of(path)

    return write_file


def quantized(model, folder):
    """What onnxruntime itself makes of a file: products of int8, with activations that are quantized on the way."""
    source, path = folder / "source.onnx", folder / "quantized.onnx"
    to_onnx(model, source)
    quantize_dynamic(source, path, weight_type=QuantType.QUInt8)
    return path, lambda: predict_of(path)


def predict_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    return lambda X: session.run(["label"], {"X": X})[0]


FORMATS = {
    "pickle": saved_as_pickle,
    "save": saved,
    "to_onnx": exported("float32"),
    'to_onnx, weights="float16"': exported("float16"),
    'to_onnx, weights="int8"': exported("int8"),
    "onnxruntime's quantize_dynamic": quantized,
}


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def in_batches(predict, X):
    return np.concatenate([predict(X[start : start + BATCH]) for start in range(0, len(X), BATCH)])


def measure(model, X, y, folder):
    rows = {name: {"save_seconds": [], "load_seconds": [], "one": [], "batches": []} for name in FORMATS}
    for _ in range(ROUNDS):
        for name, write_file in FORMATS.items():
            row = rows[name]
            spent, (path, loader) = seconds(write_file, model, folder)
            row["save_seconds"].append(spent)
            spent, predict = seconds(loader)
            row["load_seconds"].append(spent)
            predict(X[:1])
            row["one"].append(statistics.median(seconds(predict, X[index : index + 1])[0] for index in range(200)))
            spent, labels = seconds(in_batches, predict, X)
            row["batches"].append(spent)
            row |= {"bytes": path.stat().st_size, "accuracy": float((labels == y).mean())}
    return {
        name: {
            "bytes": row["bytes"],
            "accuracy": row["accuracy"],
            "save_seconds": statistics.median(row["save_seconds"]),
            "load_seconds": statistics.median(row["load_seconds"]),
            "microseconds_of_one_image": 1e6 * statistics.median(row["one"]),
            "images_per_second": len(X) / statistics.median(row["batches"]),
        }
        for name, row in rows.items()
    }


def size_of_weights(model):
    return sum(weight.nbytes for weight in model.module_.state_dict().values())


def size_of_an_unfitted_model(model):
    file = io.BytesIO()
    save(model, file)
    return len(file.getvalue())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if quick:
        X, y = make_garments(600, random_state=0, return_X_y=True)
        X_test, y_test = make_garments(500, random_state=1, return_X_y=True)
    else:
        X, y = fetch_fashion_mnist(subset="train", return_X_y=True)
        X_test, y_test = fetch_fashion_mnist(subset="test", return_X_y=True)
    unfitted = size_of_an_unfitted_model(CNNClassifier())
    model = CNNClassifier(max_epochs=2 if quick else 5, device="cpu", random_state=0).fit(X, y)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(model, X_test, y_test, Path(folder))
    for name, row in rows.items():
        print(name, row, flush=True)
    results = {"model": repr(model), "weights_bytes": size_of_weights(model), "unfitted_bytes": unfitted}
    results |= {"rounds": ROUNDS, "batch": BATCH, "rows": rows}
    if quick:
        write("quick/formats", results)
    else:
        write_for_processor("formats", results)


if __name__ == "__main__":
    main()

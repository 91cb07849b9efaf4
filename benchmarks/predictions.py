"""Predicted labels of the rows of a table, beside its results: what paired tests are made of."""

import io

import numpy as np

from benchmarks.evidence import RESULTS, write_whole


def keep_predictions(table, name, labels, y_true):
    """Add the predictions of a row to ``benchmarks/results/TABLE.npz``, a byte for each image."""
    y_stored, predictions = stored_predictions(table)
    if predictions and not np.array_equal(y_stored, y_true):
        raise ValueError(f"The predictions of {table!r} are of other images.")
    buffer = io.BytesIO()
    arrays = {"y_true": y_true, **predictions, name: labels}
    np.savez_compressed(buffer, **{key: np.asarray(value, dtype=np.uint8) for key, value in arrays.items()})
    write_whole(RESULTS / f"{table}.npz", buffer.getvalue())


def stored_predictions(table):
    """True labels of the test images, and by the names of rows their predicted labels; None and nothing without."""
    path = RESULTS / f"{table}.npz"
    if not path.exists():
        return None, {}
    with np.load(path) as arrays:
        predictions = dict(arrays)
    return predictions.pop("y_true"), predictions

"""Published tables as data: a study a file, and in it a `Row` for each model of the table.

A file holds ``TITLE``, ``SEEDS`` (how many) and ``ROWS``. ``python -m benchmarks.reproduce STUDY`` fits them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One model of a published table: an estimator, and the numbers that it should come to.

    `accuracy` on the test images and `cv_accuracy` of a search are in percent, `loss` on the test images in nats; None
    is not published. `held_out` is the share of the training images that the fit does not see but reports on.
    """

    name: str
    estimator: object
    accuracy: float | None = None
    loss: float | None = None
    cv_accuracy: float | None = None
    data: str = "fashion_mnist"
    held_out: float = 0.0
    note: str = ""

    @property
    def published(self):
        """The published numbers by their names; our own rows have none and are measured by their accuracy."""
        numbers = {name: getattr(self, name) for name in ("cv_accuracy", "accuracy", "loss")}
        return {name: value for name, value in numbers.items() if value is not None} or {"accuracy": None}

"""Published tables as data: one file per study, with a `Row` for each model of the table.

A file holds ``TITLE``, ``QUESTION``, ``ANSWER`` (with ``{row|number}`` where a result goes), ``LEAD`` (the picture that
shows it: "published", or the number of a group and the name of its picture), ``SEEDS`` (how many) and ``GROUPS``: lists
of rows that are drawn together, by their titles. Its docstring says what the report leaves open.
``python -m benchmarks.reproduce STUDY`` fits them.
"""

from dataclasses import dataclass

NUMBERS = ("cv_accuracy", "accuracy", "loss", "negative_elbo", "squared_error", "train_loss", "wcss", "silhouette")


@dataclass(frozen=True)
class Row:
    """One model of a published table: an estimator, and the numbers that it should come to.

    An estimator of None cannot be reproduced, and the note says why. Rows whose name begins with "ours" are not
    published: they are compared with the best of the others by the number `compared`.

    Numbers on the test images are `accuracy` in percent, `loss` in nats, `negative_elbo` (the whole loss of a
    variational autoencoder, per image) and `squared_error` (per pixel); on the training images `cv_accuracy` of a
    search in percent, `train_loss` of the last epoch, `wcss` and `silhouette` of clusters. None means not published.

    `data` is a name of :data:`benchmarks.reproduce.FETCH`, `n_train` how many of its training images are drawn, and
    `held_out` the share of them that the fit does not see but reports on. `pictures` are names of
    :data:`benchmarks.measures.PICTURES`.
    """

    name: str
    estimator: object
    accuracy: float | None = None
    loss: float | None = None
    negative_elbo: float | None = None
    cv_accuracy: float | None = None
    squared_error: float | None = None
    train_loss: float | None = None
    wcss: float | None = None
    silhouette: float | None = None
    data: str = "fashion_mnist"
    n_train: int | None = None
    held_out: float = 0.0
    pictures: tuple = ()
    compared: str = "accuracy"
    note: str = ""

    @property
    def published(self):
        """The published numbers by their names; None stands for what our own rows are compared by."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return {name: value for name, value in numbers.items() if value is not None} or {self.compared: None}

    @property
    def is_ours(self):
        return self.name.startswith("ours")


def rows_of(study):
    """All rows of a study, in their order."""
    return [row for rows in study.GROUPS.values() for row in rows]

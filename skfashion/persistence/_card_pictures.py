"""The pictures of a model card, as PNG files in memory."""

import io

from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline

from skfashion._extras import imported
from skfashion._nested import steps_of
from skfashion.inspection import ReconstructionDisplay, TrainingCurveDisplay
from skfashion.inspection._labels import labels_at
from skfashion.persistence._facts import trained_network

# The matrix of more classes is no picture any more.
MAX_CLASSES = 30

_N_RECONSTRUCTIONS = 10
_MAX_NAME = 30


def training_curve(step):
    """The loss over the epochs, and the accuracy where it was measured; None without a history."""
    trained = trained_network(step) or step
    history = getattr(trained, "history_", None)
    if not history:
        return None
    has_accuracy = any(epoch.get("train_accuracy") is not None for epoch in history)
    metrics = ("loss", "accuracy") if has_accuracy else ("loss",)
    figure = _figure(5 * len(metrics), 3.4)
    # A single epoch is a point, which no line shows.
    line_kw = {"marker": "o", "markersize": 4} if len(history) <= 10 else None
    for ax, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        TrainingCurveDisplay.from_estimator(trained, metric=metric, ax=ax, line_kw=line_kw)
        if len(history) == 1:
            ax.set(xlim=(history[0]["epoch"] - 1, history[0]["epoch"] + 1))  # so that ticks are whole epochs
    return _as_png(figure)


def confusion_matrix(confusion, names):
    """The numbers of images of each true class, in rows, by predicted class."""
    names = [name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…" for name in names]
    side = max(1.2, 0.45 * len(names))
    ax = _figure(side, side, layout="none").add_axes((0, 0, 1, 1))  # names are outside, however long they are
    ConfusionMatrixDisplay(confusion, display_labels=names).plot(
        ax=ax,
        cmap="Blues",
        colorbar=False,
        xticks_rotation="vertical",
        im_kw={"vmin": 0},
        text_kw={"fontsize": 8 if confusion.max() < 10_000 else 6},
    )
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)  # a "$" in the name of a class begins no formula
    ax.set(xlabel="predicted class", ylabel="true class")
    return _as_png(ax.figure)


def reconstructions(estimator, X, y=None):
    """Some images above their reconstructions; steps from which there is no way back are applied before.

    `y` are the labels of all images, which a conditional autoencoder needs.
    """
    steps, images = steps_of(estimator), X[:_N_RECONSTRUCTIONS]
    while not all(hasattr(step, "inverse_transform") for step in steps[:-1]):
        images = steps.pop(0).transform(images)
    figure = _figure(11, 2.6)
    model = steps[0] if len(steps) == 1 else make_pipeline(*steps)
    classes = labels_at(y, X, slice(_N_RECONSTRUCTIONS))
    ReconstructionDisplay.from_estimator(model, images, classes, n_images=_N_RECONSTRUCTIONS, ax=figure.subplots())
    return _as_png(figure)


def can_be_drawn(image_shape):
    """Whether images have the channels of a picture."""
    return image_shape is not None and image_shape[0] in (1, 3, 4)


def _figure(width, height, layout="constrained"):
    """A figure that pyplot does not know, so that no window opens and nothing has to be closed."""
    matplotlib = imported("matplotlib.figure", extra="plot", needed_by="A model card with pictures")
    return matplotlib.Figure(figsize=(width, height), layout=layout)


def _as_png(figure):
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    return content.getvalue()

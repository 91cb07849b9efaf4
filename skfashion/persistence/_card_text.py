"""The sections of a model card, in Markdown."""

import math

from sklearn.base import is_classifier, is_clusterer, is_regressor

from skfashion._nested import steps_of
from skfashion.persistence._card_evaluation import is_autoencoder
from skfashion.persistence._card_markdown import code, escaped, front_matter, interval, number, table
from skfashion.persistence._facts import (
    changed_parameters,
    image_shape,
    numbers_of_weights,
    pixel_scale,
    public_name,
    summary,
    versions,
)

NOT_STATED = "Not stated."

# Longer lists of classes are cut.
_MAX_CLASSES = 100

_HOW_TO_LOAD = """\
A model that was stored by `skfashion.persistence.save(model, "model.skf")`:

```python
from skfashion.persistence import load

model = load("model.skf")
model.predict(X)
```

A model that was exported by `skfashion.persistence.to_onnx(model, "model.onnx")` needs neither skfashion nor torch:

```python
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
session.run(None, {"X": X})  # rows of the type in session.get_inputs()[0].type
```"""


def metadata(estimator, license_name):
    """The YAML by which the Hugging Face Hub and others find a model."""
    entries = {} if license_name is None else {"license": license_name}
    entries["library_name"] = "skfashion"
    tags = ["skfashion", "scikit-learn", type(steps_of(estimator)[-1]).__name__]
    if is_classifier(estimator):
        entries["pipeline_tag"] = "image-classification"
        tags.insert(0, "image-classification")
    return front_matter({**entries, "tags": tags})


def section(title, text, level=2):
    """A section, which says so where nobody has said anything."""
    return f"{'#' * level} {title}\n\n{text or NOT_STATED}"


def description(estimator):
    """What the model is: its steps, its images and its size."""
    steps = steps_of(estimator)
    rows = [[f"Step {index}" if len(steps) > 1 else "Class", _class(step)] for index, step in enumerate(steps, 1)]
    if not isinstance(estimator, type(steps[-1])):
        rows.insert(0, ["Estimator", _class(estimator)])
    shape, scale = image_shape(steps), pixel_scale(steps)
    if shape is not None:
        rows.append(["Images", "{} x {} pixels, channels: {}".format(*shape[1:], shape[0])])
    if scale is not None:
        rows.append(["Pixels", escaped(scale)])
    n_weights, n_trainable = numbers_of_weights(steps)
    if n_weights:
        frozen = "" if n_trainable == n_weights else f" of {n_weights:,}"
        rows.append(["Trainable parameters", f"{n_trainable:,}{frozen}"])
    return f"{escaped(summary(steps[-1]))}\n\n{table(['', ''], rows)}"


def parameters(estimator):
    """A table of the parameters that differ from their defaults."""
    steps = steps_of(estimator)
    rows = [
        [code(name if len(steps) == 1 else f"{type(step).__name__}.{name}"), code(value)]
        for step in steps
        for name, value in changed_parameters(step)
    ]
    others = "All other parameters have their default values."
    return f"{table(['Parameter', 'Value'], rows)}\n\n{others}" if rows else "All have their default values."


def list_of_classes(names):
    """The names of the classes."""
    shown = ", ".join(map(escaped, names[:_MAX_CLASSES]))
    more = f", and {len(names) - _MAX_CLASSES} others" if len(names) > _MAX_CLASSES else ""
    return f"{len(names)}: {shown}{more}."


def metrics(estimator, evaluation):
    """A table of the metrics, and how their intervals are made."""
    rows = [
        [escaped(name), number(estimate), interval(low, high)]
        for name, (estimate, low, high) in evaluation.metrics.items()
    ]
    notes = [f"On {evaluation.n_images:,} test images."]
    if not all(math.isnan(low) for _, low, _ in evaluation.metrics.values()):
        notes.append("Intervals of shares of images are Wilson's, all others are from 1,000 bootstrap samples.")
    if is_regressor(estimator):
        notes.append("The mean absolute error is in the units of the target.")
    if is_clusterer(estimator):
        notes.append("The clustering accuracy is that of the best one-to-one matching of clusters and classes.")
    if is_autoencoder(estimator):
        notes.append("Levels from 0 to 255 count as brightness in \\[0, 1\\].")
    return f"{table(['Metric', 'Estimate', '95 % interval'], rows)}\n\n{' '.join(notes)}"


def metrics_of_classes(evaluation, names):
    """Recall and precision of each class, with Wilson's intervals."""
    rows = [
        [escaped(name), f"{row.n_images:,}", *_with_interval(row.recall), *_with_interval(row.precision)]
        for name, row in zip(names, evaluation.classes, strict=True)
    ]
    text = table(["Class", "Images", "Recall", "95 % interval", "Precision", "95 % interval"], rows[:_MAX_CLASSES])
    return text if len(rows) <= _MAX_CLASSES else f"{text}\n\nThe first {_MAX_CLASSES} of {len(rows)} classes."


def confused_pairs(pairs, names):
    """The classes that are most often taken for each other."""
    rows = [
        [escaped(names[true]), escaped(names[predicted]), f"{count:,}", f"{100 * share:.1f} %"]
        for true, predicted, count, share in pairs
    ]
    header = ["True class", "Predicted class", "Images", "Share of the true class"]
    return table(header, rows) if rows else "None: all predictions are correct."


def picture(name, caption):
    """A picture that lies beside the card."""
    return f"![{caption}]({name})\n\n*{caption}.*"


def how_to_load(text):
    """How the model is loaded: as the user says, or as this library stores models."""
    return _HOW_TO_LOAD if text is None else text


def list_of_versions():
    """The releases with which the card was made."""
    return table(["Project", "Version"], [[name, escaped(number)] for name, number in versions().items()])


def _class(estimator):
    return code(public_name(type(estimator)))


def _with_interval(estimate):
    return ["-", "-"] if estimate is None else [number(estimate.estimate), interval(estimate.low, estimate.high)]

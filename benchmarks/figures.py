"""The pictures of a study, from its results alone: curves, confusion matrices, trials, and what autoencoders draw."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

from benchmarks.arrays import unpacked
from skfashion.inspection import (
    ImageGridDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    ParallelCoordinatesDisplay,
    ReconstructionDisplay,
    TrainingCurveDisplay,
    TrialScoresDisplay,
)

SAMPLES_PER_ROW = 10


def draw(group, folder, stem, class_names):
    """Draw the pictures of a group of results; yield the file name and the caption of each.

    A caption has a place for the name of the best model.

    Parameters
    ----------
    group : dict of str to dict
        A run of each row, the best one first; none is empty.
    folder : Path
        The folder of the pictures.
    stem : str
        The beginning of their names.
    class_names : list of str
        Names of the labels from 0.
    """
    for name, drawer, caption in DRAWERS:
        figure = drawer(group, class_names)
        if figure is not None:
            figure.savefig(folder / f"{stem}-{name}.png", dpi=100, bbox_inches="tight")
            plt.close(figure)
            yield f"{stem}-{name}.png", caption


def draw_published(published, ours):
    """Draw published accuracies beside ours, a line for each model.

    Parameters
    ----------
    published : dict of str to float or None
        The published accuracy of each model, in percent; None if there is none.
    ours : dict of str to list of float
        Ours, one for each seed.
    """
    everything = [value for values in ours.values() for value in values]
    # Networks that guess would hide all other differences: their numbers stand at the edge.
    low, high = max(min(everything), np.median(everything) - 25) - 1, max(everything) + 1
    figure, ax = plt.subplots(figsize=(9, 0.3 * len(ours) + 1), layout="constrained")
    for index, (name, values) in enumerate(ours.items()):
        mean, reference = np.mean(values), published[name]
        color = "C2" if name.startswith("ours") else "C0"
        if mean < low:
            ax.annotate(f" \u25c0 {mean:.1f}", (low, index), color=color, va="center", fontsize=8)
            continue
        if reference is not None:
            ax.plot([reference, mean], [index, index], color="0.8", lw=3, zorder=1)
            ax.plot(reference, index, "o", color="0.35", mfc="white", ms=8, zorder=2)
        ax.plot([min(values), max(values)], [index, index], color=color, lw=1, zorder=3)
        ax.plot(mean, index, "o", color=color, ms=5, zorder=4)
    ax.set_yticks(range(len(ours)), [fill(name, 45) for name in ours], fontsize=8)
    ax.set(xlim=(low, high), ylim=(len(ours) - 0.5, -0.5), xlabel="accuracy on the test images, %")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def curves(group, class_names):
    """Loss, and accuracy where there is one, over epochs and over seconds."""
    histories = {name: epochs_of(run["history"]) for name, run in group.items() if "history" in run}
    if not histories:
        return None
    metrics = [
        metric
        for metric in ("loss", "accuracy")
        if all(f"train_{metric}" in history[0] for history in histories.values())
    ]
    panels = [(metric, against) for against in ("epochs", "seconds") for metric in metrics]
    figure, axes = plt.subplots(len(metrics), 2, figsize=(11, 3.5 * len(metrics) + 1), layout="constrained")
    for ax, (metric, against) in zip(axes.flat, panels, strict=True):
        TrainingCurveDisplay.from_histories(histories, metric=metric, against=against, ax=ax)
        if metric == "loss":
            scale, (low, high) = scale_of(histories)
            if scale == "log" and any(epoch["train_loss"] < low for rows in histories.values() for epoch in rows):
                ax.set_yscale("symlog", linthresh=low)  # on which a loss of 0 has a place
                low = -low / 10
            else:
                ax.set_yscale(scale)
            ax.set_ylim(low, high)
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    return figure


def epochs_of(history):
    """A history by columns as one dict per epoch."""
    return [dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)]


def scale_of(histories):
    """The scale and the limits of losses: neither those that diverge nor those of another size may hide the rest."""
    losses = np.array([epoch["train_loss"] for history in histories.values() for epoch in history], dtype=float)
    losses = losses[np.isfinite(losses)]
    first, last = (np.array([history[at]["train_loss"] for history in histories.values()], float) for at in (0, -1))
    if np.nanmin(last) < 0.05 * max(np.nanmax(last), np.nanmedian(first)):
        return "log", (max(losses[losses > 0].min() / 2, 1e-10), 2 * np.nanmax(first))
    return "linear", (0, 1.2 * np.percentile(losses, 95))


def confusion(group, class_names):
    """Confusion matrix of the best classifier."""
    best = next((run for run in group.values() if "confusion_matrix" in run), None)
    if best is None:
        return None
    figure, ax = plt.subplots(figsize=(6.5, 6), layout="constrained")
    display = ConfusionMatrixDisplay(np.array(best["confusion_matrix"]), display_labels=class_names)
    display.plot(ax=ax, cmap="Blues", xticks_rotation=45, colorbar=False)
    plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    return figure


def parallel_coordinates(group, class_names):
    """Every trial of a search as a line through its settings."""
    trials = trials_of(group)
    if trials is None:
        return None
    return ParallelCoordinatesDisplay.from_trials([trial["params"] for trial in trials], scores_of(trials)).figure_


def trial_scores(group, class_names):
    """Trials in the order in which they were made."""
    trials = trials_of(group)
    return None if trials is None else TrialScoresDisplay.from_trials(scores_of(trials)).figure_


def trials_of(group):
    """The trials of the search in a group, if there is one."""
    return next((run["trials"] for run in group.values() if "trials" in run), None)


def scores_of(trials):
    return [np.nan if trial["score"] is None else trial["score"] for trial in trials]


def reconstructions(group, class_names):
    pictures = best_pictures(group, "reconstructions")
    if pictures is None:
        return None
    return ReconstructionDisplay.from_predictions(
        unpacked(pictures["images"]), unpacked(pictures["reconstructions"]), image_shape=(1, 28, 28)
    ).figure_


def latent_space(group, class_names):
    """Latent codes of the best autoencoder, by PCA and by t-SNE."""
    pictures = best_pictures(group, "latent_space")
    if pictures is None:
        return None
    figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for ax, method in zip(axes, ("pca", "tsne"), strict=True):
        LatentSpaceDisplay(
            unpacked(pictures[method]).astype(float),
            unpacked(pictures["labels"]),
            class_names=class_names,
            method=method,
        ).plot(ax)
    if axes[0].get_legend() is not None:
        axes[0].get_legend().remove()
    return figure


def walk(group, class_names):
    """Latent traversal: images along each latent dimension."""
    pictures = best_pictures(group, "walk")
    if pictures is None:
        return None
    images = unpacked(pictures["images"]) / 255
    return LatentWalkDisplay(images, np.array(pictures["steps"]), list(range(len(images)))).plot().figure_


def samples(group, class_names):
    """New images, one row per autoencoder."""
    pictures = {name: run["pictures"]["samples"] for name, run in group.items() if "samples" in run.get("pictures", {})}
    if not pictures:
        return None
    figure, axes = plt.subplots(
        len(pictures), 1, figsize=(9, 0.95 * len(pictures)), squeeze=False, gridspec_kw={"hspace": 0.3}
    )
    for ax, (name, images) in zip(axes[:, 0], pictures.items(), strict=True):
        ImageGridDisplay.from_data(
            unpacked(images["images"]),
            n_images=SAMPLES_PER_ROW,
            image_shape=(1, 28, 28),
            ax=ax,
            n_columns=SAMPLES_PER_ROW,
        )
        ax.set_title(name, fontsize=8, loc="left", pad=2)
    return figure


def best_pictures(group, name):
    best = next(iter(group.values()))
    return best.get("pictures", {}).get(name)


DRAWERS = (
    ("curves", curves, "Learning curves on training (solid) and held-out images (dashed), over epochs and seconds."),
    ("trials", parallel_coordinates, "The settings of each trial; colours are scores on held-out images."),
    ("scores", trial_scores, "The score of each trial that was not cut short."),
    ("confusion", confusion, "Confusion matrix of {best} on the test images."),
    ("reconstructions", reconstructions, "A test image of each class, and its reconstruction by {best}."),
    ("latent-space", latent_space, "Latent codes of test images by {best}, by principal components and by t-SNE."),
    ("walk", walk, "Images along each latent dimension of {best}."),
    ("samples", samples, "Generated images, a row for each model."),
)


def scaling(result):
    """How time grows with images, their size, and candidates, by the result of ``benchmarks.bench_scaling``."""
    panels = {
        "images": ("training images", f"seconds per epoch; neighbours: per {result['queries']:,} predictions"),
        "sides": (f"side of an image ({result['images_of_sides']:,} images)", "seconds per epoch"),
        "candidates": ("candidates of a search", "seconds"),
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(12, 4), layout="constrained")
    for ax, (name, (x_label, y_label)) in zip(axes, panels.items(), strict=True):
        for label, curve in result[name].items():
            seconds = [run["seconds"] for run in curve["runs"]]
            ax.plot(curve["sizes"], seconds, marker="o", label=f"{label} (exponent {curve['exponent']:.2f})")
        ax.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label)
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    axes[1].set_xticks(sizes := next(iter(result["sides"].values()))["sizes"], map(str, sizes), minor=False)
    axes[1].minorticks_off()
    return figure

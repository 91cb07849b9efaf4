"""Draw the picture of the front page, whole and in parts: ``python -m benchmarks.cover``.

Images, an embedding, generated garments and the accuracy of all classifiers, from ``benchmarks/results`` alone.
"""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks.arrays import unpacked
from benchmarks.evidence import read
from skfashion.datasets import make_garments

FOLDER = Path(__file__).parents[1] / "docs/images"
AUTOENCODER = "ours: CAE of 32 filters, one cycle, 50 epochs"
GENERATOR = "ours: VAE of 10 latent dimensions, adam, one cycle, 50 epochs"
INK = {"light": "#24292f", "dark": "#e6e6e6"}
OURS, OTHERS = "#e8590c", "#868e96"


def pictures_of(study, row):
    """What the first run of a row drew."""
    return read(study)["rows"][row]["runs"][0]["pictures"]


def strip(ax, images, title):
    """Ten images in two lines."""
    tiles = np.asarray(images)[:10].reshape(2, 5, 28, 28).swapaxes(1, 2).reshape(56, 140)
    ax.imshow(tiles, cmap="gray")
    ax.set_title(title, loc="left", fontsize=10)
    ax.set_axis_off()


def embedding(ax, pictures):
    """Test images by t-SNE of their latent representations, coloured by class."""
    points, labels = unpacked(pictures["tsne"]).astype(float), unpacked(pictures["labels"])
    colors = mpl.colormaps["tab10"]
    names = make_garments(10, random_state=0).target_names
    for label, name in enumerate(names):
        own = points[labels == label]
        ax.scatter(*own.T, s=9, color=colors(label), lw=0, label=name)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.03),
        ncols=5,
        fontsize=7,
        columnspacing=0.8,
        frameon=False,
        handletextpad=0,
    )
    ax.set_title("Embedding: 14 latent dimensions, by t-SNE", loc="left", fontsize=10)
    ax.set_axis_off()


def accuracies(ax, rows):
    """Each classifier with its interval, the best on top."""
    for index, (name, row) in enumerate(sorted(rows.items(), key=lambda item: item[1]["accuracy"])):
        ours = not name.startswith("scikit-learn")
        ax.plot(row["interval"], [index, index], color=OURS if ours else OTHERS, lw=2)
        ax.plot(row["accuracy"], index, "o", color=OURS if ours else OTHERS, ms=5)
        ax.annotate(
            name.replace("scikit-learn ", "").replace("()", "") + f"  {row['accuracy']:.1f}",
            (row["interval"][0] - 0.3, index),
            ha="right",
            va="center",
            fontsize=8,
            color=OURS if ours else None,
        )
    ax.set(xlim=(63, 96), yticks=[], xticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title("Test accuracy in %, with 95 % intervals; orange: skfashion", loc="left", fontsize=10)


def strips(axes, autoencoder, generator):
    """Images, their reconstructions, and generated ones."""
    pairs = autoencoder["reconstructions"]
    strip(axes["data"], unpacked(pairs["images"]), "Images")
    strip(axes["decoded"], unpacked(pairs["reconstructions"]), "Reconstructed")
    strip(axes["new"], unpacked(generator["samples"]["images"]), "Generated")


PARTS = {
    "images": ([["data"], ["decoded"], ["new"]], 3.4),
    "embedding": ([["embedding"]], 4.4),
    "table": ([["table"]], 4.6),
}
WHOLE = [["data", "embedding", "table"], ["decoded", "embedding", "table"], ["new", "embedding", "table"]]


def draw(axes):
    """Draw what these axes are for."""
    autoencoder, generator = pictures_of("cae-vae", AUTOENCODER), pictures_of("optimizers", GENERATOR)
    if "data" in axes:
        strips(axes, autoencoder, generator)
    if "embedding" in axes:
        embedding(axes["embedding"], autoencoder["latent_space"])
    if "table" in axes:
        accuracies(axes["table"], read("classifiers")["rows"])


def save(name, mosaic, width, **ratios):
    """Draw axes on a transparent ground, with ink for light and for dark pages."""
    for theme, ink in INK.items():
        with mpl.rc_context({"text.color": ink, "axes.titlecolor": ink, "axes.labelcolor": ink}):
            figure, axes = plt.subplot_mosaic(mosaic, figsize=(width, 4.6), layout="constrained", **ratios)
            draw(axes)
        figure.savefig(FOLDER / f"{name}-{theme}.png", dpi=120, transparent=True)
        plt.close(figure)


def main():
    mpl.use("agg")
    save("cover", WHOLE, 13, width_ratios=(1, 1.25, 1.3))
    for name, (mosaic, width) in PARTS.items():
        save(f"cover-{name}", mosaic, width)


if __name__ == "__main__":
    main()

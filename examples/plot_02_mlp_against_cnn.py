"""
An MLP against CNNs
===================

A perceptron sees a row of pixels and does not know which of them are neighbours. A convolutional network looks at small
windows, at all positions with the same weights. Is that worth the extra time? Three networks learn from the same
images; then we look at how each of them learns, where it errs and what its first layer looks for.
"""

# %%
# The images
# ----------
# No setting is chosen on the held-out images here, so they can serve as test images.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import FilterDisplay, TrainingCurveDisplay
from skfashion.neural_network import CNNClassifier, MLPClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(5000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=3000, test_size=2000, stratify=images.target, random_state=0
)

# %%
# Three networks
# --------------
# With ``X_val`` and ``y_val`` a network is evaluated after each epoch on held-out images.
models = {
    "MLP": MLPClassifier(random_state=0),
    "one convolution": CNNClassifier("single", max_epochs=10, batch_size=64, random_state=0),
    "four convolutions": CNNClassifier("compact", max_epochs=10, batch_size=64, random_state=0),
}
print(f"{'':20}{'parameters':>12}{'epochs':>8}{'fit':>9}{'training':>11}{'held out':>11}")
for name, model in models.items():
    model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    n_parameters = sum(weights.numel() for weights in model.module_.parameters())
    last = model.history_[-1]
    seconds = sum(epoch["duration"] for epoch in model.history_)
    print(
        f"{name:20}{n_parameters:12,}{model.n_epochs_:8}{seconds:7.1f} s"
        f"{100 * last['train_accuracy']:9.1f} %{100 * last['valid_accuracy']:9.1f} %"
    )

# %%
# How they learn, and what they look for
# --------------------------------------
# Lines are solid for the training images and dashed for the held-out images: where the two diverge, a network overfits.
# Each unit of the MLP weighs all pixels of an image. A filter of a CNN is a small pattern that is looked for anywhere.
# Red weights are positive, blue ones negative.
figure = plt.figure(figsize=(11, 5.6), layout="constrained")
upper, lower = figure.subfigures(2, 1, height_ratios=[2.3, 1])
left, right = upper.subplots(1, 2)
TrainingCurveDisplay.from_estimator(models, ax=left)
left.set(title="The loss, epoch by epoch")
left.get_legend().remove()
TrainingCurveDisplay.from_estimator(models, metric="accuracy", against="seconds", ax=right)
right.set(title="The MLP is done first, CNNs get further")
left, right = lower.subplots(1, 2)
FilterDisplay.from_estimator(models["MLP"], n_filters=20, ax=left).ax_.set_title("Weights of the units of the MLP")
FilterDisplay.from_estimator(models["one convolution"], n_filters=20, ax=right).ax_.set_title(
    "What one convolution looks for: 5 x 5 pixels"
)
figure.savefig("mlp_against_cnn.png", dpi=110)

# %%
# What they confuse
# -----------------
# The perceptron and the larger CNN on the held-out images: rows are true classes, columns what was predicted.
figure, grid = plt.subplots(1, 2, figsize=(11, 5.4), layout="constrained", sharey=True)
for axes, name in zip(grid, ("MLP", "four convolutions"), strict=True):
    display = ConfusionMatrixDisplay.from_estimator(
        models[name],
        X_test,
        y_test,
        display_labels=images.target_names,
        xticks_rotation="vertical",
        cmap="Blues",
        colorbar=False,
        ax=axes,
    )
    axes.set(xlabel="predicted", ylabel="true" if axes is grid[0] else "")
    counts = display.confusion_matrix
    axes.set_title(f"{name}: {counts.sum() - np.trace(counts)} of {counts.sum():,} are wrong")
    off = counts + counts.T
    one, other = np.unravel_index(np.argmax(np.triu(off, 1)), off.shape)
    print(f"{name} confuses {images.target_names[one]} and {images.target_names[other]} most: {off[one, other]} times.")
figure.savefig("mlp_against_cnn_confusion.png", dpi=110)
print("The pictures are in mlp_against_cnn.png and mlp_against_cnn_confusion.png.")

"""
How much do images without labels help?
=======================================

Images are cheap, labels are not. An autoencoder learns from images alone what garments look like, and a classifier on
top of its encoder learns from few labels. Only a comparison with *good* models on the same labels tells what that is
worth: with a support vector machine on principal components, and with a residual network with augmentation. On
Fashion-MNIST it is worth little: the support vector machine is as good, and with 400 labels the residual network is
better. What does help is to use both kinds of images at the same time: labels spread from neighbour to
neighbour, which helps more the fewer labels there are. :doc:`/guide/representations` has more. It also
introduces ``SemiSupervisedClassifier``, a network that learns from the pseudo-labels of 60,000 images.
"""

# %%
# Many images, few labels
# -----------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skfashion.baselines import make_hog_spreading, make_pca_svc
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import (
    ConvAutoencoder,
    EncoderClassifier,
    ResNetClassifier,
)

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(7000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=6000, test_size=1000, stratify=images.target, random_state=0
)

# %%
# Learn from the images
# ---------------------
# ``FrozenEstimator`` keeps what has been learnt: ``clone``, cross-validation and grid searches leave it alone.
autoencoder = ConvAutoencoder(64, 16, hidden_layer_sizes=(128,), random_state=0).fit(X_train)
print(f"The autoencoder has seen {len(X_train):,} images and no label.")

# %%
# Learn from few labels
# ---------------------
# The training images are in random order, so that any n of them are a random choice; each number of labels is tried on
# three choices.
models = {
    "pre-trained on images": EncoderClassifier(
        FrozenEstimator(autoencoder), (256,), dropout=0.5, batch_size=16, max_epochs=30, random_state=0
    ),
    "labels alone, PCA and SVM": make_pca_svc(),
    "labels alone, ResNet": ResNetClassifier(width=8, batch_size=32, max_epochs=60, random_state=0),
}
n_labels = [50, 200, 400]
choices = [np.arange(start, start + 400) for start in (0, 400, 800)]


def accuracy_of(model, chosen):
    return 100 * model.fit(X_train[chosen], y_train[chosen]).score(X_test, y_test)


accuracy = {
    name: np.array([[accuracy_of(model, choice[:n]) for n in n_labels] for choice in choices])
    for name, model in models.items()
}


# %%
# Spread the labels
# -----------------
# Images with similar edges are usually of one class, and so are the neighbours of their neighbours: labels spread over
# the graph of nearest neighbours, to all images. Unlabelled images have the label -1.
def few_labels(chosen):
    return np.where(np.isin(np.arange(len(y_train)), chosen), y_train, -1)


def spread(chosen):
    return 100 * make_hog_spreading(random_state=0).fit(X_train, few_labels(chosen)).score(X_test, y_test)


accuracy["labels and images, spreading"] = np.array([[spread(choice[:n]) for n in n_labels] for choice in choices])
print(f"{'labels':>8}" + "".join(f"{name:>30}" for name in accuracy))
for column, n in enumerate(n_labels):
    cells = (f"{runs[:, column].mean():.1f} ± {runs[:, column].std():.1f}" for runs in accuracy.values())
    print(f"{n:8}" + "".join(f"{cell:>30}" for cell in cells))

# %%
# The picture
# -----------
# Accuracy, and the images of fifty labels.
figure = plt.figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1])
axes = left.subplots()
for (name, runs), marker in zip(accuracy.items(), "os^D", strict=True):
    (line,) = axes.plot(n_labels, runs.mean(axis=0), label=name)
    axes.plot(n_labels, runs.T, marker, color=line.get_color(), alpha=0.4)
axes.set_xscale("log")
axes.set_xticks(n_labels, n_labels)
axes.minorticks_off()
axes.set(xlabel="labelled images", ylabel="test accuracy in percent", title="One marker per choice of labels")
axes.grid(alpha=0.3)
axes.legend(loc="lower right")

for axes, image in zip(right.subplots(5, 10).flat, X_train[:50][np.argsort(y_train[:50])], strict=True):
    axes.imshow(image.reshape(28, 28), cmap="gray_r")
    axes.set_axis_off()
right.suptitle("Fifty labelled images: one of the choices")
figure.savefig("few_labels.png", dpi=110)
print("The picture is in few_labels.png.")

"""
A few labels are enough
=======================

Images are cheap, labels are not. An autoencoder learns from images alone what garments look like; a classifier on top
of its encoder then needs few labels. A network that starts from nothing shows what that is worth.
"""

# %%
# Many images, few labels
# -----------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, EncoderClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(12_000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=10_000, test_size=2000, stratify=images.target, random_state=0
)

# %%
# Learn from the images
# ---------------------
# ``FrozenEstimator`` keeps what has been learnt: ``clone``, cross-validation and grid searches leave it alone.
autoencoder = ConvAutoencoder(16, 16, hidden_layer_sizes=(128,), random_state=0).fit(X_train)
print(f"The autoencoder has seen {len(X_train):,} images and no label.")

# %%
# Learn from few labels
# ---------------------
# The training images are in random order, so the first n are a random choice.
models = {
    "pre-trained on images": EncoderClassifier(
        FrozenEstimator(autoencoder), batch_size=16, max_epochs=30, random_state=0
    ),
    "labels alone": CNNClassifier(batch_size=16, max_epochs=30, random_state=0),
}
n_labels = [50, 100, 200, 400]
accuracy = {
    name: [100 * model.fit(X_train[:n], y_train[:n]).score(X_test, y_test) for n in n_labels]
    for name, model in models.items()
}
print(f"{'labels':>8}" + "".join(f"{name:>24}" for name in models))
for column, n in enumerate(n_labels):
    print(f"{n:8}" + "".join(f"{accuracy[name][column]:24.1f}" for name in models))

# %%
# The picture
# -----------
# Accuracy, and the images from which the left-most points were learnt.
figure = plt.figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1])
axes = left.subplots()
for (name, values), marker in zip(accuracy.items(), "os", strict=True):
    axes.plot(n_labels, values, marker=marker, label=name)
axes.set_xscale("log")
axes.set_xticks(n_labels, n_labels)
axes.minorticks_off()
axes.set(xlabel="labelled images", ylabel="accuracy in percent", title="A few labels are enough")
axes.grid(alpha=0.3)
axes.legend(loc="lower right")

for axes, image in zip(right.subplots(5, 10).flat, X_train[:50][np.argsort(y_train[:50])], strict=True):
    axes.imshow(image.reshape(28, 28), cmap="gray_r")
    axes.set_axis_off()
right.suptitle("Fifty labels: all that the left-most points know")
figure.savefig("few_labels.png", dpi=110)
print("The picture is in few_labels.png.")

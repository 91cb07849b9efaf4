"""
Two garments in one image: several labels
=========================================

An image may show several things at once. Here each shows two garments side by side, and a network says which ones:
the target is an indicator matrix with a column for each class, as scikit-learn's classifiers take it.
"""

# %%
# Images of two garments
# ----------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MultiLabelBinarizer

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import CNNClassifier

try:
    data = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    data = make_garments(8_000, random_state=0)
X, y = data.images[:8_000], data.target[:8_000]

rng = np.random.default_rng(0)
left, right = rng.integers(0, 6_000, (2, 6_000))  # garments of training pairs
left_test, right_test = rng.integers(6_000, 8_000, (2, 1_000))
train = np.concatenate([X[left], X[right]], axis=2)
test = np.concatenate([X[left_test], X[right_test]], axis=2)
binarizer = MultiLabelBinarizer(classes=range(10))
Y = binarizer.fit_transform(zip(y[left], y[right], strict=True))
Y_test = binarizer.transform(zip(y[left_test], y[right_test], strict=True))
print(f"images of {train.shape[1:]} pixels, targets {Y.shape}, for instance {Y[0].tolist()}")

# %%
# A network with a probability for each class
# -------------------------------------------
# The probabilities do not sum to 1: each class may be present or not. Scikit-learn's nearest neighbours take the same
# target.
network = CNNClassifier(batch_size=64, max_epochs=10, random_state=0).fit(train, Y)
neighbours = KNeighborsClassifier(1).fit(train.reshape(len(train), -1) / 255, Y)
predicted = {
    "neighbours": neighbours.predict(test.reshape(len(test), -1) / 255),
    "network": network.predict(test),
}
for name, labels in predicted.items():
    both = accuracy_score(Y_test, labels)
    f1 = f1_score(Y_test, labels, average="macro", zero_division=0)
    print(f"{name:10} both garments right in {both:.1%} of the images, F1 per class {f1:.3f}")

# %%
# What it sees
# ------------
names = np.array(data.target_names)
probabilities = network.predict_proba(test)
figure, axes = plt.subplots(2, 6, figsize=(11, 3.7), layout="constrained", height_ratios=[1, 1.3])
for (above, below), index in zip(axes.T, range(6), strict=True):
    above.imshow(test[index], cmap="gray_r")
    above.set(xticks=[], yticks=[])
    colours = np.where(Y_test[index] == 1, "tab:green", "tab:red")
    below.barh(range(10), probabilities[index], color=colours)
    below.set(xlim=(0, 1), ylim=(9.5, -0.5), yticks=range(10), yticklabels=[])
for ax in axes[1]:
    ax.set_xlabel("probability")
axes[1, 0].set_yticklabels(names, fontsize=8)
figure.suptitle("Garments that are there (green) and that are not (red)")
figure.savefig("two_garments.png", dpi=110)
print("The picture is in two_garments.png.")

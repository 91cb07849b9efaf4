"""
Shirt, or pullover? Conformal prediction sets
=============================================

Where a network is not sure, several labels are more honest than one. Split conformal prediction turns its probabilities
into sets of labels, and guarantees how many of them contain the right one. Here, MAPIE does that around a fitted
network: ``pip install MAPIE``.
"""

# %%
# Sets that contain the right label nine times out of ten
# -------------------------------------------------------
# The network learns from the training images. Held-out images determine how large the sets have to be, and test images
# check them.
import matplotlib.pyplot as plt
import numpy as np
from mapie.classification import SplitConformalClassifier
from scipy.stats import betabinom, binom

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import MLPClassifier

try:
    data = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    data = make_garments(12_000, random_state=0)
X, y, names = data.data, data.target, np.array(data.target_names)
train, held_out, test = slice(3_000), slice(3_000, 7_000), slice(7_000, 12_000)
network = MLPClassifier((256,), max_epochs=10, random_state=0).fit(X[train], y[train])

conformal = SplitConformalClassifier(network, confidence_level=0.9, prefit=True)
predicted, sets = conformal.conformalize(X[held_out], y[held_out]).predict_set(X[test])
sets = sets[:, :, 0]  # of the one level: a column for each class
is_right = sets[np.arange(len(sets)), y[test]]
print(f"the predicted label is right in {(predicted == y[test]).mean():.1%} of the images")
print(f"the set contains the right label in {is_right.mean():.1%}")

# %%
# Does the guarantee hold?
# ------------------------
# Nine out of ten is a mean over all held-out and test images that might have been drawn. If the threshold were exact,
# the number of right sets among these test images would follow a binomial distribution. But the threshold depends on
# finitely many held-out images, so the number follows a beta-binomial distribution, which is wider.
n_held_out, n_test = len(y[held_out]), len(y[test])
rank = np.ceil(0.9 * (n_held_out + 1))  # the held-out image whose score is the threshold
distributions = {
    "if the threshold were exact": binom(n_test, 0.9),
    "of a threshold from held-out images": betabinom(n_test, rank, n_held_out + 1 - rank),
}
for name, distribution in distributions.items():
    low, high = np.array(distribution.interval(0.95)) / n_test
    print(f"95 % interval {name}: {low:.1%} to {high:.1%}")

# %%
# How many labels are needed?
# ---------------------------
# The guarantee holds for all images together, not for each class: few classes need several labels, and the sets of
# classes that are hard to tell apart still contain the right label less often.
sizes = sets.sum(axis=1)
shares = np.array([np.bincount(sizes[y[test] == label], minlength=1 + sizes.max()) for label in range(10)], dtype=float)
shares = 100 * shares / shares.sum(axis=1, keepdims=True)
for name, label in zip(names, range(10), strict=True):
    members = y[test] == label
    print(f"{name:12} {sizes[members].mean():.2f} labels, right in {is_right[members].mean():.1%}")

figure = plt.figure(figsize=(11, 4.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.15])
ax = left.subplots()
for size, color in enumerate(plt.get_cmap("viridis")(np.linspace(0.1, 0.95, shares.shape[1]))):
    start = shares[:, :size].sum(axis=1)
    ax.barh(names, shares[:, size], left=start, color=color, label=f"{size}")
ax.set(xlabel="test images, in percent", xlim=(0, 100))
ax.invert_yaxis()
ax.legend(title="labels in the set", ncols=shares.shape[1], loc="lower center", bbox_to_anchor=(0.5, 1))

n_rows = min(3, sizes.max())
axes = right.subplots(n_rows, 4, squeeze=False)
for size, row in enumerate(axes, start=1):
    for ax in row:
        ax.set_axis_off()
    for ax, index in zip(row, np.flatnonzero(sizes == size), strict=False):
        ax.imshow(X[test][index].reshape(28, 28), cmap="gray_r")
        ax.set_title(",\n".join(names[sets[index]]), fontsize=8)
right.suptitle(f"Images with one to {n_rows} labels")
figure.savefig("prediction_sets.png")
plt.show()
print("The picture is in prediction_sets.png.")

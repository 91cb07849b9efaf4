"""
The odd one out: outlier detection
==================================

Which of these images does not belong to the others? Two detectors are trained on images of bags alone, and then
look at all kinds of garments: one uses an autoencoder, one a network that learns how images were rotated or shifted.
Neither of them ever sees another garment, or a label. Scikit-learn's isolation forest looks at the same pixels.
"""

# %%
# Only bags
# ---------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import RocCurveDisplay, roc_auc_score

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import AutoencoderOutlierDetector, SelfSupervisedOutlierDetector

try:
    data = fetch_fashion_mnist(n_retries=0)
    X, y = data.data[:30_000], data.target[:30_000]
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    data = make_garments(12_000, random_state=0)
    X, y = data.data, data.target

bag = data.target_names.index("Bag")
train = X[:-2_000][y[:-2_000] == bag]
test, is_bag = X[-2_000:], y[-2_000:] == bag
print(f"{len(train)} bags to learn from, {len(test)} garments to look at")

# %%
# Three detectors
# ---------------
# ``score_samples`` is low for images that are odd.
detectors = {
    "isolation forest": IsolationForest(random_state=0),
    "autoencoder": AutoencoderOutlierDetector(random_state=0),
    "self-supervised": SelfSupervisedOutlierDetector(random_state=0),
}
scores = {name: detector.fit(train).score_samples(test) for name, detector in detectors.items()}
for name, score in scores.items():
    print(f"{name:17} area under the ROC curve {roc_auc_score(is_bag, score):.3f}")

# %%
# A threshold
# -----------
# ``predict`` says -1 for outliers: images whose score is below that of nearly all training images. A share of
# `contamination` of the training images, by default five percent, scores below the threshold.
detector = detectors["self-supervised"]
odd = detector.predict(test) == -1
print(f"{odd[~is_bag].mean():.1%} of all other garments are found, and {odd[is_bag].mean():.1%} of unseen bags")

# %%
# What is odd
# -----------
figure = plt.figure(figsize=(11, 3.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.7])
ax = left.subplots()
for name, score in scores.items():
    RocCurveDisplay.from_predictions(is_bag, score, name=name, ax=ax)
ax.set(title="Bags among all garments", xlabel="share of others taken for bags", ylabel="share of bags kept")
ax.legend(loc="lower right", fontsize=8)

order = np.argsort(scores["self-supervised"])
bags, others = order[is_bag[order]], order[~is_bag[order]]
rows = {
    "usual bags": bags[::-1],
    "odd bags": bags,
    "others that\nlook like bags": others[::-1],
    "odd others": others,
}
axes = right.subplots(len(rows), 9)
for row, (label, indices) in zip(axes, rows.items(), strict=True):
    for ax, index in zip(row, indices, strict=False):
        ax.imshow(test[index].reshape(28, 28), cmap="gray_r")
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(label, rotation=0, ha="right", va="center")
right.suptitle("As the self-supervised detector sees them")
figure.savefig("odd_one_out.png", dpi=110)
print("The picture is in odd_one_out.png.")

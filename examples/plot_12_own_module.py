"""
Bring your own network
======================

The networks of this library are starting points. An architecture is a tuple of layers: a grid search can vary it,
and its repr is the code that makes it. And where a tuple is not enough, any torch module will do. A function
``(image_shape, n_outputs) -> torch.nn.Module`` makes it; ``CNNClassifier`` trains, tunes and pickles it like its own.
"""

# %%
# The images
# ----------
import pickle
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, train_test_split
from torch import nn

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import FilterDisplay
from skfashion.modules import batch_norm, conv, dense, dropout, global_pool, pool
from skfashion.neural_network import CNNClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(4000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=2400, test_size=1000, stratify=images.target, random_state=0
)

# %%
# A tuple of layers
# -----------------
# The output layer is added, and the sizes in between are inferred from the images.
small = (conv(16, 5), pool(2), conv(32), pool(2), dropout(0.2), dense(64))
without_dense = (conv(32), batch_norm(), pool(2), conv(64), batch_norm(), pool(2), conv(128), global_pool())
print(f"It prints as it is written: {small}")

# %%
# A module of your own
# --------------------
# What no tuple can express: three convolutions of different sizes side by side, whose channels are concatenated. The
# module maps float images (n, channels, height, width) to one score (logit) per class. It is defined at the top level
# of a file, as pickle requires.


class SideBySide(nn.Module):
    """Look at an image through windows of several sizes at once."""

    def __init__(self, n_channels, n_outputs, n_filters, sizes=(7, 5, 3)):
        super().__init__()
        self.views = nn.ModuleList(nn.Conv2d(n_channels, n_filters, size, padding=size // 2) for size in sizes)
        n_views = n_filters * len(sizes)
        self.rest = nn.Sequential(
            nn.BatchNorm2d(n_views),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(n_views, 2 * n_views, 3),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(4),
            nn.Flatten(),
            nn.Linear(2 * n_views * 16, n_outputs),
        )

    def forward(self, images):
        return self.rest(torch.cat([view(images) for view in self.views], dim=1))


def side_by_side(image_shape, n_outputs, n_filters=8):
    return SideBySide(image_shape[0], n_outputs, n_filters)


# %%
# All in one search
# -----------------
candidates = {
    'by name: "single"': "single",
    "a tuple: small": small,
    "a tuple: without_dense": without_dense,
    "a module: 4 filters per size": partial(side_by_side, n_filters=4),
    "a module: 8 filters per size": side_by_side,
}
search = GridSearchCV(
    CNNClassifier(max_epochs=8, batch_size=64, random_state=0), {"architecture": list(candidates.values())}, cv=3
).fit(X_train, y_train)

folds = 100 * np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(3)])
print(f"\n{'':30}{'accuracy (3 folds)':>20}{'fit':>9}")
for column, (name, seconds) in enumerate(zip(candidates, search.cv_results_["mean_fit_time"], strict=True)):
    print(f"{name:30}{folds[:, column].mean():12.1f} ± {folds[:, column].std():.1f} %{seconds:7.1f} s")
print(f"The best one, on 1,000 images that it has never seen: {100 * search.score(X_test, y_test):.1f} %")

# %%
# It pickles
# ----------
# The pickle is about as large as the weights, and gives the same model back.
own = CNNClassifier(side_by_side, max_epochs=8, batch_size=64, random_state=0).fit(X_train, y_train)
stored = pickle.dumps(own)
again = pickle.loads(stored)
n_weights = sum(weights.numel() for weights in own.module_.parameters())
same = (again.predict_proba(X_test) == own.predict_proba(X_test)).all()
print(f"{n_weights:,} weights, {len(stored):,} bytes; the same predictions: {same}")

# %%
# The picture
# -----------
# The candidates, and what the largest windows of the module look for.
figure = plt.figure(figsize=(11, 3.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.4, 1])
axes = left.subplots()
axes.plot(folds.mean(axis=0), list(candidates), "|", markersize=14, markeredgewidth=2)
axes.plot(folds.T, list(candidates), "k.", markersize=5)
axes.invert_yaxis()
axes.margins(y=0.1)
axes.grid(axis="y", alpha=0.3)
axes.set(xlabel="accuracy in percent (dots: folds, bars: means)", title="Networks by name, as data, as code")
display = FilterDisplay.from_estimator(own, ax=right.subplots(), n_columns=4)
display.ax_.set_title("Your own windows of 7 x 7 pixels")
figure.savefig("own_module.png", dpi=110)
print("The picture is in own_module.png.")

"""
Grid search and successive halving
==================================

Which settings of a perceptron matter, and does every bad candidate have to be trained to the end?
``VectorizedGridSearchCV`` trains all candidates in full, as ``GridSearchCV`` does, but trains those with layers of the
same sizes together. ``VectorizedHalvingGridSearchCV`` trains all of them for a few epochs, and only the better ones
further.
"""

# %%
# The images
# ----------
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ParallelCoordinatesDisplay, TrialScoresDisplay
from skfashion.model_selection import VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.neural_network import MLPClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(5000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=3000, test_size=2000, stratify=images.target, random_state=0
)

# %%
# Two searches over the same grid
# -------------------------------
grid = {
    "learning_rate": [0.0003, 0.003, 0.03],
    "hidden_layer_sizes": [(32,), (128,), (128, 64)],
    "dropout": [0.0, 0.3, 0.6],
}
model = MLPClassifier(max_epochs=18, random_state=0)
all_in_full = VectorizedGridSearchCV(model, grid, cv=2)
by_halving = VectorizedHalvingGridSearchCV(model, grid, min_epochs=2, cv=2)
searches = {"grid search": all_in_full, "halving": by_halving}
for name, search in searches.items():
    start = time.perf_counter()
    search.fit(X_train, y_train)
    print(f"{name}: {time.perf_counter() - start:.0f} s, best: {search.best_params_}")
    print(f"  accuracy: {100 * search.best_score_:.1f} % in cross-validation,", end=" ")
    print(f"{100 * search.score(X_test, y_test):.1f} % on images that the search has not seen")

# A candidate that goes on is trained from where it was.
rungs = np.diff([0, *by_halving.n_resources_])
share = np.dot(rungs, by_halving.n_candidates_) / (18 * len(all_in_full.cv_results_["params"]))

# %%
# The picture
# -----------
# On the left each line is a candidate, and yellow ones are good: where lines of one colour meet on an axis, that
# setting matters. On the right each point is a candidate in a rung: from rung to rung, fewer candidates are trained for
# more epochs.
figure = plt.figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
ParallelCoordinatesDisplay.from_estimator(all_in_full, ax=left.subplots()).ax_.set_title("All candidates, in full")

display = TrialScoresDisplay.from_estimator(by_halving, ax=right.subplots())
rung_of = by_halving.cv_results_["iter"]
for each in np.unique(rung_of)[1:]:
    display.ax_.axvline(np.argmax(rung_of == each) + 0.5, color="0.6", linewidth=0.8)
for each, n in enumerate(by_halving.n_resources_):
    first, last = np.flatnonzero(rung_of == each)[[0, -1]] + 1
    label = f"{n} epochs" if each == 0 else f"{n}"
    display.ax_.text((first + last) / 2, 1.01, label, ha="center", transform=display.ax_.get_xaxis_transform())
display.ax_.set_title(f"Halving: {100 * share:.0f} % of the epochs\n", fontsize=12)
figure.savefig("grid_search.png", dpi=110)
print("The picture is in grid_search.png.")

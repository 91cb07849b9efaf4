"""
Nearest neighbours at full size
===============================

The simplest classifier learns nothing: it looks up the images that are most like a new one, and lets them vote. How
accurate is that with all of Fashion-MNIST to search? ``KNNClassifier`` finds exact neighbours by matrix products, so
this takes seconds.
"""

# %%
# The images
# ----------
# All of them this time.
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from skfashion.baselines import KNNClassifier
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ImageGridDisplay, PrototypeDisplay
from skfashion.metrics import accuracy_interval

try:
    images = fetch_fashion_mnist(n_retries=0)
    test = fetch_fashion_mnist(subset="test", n_retries=0)
    X_test, y_test = test.data[:2000], test.target[:2000]
    X_train, y_train = images.data, images.target
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(12_000, random_state=0)
    X_test, y_test = images.data[:2000], images.target[:2000]
    X_train, y_train = images.data[2000:], images.target[2000:]

# %%
# How many neighbours, and which metric?
# --------------------------------------
# Cross-validation on a part of the training images decides. The Euclidean distance compares pixels; the cosine
# distance ignores the overall brightness of an image.
n_neighbors, metrics = [1, 2, 4, 8, 16, 32], ["euclidean", "cosine"]
search = GridSearchCV(KNNClassifier(weights="distance"), {"metric": metrics, "n_neighbors": n_neighbors}, cv=5)
search.fit(X_train[:6000], y_train[:6000])
accuracy = 100 * search.cv_results_["mean_test_score"].reshape(len(metrics), -1)
print(f"Best of {len(search.cv_results_['params'])}: {search.best_params_}")

# %%
# All images
# ----------
knn = KNNClassifier(**search.best_params_, weights="distance").fit(X_train, y_train)
predicted = knn.predict(X_test)
interval = accuracy_interval(y_test, predicted)
print(
    f"{len(X_train):,} images to look among: accuracy {100 * interval.estimate:.1f} % on {len(X_test):,} new ones "
    f"(95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f})."
)

# %%
# How fast is it?
# ---------------
# Compared with scikit-learn's brute-force search, with the same metric and number of neighbours. uint8 pixels are
# searched by products of integers where the processor has them; the cosine is computed in float.
seconds = {}
for name, model, scale in (
    ("KNNClassifier\nuint8", KNNClassifier(4, metric="euclidean"), lambda pixels: pixels),
    ("KNNClassifier\nfloat32", KNNClassifier(4, metric="euclidean"), lambda pixels: pixels / np.float32(255)),
    ("scikit-learn\nfloat32", KNeighborsClassifier(4, algorithm="brute"), lambda pixels: pixels / np.float32(255)),
):
    model.fit(scale(X_train), y_train)
    queries = scale(X_test[:500])
    start = perf_counter()
    model.predict(queries)
    seconds[name] = perf_counter() - start
    print(f"{' '.join(name.split()):24}{len(queries) / seconds[name]:10,.0f} images per second")

# %%
# The picture
# -----------
# Each column on the right shows a new image, its four nearest neighbours below it, and the mean of all neighbours that
# vote. Captions are the true classes. The last columns are errors: the vote goes to another class, and one can see why.
right, wrong = np.flatnonzero(predicted == y_test), np.flatnonzero(predicted != y_test)
shown = np.r_[right[:5], wrong[:3]]
nearest = knn.kneighbors(X_test[shown], n_neighbors=4, return_distance=False).T.ravel()
pictures = np.r_[X_test[shown], X_train[nearest]]
labels = np.r_[y_test[shown], y_train[nearest]]

figure = plt.figure(figsize=(11, 6.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.7])
upper, lower = left.subplots(2, 1, height_ratios=[1.5, 1])
for name, values, marker in zip(metrics, accuracy, "so", strict=True):
    upper.plot(n_neighbors, values, marker=marker, label=name)
upper.set_xscale("log", base=2)
upper.set_xticks(n_neighbors, n_neighbors)
upper.set(xlabel="neighbours", ylabel="accuracy in percent", title="How many neighbours? (6,000 images)")
upper.grid(alpha=0.3)
upper.legend()
lower.barh(list(seconds), [500 / each for each in seconds.values()])
lower.invert_yaxis()
lower.set(xlabel="images per second", title=f"How fast, among {len(X_train):,}?")
grid, means = right.subplots(2, 1, height_ratios=[5.8, 1])
ImageGridDisplay.from_data(
    pictures, labels, class_names=images.target_names, n_images=len(labels), n_columns=len(shown), ax=grid
).ax_.set_title("New images, the nearest four of each, and the mean of all that vote")
PrototypeDisplay.from_estimator(knn, X_test[shown], n_columns=len(shown), ax=means)
figure.savefig("neighbours.png", dpi=110)
print("The picture is in neighbours.png.")

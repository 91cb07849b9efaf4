"""
A first classifier
==================

Which model recognises garments best: a linear one, a multi-layer perceptron or a convolutional network? All three are
scikit-learn estimators here, so one pipeline, one grid search and one table answer the question.
"""

# %%
# The images
# ----------
# The real Fashion-MNIST if it is on this machine or can be downloaded, otherwise garments that are drawn on the spot. A
# few thousand images are enough for a first look.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import MisclassifiedDisplay
from skfashion.neural_network import CNNClassifier, MLPClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
    print("Fashion-MNIST: 3,000 of its 60,000 training images, and 1,000 for testing.")
except OSError as error:
    print(f"Fashion-MNIST is not here, and cannot be downloaded:\n{error}\n")
    print("Falling back to 4,000 garments drawn by make_garments: the numbers below are not those of Fashion-MNIST.")
    images = make_garments(4000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=3000, test_size=1000, stratify=images.target, random_state=0
)

# %%
# One search over three kinds of model
# ------------------------------------
# The networks take the uint8 pixels as they are; the linear model needs them scaled. Every candidate sees the same
# folds.
search = GridSearchCV(
    Pipeline([("scale", "passthrough"), ("model", LogisticRegression())]),
    [
        {"scale": [MinMaxScaler()], "model": [LogisticRegression(max_iter=300)], "model__C": [0.03, 0.3]},
        {"model": [MLPClassifier(random_state=0)], "model__hidden_layer_sizes": [(128, 64), (512,)]},
        {
            "model": [CNNClassifier(max_epochs=8, batch_size=64, random_state=0)],
            "model__architecture": ["single", "compact"],
        },
    ],
    cv=3,
)
search.fit(X_train, y_train)

# %%
# The table
# ---------
names = [
    f"{type(row['model']).__name__}({key.removeprefix('model__')}={value})"
    for row in search.cv_results_["params"]
    for key, value in row.items()
    if key.startswith("model__")
]
folds = np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(3)])
seconds = search.cv_results_["mean_fit_time"]
print(f"\n{'model':45}{'accuracy (3 folds)':>20}{'fit':>10}")
for row in np.argsort(-folds.mean(axis=0)):
    print(f"{names[row]:45}{100 * folds[:, row].mean():12.1f} ± {100 * folds[:, row].std():.1f} %{seconds[row]:8.1f} s")

print(f"\nThe best one, on 1,000 images that it has never seen: {100 * search.score(X_test, y_test):.1f} %")

# %%
# The picture
# -----------
# Accuracies of the candidates, and the highest-confidence errors of the best one.
figure = plt.figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.25, 1])
order = np.argsort(folds.mean(axis=0))
axes = left.subplots()
axes.plot(100 * folds.mean(axis=0)[order], [names[row] for row in order], "|", markersize=14, markeredgewidth=2)
for fold in folds:
    axes.plot(100 * fold[order], range(len(order)), "k.", markersize=5)
axes.grid(axis="y", alpha=0.3)
axes.margins(y=0.1)
axes.set(xlabel="accuracy in percent; dots: folds, bars: means", title="Which model recognises garments best?")

MisclassifiedDisplay.from_estimator(
    search, X_test, y_test, class_names=images.target_names, n_images=8, n_columns=4, ax=right.subplots()
)
right.suptitle("What the best one gets wrong", fontsize=12)
figure.savefig("first_classifier.png", dpi=110)
print("The picture is in first_classifier.png.")

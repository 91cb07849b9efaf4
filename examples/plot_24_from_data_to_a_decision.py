"""
From data to a decision
=======================

A shop photographs returned clothes and wants them sorted by kind. A wrong label sends a garment to the wrong shelf,
which costs 2 euros; a person who looks at a photo costs 20 cents. Which model should it use, how good is it, and which
photos should a person see?

This page goes the whole way: look at the data, split them, compare models, tune one, test it once, look at its errors,
correct its confidence, set a threshold, and keep the result. Each step can be read alone.
"""

# %%
# 1. Look at the data
# -------------------
# Before any model: how many images are there, what do they show, and is every class as frequent as the others? A model
# that always gives the most frequent class is right as often as that class occurs. Every accuracy below has to be
# compared with that number.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ImageGridDisplay, MisclassifiedDisplay, ReliabilityDisplay, RiskCoverageDisplay
from skfashion.metrics import compare_classifiers, expected_calibration_error
from skfashion.model_selection import VectorizedHalvingGridSearchCV
from skfashion.neural_network import CNNClassifier, MLPClassifier
from skfashion.persistence import load, save

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(8_000, random_state=0)
X, y = images.data[:8_000], np.asarray(images.target_names)[images.target[:8_000]]
classes, counts = np.unique(y, return_counts=True)
print(f"{len(X):,} images, {len(classes)} classes; the most frequent one has {counts.max() / len(y):.1%}")
ImageGridDisplay.from_data(X, y, one_per_class=True, random_state=0)
plt.show()

# %%
# 2. Split them
# -------------
# Three parts, each for one purpose. Models are compared and tuned on the first, by cross-validation. The second
# corrects the confidence. The third is used once, at the end: a number that was used to choose something is too good
# afterwards, because the choice has adapted to it.
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=3_000, stratify=y, random_state=0)
X_held_out, X_test, y_held_out, y_test = train_test_split(
    X_rest, y_rest, train_size=2_000, test_size=3_000, stratify=y_rest, random_state=0
)

# %%
# 3. Compare simple models
# ------------------------
# All of them see the same three folds. The spread over folds says how much of a difference is luck.
candidates = {
    "most frequent class": DummyClassifier(),
    "logistic regression": make_pipeline(PCA(50, random_state=0), StandardScaler(), LogisticRegression()),
    "perceptron": MLPClassifier((128,), max_epochs=10, random_state=0),
    "convolutional network": CNNClassifier(max_epochs=4, random_state=0),
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
for name, model in candidates.items():
    scores = cross_val_score(model, X_train, y_train, cv=folds)
    print(f"{name:22} {scores.mean():.1%}, folds from {scores.min():.1%} to {scores.max():.1%}")

# %%
# 4. Tune the cheap network
# -------------------------
# Does a perceptron catch up with the convolutional network if it is tuned? Successive halving trains all settings for a
# few epochs, and only the better ones further.
grid = {"learning_rate": [0.0003, 0.001, 0.003], "hidden_layer_sizes": [(128,), (256, 128)]}
search = VectorizedHalvingGridSearchCV(MLPClassifier(max_epochs=9, random_state=0), grid, min_epochs=1, cv=folds).fit(
    X_train, y_train
)
print(f"{search.best_score_:.1%} in cross-validation, by {search.best_params_}")

# %%
# 5. Test once
# ------------
# Now, and only now, the test images. Each accuracy has its 95 % interval; McNemar's test asks of each model whether it
# differs from the best one on the same images. A small p-value says that this difference is more than luck.
network = CNNClassifier(max_epochs=6, random_state=0).fit(X_train, y_train)
linear = candidates["logistic regression"].fit(X_train, y_train)
finalists = {"convolutional": network, "tuned perceptron": search.best_estimator_, "linear": linear}
table, _ = compare_classifiers(finalists, X_test, y_test)
print(table[["accuracy", "low", "high", "pvalue", "predict_seconds", "size_mb"]].round(3).to_string())

# %%
# 6. Look at the errors
# ---------------------
# Where is it wrong, and would you have known better? The errors of which the network was most confident come first.
figure, ax = plt.subplots(figsize=(7, 6), layout="constrained")
predicted = network.predict(X_test)
ConfusionMatrixDisplay.from_predictions(
    y_test, predicted, normalize="true", values_format=".0%", xticks_rotation=60, cmap="Blues", colorbar=False, ax=ax
)
MisclassifiedDisplay.from_estimator(network, X_test, y_test)
plt.show()

# %%
# 7. Can its confidence be trusted?
# ---------------------------------
# Of the predictions with a confidence of 90 %, nine in ten should be right. A temperature, one number that divides the
# logits, is fitted on the held-out images. It changes no predicted class.
# After a few epochs this network is nearly calibrated; after many it would be overconfident.
calibrated = CalibratedClassifierCV(FrozenEstimator(network), method="temperature").fit(X_held_out, y_held_out)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for name, model in {"network": network, "with a temperature": calibrated}.items():
    ReliabilityDisplay.from_estimator(model, X_test, y_test, name=name, ax=left)
    RiskCoverageDisplay.from_estimator(model, X_test, y_test, name=name, ax=right)
    error = expected_calibration_error(y_test, model.predict_proba(X_test), labels=model.classes_)
    print(f"{name:18} expected calibration error {error:.3f}")
figure.savefig("decision.png")
plt.show()
print("This picture is in decision.png.")

# %%
# 8. Decide
# ---------
# A label costs 2 euros if it is wrong, so with a confidence of `p` it costs :math:`2 (1 - p)` on average. A person
# costs 0.2. A photo should therefore go to a person where the confidence is below :math:`1 - 0.2 / 2 = 0.9`. That needs
# no search, but it needs a confidence that can be trusted, which is why step 7 came first.
WRONG, PERSON = 2.0, 0.2


def cost(model, threshold):
    """Euros per photo, and the share of photos that a person sees."""
    asked = model.predict_proba(X_test).max(axis=1) < threshold
    wrong = (model.predict(X_test) != y_test) & ~asked
    return WRONG * wrong.mean() + PERSON * asked.mean(), asked.mean()


policies = {
    "a person sees everything": (network, 2.0),
    "the network alone": (network, 0.0),
    "raw confidence below 0.9 to a person": (network, 1 - PERSON / WRONG),
    "calibrated confidence below 0.9 to a person": (calibrated, 1 - PERSON / WRONG),
}
for name, (model, threshold) in policies.items():
    euros, share = cost(model, threshold)
    print(f"{name:44} {euros:.3f} euros per photo, {share:.0%} to a person")

# %%
# 9. Keep it
# ----------
# One file without pickles, which another machine can load, and which says what it is: see :doc:`/guide/deploying`.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "garments.skf"
    save(calibrated, path, metrics={"accuracy": float(table.accuracy["convolutional"])})
    again = load(path)
    print(f"{path.stat().st_size / 1000:,.0f} kB; the same answers: {np.array_equal(again.predict(X_test), predicted)}")

# %%
# Open questions
# --------------
# - *Would another seed, or another split, give another winner?* Repeat steps 2 to 5 with other values of
#   ``random_state``; the intervals above are about the test images only.
# - *Are the shop's photos like these?* Fashion-MNIST was photographed in a studio. Compare the confidence on new photos
#   with that on these, and look at those that fit nowhere: :doc:`/guide/outliers`.
# - *Which pixels made it a shirt?* An explanation is no proof, but it finds shortcuts such as a label in the corner.
# - *Is the test used up?* Yes: whoever goes back to step 3 after step 5 needs new test images.

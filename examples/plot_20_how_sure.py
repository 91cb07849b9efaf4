"""
How sure is it?
===============

A network says 99 %, and is wrong. How often does that happen, can it be mended, and which predictions should a person
look at? The reliability diagram, a temperature, and the risk-coverage curve answer.
"""

# %%
# A network that is too sure of itself
# ------------------------------------
# Trained for long on few images, it is right more rarely than its confidence says.
import matplotlib.pyplot as plt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ReliabilityDisplay, RiskCoverageDisplay
from skfashion.metrics import compare_classifiers, risk_coverage_curve
from skfashion.neural_network import MLPClassifier

try:
    X, y = fetch_fashion_mnist(n_retries=0, return_X_y=True)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X, y = make_garments(12_000, random_state=0, return_X_y=True)
train, held_out, test = slice(2_000), slice(2_000, 4_000), slice(4_000, 12_000)
network = MLPClassifier((256,), max_epochs=60, random_state=0).fit(X[train], y[train])

# %%
# A temperature
# -------------
# One number, fitted on images that the network was not trained on, divides its logits. The predicted classes stay.
calibrated = CalibratedClassifierCV(FrozenEstimator(network), method="temperature").fit(X[held_out], y[held_out])
models = {"network": network, "with a temperature": calibrated}

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for name, model in models.items():
    display = ReliabilityDisplay.from_estimator(model, X[test], y[test], name=name, ax=left)
    RiskCoverageDisplay.from_estimator(model, X[test], y[test], name=name, ax=right)
    print(f"{name:18} expected calibration error {display.error:.3f}")
figure.savefig("how_sure.png")
plt.show()

# %%
# Which predictions should a person look at?
# ------------------------------------------
# The threshold is chosen on the held-out images, and tried on the others.
proba = calibrated.predict_proba(X[held_out])
curve = risk_coverage_curve(y[held_out], calibrated.predict(X[held_out]), proba.max(axis=1))
threshold = curve.thresholds[curve.risk <= 0.05][-1]
kept = calibrated.predict_proba(X[test]).max(axis=1) >= threshold
wrong = calibrated.predict(X[test]) != y[test]
print(f"kept {kept.mean():.0%} of the predictions, of which {wrong[kept].mean():.1%} are wrong")
print(f"for a person: {1 - kept.mean():.0%}, of which {wrong[~kept].mean():.1%} are wrong")

# %%
# Is a larger network better?
# ---------------------------
# The same test images, a paired test.
larger = MLPClassifier((1024,), max_epochs=60, random_state=0).fit(X[train], y[train])
table, _ = compare_classifiers({"256 units": network, "1,024 units": larger}, X[test], y[test])
print(table[["accuracy", "low", "high", "pvalue", "size_mb"]].round(3).to_string())

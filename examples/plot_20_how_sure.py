"""
Confidence: how sure is the network?
====================================

A network says 99 %, and is wrong. How often does that happen, can it be corrected, and which predictions should a
person look at? The reliability diagram, temperature scaling, the risk-coverage curve and a threshold for a risk give
answers.
"""

# %%
# An overconfident network
# ------------------------
# Trained for a long time on few images, it is right less often than its confidence says.
import matplotlib.pyplot as plt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ReliabilityDisplay, RiskCoverageDisplay
from skfashion.metrics import compare_classifiers, threshold_for_risk
from skfashion.neural_network import MLPClassifier

try:
    X, y = fetch_fashion_mnist(n_retries=0, return_X_y=True)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X, y = make_garments(12_000, random_state=0, return_X_y=True)
train, held_out, unseen, test = slice(2_000), slice(2_000, 4_000), slice(4_000, 6_000), slice(6_000, 12_000)
network = MLPClassifier((256,), max_epochs=60, random_state=0).fit(X[train], y[train])

# %%
# A temperature
# -------------
# One number, fitted on images that the network was not trained on, divides its logits. The predicted classes do not
# change. Vertical bars are 95 % intervals of the accuracy of each bin.
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
# Label smoothing
# ---------------
# Label smoothing spreads a share of each target over all classes. The network is then underconfident: its curve is
# above the diagonal. Label smoothing is another way to train, not a calibration. A temperature, now below 1, corrects
# that as well.
smoothed = MLPClassifier((256,), max_epochs=60, label_smoothing=0.1, random_state=0).fit(X[train], y[train])
calibrated_too = CalibratedClassifierCV(FrozenEstimator(smoothed), method="temperature")
calibrated_too.fit(X[held_out], y[held_out])
models = {**models, "label smoothing": smoothed, "smoothing and a temperature": calibrated_too}

figure, ax = plt.subplots(figsize=(5.6, 4.6), layout="constrained")
for name, model in models.items():
    display = ReliabilityDisplay.from_estimator(model, X[test], y[test], name=name, ax=ax)
    accuracy = model.score(X[test], y[test])
    print(f"{name:28} expected calibration error {display.error:.3f}, accuracy {accuracy:.3f}")
ax.legend(loc="lower right", fontsize=8)
figure.savefig("label_smoothing.png")
plt.show()
print("The pictures are in how_sure.png and label_smoothing.png.")

# %%
# Which predictions should a person look at?
# ------------------------------------------
# The threshold is chosen on images that neither the network nor its temperature has seen, so that, with high
# probability, no more than 10 % of the kept predictions are wrong on all images like these. The test images show
# whether that holds.
proba = calibrated.predict_proba(X[unseen])
limit = threshold_for_risk(y[unseen], calibrated.predict(X[unseen]), proba.max(axis=1), risk=0.1)
predicted = calibrated.predict(X[test])
kept = calibrated.predict_proba(X[test]).max(axis=1) >= limit.threshold
wrong = predicted != y[test]
print(f"kept {kept.mean():.0%} of the predictions, of which {wrong[kept].mean():.1%} are wrong")
if not kept.all():
    print(f"for a person: {1 - kept.mean():.0%}, of which {wrong[~kept].mean():.1%} are wrong")

# %%
# Is a larger network better?
# ---------------------------
# Both networks predict the same test images, so the test is paired.
larger = MLPClassifier((1024,), max_epochs=60, random_state=0).fit(X[train], y[train])
table, _ = compare_classifiers({"256 units": network, "1,024 units": larger}, X[test], y[test])
print(table[["accuracy", "low", "high", "pvalue", "size_mb"]].round(3).to_string())

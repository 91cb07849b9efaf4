"""
Regression: by how many degrees is it rotated?
==============================================

A network can predict a number as well as a class. Images are rotated by a random angle, and three regressors learn to
predict it: a linear model, a multi-layer perceptron and a convolutional network.
"""

# %%
# Rotated images
# --------------
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import rotate
from sklearn.linear_model import Ridge

from skfashion.datasets import fetch_mnist, make_garments
from skfashion.neural_network import CNNRegressor, MLPRegressor

try:
    upright = fetch_mnist(n_retries=0).data[:6_000]
except OSError as error:
    print(f"There is no MNIST here ({error}):\nthese are garments drawn by make_garments.")
    upright = make_garments(6_000, random_state=0).data

rng = np.random.default_rng(0)
angle = rng.uniform(-45, 45, len(upright))
pairs = zip(upright.reshape(-1, 28, 28), angle, strict=True)
X = np.stack([rotate(image, degrees, reshape=False, order=1) for image, degrees in pairs])
train, test = slice(0, 5_000), slice(5_000, 6_000)

# %%
# Three regressors
# ----------------
# The networks take images as they are; targets are standardised inside, and predictions are in degrees.
models = {
    "ridge regression": Ridge(alpha=1e6),
    "perceptron": MLPRegressor((256, 64), batch_size=64, random_state=0),
    "convolutional network": CNNRegressor(batch_size=64, max_epochs=10, random_state=0),
}
predicted = {}
for name, model in models.items():
    rows = X.reshape(len(X), -1).astype(float) if name == "ridge regression" else X
    predicted[name] = model.fit(rows[train], angle[train]).predict(rows[test])
    error = np.abs(predicted[name] - angle[test]).mean()
    print(f"{name:22} mean absolute error {error:.1f} degrees, R² {model.score(rows[test], angle[test]):.3f}")

# %%
# Rotated back
# ------------
# On the left are the predictions of each model for unseen images. On the right are some of these images, and below them
# the same ones, rotated back by the angle that the convolutional network predicts.
figure = plt.figure(figsize=(11, 3.3), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.15])
axes = left.subplots(1, 3, sharex=True, sharey=True)
for ax, (name, degrees) in zip(axes, predicted.items(), strict=True):
    ax.plot([-45, 45], [-45, 45], color="0.6", linewidth=1)
    ax.scatter(angle[test], degrees, s=3)
    ax.set(title=f"{name}\noff by {np.abs(degrees - angle[test]).mean():.1f}°", aspect="equal", ylim=(-70, 70))
axes[0].set(xlabel="true angle (degrees)", ylabel="predicted angle (degrees)")

some = range(5_000, 5_006)
rows = right.subplots(2, len(some))
for (above, below), index in zip(rows.T, some, strict=True):
    back = -predicted["convolutional network"][index - 5_000]
    above.imshow(X[index], cmap="gray_r")
    below.imshow(rotate(X[index], back, reshape=False, order=1), cmap="gray_r")
    below.set_xlabel(f"{-back:.0f}° ({angle[index]:.0f}°)", fontsize=9)
    for ax in (above, below):
        ax.set(xticks=[], yticks=[])
rows[0, 0].set_ylabel("as given")
rows[1, 0].set_ylabel("rotated back")
right.suptitle("Predicted (and true) angles")
figure.savefig("angle.png", dpi=110)
print("The picture is in angle.png.")

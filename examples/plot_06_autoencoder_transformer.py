"""
An autoencoder as a transformer
===============================

How many numbers does a picture of a garment need? An autoencoder learns to write an image as a short code, and is a
scikit-learn transformer here: it stands in a pipeline before a nearest-neighbour classifier, beside PCA, and a grid
search turns its ``latent_dim`` like any other parameter.
"""

# %%
# The images
# ----------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import ConvAutoencoder

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(6000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=4000, test_size=1000, stratify=images.target, random_state=0
)

# %%
# One search over two kinds of code
# ---------------------------------
# Each candidate is fitted on the images of its folds only; labels are seen by the neighbours alone.
dimensions = [2, 4, 8, 16, 32]
autoencoder = ConvAutoencoder(n_channels=16, batch_size=64, random_state=0)
search = GridSearchCV(
    Pipeline([("code", "passthrough"), ("classify", KNeighborsClassifier(10, weights="distance"))]),
    [
        {"code": [PCA(random_state=0)], "code__n_components": dimensions},
        {"code": [autoencoder], "code__latent_dim": dimensions},
    ],
    cv=2,
)
search.fit(X_train, y_train)

accuracy = 100 * search.cv_results_["mean_test_score"].reshape(2, -1)
print(f"{'numbers in a code':>18}{'PCA':>8}{'autoencoder':>14}")
for n, linear, learnt in zip(dimensions, *accuracy, strict=True):
    print(f"{n:18}{linear:8.1f}{learnt:14.1f}")
print(f"best: {search.best_params_}; on 1,000 new images {100 * search.score(X_test, y_test):.1f} %")

# %%
# The same garments through codes of eight numbers
# ------------------------------------------------
# ``inverse_transform`` leads back from codes to images. Pixels are on the scale of [0, 1].
shown = np.array([np.flatnonzero(y_test == label)[0] for label in np.unique(y_test)])[:8]
pca = PCA(8, random_state=0).fit(X_train / 255)
learnt = ConvAutoencoder(8, 16, batch_size=64, random_state=0).fit(X_train)
versions = {
    "original": X_test[shown] / 255,
    "PCA": pca.inverse_transform(pca.transform(X_test[shown] / 255)),
    "autoencoder": learnt.reconstruct(X_test[shown]),
}
errors = {
    "PCA": np.mean((pca.inverse_transform(pca.transform(X_test / 255)) - X_test / 255) ** 2),
    "autoencoder": -learnt.score(X_test),
}

# %%
# The picture
# -----------
figure = plt.figure(figsize=(11, 3.8), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.3])
axes = left.subplots()
for name, values, marker in zip(("PCA", "autoencoder"), accuracy, "so", strict=True):
    axes.plot(dimensions, values, marker=marker, label=f"{name} + 10 neighbours")
axes.set_xscale("log", base=2)
axes.set_xticks(dimensions, dimensions)
axes.set(xlabel="numbers in a code", ylabel="accuracy in percent", title="How many numbers does a garment need?")
axes.grid(alpha=0.3)
axes.legend(loc="lower right")

grid = right.subplots(len(versions), len(shown))
for row, (name, pictures) in zip(grid, versions.items(), strict=True):
    for axes, picture in zip(row, pictures, strict=True):
        axes.imshow(picture.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    error = f"\nerror {errors[name]:.4f}" if name in errors else ""
    row[0].set_ylabel(name + error)
right.suptitle("Eight numbers a garment, and what comes back")
figure.savefig("autoencoder_transformer.png", dpi=110)
print("The picture is in autoencoder_transformer.png.")

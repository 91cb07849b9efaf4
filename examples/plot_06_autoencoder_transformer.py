"""
An autoencoder as a transformer
===============================

How many latent dimensions does a picture of a garment need? An autoencoder, which encodes an image as a short latent
code, is a scikit-learn transformer here: like PCA, it can precede a nearest-neighbour classifier in a pipeline, and
a grid search tunes its ``latent_dim`` like any other parameter.
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
from skfashion.inspection import LatentSpaceDisplay, ReconstructionDisplay
from skfashion.neural_network import ConvAutoencoder

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(4000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=2000, test_size=1000, stratify=images.target, random_state=0
)

# %%
# One search over two kinds of latent code
# ----------------------------------------
# Each candidate is fitted on the images of its folds only; only the nearest-neighbour classifier sees labels.
dimensions = [2, 4, 8, 16]
autoencoder = ConvAutoencoder(n_channels=8, batch_size=64, random_state=0)
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
print(f"{'latent dimensions':>18}{'PCA':>8}{'autoencoder':>14}")
for n, linear, learnt in zip(dimensions, *accuracy, strict=True):
    print(f"{n:18}{linear:8.1f}{learnt:14.1f}")
print(f"best: {search.best_params_}; on 1,000 new images {100 * search.score(X_test, y_test):.1f} %")

# %%
# Reconstructions from eight latent dimensions
# --------------------------------------------
# ``inverse_transform`` decodes latent codes. Pixels are on the scale of [0, 1].
X_train, X_test = X_train / 255, X_test / 255
models = {
    "PCA": PCA(8, random_state=0),
    "autoencoder": ConvAutoencoder(8, 8, batch_size=64, random_state=0),
}
errors = {}
for name, model in models.items():
    back = model.fit(X_train).inverse_transform(model.transform(X_test))
    errors[name] = np.mean((back - X_test) ** 2)
    print(f"{name}: {errors[name]:.4f} MSE per pixel")

# %%
# The pictures
# ------------
# One garment of each class.
figure = plt.figure(figsize=(11, 3.9), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.5])
axes = left.subplots()
for name, values, marker in zip(models, accuracy, "so", strict=True):
    axes.plot(dimensions, values, marker=marker, label=f"{name} + 10 neighbours")
axes.set_xscale("log", base=2)
axes.set_xticks(dimensions, dimensions)
axes.set(xlabel="latent dimensions", ylabel="accuracy in percent", title="How many dimensions does a garment need?")
axes.grid(alpha=0.3)
axes.legend(loc="lower right")

shown = np.unique(y_test, return_index=True)[1]
for axes, (name, model) in zip(right.subplots(2, 1), models.items(), strict=True):
    ReconstructionDisplay.from_estimator(model, X_test[shown], ax=axes, imshow_kw={"vmin": 0, "vmax": 1})
    axes.set_title(f"Eight dimensions by {name}: MSE {errors[name]:.4f}")
figure.savefig("autoencoder_transformer.png", dpi=110)

# %%
# Latent codes of two dimensions are points in the plane. No labels were used, yet many garments of a class lie
# together.
two = {
    "PCA": PCA(2, random_state=0).fit(X_train),
    "autoencoder": ConvAutoencoder(2, 8, batch_size=64, random_state=0).fit(X_train),
}
figure, grid = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for axes, (name, model) in zip(grid, two.items(), strict=True):
    LatentSpaceDisplay.from_estimator(model, X_test, y_test, class_names=images.target_names, ax=axes)
    axes.set_title(f"Two dimensions by {name}")
grid[0].get_legend().remove()
figure.savefig("autoencoder_plane.png", dpi=110)
print("The pictures are in autoencoder_transformer.png and autoencoder_plane.png.")

"""
Generators compared
===================

Who draws the best garments: the mean of a few neighbours, a step from a cluster's centroid, an autoencoder, or a
variational one? All four have ``fit`` and ``sample`` here. Two numbers judge them: how far their images are from real
ones as a whole (the Fréchet distance), and how near each image is to one that was merely learnt by heart.
"""

# %%
# Four generators
# ---------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from skfashion.baselines import CentroidSampler, NeighborSampler
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.metrics import frechet_distance, nearest_train_distance
from skfashion.neural_network import ConvAutoencoder, VariationalAutoencoder

try:
    X = fetch_fashion_mnist(n_retries=0).data
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X = make_garments(9000, random_state=0).data
X_train, X_new = X[:5000], X[5000:7000]

generators = {
    "mean of 5 neighbours": NeighborSampler(n_neighbors=5),
    "around 100 centroids": CentroidSampler(KMeans(100, n_init=1, random_state=0), spread=0.5),
    "autoencoder": ConvAutoencoder(n_channels=16, batch_size=64, random_state=0),
    "variational autoencoder": VariationalAutoencoder(batch_size=64, random_state=0),
}
samples = {name: generator.fit(X_train).sample(2000, random_state=0) for name, generator in generators.items()}

# %%
# Two numbers
# -----------
# Both are relative to what real images that nobody has learnt from come to. The Fréchet distance is taken between
# their 50 principal components.
pca = PCA(50, random_state=0).fit(X_train / 255)
real = pca.transform(X_train / 255)
rows = {"real images": X_new / 255, **samples}
print(f"{'':26}{'Fréchet distance':>18}{'to the nearest training image':>32}")
judged = {}
for name, images in rows.items():
    distance = np.median(nearest_train_distance(images[:500], X_train / 255)[0])
    judged[name] = frechet_distance(pca.transform(images), real), distance
    print(f"{name:26}{judged[name][0]:18.2f}{judged[name][1]:32.2f}")

# %%
# The picture
# -----------
figure, grid = plt.subplots(len(rows), 12, figsize=(11, 5), layout="constrained")
for axes_of_row, (name, images) in zip(grid, rows.items(), strict=True):
    for axes, image in zip(axes_of_row, images, strict=False):
        axes.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    frechet, nearest = judged[name]
    label = f"{name}\nFréchet {frechet:.1f}, nearest {nearest:.1f}"
    axes_of_row[0].set_ylabel(label, rotation=0, ha="right", va="center")
figure.suptitle("Who draws the best garments? Small Fréchet distances look real, small nearest distances are copies")
figure.savefig("generators.png", dpi=110)
print("The picture is in generators.png.")

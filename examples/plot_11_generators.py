"""
Generators compared
===================

Who draws the best garments: the mean of a few neighbours, a step from a cluster's centroid, an autoencoder, or a
variational one? All four have ``fit`` and ``sample`` here, and some generate images of a chosen class. Two
metrics judge them: how far their images as a whole are from real ones (the Fréchet distance), and how far each image is
from the nearest training image, of which it may be a mere copy.
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
from skfashion.inspection import LatentWalkDisplay
from skfashion.metrics import density_coverage, frechet_distance, nearest_train_distance
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, VariationalAutoencoder

try:
    data = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    data = make_garments(9000, random_state=0)
X_train, X_new, y_train, y_new = data.data[:5000], data.data[5000:7000], data.target[:5000], data.target[5000:7000]

generators = {
    "mean of 5 neighbours": NeighborSampler(n_neighbors=5),
    "around 100 centroids": CentroidSampler(KMeans(100, n_init=1, random_state=0), spread=0.5),
    "autoencoder": ConvAutoencoder(n_channels=16, batch_size=64, random_state=0),
    "variational autoencoder": VariationalAutoencoder(batch_size=64, random_state=0),
}
samples = {name: generator.fit(X_train).sample(2000, random_state=0) for name, generator in generators.items()}

# %%
# Two metrics
# -----------
# Compare both with the values of real images that no generator was trained on. The Fréchet distance is computed on 50
# principal components.
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
figure.suptitle("Who draws the best garments? Small Fréchet distance: realistic; small nearest distance: copies?")
figure.savefig("generators.png", dpi=110)
print("The picture is in generators.png.")

# %%
# Images of chosen classes
# ------------------------
# The decoder of a conditional variational autoencoder is conditioned on the class of each image, and generates images
# of chosen classes; so do both samplers, once they are fitted with labels. Three things can go wrong, and three metrics
# show which: a classifier that has seen none of these images may not recognise the chosen classes (low accuracy); the
# images may lie where no real image does (low density); and they may show a few kinds of each class again and again
# (low coverage).
conditional = {
    "mean of 5 neighbours": NeighborSampler(n_neighbors=5),
    "around 100 centroids": CentroidSampler(KMeans(100, n_init=1, random_state=0), spread=0.5),
    "conditional variational\nautoencoder": VariationalAutoencoder(
        32, n_channels=(), hidden_layer_sizes=(512, 256), beta=0.02, conditional=True, batch_size=64, random_state=0
    ),
}
asked = np.repeat(np.unique(y_train), 200)
judge = CNNClassifier(max_epochs=5, batch_size=64, random_state=0).fit(X_new, y_new)
features = judge.embed(X_train)
drawn = {name: each.fit(X_train, y_train).sample(2000, y=asked, random_state=0) for name, each in conditional.items()}
print(f"{'':40}{'accuracy':>9}{'density':>9}{'coverage':>9}")
for name, images in drawn.items():
    density, coverage = density_coverage(judge.embed(images), features)
    accuracy = judge.score(images, asked)
    print(f"{name.replace(chr(10), ' '):40}{accuracy:9.2f}{density:9.2f}{coverage:9.2f}")

n_each = 4
figure, grid = plt.subplots(len(drawn), 1, figsize=(9, 9.5), layout="constrained")
for axes, (name, images) in zip(grid, drawn.items(), strict=True):
    by_class = images.reshape(-1, 200, 28, 28)[:, :n_each]
    rows = [np.concatenate(list(by_class[:, index]), axis=1) for index in range(n_each)]
    axes.imshow(np.concatenate(rows), cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], ylabel=name)
names = [str(name).replace("/", "/\n").replace(" ", "\n") for name in data.target_names]
grid[0].set_xticks(14 + 28 * np.arange(len(names)), names)
grid[0].xaxis.tick_top()
grid[0].tick_params(length=0)
figure.suptitle("Images of chosen classes: one class per column")
figure.savefig("chosen_classes.png", dpi=110)
print("The picture is in chosen_classes.png.")

# %%
# Style, separate from class
# --------------------------
# The decoder is conditioned on the class, so that the latent code need not encode it. A latent code of only four
# dimensions has no room for the class, and describes what garments of all classes have in common, such as how dark and
# how wide they are. The same steps along the dimension in which the codes vary most, decoded for each class:
vae = VariationalAutoencoder(
    4, n_channels=(), hidden_layer_sizes=(256,), conditional=True, batch_size=64, random_state=0
).fit(X_train, y_train)
style = int(vae.transform(X_train).std(axis=0).argmax())
walk = LatentWalkDisplay.from_estimator(
    vae,
    X_train,
    np.unique(y_train),
    dimensions=[style] * len(names),
    n_steps=7,
    span=2,
    class_names=data.target_names,
)
walk.figure_.savefig("style.png", dpi=110)
print("The picture is in style.png.")

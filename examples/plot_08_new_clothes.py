"""
New clothes from a VAE
======================

A variational autoencoder learns not only to write garments as codes but also that codes follow a normal distribution.
Whoever draws from that distribution, and decodes what was drawn, gets garments that nobody has photographed. Or are
they copies? The picture shows the nearest training image below each.
"""

# %%
# Train
# -----
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import InterpolationDisplay, LatentWalkDisplay
from skfashion.neural_network import VariationalAutoencoder

try:
    X = fetch_fashion_mnist(n_retries=0).data[:10_000]
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X = make_garments(10_000, random_state=0).data

vae = VariationalAutoencoder(latent_dim=10, random_state=0).fit(X)
last = vae.history_[-1]
print(f"{len(X):,} images, {vae.n_epochs_} epochs: an image costs {last['train_reconstruction']:.1f} of squared error")
print(f"and {last['train_kl']:.1f} nats, by which its code differs from a draw of the normal distribution.")

# %%
# Draw
# ----
# The same seed gives the same garments. The distance to the nearest training image tells a copy from a new garment.
samples = vae.sample(10, random_state=3)
neighbors = NearestNeighbors(n_neighbors=2).fit(X / 255)
distance, nearest = neighbors.kneighbors(samples, n_neighbors=1)
between = neighbors.kneighbors(X[:1000] / 255)[0][:, 1]
print(
    f"A sample is {np.median(distance):.1f} from the nearest training image; these are {np.median(between):.1f} apart."
)

# %%
# New, or copied?
# ---------------
# What was drawn, and below each the training image that is most like it.
rows = {"drawn": samples, "nearest in\ntraining": X[nearest[:, 0]] / 255}
figure, grid = plt.subplots(len(rows), 10, figsize=(11, 2.8), layout="constrained")
for axes_of_row, (name, pictures) in zip(grid, rows.items(), strict=True):
    for axes, picture in zip(axes_of_row, pictures, strict=True):
        axes.imshow(picture.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    axes_of_row[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("New clothes from a VAE: garments that nobody has photographed")
figure.savefig("new_clothes.png", dpi=110)

# %%
# Between two garments
# --------------------
# Points on the line from one code to another stand for garments too, though some are faint.
display = InterpolationDisplay.from_estimator(vae, X[:4], X[4:8])
display.ax_.set_title("From one garment to another")
display.figure_.savefig("new_clothes_between.png", dpi=110)

# %%
# What the numbers mean
# ---------------------
# Each row turns one number of a code, from -3 to 3 standard deviations, while all others stay at 0. A number that
# changes nothing is one that the VAE does without: each number that it uses costs nats.
display = LatentWalkDisplay.from_estimator(vae)
display.ax_.set_title("What each number of a code does to a garment", pad=24)
display.figure_.savefig("new_clothes_numbers.png", dpi=110)
print("The pictures are in new_clothes.png, new_clothes_between.png and new_clothes_numbers.png.")

"""
Noisy images, clean images
==========================

An autoencoder that is fitted on noisy images and their clean versions learns to remove the noise. Three ways to do that
are compared on unseen images: a filter that knows nothing about garments, the best linear map to clean images, and a
convolutional autoencoder.
"""

# %%
# Images with noise
# -----------------
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import median_filter
from sklearn.linear_model import Ridge

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import ConvAutoencoder

try:
    X = fetch_fashion_mnist(n_retries=0).data[:6_000]
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X = make_garments(6_000, random_state=0).data

rng = np.random.default_rng(0)
clean = (X / 255).astype(np.float32)
noisy = (clean + rng.normal(0, 0.4, clean.shape)).clip(0, 1).astype(np.float32)
train, test = slice(0, 5_000), slice(5_000, 6_000)

# %%
# Remove it
# ---------
# ``fit(noisy, clean)`` trains a denoiser. 64 latent dimensions leave room for details; noise does not fit in.
denoiser = ConvAutoencoder(latent_dim=64, n_channels=16, hidden_layer_sizes=(), batch_size=64, random_state=0)
denoiser.fit(noisy[train], clean[train])
linear = Ridge(300).fit(noisy[train], clean[train])

results = {
    "noisy": noisy[test],
    "median filter": np.stack([median_filter(image.reshape(28, 28), 3).ravel() for image in noisy[test]]),
    "linear map": linear.predict(noisy[test]),
    "autoencoder": denoiser.reconstruct(noisy[test]),
    "clean": clean[test],
}
for name, images in results.items():
    print(f"{name:15} mean squared error per pixel {((images - clean[test]) ** 2).mean():.4f}")

# %%
# What is left
# ------------
figure, axes = plt.subplots(len(results), 8, figsize=(8, 5.4), layout="constrained")
for row, (name, images) in zip(axes, results.items(), strict=True):
    for ax, image in zip(row, images, strict=False):
        ax.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    error = ((images - clean[test]) ** 2).mean()
    label = name if name == "clean" else f"{name}\n{error:.4f}"
    row[0].set_ylabel(label, rotation=0, ha="right", va="center")
figure.suptitle("Mean squared error per pixel on 1,000 unseen images")
figure.savefig("noisy_images.png", dpi=110)
print("The picture is in noisy_images.png.")

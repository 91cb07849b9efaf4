"""
Colour images of another size
=============================

Nothing here is limited to grey pictures of 28 x 28 pixels. These images have 32 x 32 pixels, and the garments are dyed:
cloth and background have different colours, but about the same brightness. In grey there is little to see; does a
network that gets all three channels see more?
"""

# %%
# Dye garments
# ------------
# The class is the garment; its colour says nothing. Two colours of different hue get about the same brightness; the
# grey image of the garment mixes them. This needs neither files nor an internet connection.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import hsv_to_rgb
from sklearn.model_selection import train_test_split

from skfashion.datasets import make_garments
from skfashion.inspection import ImageGridDisplay, ReconstructionDisplay
from skfashion.neural_network import CNNClassifier, ConvAutoencoder, ResNetClassifier

garments = make_garments(3500, random_state=0)
cloth = np.pad(garments.images, ((0, 0), (2, 2), (2, 2)))[..., None] / 255

rng = np.random.default_rng(0)
n = len(cloth)
hue = rng.uniform(size=n)
hues = np.stack([hue, (hue + rng.uniform(0.3, 0.7, size=n)) % 1])
dye = hsv_to_rgb(np.stack([hues, np.ones((2, n)), np.ones((2, n))], axis=-1))
brightness = rng.uniform(0.45, 0.55, size=n) * rng.uniform(0.9, 1.1, size=(2, n))
front, back = (brightness[..., None] + 0.6 * (dye - dye.mean(axis=-1, keepdims=True))).clip(0, 1)[:, :, None, None]
X = np.rint(255 * (cloth * front + (1 - cloth) * back)).astype(np.uint8)
print(f"{len(X):,} images of shape {X.shape[1:]}: height, width, channels")

X_train, X_test, y_train, y_test = train_test_split(
    X, garments.target, train_size=2500, test_size=1000, stratify=garments.target, random_state=0
)

# %%
# In grey and in colour
# ---------------------
# Images go in as they are: (n, h, w) in grey, (n, h, w, 3) in colour. The residual network flips and shifts them at
# random in training; for other networks, ``augmentation`` does that.
grey_train, grey_test = (images.mean(axis=-1).astype(np.uint8) for images in (X_train, X_test))
models = {
    "CNN, in grey": (CNNClassifier(max_epochs=10, random_state=0), grey_train, grey_test),
    "CNN, in colour": (CNNClassifier(max_epochs=10, random_state=0), X_train, X_test),
    "ResNet, in colour": (ResNetClassifier(16, max_epochs=10, random_state=0), X_train, X_test),
}
accuracy = {name: 100 * model.fit(train, y_train).score(test, y_test) for name, (model, train, test) in models.items()}
for name, value in accuracy.items():
    print(f"{name:20}{value:6.1f} %")

# %%
# Channels first or last
# ----------------------
# The channel axis is recognised by its length of three. A model that was fitted on one order also takes the other.
resnet = models["ResNet, in colour"][0]
channels_first = np.moveaxis(X_test, -1, 1)
same = (resnet.predict(channels_first) == resnet.predict(X_test)).all()
print(f"{X_test.shape[1:]} or {channels_first.shape[1:]}: the same predictions: {same}")

# %%
# An autoencoder in colour
# ------------------------
autoencoder = ConvAutoencoder(48, 16, hidden_layer_sizes=(128,), batch_size=64, random_state=0).fit(X_train)
print(f"The autoencoder encodes {X[0].size:,} numbers as {autoencoder.latent_dim}.")

# %%
# The picture
# -----------
figure = plt.figure(figsize=(11, 5.6), layout="constrained")
upper, lower = figure.subfigures(2, 1, height_ratios=[1.4, 1])
left, middle, right = upper.subplots(1, 3, width_ratios=[1, 1, 1.1])
for axes, pictures, title in ((left, grey_test, "Grey eyes see little"), (middle, X_test, "Three channels see more")):
    ImageGridDisplay.from_data(
        pictures, y_test, class_names=garments.target_names, one_per_class=True, n_columns=4, ax=axes
    ).ax_.set_title(title)
bars = right.barh(list(accuracy), list(accuracy.values()))
right.bar_label(bars, fmt="%.1f", padding=3)
right.invert_yaxis()
right.set(xlim=(0, 100), xlabel="accuracy in percent", title="What that is worth")
ReconstructionDisplay.from_estimator(autoencoder, X_test[:12], n_images=12, ax=lower.subplots()).ax_.set_title(
    f"{autoencoder.latent_dim} latent dimensions: colours and positions come back, details do not"
)
figure.savefig("colour_images.png", dpi=110)
print("The picture is in colour_images.png.")

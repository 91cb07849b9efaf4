"""
Your own photos
===============

From a folder of photos to a model that classifies a new file. Each class has a folder of its own; the photos in it may
be of any size and format. So that this page runs anywhere, the photos are drawn first: tiles in front of walls.
"""

# %%
# A folder of photos
# ------------------
# ``photos/disc/*`` and so on, of different sizes, as JPEG, PNG and WebP. With photos of your own, leave this out.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skfashion.datasets import load_image_folder
from skfashion.neural_network import CNNClassifier
from skfashion.preprocessing import ImageReader

rng = np.random.default_rng(0)


def photo(shape):
    width, height = rng.integers(60, 160, 2).tolist()
    wall, tile = (tuple(rng.integers(low, low + 130, 3).tolist()) for low in (125, 0))
    image = Image.new("RGB", (width, height), wall)
    r = int(min(width, height) * rng.uniform(0.15, 0.35))
    x, y = (int(rng.uniform(r, size - r)) for size in (width, height))
    corners = {"triangle": 3, "square": 4, "hexagon": 6, "disc": 60}[shape]
    ImageDraw.Draw(image).regular_polygon((x, y, r), corners, rotation=int(rng.integers(90)), fill=tile)
    return image


folder = Path(tempfile.mkdtemp())
for index in range(1200):
    shape = ("triangle", "square", "hexagon", "disc")[index % 4]
    (folder / shape).mkdir(exist_ok=True)
    photo(shape).save(folder / shape / f"{index:04}.{('jpg', 'png', 'webp')[index % 3]}")

# %%
# Five lines
# ----------
# The folder gives the files and classes; the Pipeline starts at files, so it can classify one that it has never seen.
photos = load_image_folder(folder)
train, test, y_train, y_test = train_test_split(photos.filenames, photos.target, test_size=200, random_state=0)
network = CNNClassifier(batch_size=32, augmentation="flip", random_state=0)
model = make_pipeline(ImageReader((40, 40), color="rgb"), network).fit(train, y_train)
print(f"{len(photos.filenames)} photos of {photos.target_names}, accuracy {model.score(test, y_test):.3f}")

photo("hexagon").save(folder / "new.jpg")
print("a new photo of a hexagon is classified as", photos.target_names[model.predict([folder / "new.jpg"]).item()])

# %%
# A broken file
# -------------
# The error names it, and all others that cannot be read.
(folder / "broken.jpg").write_bytes((folder / "new.jpg").read_bytes()[:200])
try:
    model.predict([folder / "new.jpg", folder / "broken.jpg"])
except ValueError as error:
    print(str(error).replace(str(folder), "photos"))

# %%
# What the network sees
# ---------------------
# The upper row shows photos as they are, the lower row what the reader passes on.
some = test[:8]
seen = np.moveaxis(np.asarray(model[0].transform(some)).reshape(-1, 3, 40, 40), 1, -1)
figure, axes = plt.subplots(2, len(some), figsize=(10, 3.2), layout="constrained")
for (above, below), path, pixels, index in zip(axes.T, some, seen, model.predict(some), strict=True):
    above.imshow(Image.open(path))
    below.imshow(pixels)
    below.set_xlabel(photos.target_names[index])
    for ax in (above, below):
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("photo")
axes[1, 0].set_ylabel("40 x 40")
figure.suptitle("Photos, what the network sees, and what it predicts")
figure.savefig("own_photos.png", dpi=110)
print("The picture is in own_photos.png.")

"""
Saliency maps: which pixels made it a shirt?
============================================

Cover a part of the image, and see how far the probability falls: that explains any classifier. And a network with
random weights shows whether a map says anything about what was learnt.
"""

# %%
# One garment of each class
# -------------------------
# Red is evidence for the class, blue against it; below each image are the class and its probability.
import copy

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import SaliencyDisplay, saliency
from skfashion.neural_network import CNNClassifier

try:
    garments = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    garments = make_garments(4_000, random_state=0)
X, y, names = garments.data, garments.target, garments.target_names
X_test, y_test = X[3_000:3_500], y[3_000:3_500]
cnn = CNNClassifier("compact", max_epochs=8, random_state=0).fit(X[:3_000], y[:3_000])
print(f"accuracy {cnn.score(X_test, y_test):.3f}")

one_of_each = [np.flatnonzero(y_test == label)[0] for label in range(10)]
shown, labels = X_test[one_of_each], y_test[one_of_each]
display = SaliencyDisplay.from_estimator(cnn, shown, labels, class_names=names)
display.figure_.savefig("which_pixels_of_one.png")
plt.show()

# %%
# What it looks at in general
# ---------------------------
# The mean maps of 100 images, by the class that was predicted.
display = SaliencyDisplay.from_estimator(cnn, X_test[:100], average=True, patch_size=5, stride=4, class_names=names)
display.figure_.savefig("which_pixels.png")
plt.show()

# %%
# Does the map say anything?
# --------------------------
# The same network with new random weights knows nothing about garments. If its maps looked like those above, these
# would merely be drawings of the image. Maps are compared by the rank correlation of their values on the garment.
settings = {"response": "logit", "patch_size": 4, "stride": 2}
fresh = copy.deepcopy(cnn)
fresh.module_.reset_weights(1)
trained, random = (saliency(model, shown, labels, **settings).maps for model in (cnn, fresh))
noisy = np.clip(shown + np.random.default_rng(0).integers(-5, 6, shown.shape), 0, 255).astype(np.uint8)
again = saliency(cnn, noisy, labels, **settings).maps
on_garment = shown.reshape(-1, 28, 28) > 20


def order_in_common(maps):
    return np.mean([spearmanr(a[on], b[on])[0] for a, b, on in zip(trained, maps, on_garment, strict=True)])


figure, axes = plt.subplots(3, 1, figsize=(11, 5.5), layout="constrained")
titles = {
    "what was learnt": trained,
    f"with a little noise: rank correlation {order_in_common(again):.2f}": again,
    f"random weights: rank correlation {order_in_common(random):.2f}": random,
}
for ax, (title, maps) in zip(axes, titles.items(), strict=True):
    SaliencyDisplay.from_maps(shown, maps, label="drop in logit", n_columns=10, ax=ax).ax_.set_title(title)
figure.savefig("which_pixels_at_random.png")
plt.show()
print("The pictures are in which_pixels_of_one.png, which_pixels.png and which_pixels_at_random.png.")

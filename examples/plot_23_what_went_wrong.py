"""
What went wrong?
================

Which classes are confused, which training images led to such an error, and which labels may themselves be wrong?
"""

# %%
# Which classes are confused?
# ---------------------------
# A row for each of the most confused pairs, first the class and then the one that was predicted, with the errors of
# highest confidence.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import ImageGridDisplay, MisclassifiedDisplay, NearestImagesDisplay
from skfashion.neural_network import MLPClassifier

NAMES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

try:
    X, y = fetch_fashion_mnist(n_retries=0, return_X_y=True)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    X, y = make_garments(8_000, random_state=0, return_X_y=True)
X_train, X_test, y_train, y_test = X[:4_000], X[4_000:8_000], y[:4_000], y[4_000:8_000]
network = MLPClassifier((256,), random_state=0).fit(X_train, y_train)
errors = MisclassifiedDisplay.from_estimator(network, X_test, y_test, class_names=NAMES, n_pairs=4, n_images=6)
errors.figure_.savefig("what_went_wrong.png")
plt.show()

# %%
# Which training images led to it?
# --------------------------------
# The training images whose embeddings are nearest to those of errors: to the last layer, they look alike.
rows = errors.indices[np.unique(errors.pair_indices, return_index=True)[1]]
nearest = NearestImagesDisplay.from_estimator(
    network, X_test[rows], X_train, y_train, y=y_test[rows], class_names=NAMES
)
nearest.figure_.savefig("nearest_to_errors.png")
plt.show()

# %%
# Is it the label that is wrong?
# ------------------------------
# cleanlab (``pip install cleanlab``) compares each label with the prediction of a network that was not trained on it.
# It finds labels that are worth a look: many of these shirts could as well be called something else.
folds = StratifiedKFold(5, shuffle=True, random_state=0)
proba = cross_val_predict(network, X_train, y_train, cv=folds, method="predict_proba")
try:
    from cleanlab.filter import find_label_issues
except ImportError:
    print("cleanlab is not installed: instead, the images to whose label the network gives the least probability.")
    suspicious = np.argsort(proba[np.arange(len(y_train)), y_train])[:200]
else:
    suspicious = find_label_issues(y_train, proba.astype(float), return_indices_ranked_by="self_confidence", n_jobs=1)
print(f"{len(suspicious)} of {len(y_train):,} labels are worth a look")
shirts = suspicious[y_train[suspicious] == 6][:10]
suggested = [f"Shirt?\n{NAMES[label]}?" for label in proba[shirts].argmax(axis=1)]
images = X_train[shirts].reshape(-1, 28, 28) / 255
grid = ImageGridDisplay(images, suggested).plot(n_columns=5)
grid.figure_.savefig("doubtful_labels.png")
plt.show()
print("The pictures are in what_went_wrong.png, nearest_to_errors.png and doubtful_labels.png.")

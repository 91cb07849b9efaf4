"""
Clustering: are clusters classes?
=================================

Ten classes of garments, and ten clusters that are found without a label: are they the same? ``ClusterClassifier`` takes
any clusterer, on its own or at the end of a pipeline, and only uses labels afterwards, to find out which class each
cluster stands for. What matters more: the clusterer, or the representation of the images?
"""

# %%
# The images
# ----------
# Pixels are scaled to [0, 1] here, because scikit-learn's clusterers take them as they are.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import ConfusionMatrixDisplay, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skfashion.baselines import ClusterClassifier, SpectralClusterer
from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import PrototypeDisplay
from skfashion.metrics import clustering_accuracy_score, clustering_accuracy_scorer
from skfashion.neural_network import ConvAutoencoder
from skfashion.preprocessing import HOGTransformer

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(7000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    (images.data / 255).astype(np.float32),
    images.target,
    train_size=5000,
    test_size=2000,
    stratify=images.target,
    random_state=0,
)

# %%
# Four clusterers on four representations
# ---------------------------------------
# Clusters are found among training images and judged on new ones. Accuracy pairs each cluster with one class; mutual
# information needs no pairs. Spectral clustering follows the graph of nearest neighbours: its clusters need not be
# round.
autoencoder = ConvAutoencoder(10, 16, batch_size=64, random_state=0).fit(X_train)
representations = {
    "pixels": ["passthrough"],
    "PCA": [PCA(10, random_state=0)],
    "autoencoder": [FrozenEstimator(autoencoder)],
    "edges": [HOGTransformer(), PCA(64, random_state=0)],
}
clusterers = {
    "k-means": KMeans(10, n_init=3, random_state=0),
    "Gaussian mixture": GaussianMixture(10, covariance_type="diag", reg_covar=1e-3, random_state=0),
    "Ward's hierarchy": AgglomerativeClustering(10),
    "spectral clustering": SpectralClusterer(10, random_state=0),
}
fitted = {}
print(f"{'clusterer':20}{'on':14}{'accuracy':>10}{'mutual information':>20}")
for clusterer_name, clusterer in clusterers.items():
    for name, steps in representations.items():
        model = ClusterClassifier(make_pipeline(*steps, clusterer), naming="one_to_one").fit(X_train, y_train)
        clusters = model.predict_cluster(X_test)
        accuracy = clustering_accuracy_score(y_test, clusters)
        information = normalized_mutual_info_score(y_test, clusters)
        fitted[clusterer_name, name] = model, accuracy
        print(f"{clusterer_name:20}{name:14}{100 * accuracy:8.1f} %{information:20.2f}")

# %%
# A search without a classifier
# -----------------------------
# ``clustering_accuracy_scorer`` lets a grid search tune a clusterer: how many components, and whitened or not?
search = GridSearchCV(
    make_pipeline(PCA(random_state=0), KMeans(10, n_init=3, random_state=0)),
    {"pca__n_components": [2, 5, 10, 20, 50], "pca__whiten": [False, True]},
    scoring=clustering_accuracy_scorer,
    cv=3,
).fit(X_train, y_train)
print(f"\nThe best PCA before k-means: {search.best_params_}, {100 * search.best_score_:.1f} % in cross-validation;")
print(f"{100 * search.score(X_test, y_test):.1f} % on new images.")

# %%
# The pictures
# ------------
# K-means on pixels, and the best combination of the table. Above, the mean image of each cluster, with the class that
# it stands for. Below, the confusion matrix of the true classes and those of the clusters. Clusters depend on shape,
# position and brightness: a class with two shapes may get two of them. As no two clusters share a name, the second one
# gets a name that was left over.
best = max(fitted, key=lambda pair: fitted[pair][1])
figure, grid = plt.subplots(2, 2, figsize=(11, 7.6), layout="constrained", height_ratios=[1, 2.2])
for (upper, lower), (clusterer, name) in zip(grid.T, (("k-means", "pixels"), best), strict=True):
    model, accuracy = fitted[clusterer, name]
    named = dict(zip(model.clusters_.tolist(), [images.target_names[label] for label in model.names_], strict=True))
    PrototypeDisplay.from_data(X_train, model.labels_, class_names=named, ax=upper, n_columns=5)
    upper.set_title(f"{clusterer} on {name}: {100 * accuracy:.1f} %")
    ConfusionMatrixDisplay.from_predictions(
        y_test,
        model.predict(X_test),
        display_labels=images.target_names,
        xticks_rotation="vertical",
        cmap="Blues",
        colorbar=False,
        ax=lower,
    )
    lower.set(xlabel="class of the cluster", ylabel="true class" if lower is grid[1, 0] else "")
figure.savefig("clustering.png", dpi=110)
print("The picture is in clustering.png.")

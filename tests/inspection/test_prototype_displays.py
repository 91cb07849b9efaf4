"""Displays of what a model has learned: its weights and its prototypes."""

import numpy as np
from pictures import NAMES, drawn
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skfashion.baselines import CentroidSampler, ClusterClassifier, KNNClassifier, SubspaceClassifier
from skfashion.inspection import (
    FilterDisplay,
    PrototypeDisplay,
)
from skfashion.neural_network import CNNClassifier


def test_filters_are_the_first_weights(garments, mlp):
    X, y = garments
    first = next(mlp.module_.parameters()).detach().numpy()
    display = FilterDisplay.from_estimator(mlp, n_filters=5)
    np.testing.assert_array_equal(display.filters, first[:5].reshape(5, 28, 28))
    assert np.abs(drawn(display.images_)).max(axis=(1, 2)).tolist() == [1] * 5
    cnn = CNNClassifier("single", max_epochs=1, random_state=0).fit(X[:50], y[:50])
    kernels = next(cnn.module_.parameters()).detach().numpy()
    np.testing.assert_array_equal(FilterDisplay.from_estimator(cnn, n_filters=99).filters, kernels[:99, 0])
    linear = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=3000)).fit(X, y)
    display = FilterDisplay.from_estimator(linear)
    np.testing.assert_array_equal(display.filters.reshape(10, -1), linear[-1].coef_)
    assert display.captions == [str(label) for label in range(10)]
    perceptron = SklearnMLP((6,), tol=1.0, random_state=0).fit(X[:50] / 255, y[:50])
    np.testing.assert_array_equal(
        FilterDisplay.from_estimator(perceptron).filters.reshape(6, -1), perceptron.coefs_[0].T
    )


def test_means_of_classes(garments):
    X, y = garments
    display = PrototypeDisplay.from_data(X, y, class_names=NAMES)
    assert [caption.get_text() for caption in display.captions_] == NAMES
    np.testing.assert_allclose(display.prototypes[3].ravel(), X[y == 3].mean(axis=0) / 255, rtol=1e-5)


def test_centroids_and_their_names(garments):
    X, y = garments
    model = ClusterClassifier(KMeans(12, n_init=1, random_state=0)).fit(X, y)
    display = PrototypeDisplay.from_estimator(model, class_names=NAMES)
    np.testing.assert_allclose(display.prototypes.reshape(12, -1), model.clusterer_.cluster_centers_, atol=1e-6)
    assert display.captions == [NAMES[name] for name in model.names_]
    piped = ClusterClassifier(make_pipeline(PCA(3, random_state=0), AgglomerativeClustering(4))).fit(X, y)
    means = [X[piped.labels_ == cluster].mean(axis=0) / 255 for cluster in range(4)]
    np.testing.assert_allclose(PrototypeDisplay.from_estimator(piped).prototypes.reshape(4, -1), means, atol=1e-6)
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X / 255)
    np.testing.assert_array_equal(PrototypeDisplay.from_estimator(mixture).prototypes.reshape(3, -1), mixture.means_)
    sampler = CentroidSampler(KMeans(5, n_init=1), random_state=0).fit(X)
    np.testing.assert_array_equal(
        PrototypeDisplay.from_estimator(sampler).prototypes.reshape(5, -1), sampler.centroids_
    )


def test_directions_have_a_sign(garments, pca):
    X, y = garments
    display = PrototypeDisplay.from_estimator(pca)
    assert display.signed
    np.testing.assert_array_equal(display.prototypes.reshape(4, -1), pca.components_)
    assert np.abs(drawn(display.images_)).max(axis=(1, 2)).tolist() == [1] * 4
    subspaces = SubspaceClassifier(6).fit(X, y)
    display = PrototypeDisplay.from_estimator(subspaces, class_names=NAMES, n_prototypes=30)
    assert display.prototypes.shape == (30, 28, 28)
    assert [caption for caption in display.captions if caption] == NAMES
    np.testing.assert_array_equal(display.prototypes[7].ravel(), subspaces.components_[2][1])
    rows = PrototypeDisplay.from_estimator(subspaces, n_prototypes=30, n_columns=5)
    assert rows.images_[5].get_extent()[0] == 0  # the sixth begins a row
    points = SubspaceClassifier().fit(X[:2], [0, 1])
    assert not PrototypeDisplay.from_estimator(points).prototypes.any()
    small = SubspaceClassifier(4).fit(X[:51], [0] * 50 + [1])  # a class of one image spans nothing
    assert PrototypeDisplay.from_estimator(small).prototypes.shape == (8, 28, 28)


def test_means_of_neighbours(garments):
    X, y = garments
    knn = KNNClassifier(4).fit(X, y)
    display = PrototypeDisplay.from_estimator(knn, X[:3])
    nearest = knn.kneighbors(X[:3], return_distance=False)
    np.testing.assert_allclose(display.prototypes.reshape(3, -1), X[nearest].mean(axis=1) / 255, rtol=1e-5)

"""Displays of what holds an estimator: searches, pipelines, frozen estimators, and scikit-learn's own classes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import AffinityPropagation, Birch, KMeans, MeanShift
from sklearn.decomposition import NMF, PCA, FastICA, IncrementalPCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFECV, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
)
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, StandardScaler

from skfashion.baselines import KNNClassifier, NeighborSampler, SubspaceClassifier
from skfashion.inspection import (
    FilterDisplay,
    ImageGridDisplay,
    InterpolationDisplay,
    LatentSpaceDisplay,
    LatentWalkDisplay,
    MisclassifiedDisplay,
    ParallelCoordinatesDisplay,
    PrototypeDisplay,
    ReconstructionDisplay,
    TrainingCurveDisplay,
    TrialScoresDisplay,
)
from skfashion.neural_network import Autoencoder, MLPClassifier


def search(estimator):
    """A search with the one candidate that there is."""
    return GridSearchCV(estimator, {}, cv=2, scoring=lambda *_: 0.0)


WRAPPED = {
    "itself": lambda estimator: estimator,
    "search": search,
    "randomised search": lambda estimator: RandomizedSearchCV(estimator, {}, n_iter=1, cv=2, scoring=lambda *_: 0.0),
    "pipeline": lambda estimator: make_pipeline("passthrough", estimator),
    "pipeline in a pipeline": lambda estimator: make_pipeline(None, make_pipeline(estimator)),
    "search of a pipeline": lambda estimator: search(make_pipeline(estimator)),
    "pipeline that ends in a search": lambda estimator: make_pipeline("passthrough", search(estimator)),
    "search in a search": lambda estimator: search(search(estimator)),
}
FROZEN = ["itself", "search", "search of a pipeline", "pipeline that ends in a search"]

# Of each display what it draws, from an estimator that is fitted on images X and labels y.
DRAWN = {
    "filters": (LogisticRegression(max_iter=3000), lambda e, X, y: FilterDisplay.from_estimator(e).filters),
    "samples": (
        GaussianMixture(2, covariance_type="diag", init_params="random_from_data", random_state=0),
        lambda e, X, y: ImageGridDisplay.from_estimator(e, n_images=3, random_state=0).images,
    ),
    "interpolation": (
        PCA(3, svd_solver="full"),
        lambda e, X, y: InterpolationDisplay.from_estimator(e, X[:2], X[2:4], n_steps=3).images,
    ),
    "codes": (PCA(2, svd_solver="full"), lambda e, X, y: LatentSpaceDisplay.from_estimator(e, X, y).points),
    "walk": (PCA(3, svd_solver="full"), lambda e, X, y: LatentWalkDisplay.from_estimator(e, X, n_steps=3).images),
    "walk of the numbers alone": (
        PCA(3, svd_solver="full"),
        lambda e, X, y: LatentWalkDisplay.from_estimator(e, n_steps=3).images,
    ),
    "errors": (KNeighborsClassifier(20), lambda e, X, y: MisclassifiedDisplay.from_estimator(e, X, y).images),
    "neighbours": (
        KNeighborsClassifier(3),
        lambda e, X, y: PrototypeDisplay.from_estimator(e, X[:4]).prototypes,
    ),
    "centroids": (KMeans(3, n_init=1, random_state=0), lambda e, X, y: PrototypeDisplay.from_estimator(e).prototypes),
    "directions": (PCA(3, svd_solver="full"), lambda e, X, y: PrototypeDisplay.from_estimator(e).prototypes),
    "subspaces": (SubspaceClassifier(2), lambda e, X, y: PrototypeDisplay.from_estimator(e).prototypes),
    "reconstructions": (
        PCA(3, svd_solver="full"),
        lambda e, X, y: ReconstructionDisplay.from_estimator(e, X, n_images=3).reconstructions,
    ),
    "curves": (
        SklearnMLP((3,), n_iter_no_change=2, tol=1, random_state=0),
        lambda e, X, y: TrainingCurveDisplay.from_estimator(e).lines_["", "train_loss"].get_ydata(),
    ),
}


@pytest.fixture(scope="module")
def small(garments):
    return garments[0][:60] / 255, garments[1][:60]


@pytest.fixture(scope="module")
def alone(small):
    """What is drawn from each estimator by itself."""
    return {name: draw(clone(estimator).fit(*small), *small) for name, (estimator, draw) in DRAWN.items()}


@pytest.mark.slow
@pytest.mark.parametrize("how", [*WRAPPED, *(f"frozen {how}" for how in FROZEN)])
@pytest.mark.parametrize("name", DRAWN)
def test_what_holds_an_estimator_is_drawn_as_the_estimator(small, alone, name, how):
    X, y = small
    estimator, draw = DRAWN[name]
    wrapped = WRAPPED[how.removeprefix("frozen ")](estimator).fit(X, y)
    if how.startswith("frozen"):
        wrapped = FrozenEstimator(wrapped)
    np.testing.assert_allclose(draw(wrapped, X, y), alone[name], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("name", [name for name in DRAWN if name != "subspaces"])
def test_output_of_transformers_changes_no_picture(small, name, output):
    X, y = small
    estimator, draw = DRAWN[name]
    pipeline = make_pipeline(MinMaxScaler(), estimator)
    expected = draw(pipeline.fit(X, y), X, y)
    with config_context(transform_output=output):
        np.testing.assert_allclose(draw(pipeline.fit(X, y), X, y), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", DRAWN)
def test_array_api_dispatch_changes_no_picture(small, alone, name, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    X, y = small
    estimator, draw = DRAWN[name]
    with config_context(array_api_dispatch=True):
        np.testing.assert_allclose(draw(estimator.fit(X, y), X, y), alone[name], rtol=1e-6, atol=1e-9)


def test_arrays_of_torch_change_no_picture(small, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    X, y = small
    shown = []
    for given, labels in ((X, y), (torch.tensor(X), torch.tensor(y))):
        with config_context(array_api_dispatch=True):
            pca = PCA(3, svd_solver="full").fit(given)
            shown.append(
                [
                    PrototypeDisplay.from_estimator(pca).prototypes,
                    PrototypeDisplay.from_data(given, labels).prototypes,
                    ReconstructionDisplay.from_estimator(pca, given, n_images=3).reconstructions,
                    LatentSpaceDisplay.from_estimator(pca, given, labels).points,
                    LatentWalkDisplay.from_estimator(pca, given, n_steps=3).images,
                    InterpolationDisplay.from_estimator(pca, given[:2], given[2:4], n_steps=3).images,
                    ImageGridDisplay.from_data(given, labels).images,
                ]
            )
            assert type(pca.components_) is type(given)
    for ours, others in zip(*shown, strict=True):
        np.testing.assert_allclose(ours, others, atol=1e-6)


# --- the way back to pixels


@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler(), VarianceThreshold()])
def test_centroids_of_a_pipeline_are_images(garments, scaler):
    X, _ = garments
    pipeline = make_pipeline(scaler, PCA(20, random_state=0), KMeans(5, n_init=1, random_state=0)).fit(X)
    labels = pipeline.predict(X)
    shown = PrototypeDisplay.from_estimator(pipeline).prototypes
    back = pipeline[:-1].inverse_transform(pipeline[:-1].transform(X))
    for cluster, picture in enumerate(shown):  # all steps are affine, so that means of codes are codes of means
        np.testing.assert_allclose(picture.ravel(), back[labels == cluster].mean(axis=0), atol=1e-3)


def test_centroids_of_codes_are_decoded(garments):
    X = garments[0][:200]
    pipeline = make_pipeline(Autoencoder(4, max_epochs=2, random_state=0), KMeans(3, n_init=1, random_state=0)).fit(X)
    expected = pipeline[0].inverse_transform(pipeline[-1].cluster_centers_)
    np.testing.assert_allclose(PrototypeDisplay.from_estimator(pipeline).prototypes.reshape(3, -1), expected, rtol=1e-5)


def test_directions_of_a_pipeline_are_differences_of_images(garments):
    X = garments[0] / 255
    pipeline = make_pipeline(StandardScaler(), PCA(3, random_state=0)).fit(X)
    display = PrototypeDisplay.from_estimator(pipeline)
    assert display.signed
    np.testing.assert_allclose(
        display.prototypes.reshape(3, -1), pipeline[-1].components_ * pipeline[0].scale_, atol=1e-9
    )


@pytest.mark.parametrize("knn", [KNeighborsClassifier(4), KNNClassifier(4)])
@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), None])
def test_neighbours_in_a_pipeline_are_averaged_as_images(garments, knn, scaler):
    X, y = garments
    pipeline = make_pipeline(scaler, knn).fit(X, y)
    seen = X[:3] if scaler is None else pipeline[:-1].transform(X[:3])
    nearest = pipeline[-1].kneighbors(seen, return_distance=False)
    shown = PrototypeDisplay.from_estimator(pipeline, X[:3]).prototypes
    np.testing.assert_allclose(shown.reshape(3, -1), X[nearest].mean(axis=1) / 255, atol=1e-5)


@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(PCA(30, random_state=0), LinearRegression()),
        make_pipeline(PCA(10, whiten=True, random_state=0), LinearRegression()),
        make_pipeline(PCA(20, random_state=0), StandardScaler(), LinearRegression()),
        make_pipeline(TruncatedSVD(10, random_state=0), LinearRegression()),
        make_pipeline(VarianceThreshold(1e-4), LinearRegression()),
    ],
)
def test_weights_of_codes_become_weights_of_pixels(garments, pipeline):
    X, y = garments[0] / 255, garments[1]
    pipeline.fit(X, y)
    weights = FilterDisplay.from_estimator(pipeline).filters.reshape(1, -1)
    np.testing.assert_allclose((X - X[0]) @ weights[0], pipeline.predict(X) - pipeline.predict(X[:1]), atol=1e-6)


def test_weights_of_scaled_pixels_stay(garments):
    X, y = garments
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), RidgeClassifier()).fit(X, y)
    np.testing.assert_array_equal(FilterDisplay.from_estimator(pipeline).filters.reshape(10, -1), pipeline[-1].coef_)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((KernelPCA(4, kernel="rbf"), LogisticRegression()), "KernelPCA|inverse"),
        ((Autoencoder(4, max_epochs=1, random_state=0), LogisticRegression()), "Autoencoder is not linear"),
        (
            (LinearDiscriminantAnalysis(n_components=3), LogisticRegression()),
            "No way back to pixels: LinearDiscriminantAnalysis",
        ),
    ],
)
def test_weights_without_a_linear_way_back_are_refused(garments, steps, message):
    X, y = garments[0][:200] / 255, garments[1][:200]
    with pytest.raises((TypeError, NotFittedError), match=message):
        FilterDisplay.from_estimator(make_pipeline(*steps).fit(X, y))


def test_prototypes_without_a_way_back_are_refused(garments):
    X = garments[0] / 255
    pipeline = make_pipeline(MinMaxScaler(), Normalizer(), KMeans(3, n_init=1, random_state=0)).fit(X)
    with pytest.raises(TypeError, match="No way back to pixels: Normalizer has no 'inverse_trans"):
        PrototypeDisplay.from_estimator(pipeline)


# --- scikit-learn's own


@pytest.mark.parametrize(
    ("model", "attribute"),
    [
        (KMeans(4, n_init=1, random_state=0), "cluster_centers_"),
        (MeanShift(bandwidth=5), "cluster_centers_"),
        (AffinityPropagation(random_state=0, max_iter=400), "cluster_centers_"),
        (Birch(n_clusters=4), "subcluster_centers_"),
        (GaussianMixture(3, covariance_type="diag", random_state=0), "means_"),
        (BayesianGaussianMixture(n_components=3, covariance_type="diag", random_state=0, max_iter=300), "means_"),
        (NearestCentroid(), "centroids_"),
        (GaussianNB(), "theta_"),
        (LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5), "means_"),
        (PCA(3, random_state=0), "components_"),
        (IncrementalPCA(3), "components_"),
        (NMF(3, init="nndsvd", tol=1, random_state=0), "components_"),
        (FastICA(3, random_state=0, tol=1), "components_"),
        (TruncatedSVD(3, random_state=0), "components_"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_prototypes_of_scikit_learn(small, model, attribute):
    X, y = small
    display = PrototypeDisplay.from_estimator(model.fit(X, y))
    expected = getattr(model, attribute)[:50]
    np.testing.assert_allclose(display.prototypes.reshape(len(expected), -1), expected, rtol=1e-6)
    assert display.signed == (attribute == "components_")
    classes = [str(label) for label in range(10)] if hasattr(model, "classes_") else None
    assert display.captions == classes


@pytest.mark.parametrize(
    "model", [KNeighborsRegressor(3), NearestNeighbors(n_neighbors=3), LocalOutlierFactor(3, novelty=True)]
)
def test_neighbours_of_scikit_learn(small, model):
    X, y = small
    nearest = model.fit(X, y).kneighbors(X[5:9], n_neighbors=model.n_neighbors, return_distance=False)
    shown = PrototypeDisplay.from_estimator(model, X[5:9]).prototypes
    np.testing.assert_allclose(shown.reshape(4, -1), X[nearest].mean(axis=1), rtol=1e-6)


def test_precomputed_distances_are_no_images(small):
    X, y = small
    model = KNeighborsClassifier(3, metric="precomputed").fit(X @ X.T, y)
    with pytest.raises(TypeError, match="precomputed distances has seen no images"):
        PrototypeDisplay.from_estimator(model, X @ X.T)


def test_generators_of_scikit_learn(small):
    X, _ = small
    density = KernelDensity(bandwidth=0.1).fit(X)
    shown = ImageGridDisplay.from_estimator(density, n_images=3, random_state=0).images
    np.testing.assert_array_equal(shown.reshape(3, -1), density.sample(3, random_state=0))
    pipeline = make_pipeline(PCA(5, random_state=0), GaussianMixture(2, random_state=3)).fit(X)
    shown = ImageGridDisplay.from_estimator(pipeline, n_images=3).images
    np.testing.assert_allclose(
        shown.reshape(3, -1), pipeline[0].inverse_transform(pipeline[-1].sample(3)[0]), atol=1e-9
    )
    zero, other = (ImageGridDisplay.from_estimator(pipeline, random_state=seed).images for seed in (0, 1))
    assert np.abs(zero - other).max() > 0.1
    assert pipeline[-1].random_state == 3
    sampler = search(NeighborSampler(2)).fit(X)
    np.testing.assert_array_equal(
        ImageGridDisplay.from_estimator(sampler, n_images=2, random_state=0).images.reshape(2, -1),
        sampler.best_estimator_.sample(2, random_state=0),
    )


def test_training_curve_of_a_perceptron_of_scikit_learn(small):
    X, y = small
    model = SklearnMLP((4,), early_stopping=True, max_iter=4, n_iter_no_change=2, tol=1, random_state=0).fit(X, y)
    display = TrainingCurveDisplay.from_estimator({0: model}, metric="accuracy")
    line = display.lines_[0, "valid_accuracy"]
    np.testing.assert_array_equal(line.get_ydata(), model.validation_scores_)
    assert line.get_label() == "0, held out"  # a name like any other
    losses = TrainingCurveDisplay.from_estimator(model).lines_["", "train_loss"]
    np.testing.assert_array_equal(losses.get_ydata(), model.loss_curve_)
    np.testing.assert_array_equal(losses.get_xdata(), np.arange(1, len(model.loss_curve_) + 1))


# --- searches as such


@pytest.mark.parametrize("wrap", [make_pipeline, FrozenEstimator, lambda each: FrozenEstimator(make_pipeline(each))])
def test_trials_of_a_search_inside(small, wrap):
    inner = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2)
    wrapped = wrap(inner.fit(*small))
    scores = inner.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(TrialScoresDisplay.from_estimator(wrapped).scores, scores)
    assert ParallelCoordinatesDisplay.from_estimator(wrapped).axes_names_ == ["n_neighbors"]


def test_a_search_that_kept_no_estimator_says_so(small):
    X, y = small
    unfit = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=2, refit=False).fit(X, y)
    for draw in (
        lambda: PrototypeDisplay.from_estimator(unfit, X),
        lambda: MisclassifiedDisplay.from_estimator(unfit, X, y),
        lambda: LatentSpaceDisplay.from_estimator(unfit, X),
        lambda: TrainingCurveDisplay.from_estimator(unfit),
    ):
        with pytest.raises(NotFittedError, match="GridSearchCV holds no fitted estimator: fit it with refit=True"):
            draw()
    assert not plt.get_fignums()


def test_feature_selection_is_no_search(small):
    X, y = small
    selection = RFECV(LogisticRegression(max_iter=3000), step=0.5, cv=2).fit(X, y)
    pipeline = make_pipeline(selection, NearestCentroid()).fit(X, y)
    shown = PrototypeDisplay.from_estimator(pipeline).prototypes.reshape(10, -1)
    np.testing.assert_allclose(shown[:, selection.support_], pipeline[-1].centroids_)
    with pytest.raises(TypeError, match="it is not a fitted search"):
        TrialScoresDisplay.from_estimator(selection)


def test_layout_is_that_of_the_step_that_knows_it():
    X = np.random.default_rng(0).integers(0, 256, (60, 6 * 5 * 3), dtype=np.uint8)
    images = X.reshape(60, 6, 5, 3)
    y = np.arange(60) % 2
    net = MLPClassifier((4,), max_epochs=1, random_state=0).fit(images, y)
    for model in (net, Pipeline([("net", FrozenEstimator(net))])):
        display = MisclassifiedDisplay.from_estimator(model, X, 1 - net.predict(X), n_images=3)
        np.testing.assert_allclose(display.images, images[display.indices] / 255, atol=1e-6)
    frame = pd.DataFrame(X)
    assert MisclassifiedDisplay.from_estimator(net, frame, 1 - net.predict(X), n_images=3).images.shape == (3, 6, 5, 3)

"""Properties of every estimator, on small images that Hypothesis draws."""

import warnings

import numpy as np
import pandas as pd
import pytest
from estimators import READERS, SEARCHES, public_estimators
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone, is_outlier_detector
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SpectralClusterer,
    SubspaceClassifier,
)
from skfashion.modules import conv, dense, pool
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    ResNetRegressor,
    SelfSupervisedOutlierDetector,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)
from skfashion.preprocessing import HOGTransformer, PixelScaler

NET = {"max_epochs": 2, "batch_size": 8, "random_state": 0, "device": "cpu"}
ESTIMATORS = [
    MLPClassifier((8,), **NET),
    CNNClassifier((conv(4), pool(2), dense(8)), **NET),
    ResNetClassifier(4, **NET),
    MLPRegressor((8,), **NET),
    CNNRegressor((conv(4), dense(8)), **NET),
    ResNetRegressor(4, **NET),
    EncoderClassifier(Autoencoder(2, (8,), max_epochs=1), (4,), **NET),
    Autoencoder(2, (8,), **NET),
    ConvAutoencoder(2, 4, **NET),
    VariationalAutoencoder(2, n_channels=(4,), **NET),
    AutoencoderOutlierDetector(Autoencoder(2, (8,), **NET)),
    SelfSupervisedOutlierDetector(MLPClassifier((8,), **NET)),
    SemiSupervisedClassifier(MLPClassifier((8,), **NET)),
    KNNClassifier(3, weights="distance"),
    SubspaceClassifier(3),
    ClusterClassifier(KMeans(3, n_init=1, random_state=0)),
    NeighborSampler(3),
    CentroidSampler(KMeans(3, n_init=1, random_state=0)),
    HOGTransformer(pixels_per_cell=2),
    PixelScaler(),
    SpectralClusterer(2, n_neighbors=5, random_state=0),
]
EVERY = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)


def test_no_estimator_is_forgotten():
    known = ESTIMATORS + SEARCHES + READERS  # a search has the properties of the estimator in it
    missing = public_estimators() - {type(estimator).__name__ for estimator in known}
    assert not missing, f"add {missing} to ESTIMATORS in {__file__}"


FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def pictures(draw):
    """uint8 images (24, height, width) of two classes, of any contrast, and their labels."""
    height, width = draw(st.integers(5, 8)), draw(st.integers(5, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = np.arange(24) % 2
    images = rng.integers(0, draw(st.sampled_from([60, 180])), (24, height, width))
    images[y == 1, : height // 2] += draw(st.integers(20, 70))
    images[0, 0, 0] = 255  # the brightest pixel of a fit
    return images.astype(np.uint8), y


CONTAINERS = {
    "rows": lambda X: X.reshape(len(X), -1),
    "images": lambda X: X,
    "channels last": lambda X: X[..., None],
    "frame": lambda X: pd.DataFrame(X.reshape(len(X), -1)),
    "list": lambda X: X.tolist(),
    "Fortran": lambda X: np.asfortranarray(X.reshape(len(X), -1)),
}
SCALES = {
    "uint8": lambda X: X,
    "int64": lambda X: X.astype(np.int64),
    "float32": lambda X: X.astype(np.float32),
    "float64": lambda X: X.astype(np.float64),
    "float32 in [0, 1]": lambda X: X / np.float32(255),
    "float64 in [0, 1]": lambda X: X / 255,
}


def output(estimator, X):
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    if is_outlier_detector(estimator):
        return estimator.score_samples(X)
    if hasattr(estimator, "predict"):
        return estimator.predict(X)
    if hasattr(estimator, "reconstruct"):
        return np.c_[estimator.transform(X), estimator.score_samples(X)]
    if hasattr(estimator, "transform"):
        return estimator.transform(X)
    return np.reshape(estimator.sample(5, random_state=0), (5, -1))


def quiet(call, *arguments):
    """The result, or None if there was a warning about the scale."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = call(*arguments)
    other = [w for w in told if not issubclass(w.category, ConvergenceWarning) and "it is dead" not in str(w.message)]
    return None if other else result


@EVERY
@FEW
@given(pictures(), st.sampled_from(list(CONTAINERS)), st.sampled_from(list(SCALES)), st.sampled_from(list(SCALES)))
def test_the_same_pictures_give_the_same_model(estimator, drawn, container, fitted_on, asked_with):
    """Whatever their dtype, scale and container are when a model is fitted, and when it is asked."""
    X, y = drawn
    estimator = clone(estimator)
    if "image_shape" in estimator.get_params():
        estimator.set_params(image_shape=X.shape[1:])  # rows and frames do not show it
    for inner in ("encoder", "autoencoder"):
        if f"{inner}__image_shape" in estimator.get_params():
            estimator.set_params(**{f"{inner}__image_shape": X.shape[1:]})
    expected = output(clone(estimator).fit(X, y), X)
    form = CONTAINERS[container]
    fitted = quiet(estimator.fit, form(SCALES[fitted_on](X)), y)
    found = None if fitted is None else quiet(output, fitted, form(SCALES[asked_with](X)))
    assert found is not None, "these say plainly what they are: there is nothing to warn of"
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)


@pytest.mark.slow
@EVERY
@FEW
@given(pictures())
def test_a_search_and_a_pipeline_are_their_estimator(estimator, drawn):
    X, y = drawn
    rows = X.reshape(len(X), -1)
    expected = output(clone(estimator).fit(rows, y), rows)
    wrapped = [make_pipeline(clone(estimator)), make_pipeline(make_pipeline(clone(estimator)))]
    if hasattr(estimator, "score"):
        name = next(iter(estimator.get_params(deep=False)))
        grid = {name: [getattr(estimator, name)]}
        wrapped.append(GridSearchCV(clone(estimator), grid, cv=2))
    for wrapper in wrapped:
        wrapper.fit(rows, y)
        inner = wrapper.best_estimator_ if hasattr(wrapper, "best_estimator_") else wrapper[-1]
        while hasattr(inner, "steps"):
            inner = inner[-1]
        np.testing.assert_array_equal(output(inner, rows), expected)
        if hasattr(wrapper, "predict_proba"):
            np.testing.assert_array_equal(wrapper.predict_proba(rows), expected)
            np.testing.assert_array_equal(FrozenEstimator(wrapper).predict_proba(rows), expected)


FULL_BATCH = {"batch_size": 1000, "max_epochs": 4, "random_state": 0, "device": "cpu"}
WEIGHED = [
    MLPClassifier((8,), **FULL_BATCH),
    CNNClassifier((conv(4), pool(2)), image_shape="auto", **FULL_BATCH),
    Autoencoder(2, (8,), **FULL_BATCH),
    VariationalAutoencoder(2, n_channels=(), hidden_layer_sizes=(4,), beta=0.0, **FULL_BATCH),
    SubspaceClassifier(3),
]


@pytest.mark.parametrize("estimator", WEIGHED, ids=lambda e: type(e).__name__)
@FEW
@given(pictures(), st.integers(0, 2**32 - 1))
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_a_weight_of_k_is_k_copies(estimator, drawn, seed):
    """With one batch of all images, as a batch is a mean over images."""
    X, y = drawn
    rows = X.reshape(len(X), -1)
    times = np.random.default_rng(seed).integers(0, 4, size=len(y))
    times[:2] = 1  # of each class
    if isinstance(estimator, VariationalAutoencoder):
        times[times == 0] = 1  # codes are drawn anew for every copy
        times[:] = 2
    one = clone(estimator).fit(rows, y, sample_weight=times)
    other = clone(estimator).fit(np.repeat(rows, times, axis=0), np.repeat(y, times))
    if isinstance(estimator, VariationalAutoencoder):
        assert one.loss_curve_[0] == pytest.approx(other.loss_curve_[0], rel=0.2)
    else:
        np.testing.assert_allclose(output(one, rows), output(other, rows), rtol=2e-3, atol=2e-4)

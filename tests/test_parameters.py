"""Every parameter of every estimator changes the model, or its docstring says when it does not."""

import numpy as np
import pytest
from estimators import READERS, SEARCHES, public_estimators
from sklearn.base import clone
from sklearn.cluster import KMeans
from skorch.callbacks import GradientNormClipping

from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SpectralClusterer,
    SubspaceClassifier,
)
from skfashion.modules import conv, pool
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

NET = {"max_epochs": 3, "batch_size": 32, "random_state": 0, "device": "cpu"}
STOPS = {"early_stopping": True, "max_epochs": 12, "lr_schedule": None, "learning_rate": 0.003, "n_iter_no_change": 1}

# Another value of each parameter, and the settings under which it is said to have an effect.
SHARED = {
    "optimizer": ("adamax", {}),
    "learning_rate": (0.02, {}),
    "optimizer_params": ({"eps": 1e-2}, {"optimizer": "adam"}),
    "weight_decay": (0.3, {}),
    "lr_schedule": (None, {}),
    "batch_size": (20, {}),
    "max_epochs": (4, {}),
    "max_seconds": (1e-9, {}),
    "early_stopping": (True, {}),
    "validation_fraction": (0.5, {"early_stopping": True}),
    "n_iter_no_change": (6, {**STOPS, "tol": 10.0}),
    "tol": (10.0, {**STOPS, "n_iter_no_change": 4}),
    "augmentation": ("shift", {}),
    "warm_start": (True, {}),
    "precision": ("bfloat16", {"precision": "float32"}),
    "random_state": (1, {}),
    "net_params": ({"callbacks": [GradientNormClipping(1e-3)]}, {"optimizer": "sgd"}),
}
CLASSIFIER = {"label_smoothing": (0.3, {}), "class_weight": ({0: 5.0}, {})}
REGRESSOR = {"loss": ("huber", {})}
LAYERS = {
    "hidden_layer_sizes": ((12, 6), {}),
    "activation": ("tanh", {}),
    "batch_norm": (True, {}),
    "init": ("normal", {}),
}
LAYERS_OF_A_CNN = {
    "architecture": ("single", {}),
    "image_shape": ((14, 56), {}),
    "init": ("normal", {}),
    "flip_averaging": (True, {}),
}
AUTOENCODER = {
    "latent_dim": (3, {}),
    "loss": ("absolute_error", {}),
    "output_activation": ("identity", {}),
    "start_at_mean": (False, {}),
    "image_shape": ((14, 56), {}),
    **LAYERS,
}
# Where to compute, by how many processes, and what to print, are no part of the model.
NO_PART_OF_THE_MODEL = {"device", "distributed", "verbose"}
# Dense networks see rows, whatever image they are.
NO_EFFECT = {"Autoencoder": {"image_shape"}}

CASES = [
    (
        MLPClassifier((12,), **NET),
        {
            **SHARED,
            **CLASSIFIER,
            **LAYERS,
            "dropout": (0.4, {}),
            "image_shape": ((14, 56), {"augmentation": "shift"}),
            "flip_averaging": (True, {}),
        },
    ),
    (
        CNNClassifier((conv(4, 5), pool(4)), **NET),
        {**SHARED, **CLASSIFIER, **LAYERS_OF_A_CNN},
    ),
    (
        ResNetClassifier(4, **NET),
        {
            **SHARED,
            **CLASSIFIER,
            "width": (5, {}),
            "depth": (0, {}),
            "image_shape": ((14, 56), {}),
            "flip_averaging": (False, {}),
        },
    ),
    (
        MLPRegressor((12,), **NET),
        {
            **SHARED,
            **REGRESSOR,
            **LAYERS,
            "dropout": (0.4, {}),
            "image_shape": ((14, 56), {"augmentation": "shift"}),
            "flip_averaging": (True, {}),
        },
    ),
    (
        CNNRegressor((conv(4, 5), pool(4)), **NET),
        {**SHARED, **REGRESSOR, **LAYERS_OF_A_CNN},
    ),
    (
        ResNetRegressor(4, **NET),
        {
            **SHARED,
            **REGRESSOR,
            "width": (5, {}),
            "depth": (0, {}),
            "image_shape": ((14, 56), {}),
            "flip_averaging": (True, {}),
        },
    ),
    (
        EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), (12,), **NET),
        {
            **SHARED,
            **CLASSIFIER,
            **LAYERS,
            "encoder": (Autoencoder(3, (8,), max_epochs=1), {}),
            "freeze": (False, {}),
            "encoder_learning_rate": (0.05, {"freeze": False}),
            "dropout": (0.4, {}),
        },
    ),
    (Autoencoder(4, (12,), **NET), {**SHARED, **AUTOENCODER, "dropout": (0.4, {})}),
    (ConvAutoencoder(4, 4, **NET), {**SHARED, **AUTOENCODER, "n_channels": (5, {})}),
    (
        VariationalAutoencoder(4, n_channels=(4,), hidden_layer_sizes=(12,), **NET),
        {
            **SHARED,
            **AUTOENCODER,
            "n_channels": ((4, 8), {}),
            "kernel_size": (5, {}),
            "beta": (3.0, {}),
            "conditional": (True, {}),
        },
    ),
    (
        AutoencoderOutlierDetector(Autoencoder(4, (8,), max_epochs=1), random_state=0),
        {"autoencoder": (Autoencoder(3, (8,), max_epochs=1), {}), "contamination": (0.3, {}), "random_state": (1, {})},
    ),
    (
        SelfSupervisedOutlierDetector(MLPClassifier((8,), max_epochs=1), random_state=0),
        {
            "classifier": (MLPClassifier((5,), max_epochs=1), {}),
            "contamination": (0.3, {}),
            "image_shape": ((14, 56), {}),
            "random_state": (1, {}),
        },
    ),
    (
        SemiSupervisedClassifier(MLPClassifier((8,), max_epochs=2), random_state=0),
        {
            "estimator": (MLPClassifier((5,), max_epochs=2), {}),
            "labelled_share": (0.25, {}),
            "threshold": (0.9, {}),
            "unlabelled_weight": (0.5, {}),
            "strong_augmentation": ("shift", {}),
            "random_state": (1, {}),
        },
    ),
    (
        KNNClassifier(),
        {"n_neighbors": (2, {}), "weights": ("distance", {}), "metric": ("cosine", {})},
    ),
    (SubspaceClassifier(8), {"n_components": (2, {}), "center": (False, {})}),
    (
        ClusterClassifier(KMeans(12, n_init=1), random_state=0),
        {"clusterer": (KMeans(5, n_init=1), {}), "naming": ("one_to_one", {}), "random_state": (1, {})},
    ),
    (
        SpectralClusterer(random_state=0),
        {
            "n_clusters": (5, {}),
            "n_neighbors": (4, {}),
            "n_eigenvectors": (3, {}),
            "n_init": (1, {}),
            "random_state": (1, {}),
        },
    ),
    (NeighborSampler(), {"n_neighbors": (2, {})}),
    (
        CentroidSampler(KMeans(12, n_init=1), random_state=0),
        {"clusterer": (KMeans(5, n_init=1), {}), "spread": (0.9, {}), "random_state": (1, {})},
    ),
    (
        HOGTransformer(),
        {
            "orientations": (9, {}),
            "pixels_per_cell": ((7, 4), {}),
            "cells_per_block": (3, {}),
            "block_norm": ("L2-Hys", {}),
            "signed": (False, {}),
            "interpolate": (False, {}),
            "image_shape": ((14, 56), {}),
        },
    ),
    (PixelScaler(), {}),
]


N_IMAGES = 240


def examples(estimator, garments):
    """Images and labels, of which every other one is missing for those who take that."""
    X, y = garments[0][:N_IMAGES], garments[1][:N_IMAGES]
    return X, np.where(np.arange(N_IMAGES) % 2, y, -1) if isinstance(estimator, SemiSupervisedClassifier) else y


@pytest.fixture(scope="module")
def unchanged(garments):
    """Fits an estimator with the settings of its case, once."""
    fitted = {}

    def fit(estimator):
        if id(estimator) not in fitted:
            fitted[id(estimator)] = clone(estimator).fit(*examples(estimator, garments))
        return fitted[id(estimator)]

    return fit


def output(model, X):
    if isinstance(model, ClusterClassifier):
        return np.c_[model.predict(X), model.predict_proba(X)]
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    if hasattr(model, "offset_"):
        return model.decision_function(X)
    if hasattr(model, "predict"):
        return model.predict(X)
    if getattr(model, "conditional", False):
        return model.reconstruct(X, model.classes_[0])
    if hasattr(model, "reconstruct"):
        return model.reconstruct(X)
    return model.transform(X) if hasattr(model, "transform") else model.sample(20, random_state=0)


@pytest.mark.parametrize(
    ("estimator", "name", "value", "where"),
    [(estimator, name, *case) for estimator, cases in CASES for name, case in cases.items()],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_a_parameter_changes_the_model(garments, unchanged, estimator, name, value, where):
    X, y = examples(estimator, garments)
    one = clone(estimator).set_params(**where).fit(X, y) if where else unchanged(estimator)
    other = clone(one).set_params(**{name: value}).fit(X, y)
    if name == "warm_start":
        other.fit(X, y)
    equal = output(one, X).shape == output(other, X).shape and np.array_equal(output(one, X), output(other, X))
    if where.get("early_stopping"):  # the best epoch may be the same
        equal = equal and one.n_epochs_ == other.n_epochs_
    assert equal == (name in NO_EFFECT.get(type(estimator).__name__, ()))


def test_no_estimator_is_forgotten():
    # A search has the parameters of the estimator in it.
    known = [estimator for estimator, _ in CASES] + SEARCHES + READERS
    missing = public_estimators() - {type(estimator).__name__ for estimator in known}
    assert not missing, f"add {missing} to CASES, with another value of each parameter"


@pytest.mark.parametrize(("estimator", "cases"), CASES, ids=lambda case: type(case).__name__)
def test_no_parameter_is_forgotten(estimator, cases):
    assert set(estimator.get_params(deep=False)) - NO_PART_OF_THE_MODEL == set(cases)

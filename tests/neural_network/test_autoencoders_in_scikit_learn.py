"""Autoencoders among the rest of scikit-learn: containers, searches, pipelines, streams."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skfashion.neural_network import Autoencoder, ConvAutoencoder, VariationalAutoencoder

SMALL = {"batch_size": 32, "max_epochs": 3, "random_state": 0, "device": "cpu"}
DENSE, CONVOLUTIONAL, VARIATIONAL = (
    Autoencoder(6, (32,), **SMALL),
    ConvAutoencoder(6, 4, **SMALL),
    VariationalAutoencoder(6, n_channels=(4, 8), **SMALL),
)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(garments, container):
    model = copy.deepcopy(CONVOLUTIONAL).set_output(transform=container)
    frame = model.fit_transform(garments[0])
    assert type(frame).__module__.split(".")[0] == container
    assert list(frame.columns) == list(model.get_feature_names_out()) == [f"convautoencoder{i}" for i in range(6)]
    assert model.inverse_transform(frame).shape == (600, 784)


def test_fit_transform_with_weights(garments):
    X, _ = garments
    weight = np.r_[np.ones(500), np.zeros(100)]
    one = copy.deepcopy(DENSE).fit_transform(X, sample_weight=weight)
    np.testing.assert_allclose(one, copy.deepcopy(DENSE).fit(X[:500]).transform(X), atol=1e-5)


def test_partial_fit_is_an_epoch(garments):
    X, _ = garments
    model = copy.deepcopy(VARIATIONAL).set_params(lr_schedule=None)
    whole = copy.deepcopy(model).set_params(max_epochs=2).fit(X)
    pieces = pickle.loads(pickle.dumps(copy.deepcopy(model).partial_fit(X))).partial_fit(X)
    np.testing.assert_array_equal(whole.transform(X), pieces.transform(X))
    assert pieces.n_epochs_ == 2
    with pytest.raises(ValueError, match="early_stopping"):
        model.set_params(early_stopping=True).partial_fit(X)


def test_early_stopping_watches_the_loss(garments):
    X, _ = garments
    model = copy.deepcopy(CONVOLUTIONAL).set_params(early_stopping=True, max_epochs=8).fit(X)
    losses = [row["valid_loss"] for row in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    np.testing.assert_allclose(model.validation_scores_, [-loss for loss in losses])


def test_a_grid_over_the_latent_dimension(garments, tmp_path):
    X, y = garments
    pipeline = make_pipeline(
        Autoencoder(hidden_layer_sizes=(64,), **{**SMALL, "max_epochs": 10}),
        LogisticRegression(max_iter=2000),
        memory=str(tmp_path),
    )
    search = GridSearchCV(pipeline, {"autoencoder__latent_dim": [1, 16], "logisticregression__C": [0.1, 1.0]}, cv=2)
    search.fit(X[:400], y[:400])
    assert search.best_params_["autoencoder__latent_dim"] == 16
    assert search.score(X[400:], y[400:]) > 0.5
    first, *rest = (search.cv_results_[f"split{fold}_test_score"] for fold in range(2))
    assert np.isfinite([first, *rest]).all()


def test_a_search_for_the_best_reconstruction(garments):
    search = GridSearchCV(Autoencoder(hidden_layer_sizes=(64,), **{**SMALL, "max_epochs": 10}), {"latent_dim": [1, 16]})
    assert search.fit(garments[0]).best_params_ == {"latent_dim": 16}


def test_in_front_of_neighbours_and_clusters(garments):
    X, y = garments
    model = ConvAutoencoder(8, 8, batch_size=32, max_epochs=10, random_state=0).fit(X)
    frozen = FrozenEstimator(model)
    before = {name: value.clone() for name, value in model.module_.state_dict().items()}
    assert make_pipeline(frozen, KNeighborsClassifier()).fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.5
    clusters = make_pipeline(frozen, KMeans(10, n_init=1, random_state=0)).fit_predict(X)
    assert len(set(clusters)) == 10
    assert all(torch.equal(before[name], value) for name, value in model.module_.state_dict().items())


def test_column_names(garments):
    frame = pd.DataFrame(garments[0][:50, 300:336]).add_prefix("p")
    model = Autoencoder(2, (4,), **SMALL).fit(frame)
    assert list(model.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame.iloc[:, ::-1])

"""Models of the baselines outlive their process: pickles, memory maps and hashes."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.cluster import AgglomerativeClustering, KMeans

from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SubspaceClassifier,
)

BOTH_SEARCHES = pytest.mark.usefixtures("int8")


def test_pickle(garments, int8):
    X, y = garments
    model = KNNClassifier().fit(X, y)
    content = pickle.dumps(model)
    assert len(content) < 1.1 * X.nbytes + 40_000
    np.testing.assert_array_equal(pickle.loads(content).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("model", [KNNClassifier(3), NeighborSampler(3), CentroidSampler(KMeans(5, n_init=1))], ids=str)
def test_training_images_can_be_mapped_into_several_processes(garments, model, int8, tmp_path):
    X, y = garments
    model.random_state = 0
    joblib.dump(model.fit(X, y), tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    if isinstance(model, CentroidSampler):
        images = loaded._images
    else:
        search = (loaded if isinstance(model, KNNClassifier) else loaded._neighbors)._search
        images = search.rows if int8 else search.X
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    if not isinstance(model, CentroidSampler) and not int8:  # nor does each process hold them once more in float32
        assert [part.float32_rows is None for part in search.parts] == [True]
    if isinstance(model, KNNClassifier):
        np.testing.assert_array_equal(loaded.kneighbors(X), model.kneighbors(X))
    else:
        np.testing.assert_array_equal(loaded.sample(5, 0), model.sample(5, 0))


@BOTH_SEARCHES
@pytest.mark.parametrize(
    "model",
    [
        KNNClassifier(),
        KNNClassifier(metric="cosine"),
        SubspaceClassifier(4),
        ClusterClassifier(KMeans(5, n_init=1), random_state=0),
        ClusterClassifier(AgglomerativeClustering(5)),
        NeighborSampler(),
        CentroidSampler(KMeans(5, n_init=1), random_state=0),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_hash_of_a_model_stays(garments, model, dtype):
    X, y = garments
    model.fit(X if dtype == np.uint8 else (X / 255).astype(dtype), np.array(list("abcdefghij"), dtype=object)[y])
    first = joblib.hash(model)
    model.predict(X) if hasattr(model, "predict") else model.sample()
    assert joblib.hash(model) == first
    assert joblib.hash(pickle.loads(pickle.dumps(model))) == first


def test_a_pickle_from_a_device_that_is_not_here(garments):
    X, y = garments
    model = KNNClassifier(metric="cosine").fit(X, y)
    expected = model.predict_proba(X)
    model._search.device = torch.device("cuda:77")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)

"""Generators without a network."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skfashion.baselines import CentroidSampler, KNNClassifier, NeighborSampler

SAMPLERS = [NeighborSampler(), CentroidSampler(KMeans(20, n_init=1), random_state=0)]
EVERY_SAMPLER = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__)


@EVERY_SAMPLER
def test_samples(garments, sampler):
    X, _ = garments
    sampler.fit(X)
    one, same, other = (sampler.sample(6, random_state=seed) for seed in (0, 0, 1))
    assert one.shape == (6, 784)
    assert one.dtype == np.float32
    assert 0 <= one.min() <= one.max() <= 1
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    sampler.sample()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@EVERY_SAMPLER
@pytest.mark.parametrize("shape", [(28, 28), (4, 7, 28), (4, 7, 28, 1)[1:]], ids=str)
def test_images_keep_their_shape(garments, sampler, shape):
    X = (
        garments[0].reshape(-1, *shape)
        if np.prod(shape) == 784
        else garments[0][:, : int(np.prod(shape))].reshape(-1, *shape)
    )
    assert sampler.fit(X).sample(3).shape == (3, *shape)


def test_one_neighbour_is_a_training_image(garments):
    X, _ = garments
    samples = NeighborSampler(1).fit(X).sample(5, random_state=0)
    assert all((np.isclose(X / 255, sample).all(axis=1)).any() for sample in samples)


def test_the_mean_of_neighbours():
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert set(NeighborSampler(2).fit(X).sample(50, random_state=0).ravel()) == {0.5, 10.5}


def test_spread_leads_from_centroids_to_images():
    X = np.array([[0.0], [2.0], [10.0], [14.0]])
    clusterer = KMeans(2, n_init=1, random_state=0)
    found = [set(CentroidSampler(clusterer, spread=s).fit(X).sample(200, random_state=0).ravel()) for s in (0, 0.5, 1)]
    assert found == [{1.0, 12.0}, {0.5, 1.5, 11.0, 13.0}, {0.0, 2.0, 10.0, 14.0}]


def test_noise_is_no_image_to_start_from():
    X = np.array([[0.0], [0.1], [0.2], [9.0]])
    sampler = CentroidSampler(DBSCAN(eps=0.5, min_samples=2), spread=1.0).fit(X)
    assert sampler.sample(100, random_state=0).max() < 0.3
    with pytest.raises(ValueError, match="noise"):
        CentroidSampler(DBSCAN(eps=0.01, min_samples=2)).fit(X)


@EVERY_SAMPLER
def test_bad_input(garments, sampler):
    with pytest.raises(NotFittedError):
        type(sampler)().sample()
    sampler.fit(garments[0])
    for bad, error in ((0, ValueError), (1.5, TypeError), (None, TypeError)):
        with pytest.raises(error, match="n_samples"):
            sampler.sample(bad)


def test_more_neighbours_than_images(garments):
    with pytest.raises(ValueError, match="n_neighbors=5 is more than there are images: n_samples=4"):
        NeighborSampler().fit(garments[0][:4])


SIBLINGS = [NeighborSampler(1), CentroidSampler(KMeans(3, n_init=1), spread=1.0, random_state=0)]
EVERY_SIBLING = pytest.mark.parametrize("sampler", SIBLINGS, ids=lambda sampler: type(sampler).__name__)


@EVERY_SIBLING
@pytest.mark.parametrize(
    ("images", "dtype"),
    [
        (lambda X: X, np.float32),
        (lambda X: X.astype(np.int64), np.float32),
        (lambda X: (X / 255).astype(np.float32), np.float32),
        (lambda X: (X / 255).astype(np.float16), np.float64),
        (lambda X: X / 255, np.float64),
        (lambda X: X + 1e10, np.float64),
        (lambda X: (X - np.int16(128)).astype(">i2"), np.float64),
    ],
    ids=["uint8", "int64", "float32", "float16", "float64", "large values", "int16"],
)
def test_images_come_back_in_their_precision(garments, sampler, images, dtype):
    X = images(garments[0][:50])
    samples = sampler.fit(X).sample(20, random_state=0)
    assert samples.dtype == dtype
    expected = (X / 255 if X.max() == 255 else X).astype(np.float64)
    step = 16 * np.finfo(dtype).eps * np.abs(expected).max()
    assert all(np.abs(expected - sample).max(axis=1).min() <= step for sample in samples)


def test_centroids_are_means_in_float64():
    X = (1000 + np.random.default_rng(0).normal(size=(60_000, 3))).astype(np.float32)
    sampler = CentroidSampler(KMeans(1, n_init=1), spread=0.0).fit(X)
    np.testing.assert_allclose(sampler.centroids_[0], X.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(sampler.sample()[0], sampler.centroids_[0], rtol=1e-7)


def test_centroids_among_large_values():
    X = np.array([[0.0], [1.0], [10.0], [11.0]]) + 1e12
    sampler = CentroidSampler(KMeans(2, n_init=3, random_state=0), spread=0.0).fit(X)
    assert set(sampler.sample(50, random_state=0).ravel() - 1e12) == {0.5, 10.5}
    assert set(NeighborSampler(2).fit(X).sample(50, random_state=0).ravel() - 1e12) == {0.5, 10.5}


@EVERY_SAMPLER
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_the_output_of_transformers_changes_nothing(garments, sampler, output):
    expected = sampler.fit(garments[0]).sample(5, random_state=0)
    with config_context(transform_output=output):
        np.testing.assert_array_equal(sampler.fit(garments[0]).sample(5, random_state=0), expected)
    pipeline = CentroidSampler(make_pipeline(PCA(5, random_state=0), AgglomerativeClustering(9)))
    expected = pipeline.fit(garments[0]).centroids_
    with config_context(transform_output=output):
        np.testing.assert_array_equal(pipeline.fit(garments[0]).centroids_, expected)


def test_drawing_reads_no_more_than_the_drawn_images(garments, monkeypatch):
    sampler = NeighborSampler(3).fit(garments[0])
    asked = []
    rows = KNNClassifier.training_rows
    monkeypatch.setattr(
        KNNClassifier, "training_rows", lambda self, index=None: asked.append(index) or rows(self, index)
    )
    sampler.sample(4)
    assert [len(index) for index in asked] == [4, 3, 3, 3, 3]


def test_fewer_different_images_than_clusters():
    X = np.array([[0.0, 0.5], [-0.0, 0.5], [0.0, 0.5], [1.0, 0.5]])
    sampler = CentroidSampler(random_state=0).fit(X)
    assert sorted(sampler.centroids_.tolist()) == [[0.0, 0.5], [1.0, 0.5]]

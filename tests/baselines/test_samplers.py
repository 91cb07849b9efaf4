"""Generators without a network."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.exceptions import NotFittedError

from skfashion.baselines import CentroidSampler, NeighborSampler

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

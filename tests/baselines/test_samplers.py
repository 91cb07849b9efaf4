"""Generators without a network."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skfashion.baselines import CentroidSampler, KNNClassifier, NeighborSampler
from skfashion.persistence import load, save

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


def test_clusters_are_drawn_by_their_sizes():
    X = np.repeat([[0.0], [10.0]], [30, 10], axis=0)
    samples = CentroidSampler(KMeans(2, n_init=1, random_state=0), spread=0.0).fit(X).sample(4000, random_state=0)
    assert (samples == 0).mean() == pytest.approx(0.75, abs=0.03)


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


@EVERY_SAMPLER
def test_labels_change_nothing_where_nobody_asks_for_them(garments, sampler):
    X, y = garments
    expected = clone(sampler).fit(X).sample(6, random_state=0)
    np.testing.assert_array_equal(clone(sampler).fit(X, y).sample(6, random_state=0), expected)


@EVERY_SIBLING
@pytest.mark.parametrize("name", [int, "class {}".format, float], ids=["int", "str", "float"])
def test_images_of_a_class_are_made_of_that_class_alone(garments, sampler, name):
    X, y = garments
    labels = np.array([name(label) for label in y])
    asked = labels[np.random.default_rng(0).permutation(len(y))[:30]]
    samples = clone(sampler).fit(X, labels).sample(30, random_state=0, y=asked)
    for sample, label in zip(samples, asked, strict=True):  # they are training images here
        nearest = np.abs(X / 255 - sample).max(axis=1).argmin()
        assert labels[nearest] == label


@EVERY_SAMPLER
def test_means_within_a_class(sampler):
    """Each class is one point, in the middle of the other's: what mixes classes lies in between."""
    X = np.repeat([[0.0], [1.0], [0.25], [0.75]], 10, axis=0)
    y = np.repeat(["ends", "ends", "middle", "middle"], 10)
    model = (
        clone(sampler).set_params(n_neighbors=20)
        if hasattr(sampler, "n_neighbors")
        else CentroidSampler(KMeans(1, n_init=1, random_state=0), spread=0.5)
    )
    model.fit(X, y)
    ends, middle = (np.unique(model.sample(60, random_state=0, y=label)) for label in ("ends", "middle"))
    expected = ([0.5], [0.5]) if hasattr(sampler, "n_neighbors") else ([0.25, 0.75], [0.375, 0.625])
    np.testing.assert_allclose(ends, expected[0])
    np.testing.assert_allclose(middle, expected[1])


def test_a_class_is_drawn_evenly():
    X, y = np.arange(30.0).reshape(-1, 1), np.repeat([0, 1], [20, 10])
    sampler = NeighborSampler(1).fit(X, y)
    found, counts = np.unique(sampler.sample(5000, random_state=0, y=1), return_counts=True)
    assert found.tolist() == list(range(20, 30))
    assert counts.min() > 400


@EVERY_SAMPLER
def test_bad_labels(garments, sampler):
    X, y = garments
    with pytest.raises(ValueError, match=r"sample takes no y here: the model was fitted without classes"):
        clone(sampler).fit(X).sample(2, y=1)
    model = clone(sampler).fit(X, y)
    assert model.classes_.tolist() == list(range(10))
    with pytest.raises(ValueError, match=r"knows no class 10: the classes that were fitted are \[0, 1, 2, .*9\]"):
        model.sample(2, y=10)
    with pytest.raises(ValueError, match="knows no class '1'"):
        model.sample(2, y="1")
    with pytest.raises(ValueError, match=r"must be one label, or 2, one for each image. Got an array of shape \(3,\)"):
        model.sample(2, y=[1, 2, 3])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(sampler).fit(X, y[:-1])
    with pytest.raises(ValueError, match="continuous"):
        clone(sampler).fit(X, y + 0.5)
    assert not hasattr(model.fit(X), "classes_")


def test_a_class_of_fewer_images_than_neighbours(garments):
    X, y = garments
    rare = np.flatnonzero(y == 3)[:2]
    rows = np.r_[np.flatnonzero(y != 3), rare]
    sampler = NeighborSampler(3).fit(X[rows], y[rows])
    assert sampler.sample(3, y=4).shape == (3, 784)
    with pytest.raises(ValueError, match="n_neighbors=3 is more than there are images of class 3: 2"):
        sampler.sample(3, y=3)


def test_a_class_that_is_all_noise():
    X = np.array([[0.0], [0.1], [0.2], [9.0]])
    sampler = CentroidSampler(DBSCAN(eps=0.5, min_samples=2)).fit(X, ["near", "near", "near", "far"])
    assert sampler.sample(5, y="near", random_state=0).max() < 0.3
    with pytest.raises(ValueError, match="takes all images of class 'far' for noise"):
        sampler.sample(1, y="far")


def test_a_class_that_looks_like_levels_among_numbers():
    """The scale is that of all images: one class alone would be divided by 255."""
    X = np.array([[0.0, 200.0], [1.0, 201.0], [5000.5, -3.0], [5001.5, -4.0]])
    sampler = NeighborSampler(1).fit(X, [0, 0, 1, 1])
    assert sampler.sample(20, y=0, random_state=0)[:, 1].min() == 200


@EVERY_SAMPLER
def test_labelled_samplers_are_kept(garments, sampler, tmp_path):
    X, y = garments
    model = clone(sampler).fit(X, y.astype(str))
    expected = model.sample(4, y=["0", "3", "3", "9"], random_state=0)
    save(model, tmp_path / "sampler.skf")
    for kept in (pickle.loads(pickle.dumps(model)), load(tmp_path / "sampler.skf")):
        np.testing.assert_array_equal(kept.sample(4, y=["0", "3", "3", "9"], random_state=0), expected)

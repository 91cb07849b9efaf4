"""Baselines without a network: neighbours and their graphs, subspaces, clusters, and generators."""

from skfashion.baselines._cluster import ClusterClassifier
from skfashion.baselines._graph import neighbor_kernel
from skfashion.baselines._neighbors import KNNClassifier
from skfashion.baselines._pipelines import (
    make_hog_clusterer,
    make_hog_features,
    make_hog_spreading,
    make_hog_svc,
    make_pca_svc,
)
from skfashion.baselines._samplers import CentroidSampler, NeighborSampler
from skfashion.baselines._spectral import SpectralClusterer
from skfashion.baselines._subspace import SubspaceClassifier

__all__ = [
    "CentroidSampler",
    "ClusterClassifier",
    "KNNClassifier",
    "NeighborSampler",
    "SpectralClusterer",
    "SubspaceClassifier",
    "make_hog_clusterer",
    "make_hog_features",
    "make_hog_spreading",
    "make_hog_svc",
    "make_pca_svc",
    "neighbor_kernel",
]

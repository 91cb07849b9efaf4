"""Baselines without a network: neighbours, subspaces, clusters, and generators."""

from skfashion.baselines._cluster import ClusterClassifier
from skfashion.baselines._neighbors import KNNClassifier
from skfashion.baselines._pipelines import make_hog_svc, make_pca_svc
from skfashion.baselines._samplers import CentroidSampler, NeighborSampler
from skfashion.baselines._subspace import SubspaceClassifier

__all__ = [
    "CentroidSampler",
    "ClusterClassifier",
    "KNNClassifier",
    "NeighborSampler",
    "SubspaceClassifier",
    "make_hog_svc",
    "make_pca_svc",
]

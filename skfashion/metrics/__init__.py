"""Metrics for clustering and image generation, and confidence intervals and tests for accuracy."""

from skfashion.metrics._checks import Interval
from skfashion.metrics._clusters import clustering_accuracy_score, silhouette_interval, wcss_score
from skfashion.metrics._comparison import McNemarResult, accuracy_interval, mcnemar_test
from skfashion.metrics._generation import frechet_distance, nearest_train_distance
from skfashion.metrics._scorers import clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer

__all__ = [
    "Interval",
    "McNemarResult",
    "accuracy_interval",
    "clustering_accuracy_score",
    "clustering_accuracy_scorer",
    "frechet_distance",
    "mcnemar_test",
    "nearest_train_distance",
    "neg_wcss_scorer",
    "silhouette_interval",
    "silhouette_scorer",
    "wcss_score",
]

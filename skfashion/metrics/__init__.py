"""Metrics for clustering, image generation and confidence; intervals, tests and a table of accuracies."""

from skfashion.metrics._checks import Interval
from skfashion.metrics._clusters import clustering_accuracy_score, silhouette_interval, wcss_score
from skfashion.metrics._comparison import McNemarResult, accuracy_interval, mcnemar_test
from skfashion.metrics._confidence import (
    ReliabilityBins,
    RiskCoverageCurve,
    expected_calibration_error,
    reliability_bins,
    risk_coverage_curve,
)
from skfashion.metrics._confused import ConfusedPair, most_confused_pairs
from skfashion.metrics._fidelity import (
    DensityCoverage,
    GenerativePrecisionRecall,
    density_coverage,
    generative_precision_recall,
)
from skfashion.metrics._generation import frechet_distance, nearest_train_distance
from skfashion.metrics._ranks import RankComparison, compare_ranks
from skfashion.metrics._scorers import clustering_accuracy_scorer, neg_wcss_scorer, silhouette_scorer
from skfashion.metrics._selective import RiskThreshold, threshold_for_risk
from skfashion.metrics._table import ClassifierComparison, compare_classifiers

__all__ = [
    "ClassifierComparison",
    "ConfusedPair",
    "DensityCoverage",
    "GenerativePrecisionRecall",
    "Interval",
    "McNemarResult",
    "RankComparison",
    "ReliabilityBins",
    "RiskCoverageCurve",
    "RiskThreshold",
    "accuracy_interval",
    "clustering_accuracy_score",
    "clustering_accuracy_scorer",
    "compare_classifiers",
    "compare_ranks",
    "density_coverage",
    "expected_calibration_error",
    "frechet_distance",
    "generative_precision_recall",
    "mcnemar_test",
    "most_confused_pairs",
    "nearest_train_distance",
    "neg_wcss_scorer",
    "reliability_bins",
    "risk_coverage_curve",
    "silhouette_interval",
    "silhouette_scorer",
    "threshold_for_risk",
    "wcss_score",
]

"""Displays of images, training, errors, confidence, latent spaces and searches, and saliency maps."""

from skfashion.inspection._class_balance import ClassBalanceDisplay
from skfashion.inspection._critical_difference import CriticalDifferenceDisplay
from skfashion.inspection._filters import FilterDisplay
from skfashion.inspection._image_grid import ImageGridDisplay
from skfashion.inspection._interpolation import InterpolationDisplay
from skfashion.inspection._latent_space import LatentSpaceDisplay
from skfashion.inspection._latent_walk import LatentWalkDisplay
from skfashion.inspection._misclassified import MisclassifiedDisplay
from skfashion.inspection._nearest_images import NearestImagesDisplay
from skfashion.inspection._parallel_coordinates import ParallelCoordinatesDisplay
from skfashion.inspection._protocols import ImageEstimator
from skfashion.inspection._prototypes import PrototypeDisplay
from skfashion.inspection._reconstruction import ReconstructionDisplay
from skfashion.inspection._reliability import ReliabilityDisplay
from skfashion.inspection._risk_coverage import RiskCoverageDisplay
from skfashion.inspection._saliency import SaliencyMaps, saliency
from skfashion.inspection._saliency_display import SaliencyDisplay
from skfashion.inspection._training_curve import TrainingCurveDisplay
from skfashion.inspection._trial_scores import TrialScoresDisplay

__all__ = [
    "ClassBalanceDisplay",
    "CriticalDifferenceDisplay",
    "FilterDisplay",
    "ImageEstimator",
    "ImageGridDisplay",
    "InterpolationDisplay",
    "LatentSpaceDisplay",
    "LatentWalkDisplay",
    "MisclassifiedDisplay",
    "NearestImagesDisplay",
    "ParallelCoordinatesDisplay",
    "PrototypeDisplay",
    "ReconstructionDisplay",
    "ReliabilityDisplay",
    "RiskCoverageDisplay",
    "SaliencyDisplay",
    "SaliencyMaps",
    "TrainingCurveDisplay",
    "TrialScoresDisplay",
    "saliency",
]

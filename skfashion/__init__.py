"""Small-image learning with the scikit-learn API.

The sub-packages are imported on their own, so that ``import skfashion`` stays free of side effects and
``import skfashion.datasets`` does not load torch.
"""

__version__ = "0.1.0"

__all__ = ["__version__", "datasets", "modules", "neural_network"]

"""Small-image learning with the scikit-learn API.

A sub-package is imported when it is first used, so that ``import skfashion`` is instant and free of side effects, and
``import skfashion.datasets`` does not load torch.
"""

import importlib

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "baselines",
    "datasets",
    "extending",
    "inspection",
    "metrics",
    "model_selection",
    "modules",
    "neural_network",
    "persistence",
    "preprocessing",
]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"skfashion.{name}")
    raise AttributeError(f"module 'skfashion' has no attribute {name!r}")


def __dir__():
    return __all__

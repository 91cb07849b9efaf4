"""The version of the package, and what pickles say of it."""

import warnings

__version__ = "0.1.0"


class Versioned:
    """Stores the version in pickles of an estimator, and warns when another version loads them.

    Scikit-learn does so for its own estimators only.
    """

    def __getstate__(self):
        return {**super().__getstate__(), "_skfashion_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skfashion_version", "unknown")
        if version != __version__:
            from sklearn.exceptions import InconsistentVersionWarning  # not by ``import skfashion``

            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        super().__setstate__(state)

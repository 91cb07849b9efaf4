"""Distributions of Optuna for what scikit-learn's searches take."""

import re
import sys

from sklearn import config_context
from sklearn.base import BaseEstimator


class Space:
    """Distributions of Optuna for lists and distributions of scipy, and the way back to values.

    Optuna's choices are numbers, strings and None; for others stands their repr.
    """

    def __init__(self, space):
        optuna = load_optuna()
        self.distributions, self._values = {}, {}
        for name, values in space.items():
            if isinstance(values, optuna.distributions.BaseDistribution):
                self.distributions[name] = values
            elif hasattr(values, "dist"):
                self.distributions[name] = _of_scipy(name, values)
            elif hasattr(values, "__len__") and not isinstance(values, str) and len(values):
                shown = _shown(values)
                self._values[name] = dict(zip(shown, values, strict=True))
                self.distributions[name] = optuna.distributions.CategoricalDistribution(shown)
            else:
                raise ValueError(
                    f"param_distributions[{name!r}] must be a list of choices, a scipy distribution (uniform, "
                    f"loguniform or randint) or an optuna distribution. Got {values!r} instead."
                )

    def settings(self, params):
        """The values of parameters for what a trial holds."""
        return {name: self._values.get(name, {}).get(value, value) for name, value in params.items()}


def _shown(values):
    """A number, string or None for each choice, no two of them equal."""
    shown = [v if v is None or isinstance(v, (str, bool, int, float)) else name_of(v) for v in values]
    if len(set(shown)) < len(shown):  # 1, 1.0 and True
        shown = [name_of(v) for v in values]
    if len(set(shown)) < len(shown):
        shown = [f"{name} ({place})" for place, name in enumerate(shown)]
    return shown


def name_of(value):
    """What stands for a value; the same in every process."""
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    with config_context(print_changed_only=True):
        text = value.__repr__(N_CHAR_MAX=sys.maxsize) if isinstance(value, BaseEstimator) else repr(value)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def _of_scipy(name, frozen):
    distributions = load_optuna().distributions
    low, high = frozen.support()
    kind = frozen.dist.name
    if kind == "randint":
        return distributions.IntDistribution(int(low), int(high))
    if kind in ("uniform", "loguniform", "reciprocal"):
        return distributions.FloatDistribution(float(low), float(high), log=kind != "uniform")
    raise ValueError(
        f"param_distributions[{name!r}] is a {kind} distribution; of scipy's, uniform, loguniform and randint are "
        "known."
    )


def load_optuna():
    try:
        import optuna
    except ImportError as error:
        raise ImportError("OptunaSearchCV needs optuna: pip install 'skfashion[search]' brings it.") from error
    return optuna

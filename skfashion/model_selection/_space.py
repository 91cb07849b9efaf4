"""Search spaces of scikit-learn as Optuna draws from them and stores them."""

import re
import sys
from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator

from skfashion._extras import imported

# The parameter of a study that holds the position of the dict from which a trial draws.
_WHICH = "space"

# By how much rounding may carry a number away from a step of its distribution.
_ROUNDING = 1e-8

# The attribute of a trial whose setting was enqueued as it is stored.
IS_STORED = "is_stored"


class Space:
    """The settings of a search: those of one dict of parameters, or of several, of which a trial takes one.

    Optuna stores numbers, strings and None; for any other choice stands its repr. With several dicts the names of
    parameters begin with the index of theirs, since Optuna allows a name only one distribution.
    """

    def __init__(self, param_distributions):
        spaces = [param_distributions] if isinstance(param_distributions, Mapping) else list(param_distributions)
        if not spaces:
            raise ValueError("param_distributions is an empty list.")
        self._several = len(spaces) > 1
        self._spaces = [
            {name: _parameter(name, values) for name, values in parameters.items()} for parameters in spaces
        ]

    @property
    def names(self):
        """The names of all parameters that are searched."""
        return {name for space in self._spaces for name in space}

    @property
    def contents(self):
        """The contents by which this space is distinguished from others."""
        return [{name: parameter.content for name, parameter in space.items()} for space in self._spaces]

    def suggest(self, trial):
        """The setting that Optuna draws for a trial."""
        if IS_STORED not in trial.user_attrs:
            # A user enqueues values as they stand in the space; Optuna looks for them as they are stored.
            trial._fixed_params = self.stored(trial._fixed_params)
        index = trial.suggest_categorical(_WHICH, range(len(self._spaces))) if self._several else 0
        for name, parameter in self._spaces[index].items():
            parameter.suggest(trial, self._prefix(index) + name)
        return self.setting(trial.params)

    def setting(self, params):
        """The values for what a trial stores."""
        index = params.get(_WHICH, 0) if self._several else 0
        prefix = self._prefix(index)
        return {
            name: parameter.value(params[prefix + name])
            for name, parameter in self._spaces[index].items()
            if prefix + name in params  # a trial that failed may lack some
        }

    def stored(self, setting):
        """What Optuna stores for a setting, or for a part of one; a ValueError says that the space does not hold it."""
        if not setting or (self._several and _WHICH in setting):
            return setting
        for index, space in enumerate(self._spaces):
            if all(name in space and space[name].holds(value) for name, value in setting.items()):
                stored = {self._prefix(index) + name: space[name].stored(value) for name, value in setting.items()}
                return {_WHICH: index, **stored} if self._several else stored
        raise ValueError(f"The setting {setting} is not in the space that param_distributions spans.")

    def _prefix(self, index):
        return f"{index}." if self._several else ""


class _Choices:
    """A parameter with a list of values."""

    def __init__(self, values):
        self._values = self.content = list(values)
        self._stored = load_optuna().distributions.CategoricalDistribution(_stored_names(self._values))

    def suggest(self, trial, name):
        trial.suggest_categorical(name, self._stored.choices)

    def value(self, stored):
        return self._values[self._stored.to_internal_repr(stored)]

    def holds(self, value):
        return self._position(value) is not None

    def stored(self, value):
        return self._stored.choices[self._position(value)]

    def _position(self, value):
        """The position of a value; lists are tuples that went through a database."""
        name, name_with_tuples = name_of(value), name_of(_with_tuples(value))
        for matches in (
            lambda choice, stored: choice is value,
            lambda choice, stored: name_of(choice) == name,
            lambda choice, stored: name_of(_with_tuples(choice)) == name_with_tuples,
            lambda choice, stored: stored == value and isinstance(stored, str) and isinstance(value, str),
            lambda choice, stored: _is_number(choice) and _is_number(value) and choice == value,
        ):
            for position, pair in enumerate(zip(self._values, self._stored.choices, strict=True)):
                if matches(*pair):
                    return position
        return None


class _Range:
    """A parameter between two numbers."""

    def __init__(self, distribution):
        self._distribution = distribution
        self.content = repr(distribution)

    def suggest(self, trial, name):
        d = self._distribution
        is_int = isinstance(d, load_optuna().distributions.IntDistribution)
        (trial.suggest_int if is_int else trial.suggest_float)(name, d.low, d.high, step=d.step, log=d.log)

    def value(self, stored):
        return stored

    def holds(self, value):
        d = self._distribution
        if not _is_number(value) or not d.low <= value <= d.high:
            return False
        n_steps = 0 if d.step is None else (value - d.low) / d.step
        return abs(n_steps - round(n_steps)) < _ROUNDING * max(1, n_steps)

    def stored(self, value):
        return value.item() if isinstance(value, np.generic) else value


def _parameter(name, values):
    distributions = load_optuna().distributions
    if isinstance(values, distributions.CategoricalDistribution):
        return _Choices(values.choices)
    if isinstance(values, distributions.BaseDistribution):
        return _Range(values)
    if hasattr(values, "dist"):
        return _Range(_of_scipy(name, values))
    if hasattr(values, "__len__") and not isinstance(values, (str, Mapping)) and len(values):
        return _Choices(values)
    raise ValueError(
        f"param_distributions[{name!r}] must be a list of choices, a scipy distribution (uniform, loguniform or "
        f"randint) or an optuna distribution. Got {values!r} instead."
    )


def _of_scipy(name, frozen):
    distributions = load_optuna().distributions
    low, high = frozen.support()
    kind = frozen.dist.name
    if kind == "randint":
        return distributions.IntDistribution(int(low), int(high))
    if kind in ("uniform", "loguniform", "reciprocal"):
        return distributions.FloatDistribution(float(low), float(high), log=kind != "uniform")
    raise ValueError(
        f"param_distributions[{name!r}] is a {kind} distribution; of scipy's, only uniform, loguniform and randint "
        "are supported."
    )


def _stored_names(values):
    """A number, string or None for each choice, no two of them equal."""
    stored = [v if v is None or isinstance(v, (str, bool, int, float)) else name_of(v) for v in values]
    if len(set(stored)) < len(stored):  # 1, 1.0 and True
        stored = [name_of(v) for v in values]
    if len(set(stored)) < len(stored):
        stored = [f"{name} ({index})" for index, name in enumerate(stored)]
    return stored


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _with_tuples(value):
    if isinstance(value, (list, tuple)):
        return tuple(_with_tuples(v) for v in value)
    return {name: _with_tuples(v) for name, v in value.items()} if isinstance(value, dict) else value


def name_of(value):
    """A text that stands for a value, the same in every process."""
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    with config_context(print_changed_only=True):
        text = value.__repr__(N_CHAR_MAX=sys.maxsize) if isinstance(value, BaseEstimator) else repr(value)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def load_optuna():
    return imported("optuna", extra="search", needed_by="OptunaSearchCV")

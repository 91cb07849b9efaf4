"""What searches hold, as kinds of what can be saved: distributions, scorers and Optuna's studies."""

import datetime

import scipy.stats
from sklearn.metrics import get_scorer, get_scorer_names

from skfashion.model_selection._space import load_optuna
from skfashion.model_selection._study import new_in_memory
from skfashion.persistence._kind import Kind, check

# Distributions of scipy that a search may draw from.
_DISTRIBUTIONS = ("beta", "expon", "gamma", "loguniform", "lognorm", "norm", "randint", "reciprocal", "uniform")

# Those of Optuna, and their arguments.
_CHOICES = {
    "CategoricalDistribution": ("choices",),
    "FloatDistribution": ("low", "high", "log", "step"),
    "IntDistribution": ("low", "high", "log", "step"),
}

_OF_TRIAL = ("number", "params", "user_attrs", "system_attrs", "value", "intermediate_values")
_TIMES = ("datetime_start", "datetime_complete")


def _name_of_scorer(scorer):
    """The name by which scikit-learn knows a scorer, or None."""
    return next((name for name in get_scorer_names() if vars(get_scorer(name)) == vars(scorer)), None)


def _fits_scorer(value, encoder):
    return type(value) is type(get_scorer("accuracy")) and _name_of_scorer(value) is not None


def _decode_scorer(content, decoder):
    check(content in get_scorer_names(), f"{content!r:.100} is not a scorer of scikit-learn")
    return get_scorer(content)


def _fits_distribution(value, encoder):
    name = getattr(getattr(value, "dist", None), "name", None)
    return type(value).__module__.startswith("scipy.stats") and name in _DISTRIBUTIONS


def _encode_distribution(value, encoder, where):
    return {
        "name": value.dist.name,
        "args": encoder.encode(list(value.args), where),
        "kwds": encoder.encode(value.kwds, where),
    }


def _decode_distribution(content, decoder):
    check(content["name"] in _DISTRIBUTIONS, f"{content['name']!r:.100} is not one of {_DISTRIBUTIONS}")
    return getattr(scipy.stats, content["name"])(*decoder.decode(content["args"]), **decoder.decode(content["kwds"]))


def _is_of_optuna(value, package, *names):
    """Whether a value is of a class of Optuna, which is not imported for that."""
    return type(value).__module__.startswith(f"optuna.{package}") and type(value).__name__ in names


def _fits_choice(value, encoder):
    return _is_of_optuna(value, "distributions", *_CHOICES)


def _encode_choice(value, encoder, where):
    """By its arguments: in Optuna's own JSON choices that are tuples would become lists."""
    name = type(value).__name__
    return {"class": name, **{each: encoder.encode(getattr(value, each), where) for each in _CHOICES[name]}}


def _decode_choice(content, decoder):
    name = content["class"]
    arguments = {each: decoder.decode(content[each]) for each in _CHOICES[name]}
    return getattr(load_optuna().distributions, name)(**arguments)


def _encode_study(study, encoder, where):
    return {
        "name": study.study_name,
        "user_attrs": encoder.encode(study.user_attrs, where),
        "trials": [_encode_trial(trial, encoder, where) for trial in study.trials],
    }


def _encode_trial(trial, encoder, where):
    return {
        "state": trial.state.name,
        **{name: encoder.encode(getattr(trial, name), where) for name in _OF_TRIAL},
        **{name: time and time.isoformat() for name, time in ((name, getattr(trial, name)) for name in _TIMES)},
        "distributions": encoder.encode(dict(trial.distributions), where),
    }


def _decode_study(content, decoder):
    """A study in memory: its sampler and its pruner are those of the search, which the next fit takes."""
    check(type(content["name"]) is str and type(content["trials"]) is list, "no name, or no trials")
    user_attrs = decoder.decode(content["user_attrs"])  # in the order in which they were written: objects are counted
    return new_in_memory(content["name"], [_decode_trial(trial, decoder) for trial in content["trials"]], user_attrs)


def _decode_trial(content, decoder):
    trial = load_optuna().trial
    times = {name: content[name] and datetime.datetime.fromisoformat(content[name]) for name in _TIMES}
    values = {name: decoder.decode(content[name]) for name in _OF_TRIAL}
    return trial.FrozenTrial(
        **values,
        **times,
        state=trial.TrialState[content["state"]],
        distributions=decoder.decode(content["distributions"]),
        trial_id=values["number"],
    )


SEARCH_KINDS = (
    Kind("scorer", _fits_scorer, lambda value, encoder, where: _name_of_scorer(value), _decode_scorer),
    Kind("distribution", _fits_distribution, _encode_distribution, _decode_distribution, shared=True),
    Kind("choice", _fits_choice, _encode_choice, _decode_choice),
    Kind("study", lambda value, encoder: _is_of_optuna(value, "study", "Study"), _encode_study, _decode_study),
)

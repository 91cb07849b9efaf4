"""Settings of torch that somebody else has made neither change a fit nor break a method."""

import copy
import functools
import pickle
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS
from sklearn.base import BaseEstimator, clone

# float32, so that a precision that comes from outside shows.
SMALL = {"max_epochs": 2, "encoder__max_epochs": 1, "batch_size": 16, "precision": "float32", "random_state": 0}


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def deterministic_algorithms():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def threads_that_change():
    """Another thread sets the number of threads all the time."""
    before, done = torch.get_num_threads(), threading.Event()

    def change():
        n_threads = 1
        while not done.wait(0.0002):
            n_threads = 3 - n_threads
            torch.set_num_threads(n_threads)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        torch.set_num_threads(before)


SETTINGS = {
    "default dtype float64": lambda: default_dtype(torch.float64),
    "default dtype bfloat16": lambda: default_dtype(torch.bfloat16),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "deterministic algorithms": deterministic_algorithms,
    "detect_anomaly": lambda: torch.autograd.set_detect_anomaly(True),
    "default device meta": lambda: default_device("meta"),
    "threads that change": threads_that_change,
}

CALLS = {
    "fit": lambda model, X, y: clone(model).fit(X, y),
    "partial_fit": lambda model, X, y: model.partial_fit(X, y),
    "predict": lambda model, X, y: model.predict(X),
    "predict_proba": lambda model, X, y: model.predict_proba(X),
    "decision_function": lambda model, X, y: model.decision_function(X),
    "transform": lambda model, X, y: model.transform(X),
    "inverse_transform": lambda model, X, y: model.inverse_transform(_code_of(model)),
    "reconstruct": lambda model, X, y: model.reconstruct(X),
    "score_samples": lambda model, X, y: model.score_samples(X),
    "elbo": lambda model, X, y: model.elbo(X, random_state=0),
    "kneighbors": lambda model, X, y: np.stack(model.kneighbors(X)),
    "sample": lambda model, X, y: model.sample(5, random_state=0),
    "score": lambda model, X, y: np.asarray(model.score(X, y)),
    "pickle": lambda model, X, y: pickle.loads(pickle.dumps(model)),
}


def _code_of(model):
    return np.linspace(-1, 1, len(model.get_feature_names_out()))[None]


def small(estimator):
    known = estimator.get_params()
    return clone(estimator).set_params(**{name: value for name, value in SMALL.items() if name in known})


@functools.cache
def images():
    """Images of 8 x 8 pixels of three classes, each bright in another part."""
    rng, y = np.random.default_rng(0), np.arange(60) % 3
    X = rng.integers(0, 120, (60, 64), dtype=np.uint8)
    for label in range(3):
        X[y == label, 20 * label : 20 * label + 20] += 130
    X.setflags(write=False)
    return X, y


@functools.cache
def fitted(number):
    return small(ESTIMATORS[number]).fit(*images())


@functools.cache
def expected(number, call):
    return answer(CALLS[call](copy.deepcopy(fitted(number)), *images()))


def answer(result):
    """The result as an array: of an estimator, what it makes of images."""
    if not isinstance(result, BaseEstimator):
        return result
    name = next(
        name for name in ("predict_proba", "predict", "reconstruct", "sample", "transform") if hasattr(result, name)
    )
    return CALLS[name](result, *images())


CASES = [
    pytest.param(number, call, id=f"{type(estimator).__name__}-{call}")
    for number, estimator in enumerate(ESTIMATORS)
    for call in CALLS
    if call == "pickle" or hasattr(estimator, call)
]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("number", "call"), CASES)
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_a_global_setting_changes_nothing(number, call, setting):
    """Bit by bit; what a fit gives is looked at when the setting is over."""
    same, model = expected(number, call), copy.deepcopy(fitted(number))
    with SETTINGS[setting]():
        result = CALLS[call](model, *images())
    found = answer(result)
    assert found.dtype == same.dtype
    np.testing.assert_array_equal(found, same)

"""The reliability table: bad input, interrupts, global state, small data, threads, pickles, memory."""

import copy
import os
import pickle
import random
import signal
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from processes import run_python
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback

from skfashion.modules import batch_norm, conv, dense, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)

MODELS = [
    MLPClassifier((8,), max_epochs=2, random_state=0),
    CNNClassifier((conv(4), pool(2), batch_norm(), dense(8)), image_shape=(2, 3), max_epochs=2, random_state=0),
    ResNetClassifier(width=4, max_epochs=2, augmentation=None, random_state=0),
    EncoderClassifier(ConvAutoencoder(2, 2, max_epochs=1), (4,), freeze=False, max_epochs=2, random_state=0),
    Autoencoder(2, (8,), batch_norm=True, max_epochs=2, random_state=0),
    ConvAutoencoder(2, 2, image_shape=(2, 3), max_epochs=2, random_state=0),
    VariationalAutoencoder(2, n_channels=(2, 4), batch_norm=True, max_epochs=2, random_state=0),
]
METHODS = ["predict", "predict_proba", "predict_log_proba", "transform", "reconstruct", "score_samples", "elbo"]


def methods_of(model):
    return [getattr(model, name) for name in METHODS if hasattr(model, name)]


def partial_fit(model, X, y):
    return model.partial_fit(X, y, **({"classes": [0, 1, 2]} if hasattr(model, "predict") else {}))


def output(model, X):
    return model.predict_proba(X) if hasattr(model, "predict") else model.reconstruct(X)


DEFAULTS = {"max_epochs": 2, "batch_size": 16, "lr_schedule": None, "learning_rate": 0.001, "random_state": 0}


def mlp(**parameters):
    return MLPClassifier((8,), **{**DEFAULTS, **parameters})


def state(model):
    return {name: value.clone() for name, value in model.module_.state_dict().items()}


def same(one, two):
    return all(torch.equal(one[name], two[name]) for name in one)


# --- input


def spoiled(X, value):
    X = X.astype(float)
    X[3, 2] = value
    return X


BAD_X = {
    "NaN": (lambda X: spoiled(X, np.nan), "NaN"),
    "inf": (lambda X: spoiled(X, np.inf), "infinity"),
    "beyond float32": (lambda X: spoiled(X, 1e39), "float32"),
    "empty": (lambda X: X[:0], "0 sample"),
    "no features": (lambda X: X[:, :0], "0 feature"),
    "1-D": (lambda X: X[:, 0], "Expected 2D array, got 1D array"),
    "5-D": (lambda X: X[:, :, None, None, None], "dim 5"),
    "ragged": (lambda X: [[1.0, 2.0], [3.0]], "one size|inhomogeneous"),
    "complex": (lambda X: X + 1j, "Complex data not supported"),
    "words": (
        lambda X: np.full(X.shape, "shoe"),
        "not compatible with arrays of bytes/strings|could not convert string",
    ),
    "objects": (lambda X: np.full(X.shape, {}, dtype=object), "argument must be a string|float"),
    "dates": (lambda X: X.astype("datetime64[s]"), "datetime64"),
    "None": (lambda X: None, "array"),
    "a string": (lambda X: "shoes", "array"),
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("name", BAD_X)
def test_bad_X(tiny, model, name):
    X, y = tiny
    spoil, message = BAD_X[name]
    bad = spoil(X)
    with pytest.raises((ValueError, TypeError), match=message):
        copy.deepcopy(model).fit(bad, y)
    with pytest.raises((ValueError, TypeError), match=message):
        partial_fit(copy.deepcopy(model), bad, y)
    for method in methods_of(copy.deepcopy(model).fit(X, y)):
        with pytest.raises((ValueError, TypeError), match=message):
            method(bad)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_unfitted(model, tiny):
    X, y = tiny
    for method in methods_of(model):
        with pytest.raises(NotFittedError):
            method(X)
    with pytest.raises(NotFittedError):
        model.score(X, y)


def test_validation_data_beyond_reach_raise(tiny):
    X, y = tiny
    with pytest.raises(ValueError, match=r"diverged.*valid_loss"), pytest.warns(UserWarning, match="one scale"):
        mlp().fit(X, y, X_val=np.sign(X).astype(float) * 3e38, y_val=y)


def test_column_names_of_polars(tiny):
    polars = pytest.importorskip("polars")
    X, y = tiny
    frame = polars.DataFrame(X, schema=list("abcdef"))
    model = mlp().fit(frame, y)
    assert list(model.feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(frame[list("fedcba")])


def test_number_and_names_of_columns(tiny):
    X, y = tiny
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = mlp().fit(frame, y)
    assert list(model.feature_names_in_) == list("abcdef")
    for method in methods_of(model):
        with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing"):
            method(frame[list("abcde")])
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            method(frame[list("fedcba")])
    for method in methods_of(mlp().fit(X, y)):
        with pytest.raises(ValueError, match="X has 5 features, but MLPClassifier is expecting 6 features"):
            method(X[:, :5])


BAD_Y = {
    "NaN": (lambda y: np.where(y == 0, np.nan, y), "NaN"),
    "floats": (lambda y: y + 0.5, "Unknown label type: continuous"),
    "too short": (lambda y: y[:-1], "inconsistent numbers of samples"),
    "two columns": (lambda y: np.c_[y, y], "1d array|Multioutput|multioutput"),
    "None": (lambda y: None, "requires y to be passed, but the target y is None"),
    "mixed": (lambda y: np.array([*y[:-1], "shoe"], dtype=object), "uniformly strings or numbers|mix of label|label"),
}


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y(tiny, name):
    X, y = tiny
    spoil, message = BAD_Y[name]
    with pytest.raises((ValueError, TypeError), match=message):
        mlp().fit(X, spoil(y))


BAD_WEIGHTS = {
    "negative": (lambda w: -w, "[Nn]egative values in data passed to `sample_weight`"),
    "NaN": (lambda w: w * np.nan, "NaN"),
    "inf": (lambda w: w * np.inf, "infinity"),
    "too short": (lambda w: w[:-1], "sample_weight"),
    "2-D": (lambda w: w[:, None], "[Ss]ample weights must be 1D"),
    "zero": (lambda w: 0 * w, "weights must contain at least one non-zero"),
}


@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_bad_weights(tiny, name):
    X, y = tiny
    spoil, message = BAD_WEIGHTS[name]
    with pytest.raises(ValueError, match=message):
        mlp().fit(X, y, sample_weight=spoil(np.ones(len(y))))


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["coat", "bag", "shoe"]),
        np.array(["coat", "bag", "shoe"], dtype=object),
        np.array([-5, 1000, 7]),
        np.array([0, 1, 2], dtype=np.uint8),
        np.array([2.0, 4.0, 8.0]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_any_labels_come_back(tiny, labels):
    X, y = tiny
    model = mlp(max_epochs=20, learning_rate=0.01).fit(X, labels[y])
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype == labels.dtype
    assert (predicted == labels[y]).mean() > 0.9
    assert model.score(X, labels[y]) > 0.9
    np.testing.assert_array_equal(model.classes_, np.unique(labels))


def test_bool_and_categorical_labels(tiny):
    X, y = tiny
    assert mlp().fit(X, y == 0).predict(X).dtype == bool
    categories = pd.Series(pd.Categorical.from_codes(y, ["coat", "bag", "shoe"]))
    assert set(mlp().fit(X, categories).predict(X)) <= {"coat", "bag", "shoe"}


def test_containers_mean_the_same(tiny):
    X, y = tiny
    expected = mlp().fit(X, y).predict_proba(X)
    polars = pytest.importorskip("polars")
    for same_X in (
        X.tolist(),
        pd.DataFrame(X),
        polars.DataFrame(X),
        torch.from_numpy(X),
        np.asfortranarray(X),
        X[::-1][::-1],
    ):
        found = mlp().fit(same_X, y.tolist()).predict_proba(same_X)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float64 else 0)


# --- a fit that fails


def test_divergence_raises_and_names_epoch_and_rate(tiny):
    X, y = tiny
    with pytest.raises(ValueError, match=r"epoch \d+, at learning rate 1e\+30"):
        mlp(optimizer="sgd", learning_rate=1e30, max_epochs=10).fit(X, y)


def test_divergence_in_a_search_is_an_error_score(tiny):
    X, y = tiny
    search = GridSearchCV(mlp(optimizer="sgd", max_epochs=10), {"learning_rate": [0.1, 1e30]}, cv=2, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="Training diverged"):
        search.fit(X, y)
    assert search.cv_results_["mean_test_score"][1] == -1
    assert search.best_params_ == {"learning_rate": 0.1}


@pytest.mark.parametrize("call", ["fit", "warm fit", "partial_fit"])
@pytest.mark.parametrize("reason", ["input", "divergence"])
def test_a_failed_call_leaves_the_model_as_it_was(tiny, call, reason):
    X, y = tiny
    model = mlp(optimizer="sgd", warm_start=call == "warm fit").fit(X, y)
    before, attributes = state(model), set(vars(model))
    history = copy.deepcopy(model.history_)
    if reason == "input":
        X = np.where(X > 3, np.nan, X)
    else:
        model.set_params(learning_rate=1e38, max_epochs=10)
    train = model.partial_fit if call == "partial_fit" else model.fit
    with pytest.raises(ValueError, match=r"NaN|diverged"):
        train(X, y)
    assert same(before, state(model))
    assert set(vars(model)) == attributes
    assert model.history_ == history
    assert model.predict(tiny[0]).shape == (60,)


def test_a_failed_first_fit_leaves_an_unfitted_model(tiny):
    X, y = tiny
    model = mlp(optimizer="sgd", learning_rate=1e30, max_epochs=10)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, y)
    assert set(vars(model)) == set(model.get_params())


# --- Ctrl-C


class Interrupt(Callback):
    """Press Ctrl-C in a batch of the third epoch."""

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            signal.raise_signal(signal.SIGINT)


def interrupted(**parameters):
    return mlp(max_epochs=10, net_params={"callbacks": [Interrupt()]}, **parameters)


def test_ctrl_c_leaves_a_usable_model(tiny):
    X, y = tiny
    with pytest.warns(UserWarning, match="interrupted by user after 2 epochs"):
        model = interrupted().fit(X, y)
    assert model.interrupted_ is True
    assert model.n_epochs_ == len(model.history_) == 2
    assert model.predict_proba(X).shape == (60, 3)
    assert pickle.loads(pickle.dumps(model)).interrupted_ is True


def test_ctrl_c_in_partial_fit_stops_it_and_changes_nothing(tiny):
    X, y = tiny
    model = mlp().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    before = state(model)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(net_params={"callbacks": [Interrupt()]}).partial_fit(X, y)
    assert same(before, state(model))
    assert model.n_epochs_ == 2


def test_ctrl_c_while_a_callback_runs_is_ctrl_c(tiny):
    class Slow(Callback):
        def on_epoch_end(self, net, **kwargs):
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(UserWarning, match="interrupted by user after 1 epochs"):
        model = mlp(net_params={"callbacks": [Slow()]}).fit(*tiny)
    assert model.interrupted_ is True


def test_ctrl_c_after_a_divergence_is_a_divergence(tiny):
    class Spoil(Callback):
        def on_batch_end(self, net, **kwargs):
            with torch.no_grad():
                net.module_[-1].bias.fill_(np.nan)
            signal.raise_signal(signal.SIGINT)

    with (
        pytest.warns(UserWarning, match="interrupted"),
        pytest.raises(ValueError, match="had diverged when training was interrupted"),
    ):
        mlp(net_params={"callbacks": [Spoil()]}).fit(*tiny)


def test_ctrl_c_goes_back_to_the_best_epoch(tiny):
    X, y = tiny
    with pytest.warns(UserWarning, match="interrupted"):
        model = interrupted(early_stopping=True).fit(X, y)
    with pytest.warns(UserWarning, match="interrupted"):
        again = interrupted(early_stopping=True).fit(X, y)
    assert model.best_epoch_ in (1, 2)
    assert same(state(model), state(again))


@pytest.mark.parametrize(
    "search",
    [
        lambda model, X, y: GridSearchCV(model, {"batch_size": [8, 16]}, cv=2).fit(X, y),
        lambda model, X, y: cross_val_score(model, X, y, cv=2),
        lambda model, X, y: joblib.Parallel()(joblib.delayed(model.fit)(X, y) for _ in range(2)),
    ],
)
def test_ctrl_c_stops_a_search(tiny, search):
    with pytest.raises(KeyboardInterrupt):
        search(interrupted(), *tiny)


def test_a_skorch_callback_can_stop_early(tiny):
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    model = mlp(max_epochs=10, net_params={"callbacks": [Stop()]}).fit(*tiny)
    assert model.n_epochs_ == 2
    assert model.interrupted_ is False


# --- global state


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("random_state", [None, 0])
def test_nothing_global_moves(tiny, model, random_state):
    def everything():
        generators = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        switches = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled(), os.getcwd()
        return *generators, *switches, dict(os.environ), list(warnings.filters), torch.is_autocast_enabled("cpu")

    X, y = tiny
    before = everything()
    model = copy.deepcopy(model).set_params(random_state=random_state, early_stopping=True)
    output(model.fit(X, y), X)
    if hasattr(model, "sample"):
        model.sample(3)
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert everything() == before


def test_global_settings_do_not_matter(tiny):
    X, y = tiny
    expected = mlp(dropout=0.2).fit(X, y).predict_proba(X)
    torch.manual_seed(7)
    with torch.no_grad():
        np.testing.assert_array_equal(mlp(dropout=0.2).fit(X, y).predict_proba(X), expected)
    with torch.inference_mode():
        np.testing.assert_array_equal(mlp(dropout=0.2).fit(X, y).predict_proba(X), expected)
    torch.set_default_dtype(torch.float64)
    try:
        model = mlp(dropout=0.2).fit(X, y)
        assert model.predict_proba(X).dtype == np.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_seeds(tiny):
    X, y = tiny
    one, same_seed, other = (mlp(dropout=0.2, random_state=seed).fit(X, y) for seed in (0, 0, 1))
    assert same(state(one), state(same_seed))
    assert not same(state(one), state(other))
    assert not same(state(mlp(random_state=None).fit(X, y)), state(mlp(random_state=None).fit(X, y)))
    generator = np.random.RandomState(0)
    assert not same(state(mlp(random_state=generator).fit(X, y)), state(mlp(random_state=generator).fit(X, y)))


# --- small data


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("n", [1, 2, 5, 17, 33])
@pytest.mark.parametrize("batch_size", [1, 16, 10**6])
@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_few_rows(tiny, model, n, batch_size):
    X, y = tiny
    model = copy.deepcopy(model).set_params(batch_size=batch_size).fit(X[:n], y[:n])
    assert output(model, X).shape == (60, min(n, 3) if hasattr(model, "predict") else 6)
    assert np.isfinite(output(model, X)).all()


def test_one_row_at_a_time_with_batch_norm(tiny):
    X, y = tiny
    model = mlp(batch_norm=True)
    for row in range(4):
        model.partial_fit(X[row : row + 1], y[row : row + 1], classes=[0, 1, 2])
    assert model.n_epochs_ == 4


def test_one_class(tiny):
    X, _ = tiny
    model = mlp().fit(X, ["bag"] * 60)
    assert set(model.predict(X)) == {"bag"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((60, 1)))


def test_a_class_of_weight_zero_is_no_class(tiny):
    X, y = tiny
    for model in (mlp().fit(X, y, sample_weight=y > 0), mlp(class_weight={0: 0.0, 1: 1.0, 2: 1.0}).fit(X, y)):
        np.testing.assert_array_equal(model.classes_, [1, 2])


def test_early_stopping_with_a_class_too_small_to_split(tiny):
    X, _ = tiny
    with pytest.raises(ValueError, match="class"):
        mlp(early_stopping=True).fit(X, [0] * 59 + [1])


def test_a_class_missing_from_a_fold(tiny):
    X, y = tiny
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn says that the class has only one member
        scores = cross_val_score(mlp(), X, np.where(np.arange(60) == 0, 9, y), cv=3)
    assert np.isfinite(scores).all()


# --- threads, processes


def test_concurrent_predictions(garments):
    X, y = garments
    model = CNNClassifier("compact", max_epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    with ThreadPoolExecutor(8) as pool_of_threads:
        for result in pool_of_threads.map(lambda _: model.predict_proba(X), range(24)):
            np.testing.assert_array_equal(result, expected)


def test_concurrent_fits_do_not_disturb_each_other(tiny):
    X, y = tiny
    expected = [state(mlp(dropout=0.3, random_state=seed).fit(X, y)) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool_of_threads:
        fits = pool_of_threads.map(lambda seed: mlp(dropout=0.3, random_state=seed).fit(X, y), range(6))
        assert all(same(one, state(two)) for one, two in zip(expected, fits, strict=True))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_scores_do_not_depend_on_the_backend(garments, backend):
    """At one thread each, in one process, two processes or two threads."""
    code = textwrap.dedent(f"""
        import joblib, threading, torch
        from sklearn.model_selection import cross_val_score
        from skfashion.datasets import make_garments
        from skfashion.neural_network import CNNClassifier
        torch.set_num_threads(1)
        X, y = make_garments(300, random_state=0, return_X_y=True)
        model = CNNClassifier("double", augmentation="flip+shift", max_epochs=1, random_state=0)
        alone = cross_val_score(model, X, y, cv=2, scoring="neg_log_loss")
        with joblib.parallel_config({backend!r}, n_jobs=2):
            print((alone == cross_val_score(model, X, y, cv=2, scoring="neg_log_loss")).all())
        # joblib does not wait for its threads, and torch aborts a process that ends while one still frees a network.
        for thread in threading.enumerate():
            if {backend!r} == "threading" and thread is not threading.main_thread():
                thread.join()
    """)
    assert run_python(code, OMP_NUM_THREADS="1") == "True\n"


def test_workers_do_not_oversubscribe():
    code = textwrap.dedent("""
        import joblib
        def threads():
            import torch
            return torch.get_num_threads()
        n_jobs = max(2, joblib.cpu_count())
        print(joblib.Parallel(n_jobs=n_jobs)(joblib.delayed(threads)() for _ in range(n_jobs)))
    """)
    assert set(eval(run_python(code))) == {1}


# --- pickles


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_pickle_is_about_the_size_of_the_weights(tiny, model):
    X, y = np.tile(tiny[0], (200, 1)), np.tile(tiny[1], 200)
    model = copy.deepcopy(model).fit(X, y)
    content = pickle.dumps(model)
    models = [model, *([model.encoder_] if hasattr(model, "encoder_") else [])]
    size = sum(value.nbytes for each in models for value in state(each).values())
    assert len(content) < 1.1 * size + 40_000 * len(models)
    np.testing.assert_array_equal(output(pickle.loads(content), X), output(model, X))
    np.testing.assert_array_equal(output(copy.deepcopy(model), X), output(model, X))


def test_unpickles_in_another_process(tiny, tmp_path):
    X, y = tiny
    joblib.dump((mlp().fit(X, y), X), tmp_path / "model")
    code = f"import joblib; model, X = joblib.load({str(tmp_path / 'model')!r}); print(model.predict(X).tolist())"
    assert eval(run_python(code, "-W", "error")) == mlp().fit(X, y).predict(X).tolist()


# --- memory


def test_X_is_not_written_to_and_not_kept(tiny):
    X, y = tiny
    X, before = X.copy(), X.copy()
    references = sys.getrefcount(X)
    model = mlp(early_stopping=True).fit(X, y)
    np.testing.assert_array_equal(X, before)
    assert sys.getrefcount(X) == references
    assert model.predict(X).shape == (60,)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_read_only_memory_maps(tmp_path, garments, dtype):
    X, y = garments
    np.save(tmp_path / "X.npy", X.astype(dtype))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = mlp()
    expected = model.fit(X.astype(dtype), y).predict_proba(X.astype(dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.fit(mapped, y).predict_proba(mapped), expected)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_memory_is_bounded_by_batches(dtype):
    """A float copy of these rows would be 120 MB; what fit and predict add is far less."""
    code = textwrap.dedent(f"""
        import numpy as np
        from skfashion.neural_network import MLPClassifier
        rng = np.random.default_rng(0)
        X = np.zeros((40_000, 784), dtype={dtype!r})
        X[:] = rng.integers(0, 255, 784)
        y = rng.integers(0, 10, len(X))
        model = MLPClassifier(max_epochs=1, random_state=0).fit(X[:1000], y[:1000])
        model.predict(X[:1000])
        before = peak_mb()
        model.fit(X, y).predict(X)
        print(peak_mb() - before)
    """)
    assert float(run_python(code)) < 60

"""A network keeps to itself: global state, threads, other processes, pickles and memory."""

import copy
import pickle
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from global_state import changes, snapshot
from networks import MODELS, mlp, output, same, state
from processes import run_python

from skfashion.neural_network import (
    CNNClassifier,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("random_state", [None, 0])
def test_nothing_global_moves(tiny, model, random_state):
    X, y = tiny
    before = snapshot()
    model = copy.deepcopy(model).set_params(random_state=random_state, early_stopping=True)
    output(model.fit(X, y), X)
    if hasattr(model, "sample"):
        model.sample(3)
    model.set_params(early_stopping=False).partial_fit(X, y)
    assert changes(before) == []


def test_global_generators_do_not_matter(tiny):
    X, y = tiny
    expected = mlp(dropout=0.2).fit(X, y).predict_proba(X)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        found = mlp(dropout=0.2).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)


def test_equal_seeds_give_equal_weights(tiny):
    X, y = tiny
    one, same_seed, other = (mlp(dropout=0.2, random_state=seed).fit(X, y) for seed in (0, 0, 1))
    assert same(state(one), state(same_seed))
    assert not same(state(one), state(other))
    assert not same(state(mlp(random_state=None).fit(X, y)), state(mlp(random_state=None).fit(X, y)))
    generator = np.random.RandomState(0)
    assert not same(state(mlp(random_state=generator).fit(X, y)), state(mlp(random_state=generator).fit(X, y)))


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


@pytest.mark.slow
def test_scores_do_not_depend_on_the_backend():
    """At one thread each, in one process, two processes or two threads."""
    code = """
        import joblib, threading, torch
        from sklearn.model_selection import cross_val_score
        from skfashion.datasets import make_garments
        from skfashion.modules import conv, dense, dropout, pool
        from skfashion.neural_network import CNNClassifier
        torch.set_num_threads(1)
        X, y = make_garments(100, random_state=0, return_X_y=True)
        layers = (conv(4, 5), pool(4), dropout(0.2), dense(8), dropout(0.2))
        model = CNNClassifier(layers, augmentation="flip+shift", max_epochs=1, batch_size=16, random_state=0)
        alone = cross_val_score(model, X, y, cv=2, scoring="neg_log_loss")
        for backend in ("loky", "threading"):
            with joblib.parallel_config(backend, n_jobs=2):
                print((alone == cross_val_score(model, X, y, cv=2, scoring="neg_log_loss")).all())
        # joblib does not wait for its threads, and torch aborts a process that ends while one still frees a network.
        for thread in threading.enumerate():
            if thread.name.startswith("Thread-"):
                thread.join()
    """
    assert run_python(code) == "True\nTrue\n"


@pytest.mark.slow
def test_a_fit_keeps_to_the_threads_of_its_worker():
    """joblib gives each worker its share of the cores; a network that took more would slow all of them down."""
    code = """
        import joblib, torch
        from skorch.callbacks import Callback
        from skfashion.datasets import make_garments
        from skfashion.neural_network import MLPClassifier

        def threads():
            seen = set()
            class Watch(Callback):
                def on_batch_end(self, net, **kwargs):
                    seen.add(torch.get_num_threads())
            X, y = make_garments(20, random_state=0, return_X_y=True)
            model = MLPClassifier((4,), max_epochs=1, net_params={"callbacks": [Watch()]}).fit(X, y)
            model.predict(X)
            return seen | {torch.get_num_threads()}

        n_jobs = max(2, joblib.cpu_count())
        print(joblib.Parallel(n_jobs=n_jobs)(joblib.delayed(threads)() for _ in range(n_jobs)))
    """
    assert all(seen == {1} for seen in eval(run_python(code, OMP_NUM_THREADS=None)))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_pickle_is_about_the_size_of_the_weights(tiny, model):
    X, y = np.tile(tiny[0], (60, 1)), np.tile(tiny[1], 60)  # 86 kB, which would show
    model = copy.deepcopy(model).fit(X, y)
    content = pickle.dumps(model)
    models = [model, *([model.encoder_] if hasattr(model, "encoder_") else [])]
    size = sum(value.nbytes for each in models for value in state(each).values())
    assert len(content) < 1.1 * size + 40_000 * len(models)
    np.testing.assert_array_equal(output(pickle.loads(content), X), output(model, X))
    np.testing.assert_array_equal(output(copy.deepcopy(model), X), output(model, X))


@pytest.mark.slow
def test_unpickles_in_another_process(tiny, tmp_path):
    X, y = tiny
    joblib.dump((mlp().fit(X, y), X), tmp_path / "model")
    code = f"import joblib; model, X = joblib.load({str(tmp_path / 'model')!r}); print(model.predict(X).tolist())"
    assert eval(run_python(code, "-W", "error")) == mlp().fit(X, y).predict(X).tolist()


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


@pytest.mark.slow
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
    assert float(run_python(code, OMP_NUM_THREADS="2")) < 60


@pytest.mark.parametrize("container", [list, np.array])
def test_changing_a_list_after_the_fit_changes_nothing(tiny, container):
    X, y = tiny
    sizes, activation = container([8]), ["relu"]
    model = mlp(hidden_layer_sizes=sizes, activation=activation).fit(X, y)
    sizes[0], activation[0] = 5, "tanh"
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)
    np.testing.assert_array_equal(copy.deepcopy(model).predict_proba(X), expected)

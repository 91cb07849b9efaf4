"""Processes that share a training end with the model of a single one."""

import signal

import numpy as np
import pytest
from processes import ROOT, run_python
from ranks import MODELS, N_RANKS, PLAIN, RANDOM, examples, facts, run_ranks, start_ranks
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skfashion.model_selection import VectorizedGridSearchCV
from skfashion.neural_network import MLPClassifier
from skfashion.persistence import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """By rank and name: weights and measurements of the models that processes have trained together."""
    folder = tmp_path_factory.mktemp("shared")
    run_ranks(
        """
        for name, model in (MODELS | RANDOM).items():
            X, y, weight = examples(model)
            model.set_params(distributed=True).fit(X, y, sample_weight=weight)
            np.savez(folder / f"{name} {rank}.npz", **facts(model))
        """,
        folder,
    )
    return {
        (rank, name): dict(np.load(folder / f"{name} {rank}.npz"))
        for rank in range(N_RANKS)
        for name in MODELS | RANDOM
    }


@pytest.mark.parametrize("name", MODELS)
def test_weights_and_history_are_those_of_one_process(name, shared):
    model = clone(MODELS[name])
    X, y, weight = examples(model)
    expected = facts(model.fit(X, y, sample_weight=weight))
    found = shared[0, name]
    assert found.keys() == expected.keys()
    for part, values in expected.items():
        np.testing.assert_allclose(found[part], values, rtol=1e-4, atol=1e-4, err_msg=part)


@pytest.mark.parametrize("name", MODELS | RANDOM)
def test_all_processes_end_with_the_same_model(name, shared):
    for part, values in shared[0, name].items():
        np.testing.assert_array_equal(shared[1, name][part], values, err_msg=part)


def test_batches_of_a_few_images(tmp_path):
    """Fewer than there are processes, and one more than those."""
    code = """
    for n in (1, 3, 5):
        X, y, weight = examples(None, n)
        model = MLPClassifier((8,), batch_norm=True, **(PLAIN | {"batch_size": 2}), distributed=True)
        model.fit(X, y, X_val=X[:1], y_val=y[:1])
        np.savez(folder / f"{n} {rank}.npz", **facts(model))
    """
    run_ranks(code, tmp_path)
    for n in (1, 3, 5):
        X, y, _ = examples(None, n)
        model = MLPClassifier((8,), batch_norm=True, **(PLAIN | {"batch_size": 2})).fit(X, y, X_val=X[:1], y_val=y[:1])
        for rank in range(N_RANKS):
            found = np.load(tmp_path / f"{n} {rank}.npz")
            for part, values in facts(model).items():
                np.testing.assert_allclose(found[part], values, rtol=1e-4, atol=1e-5, err_msg=f"{part}, {n} images")


def test_three_processes_and_batches_of_two(tmp_path):
    """All take the whole batch, which is normalised as one process does it."""
    code = """
    X, y, weight = examples(None, 6)
    model = MLPClassifier((8,), batch_norm=True, **(PLAIN | {"batch_size": 2}), distributed=True).fit(X, y)
    np.savez(folder / f"{rank}.npz", **facts(model))
    """
    run_ranks(code, tmp_path, n_ranks=3)
    X, y, _ = examples(None, 6)
    model = MLPClassifier((8,), batch_norm=True, **(PLAIN | {"batch_size": 2})).fit(X, y)
    for part, values in facts(model).items():
        np.testing.assert_allclose(np.load(tmp_path / "2.npz")[part], values, rtol=1e-4, atol=1e-5, err_msg=part)


def test_an_encoder_is_trained_by_all(tmp_path):
    """Where nobody has given a seed, they agree on one for the encoder too."""
    code = """
    from skfashion.neural_network import Autoencoder, EncoderClassifier
    X, y, _ = examples(None, 200)
    encoder = Autoencoder(4, (16,), max_epochs=1)
    model = EncoderClassifier(encoder, **(PLAIN | {"random_state": None}), distributed=True).fit(X, y)
    np.save(folder / f"{rank}.npy", model.encoder_.transform(X))
    """
    run_ranks(code, tmp_path)
    np.testing.assert_array_equal(*(np.load(tmp_path / f"{rank}.npy") for rank in range(N_RANKS)))


def test_threads_that_share_at_the_same_time_are_refused(tmp_path):
    code = """
    import threading
    inside, refused = threading.Event(), threading.Event()
    def wait(images):
        inside.set()
        assert refused.wait(60)
        return images
    X, y, _ = examples(None, 100)
    model = MLPClassifier((8,), augmentation=wait, **(PLAIN | {"max_epochs": 1}), distributed=True)
    thread = threading.Thread(target=model.fit, args=(X, y))
    thread.start()
    assert inside.wait(60)
    try:
        MLPClassifier((8,), **PLAIN, distributed=True).fit(X, y)
    except ValueError as error:
        print(error)
    refused.set()
    thread.join()
    """
    for printed in run_ranks(code, tmp_path):
        assert "one training at a time: search with n_jobs=1" in printed


def test_processes_draw_numbers_of_their_own(tmp_path):
    """But agree on a seed where they were given none, and on the order of the images."""
    code = """
    drawn = []
    def look(images, generator):
        drawn.append(torch.rand(3, generator=generator).tolist() + [float(images.sum())])
        return images
    X, y, _ = examples(None, 200)
    model = MLPClassifier((8,), augmentation=look, **(PLAIN | {"random_state": None}), distributed=True).fit(X, y)
    print(model.net_.seed, drawn)
    """
    one, other = (printed.split(" ", 1) for printed in run_ranks(code, tmp_path))
    assert one[0] == other[0]
    one, other = (np.array(eval(drawn[1])) for drawn in (one, other))
    assert one.shape == other.shape == (4, 4)
    assert not (one[:, :3] == other[:, :3]).any()
    assert not (one[:, 3] == other[:, 3]).any()  # each has its part


def test_training_goes_on(tmp_path):
    code = """
    X, y, _ = examples(None)
    model = MLPClassifier((8,), warm_start=True, **PLAIN, distributed=True).fit(X, y).fit(X, y)
    for _ in range(2):
        model.partial_fit(X, y)
    np.savez(folder / f"{rank}.npz", **facts(model))
    """
    run_ranks(code, tmp_path)
    X, y, _ = examples(None)
    model = clone(MODELS["dense layers"]).set_params(hidden_layer_sizes=(8,), batch_norm=False, warm_start=True)
    model.fit(X, y).fit(X, y).partial_fit(X, y).partial_fit(X, y)
    for rank in range(N_RANKS):
        found = np.load(tmp_path / f"{rank}.npz")
        for part, values in facts(model).items():
            np.testing.assert_allclose(found[part], values, rtol=1e-4, atol=1e-4, err_msg=part)


def test_all_stop_if_one_does(tmp_path):
    code = """
    from skorch.callbacks import Callback
    class Stops(Callback):
        def on_epoch_end(self, net, **kwargs):
            if rank == 1 and len(net.history) == 2:
                raise KeyboardInterrupt  # as skorch's early stopping does
    X, y, _ = examples(None, 200)
    settings = PLAIN | {"max_epochs": 9, "distributed": True}
    model = MLPClassifier((8,), net_params={"callbacks": [Stops()]}, **settings).fit(X, y)
    print(model.n_epochs_)
    """
    assert run_ranks(code, tmp_path) == ["2\n"] * N_RANKS


def test_a_time_limit_stops_all_in_the_same_epoch(tmp_path):
    code = """
    import time
    def slow(images):  # in one process only
        time.sleep(0.2 * rank)
        return images
    X, y, _ = examples(None, 200)
    settings = PLAIN | {"max_epochs": 99, "distributed": True}
    print(MLPClassifier((8,), max_seconds=0.5, augmentation=slow, **settings).fit(X, y).n_epochs_)
    """
    one, other = run_ranks(code, tmp_path)
    assert one == other
    assert int(one) < 99


def test_searches_and_saved_models(tmp_path):
    code = """
    from sklearn.model_selection import GridSearchCV
    from skfashion.persistence import save
    X, y, _ = examples(None, 300)
    model = MLPClassifier(**PLAIN, distributed=True)
    search = GridSearchCV(model, {"hidden_layer_sizes": [(4,), (8,)]}, cv=2).fit(X, y)
    save(search.best_estimator_, folder / f"{rank}.skf")
    """
    run_ranks(code, tmp_path)
    models = [load(tmp_path / f"{rank}.skf") for rank in range(N_RANKS)]
    X, y, _ = examples(None, 300)
    search = GridSearchCV(MODELS["dense layers"], {"hidden_layer_sizes": [(4,), (8,)], "batch_norm": [False]}, cv=2)
    search.fit(X, y)
    for model in models:
        assert model.hidden_layer_sizes == search.best_params_["hidden_layer_sizes"]
        np.testing.assert_allclose(model.predict_proba(X), search.predict_proba(X), atol=1e-4)
        np.testing.assert_array_equal(model.predict_proba(X), models[0].predict_proba(X))
        with pytest.raises(ValueError, match="start the script by torchrun"):
            model.fit(X, y)


def test_images_are_not_copied(tmp_path):
    """A memory map of 157 MB is read where it is."""
    X = np.lib.format.open_memmap(tmp_path / "X.npy", mode="w+", dtype=np.uint8, shape=(50_000, 56 * 56))
    X[:, ::97] = np.arange(50_000)[:, None] % 251
    X.flush()
    code = """
    def anonymous_mb():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024
    X = np.load(folder / "X.npy", mmap_mode="r")
    y = np.arange(len(X)) % 2
    warm_up = MLPClassifier((4,), batch_size=500, max_epochs=1, distributed=True)
    warm_up.fit(X[:1000], y[:1000])
    before, peak = anonymous_mb(), []
    def look(images):
        peak.append(anonymous_mb())
        return images
    warm_up.set_params(augmentation=look).fit(X, y)
    print(max(peak) - before)
    """
    assert all(float(printed) < X.nbytes / 2**20 / 3 for printed in run_ranks(code, tmp_path))


# --- what goes wrong


@pytest.mark.parametrize(
    ("difference", "named"),
    [
        ("X = X[rank::2]; y = y[rank::2]", "X, y"),
        ("y = (y + rank) % 10", "y"),
        ("model.set_params(learning_rate=0.1 * (rank + 1))", "learning_rate"),
        ("model.set_params(batch_size=10 + rank)", "batch_size"),
        ("model.set_params(optimizer_params={'momentum': 0.1 * rank})", "optimizer_params"),
        ("validation = {'X_val': X, 'y_val': y} if rank else {}", "validation images"),
    ],
)
def test_processes_that_do_something_else_are_told(difference, named, tmp_path):
    code = f"""
    X, y, _ = examples(None, 200)
    model = MLPClassifier((8,), **PLAIN, distributed=True)
    validation = {{}}
    {difference}
    try:
        model.fit(X, y, **validation)
    except ValueError as error:
        print(error)
    """
    for printed in run_ranks(code, tmp_path):
        assert "Those of rank 1 and of rank 0 differ in:" in printed
        assert printed.strip().endswith(f"{named}.")


def test_a_process_alone_is_told(tiny):
    X, y = tiny
    model = MLPClassifier((4,), max_epochs=1, distributed=True)
    with pytest.raises(
        ValueError, match=r"start the script by torchrun, and call torch.distributed.init_process_group"
    ):
        model.fit(X, y)
    assert not hasattr(model, "net_")
    with pytest.raises(ValueError, match="start the script by torchrun"):
        GridSearchCV(model, {"tol": [0.1]}, cv=2, n_jobs=2, error_score="raise").fit(X, y)
    with pytest.raises(ValueError, match="start the script by torchrun"):
        VectorizedGridSearchCV(model, {"tol": [0.1]}, cv=2, error_score="raise").fit(X, y)


def test_networks_that_are_trained_together_are_refused(tmp_path):
    code = """
    from skfashion.model_selection import VectorizedGridSearchCV
    X, y, _ = examples(None, 200)
    model = MLPClassifier((8,), **PLAIN, distributed=True)
    try:
        VectorizedGridSearchCV(model, {"tol": [0.1, 0.2]}, cv=2, error_score="raise").fit(X, y)
    except ValueError as error:
        print(error)
    """
    for printed in run_ranks(code, tmp_path):
        assert "cannot be trained together with others: use GridSearchCV" in printed


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_the_end_of_one_process_ends_the_training_of_all(signal_number, tmp_path):
    code = f"""
    def look(images):
        if rank == 1 and len(seen) == 5:
            os.kill(os.getpid(), {int(signal_number)})
        seen.append(images)
        return images
    seen = []
    X, y, _ = examples(None)
    model = MLPClassifier((8,), augmentation=look, **PLAIN, distributed=True)
    try:
        model.fit(X, y)
    except RuntimeError as error:
        print(hasattr(model, "net_"), error)
    """
    processes = start_ranks(code, tmp_path)
    (printed, _), (_, errors) = (process.communicate(timeout=100) for process in processes)
    assert printed.startswith(f"False {N_RANKS} processes share this training, and one has left it: look at the errors")
    assert processes[1].returncode != 0
    assert signal_number == signal.SIGKILL or "KeyboardInterrupt" in errors


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_failure_that_one_process_catches_ends_the_fit_of_all(tmp_path, batch_norm):
    """Of four, each is connected with two others; nobody waits for the timeout of torch, and the next fit is shared."""
    code = f"""
    import warnings
    from sklearn.exceptions import FitFailedWarning
    from sklearn.model_selection import GridSearchCV
    def look(images):
        seen.append(images)
        if rank == 1 and len(seen) == 2:
            raise ValueError("no such image")
        return images
    seen = []
    X, y, _ = examples(None, 400)
    settings = PLAIN | {{"max_epochs": 1, "batch_norm": {batch_norm}}}
    model = MLPClassifier((8,), augmentation=look, **settings, distributed=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search = GridSearchCV(model, {{"tol": [0.1]}}, cv=2, refit=False).fit(X, y)
    failed, = (str(each.message) for each in caught if each.category is FitFailedWarning)
    assert ("no such image" if rank == 1 else "4 processes share this training, and one has left it") in failed
    print(*(np.isnan(search.cv_results_[f"split{{fold}}_test_score"][0]) for fold in range(2)))
    """
    assert run_ranks(code, tmp_path, 4) == ["True False\n"] * 4


def test_torchrun(tmp_path):
    """The script of the user guide."""
    script = tmp_path / "train.py"
    script.write_text(
        f"""
import torch
from skfashion.datasets import make_garments
from skfashion.neural_network import CNNClassifier
from skfashion.persistence import save

torch.distributed.init_process_group()
X, y = make_garments(400, random_state=0, return_X_y=True)
model = CNNClassifier(max_epochs=1, random_state=0, distributed=True, verbose=1, device="cpu").fit(X, y)
if torch.distributed.get_rank() == 0:
    save(model, {str(tmp_path / "model.skf")!r})
torch.distributed.destroy_process_group()
"""
    )
    code = f"""
    import runpy, sys
    sys.argv = ["torchrun", "--standalone", "--nproc-per-node=2", {str(script)!r}]
    runpy.run_module("torch.distributed.run", run_name="__main__")
    """
    printed = run_python(code, PYTHONPATH=str(ROOT), PYTHONWARNINGS="ignore")
    assert printed.count("epoch") == 1  # one process prints
    assert load(tmp_path / "model.skf").n_epochs_ == 1

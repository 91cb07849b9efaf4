"""What training asks of the system: pages of memory, once and not in every batch."""

import platform
import textwrap

import numpy as np
import pytest
from memory import peak_of
from processes import run_python

from skfashion.datasets import make_garments
from skfashion.neural_network import Autoencoder, MLPClassifier, MLPRegressor, SemiSupervisedClassifier


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
@pytest.mark.parametrize("threshold", [None, "65536"])  # as workers of Dask have it
@pytest.mark.parametrize("step", ["fit", "predict"])
def test_batches_use_the_memory_of_those_before(step, threshold):
    code = textwrap.dedent(f"""
        import resource
        import numpy as np
        from skfashion.neural_network import CNNClassifier

        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        X, y = np.zeros((2000, 784), np.uint8), np.arange(2000) % 10
        cnn = CNNClassifier("single", batch_size=200, max_epochs=1, random_state=0).fit(X, y)
        for images in (X, np.tile(X, (4, 1))):
            before = faults()
            cnn.{step}(images, *([np.arange(len(images)) % 10] if "{step}" == "fit" else []))
            print(faults() - before)
    """)
    few, many = map(int, run_python(code, OMP_NUM_THREADS="2", MALLOC_TRIM_THRESHOLD_=threshold).split())
    pages_of_a_batch = 200 * 40 * 24 * 24 * 4 // 4096  # what its one convolution computes, in float32
    more_batches = (8000 - 2000) // 200
    assert (many - few) / more_batches < pages_of_a_batch / 4


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")
@pytest.mark.parametrize(
    "model",
    [
        "MLPClassifier((8,), batch_size=512, max_epochs=1, early_stopping=True)",
        "Autoencoder(8, (16,), batch_size=512, max_epochs=1, early_stopping=True)",
    ],
)
def test_a_memory_map_of_two_gigabytes_stays_one(tmp_path, model):
    code = textwrap.dedent(f"""
        import threading, time, warnings
        import numpy as np
        from skfashion.neural_network import Autoencoder, MLPClassifier

        def own_memory_mb():  # without the pages of files, which the system takes back whenever it needs them
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

        def watch():
            while not ended.wait(0.01):
                peak[0] = max(peak[0], own_memory_mb())

        warnings.simplefilter("ignore")
        X = np.lib.format.open_memmap({str(tmp_path / "images.npy")!r}, "w+", np.uint8, (170_000, 12_288))
        y = np.arange(len(X)) // 100 % 2
        for start in range(0, len(X), 2000):  # the other images are black, and take no space on the disk
            X[start : start + 100] = np.linspace(0, 255, 12_288)
        X.flush()
        X = np.load({str(tmp_path / "images.npy")!r}, mmap_mode="r")
        model = {model}
        model.fit(X[:2000], y[:2000])
        peak, ended, before = [0], threading.Event(), own_memory_mb()
        watcher = threading.Thread(target=watch)
        watcher.start()
        model.fit(X, y)
        ended.set()
        watcher.join()
        print(X.nbytes / 1e9, peak[0] - before)
    """)
    size, added = map(float, run_python(code).split())
    (tmp_path / "images.npy").unlink()
    assert size > 2
    assert added < 400


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((8,), max_epochs=1),
        MLPClassifier((8,), max_epochs=1, class_weight={0: 0}),
        MLPRegressor((8,), max_epochs=1),
        Autoencoder(4, (32,), max_epochs=1),
        SemiSupervisedClassifier(MLPClassifier((8,), max_epochs=1)),
    ],
    ids=["classifier", "class of weight 0", "regressor", "autoencoder", "semi-supervised"],
)
def test_images_of_weight_zero_need_no_copy_of_the_others(model):
    X, y = make_garments(500, random_state=0, return_X_y=True)
    X, y = np.tile(X, (40, 1)), np.tile(y, 40)
    weight = np.ones(len(X))
    weight[0] = 0
    assert peak_of(lambda: model.fit(X, y, weight)) < 0.6 * X.nbytes

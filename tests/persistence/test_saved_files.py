"""The files of saved models: what they say, how large they are, how they are written, and pickles beside them."""

import errno
import io
import os
import pickle
import signal
import stat
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, READERS, SEARCHES
from processes import run_python, start_python
from saved import loaded, parts_of, saved
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skfashion.baselines._nearest import IntegerSearch
from skfashion.modules import conv, dense
from skfashion.neural_network import CNNClassifier, MLPClassifier
from skfashion.persistence import load, read_manifest, save


def test_size_is_that_of_the_weights(garments):
    X, y = garments
    model = MLPClassifier((256,), max_epochs=3, random_state=0).fit(X, y)
    weights = sum(weight.nbytes for weight in (w.detach().numpy() for w in model.module_.parameters()))
    assert len(saved(model)) < weights + 45_000  # four streams of random numbers of 5 kB each, and a few kB of text


def test_nothing_of_a_machine_is_saved(garments, tmp_path):
    X, y = garments
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_epochs=1), memory=str(tmp_path / "cache")).fit(X, y)
    content = saved(model)
    assert not any(str(tmp_path).encode() in part for part in parts_of(content).values())
    assert loaded(content).memory is None
    assert model.memory is not None


def test_manifest(garments, tmp_path):
    X, y = garments
    names = np.array(["boot", "shirt"])
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_epochs=3, random_state=0)).fit(X, names[y % 2])
    save(model, tmp_path / "model.skf", metrics={"accuracy": np.float64(0.5)}, data_license="MIT")
    manifest = read_manifest(tmp_path / "model.skf")
    assert manifest["model"] == repr(model)
    assert manifest["classes"] == ["boot", "shirt"]
    assert manifest["n_features"] == 784
    assert manifest["image_shape"] == [1, 28, 28]
    assert manifest["parameters"]["mlpclassifier__max_epochs"] == 3
    assert [row["epoch"] for row in manifest["history"]] == [1, 2, 3]
    assert manifest["metrics"] == {"accuracy": 0.5}
    assert manifest["data_license"] == "MIT"
    assert manifest["holds_training_rows"] == []
    assert torch.__version__.startswith(manifest["versions"]["torch"])
    text = parts_of((tmp_path / "model.skf").read_bytes())["manifest.json"].decode()
    assert '"model": "Pipeline(' in text


# Who holds training images, and in which of its parts.
# Processors whose products of integers are slow or not exact search in floats.
_IN_INTEGERS = IntegerSearch.suits(np.zeros((1, 784), np.uint8), "euclidean", torch.device("cpu"))
SEARCH = "IntegerSearch" if _IN_INTEGERS else "FloatSearch"
HOLDERS = {
    "KNNClassifier": ["FloatSearch", "KNNClassifier"],
    "ClusterClassifier of AgglomerativeClustering": ["FloatSearch", "NearestRow"],
    "NeighborSampler": [SEARCH, "KNNClassifier", "NeighborSampler"],
    "CentroidSampler": ["CentroidSampler"],
    "SpectralClusterer": ["FloatSearch"],
}


def named(model):
    name = type(model).__name__
    return f"{name} of {type(model.clusterer).__name__}" if name == "ClusterClassifier" else name


@pytest.mark.parametrize("model", ESTIMATORS, ids=named)
def test_manifests_say_who_holds_training_images(model, garments):
    X, y = garments
    content = saved(clone(model).fit(X[:60], y[:60]))
    assert manifest_of(content)["holds_training_rows"] == HOLDERS.get(named(model), [])


def test_manifests_of_scikit_learn_say_who_holds_training_rows(garments):
    X, y = garments
    rows = X[:60].astype(float)
    for model in (KNeighborsClassifier(), SVC(), CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2)):
        content = saved(model.fit(rows, y[:60] % 2))
        assert len(manifest_of(content)["holds_training_rows"]) == 1
    assert manifest_of(saved(PCA(2).fit(rows)))["holds_training_rows"] == []


def manifest_of(content):
    return read_manifest(io.BytesIO(content))


def test_names_in_manifests_are_told_apart():
    model = LogisticRegression(class_weight={1: 0.5, "1": 2.0})
    assert manifest_of(saved(model))["parameters"]["class_weight"] == {"1": 0.5, "'1'": 2.0}
    half = LogisticRegression(class_weight={"\udc80": 2.0})  # a name that no encoding knows
    assert manifest_of(saved(half))["parameters"]["class_weight"] == {"\udc80": 2.0}
    assert loaded(saved(half)).class_weight == {"\udc80": 2.0}


def test_a_file_is_replaced_at_once(tmp_path):
    path = tmp_path / "model.skf"
    save(MLPClassifier((8,)), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds"):
        save(CNNClassifier(lambda image_shape, n_outputs: None), path)
    assert path.read_bytes() == before
    save(MLPClassifier((9,)), path)
    assert repr(load(str(path))) == "MLPClassifier(hidden_layer_sizes=(9,))"
    assert [each.name for each in tmp_path.iterdir()] == ["model.skf"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_a_file_keeps_its_mode_and_its_links(tmp_path):
    path, link = tmp_path / ("m" * 255), tmp_path / "latest.skf"
    save(MLPClassifier((8,)), path)
    path.chmod(0o640)
    link.symlink_to(path)
    save(MLPClassifier((9,)), link)
    assert link.is_symlink()
    assert repr(load(path)) == "MLPClassifier(hidden_layer_sizes=(9,))"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(IsADirectoryError, match="is a folder: give the path of a file"):
        save(PCA(2), tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        save(PCA(2), tmp_path / "pipe")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["latest.skf", path.name, "pipe"]


class Stubborn(io.RawIOBase):
    """A file without a buffer that takes a few bytes at a time, as pipes and sockets may."""

    def __init__(self):
        self.content = b""

    def writable(self):
        return True

    def write(self, block):
        self.content += bytes(block[:1000])
        return min(len(block), 1000)


def test_files_that_are_open(tmp_path):
    model = PCA(2)
    file = Stubborn()
    save(model, file)
    assert repr(loaded(file.content)) == repr(model)
    with open(tmp_path / "a.skf", "ab") as appended:
        appended.write(b"before")
        save(model, appended)
    with open(tmp_path / "a.skf", "rb") as found:
        assert repr(load(found)) == repr(model)
    os_path = os.fsencode(tmp_path / "b.skf")
    save(model, os_path)
    assert repr(load(os_path)) == repr(model)
    for function in (lambda file: save(model, file), load, read_manifest):
        for file in (io.StringIO(), 3.5, None):
            with pytest.raises(TypeError, match="must be a path or a binary file"):
                function(file)
    with pytest.raises(ValueError, match=r"is not seekable: pass its content as io.BytesIO"), stream_of(b"") as stream:
        load(stream)


@contextmanager
def stream_of(content):
    """The reading end of a pipe, which cannot go back."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    with open(reading, "rb") as stream:
        yield stream


def test_paths_with_methods_of_files(tmp_path):
    class Path(type(tmp_path)):
        def read(self):
            raise AssertionError

        write = read

    save(PCA(2), Path(tmp_path / "model.skf"))
    assert repr(load(Path(tmp_path / "model.skf"))) == "PCA(n_components=2)"


def test_faults_of_the_machine_are_not_those_of_the_file(tmp_path, monkeypatch):
    class Failing(io.BytesIO):
        def read(self, n=-1):
            if n > 1000:  # what is found at the end of a zip is shorter
                raise OSError(errno.EIO, "Input/output error")
            return super().read(n)

    content = saved(MLPClassifier((8,)))
    with pytest.raises(OSError, match="Input/output error"):
        load(Failing(content))

    def fail(*args):
        raise MemoryError

    monkeypatch.setattr("skfashion.persistence._objects.check_shapes", fail)
    with pytest.raises(MemoryError):
        loaded(content)


@pytest.mark.slow
def test_kill_while_saving_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.skf"
    save(MLPClassifier((8,)), path)
    before = path.read_bytes()
    code = f"""
    import os, signal
    from skfashion.neural_network import MLPClassifier
    from skfashion.persistence import save
    os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
    save(MLPClassifier((9,)), {str(path)!r})
    """
    process = start_python(code)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert repr(load(path)) == "MLPClassifier(hidden_layer_sizes=(8,))"


def test_a_missing_folder_and_a_missing_file_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere to write model.skf to"):
        save(PCA(2), tmp_path / "nowhere" / "model.skf")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "model.skf")


def test_safetensors_are_asked_for(monkeypatch):
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'pip install "skfashion\[persistence\]"'):
        saved(PCA(2))


@pytest.mark.parametrize(
    "model", [ESTIMATORS[0], ESTIMATORS[12], SEARCHES[1], READERS[0]], ids=lambda m: type(m).__name__
)
def test_pickles_of_another_version_warn(model, monkeypatch):
    monkeypatch.setattr("skfashion._version.__version__", "0.0.7")
    content = pickle.dumps(model)
    pickle.loads(content)  # of the same one they do not
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=rf"{type(model).__name__} from version 0.0.7"):
        pickle.loads(content)
    state = model.__getstate__()
    del state["_skfashion_version"]
    with pytest.warns(InconsistentVersionWarning, match=rf"{type(model).__name__} from version unknown"):
        object.__new__(type(model)).__setstate__(state)
    assert loaded(saved(model)) is not None  # files have a format of their own, and do not warn


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
def test_other_processes_and_numbers_of_threads(threads, garments, tmp_path):
    X, y = garments
    model = CNNClassifier((conv(4), dense(8)), max_epochs=1, random_state=0).fit(X, y)
    save(model, tmp_path / "model.skf")
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    np.savez(tmp_path / "expected.npz", X=X, probabilities=model.predict_proba(X))
    code = f"""
    import pickle
    import numpy as np
    from skfashion.persistence import load
    expected = np.load({str(tmp_path / "expected.npz")!r})
    for model in (load({str(tmp_path / "model.skf")!r}), pickle.load(open({str(tmp_path / "model.pickle")!r}, "rb"))):
        found = model.predict_proba(expected["X"])
        np.testing.assert_allclose(found, expected["probabilities"], rtol=1e-5, atol=1e-6)
    """
    run_python(code, OMP_NUM_THREADS=threads)

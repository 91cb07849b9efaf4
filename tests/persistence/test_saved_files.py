"""The files of saved models: what they say, how large they are, how they are written, and pickles beside them."""

import json
import pickle
import signal
import stat
import sys

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, READERS, SEARCHES
from processes import run_python, start_python
from saved import loaded, parts_of, saved
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


@pytest.mark.parametrize("place", [12, 15, 16, 17])
def test_manifests_say_who_holds_training_images(place, garments):
    X, y = garments
    content = saved(clone(ESTIMATORS[place]).fit(X[:60], y[:60]))
    manifest = parts_of(content)["manifest.json"].decode()
    assert json.loads(manifest)["holds_training_rows"]


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
    monkeypatch.setitem(sys.modules, "safetensors", None)
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
    assert not hasattr(clone(model), "_skfashion_version")


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

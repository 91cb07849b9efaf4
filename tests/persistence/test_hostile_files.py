"""Files that no ``save`` has written are refused, by name, before they can do anything."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from processes import run_python
from saved import ARRAYS, MANIFEST, STATE, changed, load_arrays, loaded, of_state, parts_of, saved, sealed, zipped
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skfashion.baselines import KNNClassifier
from skfashion.neural_network import MLPClassifier, ResNetClassifier
from skfashion.persistence import load, read_manifest


@pytest.fixture(scope="module")
def mlp(garments):
    X, y = garments
    return saved(MLPClassifier((8,), max_epochs=1, random_state=0).fit(X[:100], y[:100]))


def refused(content, says, **options):
    with pytest.raises(ValueError, match=says) as error:
        loaded(content, **options)
    assert len(str(error.value)) < 1500


def node(kind, **state):
    return {"object": {"class": kind, "state": state}}


# --- shapes of the holes of skops: each is a kind of node that calls, imports or looks something up

LEAF = {"class": "sklearn.Pipeline", "state": {}}
CALLS = {
    "a function by its module": {"function": "os.system"},
    "a function of an allowed package": {"function": "numpy.load"},
    "a function by its path in one": {"function": "numpy.f2py.os.system"},
    "a method": {"method": {"of": LEAF, "name": "__reduce__"}},
    "an operator": {"operator": "methodcaller"},
    "a partial": {"partial": ["os.system", "id"]},
    "a reduction": {"reduce": ["builtins.eval", ["1"]]},
    "a class by its path": node("subprocess.Popen", args="id"),
    "a class of the library that is not public": node("skfashion._atomic.all_or_nothing"),
    "a class of scikit-learn that is not listed": node("sklearn.ensemble.HistGradientBoostingClassifier"),
    "a class of scikit-learn by its private path": node("sklearn.pipeline._pipeline.Pipeline"),
    "a function in the place of a class": node("sklearn.pipeline.make_pipeline"),
    "a module in the place of a class": node("sklearn.pipeline"),
    "a class that downloads": node("sklearn.datasets.fetch_openml"),
    "a name that leads out of the table": node("sklearn.svm.SVC.__init__.__globals__"),
    "a scorer by its path": {"scorer": "os.system"},
    "a distribution by its path": {"distribution": {"name": "os.system", "args": ["id"], "kwds": {}}},
    "a distribution that is a class to call": {"distribution": {"name": "rv_continuous", "args": [], "kwds": {}}},
    "a choice of another class": {"choice": json.dumps({"name": "os.system", "attributes": {}})},
    "a choice of Optuna that is none": {"choice": {"class": "distribution_to_json", "dist": 1}},
    "a type by its path": {"type": "subprocess.Popen"},
    "a dtype of objects": {"dtype": "O"},
    "a device that is none": {"device": "meta"},
    "bytes of a pickle": {"bytes": "gASVHAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSFlFKULg=="},
}
STATES = {
    "a method in an attribute": node("sklearn.preprocessing.StandardScaler", transform=1),
    "an attribute of Python": node("sklearn.preprocessing.StandardScaler", __class__=1),
    "an attribute that is no name": node("sklearn.preprocessing.StandardScaler", **{"a b": 1}),
    "a cache of pickles": node("sklearn.pipeline.Pipeline", memory="/tmp/cache", steps=[]),
    "a data base": node("skfashion.OptunaSearchCV", storage="sqlite:////tmp/x"),
    "a state that is none": {"object": {"class": "sklearn.pipeline.Pipeline", "state": [1]}},
    "no state": {"object": {"class": "sklearn.pipeline.Pipeline"}},
    "a class that is no text": {"object": {"class": ["a"], "state": {}}},
    "a list in the place of an object": {"object": [1, 2]},
    "two kinds at once": {"tuple": [], "set": []},
    "no kind": {},
    "an array that is not there": {"array": {"name": "a7", "fortran": False}},
    "an array without a name": {"array": {}},
    "rows of absurd length": {"array": {"name": "a0", "fortran": False, "row_length": 10**9}},
    "times that are none": {"array": {"name": "a0", "fortran": False, "dtype": "M8[s]"}},
    "objects out of an array of numbers": {"array": {"name": "a0", "fortran": False, "dtype": "O"}},
    "texts of absurd length": {"objects": {"dtype": "<U2000000000", "shape": [1], "values": ["a"]}},
    "a shape that does not fit": {"objects": {"dtype": "O", "shape": [10**12], "values": [1]}},
    "a shape of negative sizes": {"objects": {"dtype": "O", "shape": [-1], "values": [1]}},
    "records": {"objects": {"dtype": "V8", "shape": [1], "values": ["a"]}},
    "an object before it is there": {"same": 0},
    "an object that is none": {"same": "a"},
    "a bool as an index": {"same": False},
    "random numbers that are none": {"random_state": {"words": 1, "position": 0, "has_gauss": 0, "gauss": 0.0}},
    "a scalar of another type": {"scalar": ["object", 1]},
    "a scalar of a list": {"scalar": ["float64", [1.0] * 10]},
    "a number that is none": {"float": "__import__('os')"},
    "a slice of texts": {"slice": ["a", "b", "c"]},
    "keys that cannot be keys": {"dict": [[[1], 2]]},
    "something that is no estimator": {"tuple": [1]},
    "a plain number": 3,
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_can_be_called(name):
    inside = {"object": {"class": "sklearn.pipeline.Pipeline", "state": {"steps": [["a", CALLS[name]]]}}}
    refused(of_state(CALLS[name]), "The file holds")
    refused(of_state(inside), "The file holds")


@pytest.mark.parametrize("name", STATES)
def test_broken_states(name):
    refused(of_state(STATES[name]), "The file")


def test_the_table_names_what_came():
    refused(of_state(node("subprocess.Popen")), r"the class subprocess.Popen is not in the table")
    refused(of_state({"function": "os.system"}), r"'os.system' is not in the table of functions")
    refused(of_state({"reduce": 1}), "kind 'reduce'")


def test_absurd_random_states(garments):
    words = {"array": {"name": "a0", "fortran": False}}
    for position in (-1, 625, 2**31, "0", 1.5):
        state = {"words": words, "position": position, "has_gauss": 0, "gauss": 0.0}
        refused(of_state({"random_state": state}, {"a0": np.zeros(624, dtype=np.uint32)}), "no|not a state")


def test_sparse_arrays_whose_indices_lead_elsewhere():
    arrays = {"a0": np.ones(1), "a1": np.array([10**6]), "a2": np.array([0, 1])}
    parts = {
        name: {"array": {"name": f"a{n}", "fortran": False}} for n, name in enumerate(("data", "indices", "indptr"))
    }
    refused(of_state({"sparse": {"class": "csr_array", "shape": [1, 3], **parts}}, arrays), "broken sparse")
    refused(of_state({"sparse": {"class": "eval", "shape": [1, 3], **parts}}, arrays), "broken sparse")


def test_deep_nesting():
    deep = "[" * 100_000 + "]" * 100_000
    parts = parts_of(saved(StandardScaler()))
    refused(sealed(deep.encode(), parts[ARRAYS], json.loads(parts[MANIFEST])), "damaged|without end")
    nested = json.loads("[" * 900 + "]" * 900)
    refused(of_state({"tuple": nested}), "without end|not an estimator")


# --- archives


def test_foreign_files(tmp_path, mlp):
    import pickle

    for content in (b"", b"PK", pickle.dumps({"a": 1}), b"\x93NUMPY" + bytes(100), zipped({"a.txt": b"a"}), zipped({})):
        refused(content, "not a saved model")
        with pytest.raises(ValueError, match="not a saved model"):
            read_manifest(io.BytesIO(content))
    path = tmp_path / "a model.skf"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a model.skf is not a saved model"):
        load(path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_truncated_files(keep, mlp):
    refused(mlp[: int(keep * len(mlp))], "not a saved model, or it is damaged")


def test_every_changed_byte_of_a_part_is_noticed(mlp):
    generator = np.random.default_rng(0)
    for index in generator.integers(len(mlp), size=200):
        content = bytearray(mlp)
        content[index] ^= 1 << int(generator.integers(8))
        try:
            again = loaded(bytes(content))
        except ValueError:
            continue
        assert saved(again) == mlp  # nothing but what zip or the manifest say beside the model


def test_entries_that_a_model_has_not(mlp):
    parts = parts_of(mlp)
    refused(zipped({**parts, "../evil.py": b"1"}), "not a saved model: it holds")
    refused(zipped({name: part for name, part in parts.items() if name != STATE}), "not a saved model: it holds")
    file = io.BytesIO(mlp)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(STATE, parts[STATE])
    refused(file.getvalue(), "not a saved model: it holds")


def test_bombs_of_zip(mlp):
    refused(zipped({**parts_of(mlp), STATE: b" " * 10**8}, zipfile.ZIP_DEFLATED), "packed")
    content = bytearray(mlp)
    index = content.rindex(b"PK\x01\x02")
    struct.pack_into("<II", content, index + 20, 2**31, 2**31)  # sizes in the directory
    refused(bytes(content), "not a saved model|damaged")


def test_bombs_of_arrays(mlp):
    parts = parts_of(mlp)
    manifest = json.loads(parts[MANIFEST])
    one = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
    for header in (
        {"a0": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}},
        {"a0": {"dtype": "F64", "shape": [2**62, 4], "data_offsets": [0, 8]}},
        {
            "a0": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
            "a1": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
        },
        {"a0": {**one, "dtype": "PICKLE"}},
    ):
        text = json.dumps(header).encode()
        refused(sealed(parts[STATE], struct.pack("<Q", len(text)) + text + bytes(8), manifest), "damaged")
    refused(sealed(parts[STATE], struct.pack("<Q", 2**60) + bytes(8), manifest), "damaged")
    refused(sealed(parts[STATE], b"", manifest), "damaged")


def test_weights_of_another_model(mlp, garments):
    X, y = garments
    other = saved(MLPClassifier((8,), max_epochs=1, random_state=1).fit(X[:100], y[:100]))
    refused(zipped({**parts_of(mlp), ARRAYS: parts_of(other)[ARRAYS]}), "arrays.safetensors is not what")
    wider = saved(MLPClassifier((9,), max_epochs=1, random_state=1).fit(X[:100], y[:100]))
    content = changed(mlp, arrays=lambda _: load_arrays(parts_of(wider)[ARRAYS]))
    refused(content, r"weights are not those of this network: 1.weight is \(9, 784\) instead of \(8, 784\)")


def test_manifests(mlp):
    def with_entry(**entries):
        return changed(mlp, manifest=lambda manifest: manifest.update(entries))

    refused(with_entry(format="another"), "not a saved model: its manifest")
    refused(with_entry(format_version=99), "format version 99, written by skfashion 0.* upgrade skfashion")
    later = parts_of(with_entry(format_version=2)) | {"images.safetensors": b""}
    del later[STATE]
    refused(zipped(later), "format version 2, written by skfashion 0.* upgrade skfashion")
    for version in (0, -1, "1", None, True, 1.0):
        refused(with_entry(format_version=version), "format_version")
    refused(zipped({**parts_of(mlp), MANIFEST: b"[]"}), "not a saved model: its manifest")
    refused(zipped({**parts_of(mlp), MANIFEST: b"{"}), "manifest.json of the saved model is damaged")
    refused(zipped({**parts_of(mlp), STATE: b"[]"}), "state.json is not what")


# --- models that take too much, or whose compiled code would read elsewhere


def state_of(path, value):
    """A change of a state: ``path`` leads through objects, ``value`` is what comes there."""

    def change(root):
        node = root
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = value

    return change


@pytest.mark.slow
def test_networks_beyond_memory():
    code = """
    import sys
    sys.path.insert(0, "tests")
    from saved import changed, loaded, saved
    from skfashion.datasets import make_garments
    from skfashion.neural_network import MLPClassifier, ResNetClassifier, ConvAutoencoder
    X, y = make_garments(100, random_state=0, return_X_y=True)
    for model, name, value in (
        (MLPClassifier((8,), max_epochs=1), "hidden_layer_sizes", {"tuple": [100_000, 100_000]}),
        (ConvAutoencoder(2, max_epochs=1), "n_channels", 10**6),
    ):
        content = saved(model.fit(X, y))
        before = peak_mb()
        def change(root):
            root["object"]["state"]["_fitted_params"]["dict"][name] = value
        try:
            loaded(changed(content, state=change))
        except ValueError as error:
            assert "weights are not those of this network" in str(error), error
        else:
            raise AssertionError("loaded")
        assert peak_mb() - before < 100, peak_mb() - before
    """
    run_python(code)


def corrupted(model, garments, change):
    X, y = garments
    model.fit(X[:60], y[:60] % 3)
    return changed(saved(model), **change)


def test_trees_that_lead_nowhere(garments):
    X, y = garments
    tree = DecisionTreeClassifier(random_state=0).fit(X[:60], y[:60] % 3)
    content = saved(tree)
    nodes = json.loads(parts_of(content)[STATE])["object"]["state"]["tree_"]["tree"]["nodes"]
    for column, value in (
        ("left_child", 0),
        ("left_child", 10**9),
        ("right_child", -5),
        ("feature", 784),
        ("feature", -3),
    ):
        name = nodes[column]["array"]["name"]

        def change(arrays, name=name, value=value):
            arrays[name] = arrays[name].copy()
            arrays[name][0] = value

        refused(changed(content, arrays=change), "The file holds")
    refused(changed(content, state=state_of(("object", "state", "n_features_in_"), 3)), "trees of 784 features")
    forest = RandomForestClassifier(2, random_state=0).fit(X[:60], y[:60] % 3)
    refused(changed(saved(forest), state=state_of(("object", "state", "n_features_in_"), 3)), "trees of 784 features")


# An array beside those of a model, and the node that stands for it.
ANOTHER = {"another": np.arange(60.0)}
LINE = {"array": {"name": "another", "fortran": False}}


@pytest.mark.parametrize(
    ("model", "attribute", "value", "says"),
    [
        (SVC(random_state=0), "n_features_in_", 3, "vectors of another shape"),
        (SVC(random_state=0), "_n_support", LINE, "broken object"),
        (KMeans(3, n_init=1, random_state=0), "n_features_in_", 900, "centers of shape"),
        (KMeans(3, n_init=1, random_state=0), "cluster_centers_", LINE, "centers of shape"),
        (KMeans(3, n_init=1, random_state=0), "_n_threads", 10**6, "threads"),
        (KMeans(3, n_init=1, random_state=0), "_n_features_out", 10**40, "_n_features_out is out of range"),
        (KNeighborsClassifier(), "_fit_method", "pyfunc", None),
        (KNeighborsClassifier(), "n_features_in_", 10, "rows of another shape"),
        (KNNClassifier(), "_search", {"dict": {}}, None),
        (LogisticRegression(max_iter=2), "coef_", {"dict": {}}, None),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_shapes_that_compiled_code_relies_on(model, attribute, value, says, garments):
    change = {"state": state_of(("object", "state", attribute), value), "arrays": lambda arrays: arrays | ANOTHER}
    content = corrupted(model, garments, change)
    if says is not None:
        refused(content, says)
        return
    with pytest.raises((ValueError, AttributeError, TypeError, IndexError)):  # never a crash
        loaded(content).predict(garments[0][:5].astype(float))


@pytest.mark.parametrize("model", [KNeighborsClassifier(), LocalOutlierFactor(), KNNClassifier()], ids=str)
def test_no_rows_to_search(model, garments):
    content = corrupted(model, garments, {"arrays": lambda arrays: {name: each[:0] for name, each in arrays.items()}})
    refused(content, "The file holds")


@pytest.mark.parametrize("shape", [(), (1,), (8, 783)])
def test_states_of_optimizers_that_are_too_small(shape, garments):
    X, y = garments
    content = saved(MLPClassifier((8,), random_state=0).partial_fit(X[:60], y[:60], classes=np.unique(y)))
    state = json.loads(parts_of(content)[STATE])["object"]["state"]["net_"]["dict"]["snapshot"]["dict"]["optimizer"]
    moments = state["dict"]["state"]["dict"][0][1]["dict"]
    for name in ("exp_avg", "exp_avg_sq"):
        array = moments[name]["array"]["name"]
        small = changed(content, arrays=lambda arrays, array=array: arrays.update({array: np.zeros(shape, np.float32)}))
        refused(small, f"{name} of the optimizer is")


def test_absurdly_deep_networks(garments):
    depth = state_of(("object", "state", "_fitted_params", "dict", "depth"), 2**60)
    refused(
        corrupted(ResNetClassifier(4, max_epochs=1, random_state=0), garments, {"state": depth}), "depth=1152921504"
    )


def test_a_parameter_that_came_later_has_its_default():
    content = saved(MLPClassifier((8,), dropout=0.5))
    again = loaded(changed(content, state=lambda root: root["object"]["state"].pop("dropout") and None))
    assert again.dropout == MLPClassifier().dropout
    refused(
        changed(saved(make_pipeline(PCA(2))), state=lambda root: root["object"]["state"].pop("steps") and None), "steps"
    )


def test_parameters_cannot_be_html():
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), init="<script>alert(1)</script>"))
    assert "<script>alert" not in loaded(saved(model))._repr_html_()

"""Models whose numbers would lead compiled code elsewhere, hang or fill the memory are refused before they are used."""

import json
import struct

import numpy as np
import pytest
import sklearn
from saved import MANIFEST, STATE, changed, loaded, of_state, parts_of, saved, sealed
from scipy.sparse import csr_array
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from skfashion.baselines import KNNClassifier
from skfashion.neural_network import MLPClassifier
from skfashion.persistence._archive import BrokenFileError


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:100], y[:100]


def refused(content, says):
    with pytest.raises(BrokenFileError, match=says):
        loaded(content)


def node(kind, **state):
    return {"object": {"class": kind, "state": state}}


def with_state(content, **values):
    """A file with other values in the state of its estimator; a callable changes what is there."""

    def change(root):
        state = root["object"]["state"]
        state.update({name: value(state[name]) if callable(value) else value for name, value in values.items()})

    return changed(content, state=change)


def with_array(content, attribute, array):
    """A file with another array in an attribute of its estimator."""
    name = json.loads(parts_of(content)[STATE])["object"]["state"][attribute]["array"]["name"]
    return changed(content, arrays=lambda arrays: arrays.update({name: array}))


def test_attributes_by_which_numpy_finds_memory():
    interface = {"data": {"tuple": [4096, False]}, "shape": {"tuple": [4]}, "typestr": "<f8", "version": 3}
    bunch = {"bunch": {"__array_interface__": {"dict": interface}}}
    refused(of_state(node("sklearn.dummy.DummyClassifier", estimators_=[bunch])), "keys that belong to Python")
    refused(of_state(node("sklearn.dummy.DummyClassifier", __array_interface__=1)), "is not an attribute")
    refused(of_state(node("sklearn.svm.SVR", _impl="c_svc")), "_impl belongs to SVR")


def test_the_depth_of_a_tree_is_counted(digits):
    X, y = digits
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    content = saved(tree)
    assert "max_depth" not in json.loads(parts_of(content)[STATE])["object"]["state"]["tree_"]["tree"]
    again = loaded(content)
    assert again.get_depth() == tree.get_depth()
    np.testing.assert_array_equal(again.decision_path(X).toarray(), tree.decision_path(X).toarray())


def test_trees_that_nobody_looks_after(digits):
    X, y = digits
    tree = json.loads(parts_of(saved(DecisionTreeClassifier(random_state=0).fit(X, y)))[STATE])["object"]["state"][
        "tree_"
    ]
    refused(of_state(node("sklearn.ensemble.VotingRegressor", estimators_=[tree])), "kind 'tree'")


@pytest.mark.parametrize("model", [SVR(), OneClassSVM()], ids=str)
def test_counts_of_support_vectors(model, digits):
    content = saved(model.fit(*digits))
    n = len(model.support_)
    refused(with_array(content, "_n_support", np.array([n] + 39_999 * [0], dtype=np.int32)), "lost vectors")
    refused(with_array(content, "_n_support", np.array([n, n], dtype=np.int64)), "lost vectors")
    refused(with_state(content, kernel={"function": "numpy.exp"}), "unknown kernel")


def test_places_of_support_vectors(digits):
    X, y = digits
    content = saved(SVC(kernel="precomputed", random_state=0).fit(X @ X.T, y))
    support = np.full(len(loaded(content).support_), 2**28, dtype=np.int32)
    refused(with_array(content, "support_", support), "support vectors out of range")


def test_rows_and_labels_of_neighbours(digits):
    content = saved(KNeighborsClassifier(metric="manhattan", algorithm="brute").fit(*digits))
    refused(with_state(content, n_features_in_=200_000), "rows of another shape")
    refused(with_array(content, "_y", np.full(100, 2**35)), "unknown classes")
    refused(with_array(content, "_y", np.zeros(0, dtype=int)), "another number of labels")
    refused(with_state(content, effective_metric_="pyfunc", _fit_method="brute", n_samples_fit_=7), "lost rows")
    refused(with_state(content, effective_metric_params_={"dict": {"func": {"function": "numpy.exp"}}}), "a function")


def test_functions_that_write_elsewhere():
    content = saved(FunctionTransformer(np.square))
    refused(with_state(content, kw_args={"dict": {"out": [1]}}), "function comes with arguments")
    with pytest.raises(ValueError, match="FunctionTransformer cannot be saved: its function comes with arguments"):
        saved(FunctionTransformer(np.square, kw_args={"where": True}))


def test_settings_by_which_skorch_would_compile(digits):
    content = saved(MLPClassifier((4,), max_epochs=1, random_state=0).fit(*digits))
    refused(with_state(content, net_params={"dict": {"compile": True}}), "net_params hold more than callbacks")
    setting = {"dict": {"compile": True}}
    hidden = with_state(content, _fitted_params=lambda params: {"dict": {**params["dict"], "net_params": setting}})
    refused(hidden, "net_params hold more than callbacks")


@pytest.mark.parametrize("attribute", ["memory", "_sklearn_version", "steps"])
def test_few_bytes_that_stand_for_a_great_many_objects(attribute):
    settings = {"memory": None, "verbose": False, "transform_input": None, "_sklearn_version": sklearn.__version__}

    def doubled(root):
        nested = node("sklearn.pipeline.Pipeline", steps=[], **settings)
        for level in range(40):
            steps = [{"tuple": ["a", nested]}, {"tuple": ["b", {"same": level}]}]
            nested = node("sklearn.pipeline.Pipeline", steps=steps, **settings)
        root["object"]["state"][attribute] = nested

    refused(changed(saved(Pipeline([("a", Normalizer())])), state=doubled), "far more objects")


def test_one_array_that_is_there_many_times():
    array = {"array": {"name": "a0", "fortran": False}}
    many = node("sklearn.dummy.DummyClassifier", x=array, estimators_=10_000 * [{"same": 0}])
    refused(of_state(many, {"a0": np.zeros(2**20)}), "far more objects or arrays")


def test_nothing_a_great_many_times():
    parts = parts_of(saved(PCA(2)))
    header = json.dumps({"a0": {"dtype": "F64", "shape": [2**40, 0], "data_offsets": [0, 0]}}).encode()
    rows = node(
        "skfashion.FloatSearch", X={"array": {"name": "a0", "fortran": False}}, metric="euclidean", device="cpu"
    )
    content = sealed(json.dumps(rows).encode(), struct.pack("<Q", len(header)) + header, json.loads(parts[MANIFEST]))
    refused(content, "nothing, a great many times")


def test_networks_of_more_layers_than_weights(digits):
    content = saved(MLPClassifier((4,), max_epochs=1, random_state=0).fit(*digits))
    layers = {"tuple": 100_000 * [1]}
    deep = with_state(content, _fitted_params=lambda params: {"dict": {**params["dict"], "hidden_layer_sizes": layers}})
    refused(deep, "network of 100000 layers")


def test_errors_that_cannot_be_said(digits):
    content = saved(MLPClassifier((4,), max_epochs=1, random_state=0).fit(*digits))
    broken = node("sklearn.dummy.DummyClassifier", _sklearn_version=sklearn.__version__)
    refused(with_state(content, _fitted_params=lambda params: {"dict": {**params["dict"], "init": broken}}), "broken")


@pytest.mark.parametrize("offset", [2**64 - 1, 2**63 - 1, 2**32])
def test_entries_beyond_the_file(offset, tmp_path):
    content = saved(PCA(2))
    index = content.rindex(b"PK\x05\x06")
    start = content.index(b"PK\x01\x02")
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 3, 3, index - start, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, index, 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    hostile = content[:index] + record + locator + end
    refused(hostile, "not a saved model, or it is damaged")
    (tmp_path / "model.skf").write_bytes(hostile)
    with pytest.raises(BrokenFileError, match=r"model.skf is not a saved model"):
        loaded_from(tmp_path / "model.skf")


def loaded_from(path):
    from skfashion.persistence import load

    return load(path)


def test_what_is_saved_can_be_loaded():
    model = DummyClassifier()
    for value in (slice(np.int64(1), None), frozenset([1]), {1, "a"}, np.ma.array([1, 2], mask=[0, 1], fill_value=7)):
        model.value = value
        again = loaded(saved(model)).value
        assert type(again) is type(value)
        assert repr(again) == repr(value) or again == value
    for value in (
        slice("a", "b"),
        np.array(["a"] * 3_000_000 + ["b" * 100]),
        np.random.RandomState(np.random.PCG64(0)),
    ):
        model.value = value
        with pytest.raises(ValueError, match=r"DummyClassifier.value holds"):
            saved(model)
    del model.value
    model.predict = 3
    with pytest.raises(ValueError, match="DummyClassifier cannot be saved: predict is a method"):
        saved(model)
    nested = []
    for _ in range(3000):
        nested = [nested]
    model = DummyClassifier(constant=nested)
    with pytest.raises(ValueError, match="nested too deeply"):
        saved(model)


def test_what_cannot_be_loaded_is_not_saved(digits):
    X, y = digits
    sparse = SVC(random_state=0).fit(csr_array(X), y)
    with pytest.raises(ValueError, match="SVC cannot be saved: a support vector machine of sparse rows"):
        saved(sparse)
    changed_later = KMeans(3, n_init=1, random_state=0).fit(X).set_params(n_clusters=5)
    np.testing.assert_array_equal(loaded(saved(changed_later)).predict(X), changed_later.predict(X))


def test_one_network_in_many_estimators(digits):
    X, y = digits
    network = MLPClassifier((512,), max_epochs=1, random_state=0).fit(X, y)
    model = BaggingClassifier(FrozenEstimator(network), n_estimators=40, random_state=0).fit(X, y)
    content = saved(model)
    assert len(content) < 2 * len(saved(network))
    np.testing.assert_array_equal(loaded(content).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("choices", [("a", "b"), (1, 2.5, None)])
def test_choices_of_optuna(choices):
    distributions = pytest.importorskip("optuna").distributions
    model = DummyClassifier()
    model.space = [
        distributions.CategoricalDistribution(choices),
        distributions.FloatDistribution(1e-3, 1.0, log=True),
        distributions.IntDistribution(1, 9, step=2),
    ]
    assert loaded(saved(model)).space == model.space


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_choices_that_are_tuples():
    distributions = pytest.importorskip("optuna").distributions
    model = DummyClassifier()
    model.space = distributions.CategoricalDistribution(((16,), (32, 16)))
    assert loaded(saved(model)).space.choices == ((16,), (32, 16))


def test_metadata_requests_know_their_estimator(digits):
    X, y = digits
    with sklearn.config_context(enable_metadata_routing=True):
        model = make_pipeline(Normalizer(), LogisticRegression(max_iter=5, tol=1).set_fit_request(sample_weight=True))
        again = loaded(saved(model))
        again.fit(X, y, sample_weight=np.ones(100))
        assert again[-1].get_metadata_routing().fit.requests == {"sample_weight": True}


@pytest.mark.parametrize(
    ("model", "attribute", "array", "says"),
    [
        (SVC(), "_dual_coef_", np.zeros((1, 1)), "coefficients of another shape"),
        (SVC(), "dual_coef_", np.zeros((1, 1)), "coefficients of another shape"),
        (SVC(), "_intercept_", np.zeros(3), "constants of another shape"),
        (SVC(), "_probA", np.zeros(3), "probabilities of another shape"),
        (SVC(), "_probB", np.zeros(3), "probabilities of another shape"),
        (MiniBatchKMeans(3, n_init=1, random_state=0), "_counts", np.zeros(1), "counts of other centers"),
        (KNNClassifier(), "_codes", np.full(100, 2**40), "unknown classes"),
    ],
)
def test_arrays_by_which_compiled_code_counts(digits, model, attribute, array, says):
    X, y = digits
    content = saved(model.fit(X, y % 2))
    refused(with_array(content, attribute, array), says)

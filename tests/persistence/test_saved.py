"""What is saved comes back as it was: every estimator, alone, in Pipelines and in searches."""

import datetime
import io

import numpy as np
import pytest
import torch
from estimators import ESTIMATORS, READERS, SEARCHES, public_estimators
from saved import loaded, saved
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.baselines import make_hog_features, make_hog_svc, make_pca_svc
from skfashion.modules import conv, dense
from skfashion.neural_network import Autoencoder, CNNClassifier, EncoderClassifier, MLPClassifier, MLPRegressor
from skfashion.persistence import read_manifest
from skfashion.persistence._classes import ESTIMATORS as SAVED

METHODS = ("predict", "predict_proba", "transform", "score_samples", "decision_function")


def answers(model, X):
    return {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}


def assert_same(one, other, X):
    expected = answers(one, X)
    found = answers(other, X)
    assert expected.keys() == found.keys()
    assert expected
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert found[name].dtype == values.dtype


def samples_of(model):
    return model.sample(3, random_state=0) if hasattr(model, "sample") else np.zeros(1)


def test_every_public_estimator_can_be_saved():
    assert {each.__name__ for each in SAVED} == public_estimators()


@pytest.mark.parametrize("model", [*ESTIMATORS, *SEARCHES, *READERS], ids=lambda model: type(model).__name__)
def test_unfitted(model):
    again = loaded(saved(model))
    assert repr(again) == repr(model)
    assert saved(again) == saved(model)
    assert not hasattr(again, "n_features_in_")


@pytest.mark.parametrize("model", [*ESTIMATORS, *SEARCHES], ids=lambda model: type(model).__name__)
def test_fitted(model, garments):
    X, y = garments
    model = clone(model).fit(X[:60], y[:60] % 3)
    content = saved(model)
    again = loaded(content)
    if answers(model, X[60:70]):
        assert_same(model, again, X[60:90])
    np.testing.assert_array_equal(samples_of(again), samples_of(model))
    assert saved(again) == content
    assert set(vars(again)) == set(vars(model))


@pytest.mark.parametrize("around", ["Pipeline", "GridSearchCV", "FrozenEstimator"])
@pytest.mark.parametrize("model", [ESTIMATORS[0], ESTIMATORS[6], ESTIMATORS[9], ESTIMATORS[13]], ids=str)
def test_inside_of_others(model, around, garments):
    X, y = garments
    model = clone(model)
    if around == "FrozenEstimator":
        whole = FrozenEstimator(model.fit(X[:60], y[:60] % 3))
    else:
        parameter = "n_components" if hasattr(model, "n_components") else "max_epochs"
        whole = make_pipeline(StandardScaler(), PCA(16, random_state=0), model)
        if around == "GridSearchCV":
            whole = GridSearchCV(whole, {f"{type(model).__name__.lower()}__{parameter}": [1, 2]}, cv=2)
        whole.fit(X[:60], y[:60] % 3)
    again = loaded(saved(whole))
    assert_same(whole, again, X[60:90])
    if around == "GridSearchCV":
        assert again.best_params_ == whole.best_params_
        assert again.cv_results_.keys() == whole.cv_results_.keys()
        assert again.score(X[:60], y[:60] % 3) == whole.score(X[:60], y[:60] % 3)


def test_edges_and_pixels(garments):
    X, y = garments
    model = make_hog_svc(20, pixels_per_cell=(7, 4), random_state=0).fit(X, y)
    assert_same(model, loaded(saved(model)), X[:50])
    encoder = make_pipeline(make_hog_features(20, random_state=0), Autoencoder(2, (8,), max_epochs=1)).fit(X)
    assert_same(encoder, loaded(saved(encoder)), X[:50])


@pytest.mark.parametrize("go_on", ["partial_fit", "warm_start", "partial_fit twice"])
def test_training_goes_on(go_on, garments):
    X, y = garments
    model = MLPClassifier(
        (16,), max_epochs=2, batch_size=32, dropout=0.2, random_state=0, warm_start=True, device="cpu"
    )
    if go_on == "warm_start":
        model.fit(X, y)
    else:
        model.partial_fit(X, y, classes=np.unique(y))
    again = loaded(saved(model))
    for each in (model, again):
        for _ in range(2 if go_on == "partial_fit twice" else 1):
            each.fit(X, y) if go_on == "warm_start" else each.partial_fit(X, y)
    assert_same(model, again, X)
    assert again.history_[-1]["train_loss"] == model.history_[-1]["train_loss"]


@pytest.mark.parametrize("labels", ["texts", "bools", "floats", "objects", "several"])
def test_labels_of_any_kind(labels, garments):
    X, y = garments
    kinds = {
        "texts": np.array(["Hemd", "Schürze", "👗" * 3])[y % 3],
        "bools": y > 4,
        "floats": (y % 3).astype(float),
        "objects": np.array(["a", "b", "c"], dtype=object)[y % 3],
        "several": np.stack([y > 4, y % 2], axis=1).astype(int),
    }
    model = MLPClassifier((8,), max_epochs=1, random_state=0).fit(X, kinds[labels])
    assert_same(model, loaded(saved(model)), X[:50])


@pytest.mark.parametrize("images", ["floats", "colour", "standardised", "frame"])
def test_images_of_any_kind(images, garments):
    pandas = pytest.importorskip("pandas")
    X, y = garments
    kinds = {
        "floats": X / 255,
        "colour": np.repeat(X[:, :300].reshape(-1, 10, 10, 3), 1, axis=0),
        "standardised": StandardScaler().fit_transform(X),
        "frame": pandas.DataFrame(X[:, 300:364], columns=[f"pixel {index}" for index in range(64)]),
    }
    X = kinds[images]
    model = CNNClassifier((conv(4), dense(8)), max_epochs=1, batch_size=64, random_state=0).fit(X, y)
    again = loaded(saved(model))
    assert_same(model, again, X[:50])
    assert again.image_shape_ == model.image_shape_


def test_targets_in_any_unit(garments):
    X, y = garments
    for target in (1e6 * y, np.stack([y, -y], axis=1)):
        model = MLPRegressor((8,), max_epochs=1, random_state=0).fit(X, target)
        assert_same(model, loaded(saved(model)), X[:50])


def test_settings_of_any_kind(garments):
    X, y = garments
    model = MLPClassifier(
        (8,),
        optimizer=torch.optim.RAdam,
        optimizer_params={"betas": (0.8, 0.9)},
        class_weight={0: 2.0, 1: np.float32(0.5)},
        random_state=np.random.RandomState(3),
        device=torch.device("cpu"),
        max_epochs=1,
    )
    model.random_state.normal()  # half of a pair: the other one is part of the state
    again = loaded(saved(model))
    assert again.optimizer is torch.optim.RAdam
    assert again.optimizer_params == {"betas": (0.8, 0.9)}
    assert again.class_weight == {0: 2.0, 1: 0.5}
    assert again.random_state.normal() == model.random_state.normal()
    assert_same(again.fit(X, y), model.fit(X, y), X)


def test_a_frozen_encoder_is_written_once_and_stays_shared(garments):
    X, y = garments
    encoder = Autoencoder(4, (64,), max_epochs=1, random_state=0).fit(X)
    model = EncoderClassifier(FrozenEstimator(encoder), max_epochs=1, random_state=0).fit(X, y)
    search = GridSearchCV(model, {"freeze": [True]}, cv=2).fit(X, y)
    content = saved(search)
    again = loaded(content)
    assert len(content) < 1.2 * len(saved(encoder)) + 60_000
    assert again.estimator.encoder.estimator is again.best_estimator_.encoder.estimator
    assert_same(search, again, X[:50])


def test_searches(garments):
    X, y = garments
    distributions = {"pca__n_components": [4, 8], "svc__C": loguniform(1, 100)}
    search = RandomizedSearchCV(
        make_pca_svc(random_state=0), distributions, n_iter=2, cv=2, scoring="balanced_accuracy", random_state=0
    )
    search.fit(X[:200], y[:200])
    again = loaded(saved(search))
    assert_same(search, again, X[200:250])
    assert again.score(X, y) == search.score(X, y)
    assert again.set_params(random_state=1).fit(X[:100], y[:100]).n_splits_ == 2


def test_a_study_keeps_its_trials(garments):
    pytest.importorskip("optuna")
    X, y = garments
    search = clone(SEARCHES[0]).fit(X[:100], y[:100])
    again = loaded(saved(search))
    for one, other in zip(search.study_.trials, again.study_.trials, strict=True):
        assert (one.params, one.value, one.state, one.user_attrs) == (
            other.params,
            other.value,
            other.state,
            other.user_attrs,
        )
        assert isinstance(other.datetime_start, datetime.datetime)
        assert one.distributions == other.distributions


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_lie_in_memory_as_they_did(order):
    """Products depend on it in their last digit."""
    model = PCA(2)
    whole = np.asarray(np.arange(200.0).reshape(20, 10), order=order)
    for values in (whole, whole.T, whole[:5], whole[:, :3], whole[:5].T, whole[2:9, 1:8]):
        model.components_ = values
        again = loaded(saved(model)).components_
        np.testing.assert_array_equal(again, values)
        assert again.strides == values.strides


def test_a_network_holds_no_training_images(garments):
    X, y = garments
    for model in (ESTIMATORS[0], ESTIMATORS[3], ESTIMATORS[6], ESTIMATORS[8], ESTIMATORS[10], ESTIMATORS[13]):
        few = len(saved(clone(model).fit(X[:60], y[:60] % 3)))
        many = len(saved(clone(model).fit(X[:300], y[:300] % 3)))
        assert abs(many - few) < X[:60].nbytes / 4, type(model).__name__


class Halved(StandardScaler):
    """An estimator of a user, whose parameters mean what the user says."""

    def __init__(self, memory=None):
        super().__init__()
        self.memory = memory


def halve(X):
    return X / 2


def test_own_classes_and_functions_are_passed(garments):
    from sklearn.preprocessing import FunctionTransformer

    X, y = garments
    model = make_pipeline(
        FunctionTransformer(halve), Halved(memory=5), MLPClassifier((8,), max_epochs=1, random_state=0)
    )
    model.fit(X.astype(float), y)
    with pytest.raises(ValueError, match=r"Pipeline.steps\[0\]\[1\].func holds .*halve.* trusted="):
        saved(model)
    with pytest.raises(ValueError, match=r"steps\[1\]\[1\] holds .*Halved"):
        saved(model, trusted=(halve,))
    content = saved(model, trusted=(halve, Halved))
    with pytest.raises(ValueError, match="halve"):
        loaded(content)
    with pytest.raises(ValueError, match="Halved"):
        loaded(content, trusted=(halve,))
    again = loaded(content, trusted=(halve, Halved))
    assert_same(model, again, X[:50].astype(float))
    assert again[1].memory == 5
    assert read_manifest(io.BytesIO(content))["trusted"] == [f"{__name__}.{each.__name__}" for each in (Halved, halve)]
    with pytest.raises(ValueError, match=r"table of what can be loaded.*pass it as trusted=\(\.\.\.\)"):
        loaded(content, trusted=[halve])
    with pytest.raises(ValueError, match="different names"):
        saved(model, trusted=(lambda X: X,))
    with pytest.raises(TypeError, match=r"trusted must be a sequence of classes and functions. Got .*halve"):
        saved(model, trusted=halve)


def test_what_cannot_be_saved_is_named():
    from skorch.callbacks import EpochScoring

    model = MLPClassifier((8,), max_epochs=1, net_params={"callbacks": [EpochScoring("accuracy")]})
    with pytest.raises(
        ValueError, match=r"net_params\['callbacks'\]\[0\] holds an object of the class EpochScoring of skorch"
    ):
        saved(model)
    with pytest.raises(ValueError, match="net_params hold more than callbacks, which is all that can be saved"):
        saved(MLPClassifier((8,), net_params={"iterator_train__drop_last": True}))
    with pytest.raises(ValueError, match=r"CNNClassifier.architecture holds .*<lambda>"):
        saved(CNNClassifier(lambda image_shape, n_outputs: torch.nn.Linear(1, 1)))
    with pytest.raises(TypeError, match=r"Only estimators can be saved. Got dict"):
        saved({"a": model})
    with pytest.raises(TypeError, match=r"Only estimators can be saved. Got ABCMeta"):
        saved(MLPClassifier)
    for metrics in ([0.9], {"accuracy": "0.9"}, {"accuracy": None}, {"accuracy": PCA()}, {1: 0.9}):
        with pytest.raises(ValueError, match="metrics must be a dict"):
            saved(PCA(2), metrics=metrics)
    with pytest.raises(ValueError, match="data_license must be"):
        saved(PCA(2), data_license=3)

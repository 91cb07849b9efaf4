"""What users hand in works, or is refused by its name: augmentations, callbacks, data, parameters."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from processes import run_python
from scipy.sparse import coo_array, csr_matrix
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from skorch.callbacks import BatchScoring, Callback, Checkpoint, EpochScoring, LRScheduler, TrainEndCheckpoint

from skfashion.modules import conv, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    ResNetClassifier,
)

SMALL = {"max_epochs": 1, "random_state": 0}
MODELS = [MLPClassifier((8,), **SMALL), CNNClassifier((conv(4, 5), pool(4)), **SMALL), ConvAutoencoder(4, 4, **SMALL)]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


# --- augmentations


def noisy(dtype):
    def augmentation(images):
        noise = np.random.default_rng(0).normal(0, 0.1, images.shape).astype(dtype)
        return images + torch.from_numpy(noise)

    return augmentation


@EVERY_MODEL
def test_an_augmentation_in_float64_is_that_in_float32(garments, model):
    X, y = garments
    one, two = (clone(model).set_params(augmentation=noisy(dtype)).fit(X, y) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(one.loss_curve_, two.loss_curve_, rtol=1e-4)


@EVERY_MODEL
@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        (lambda images: images * torch.nan, "augmentation must return finite images"),
        (lambda images: images / 0, "augmentation must return finite images"),
        (lambda images: images.to(torch.int64), "augmentation must return floats on cpu.* Got torch.int64"),
        (lambda images: images > 0.5, "augmentation must return floats.* Got torch.bool"),
        (lambda images: images.numpy(), "augmentation must return a tensor of the shape.*Got numpy.ndarray"),
        (lambda images: images[:, :, 1:], "augmentation must return a tensor of the shape.*Got"),
        (lambda images: None, "augmentation must return a tensor of the shape.*Got builtins.NoneType"),
    ],
)
def test_bad_augmentations_are_blamed(garments, model, augmentation, message):
    with pytest.raises(ValueError, match=message):
        clone(model).set_params(augmentation=augmentation).fit(*garments)


@EVERY_MODEL
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_augmentation_may_change_its_input(garments, model, dtype):
    X, y = garments[0].astype(dtype), garments[1]
    X.setflags(write=False)
    before = X.copy()
    in_place = clone(model).set_params(augmentation=lambda images: images.mul_(0.5)).fit(X, y)
    anew = clone(model).set_params(augmentation=lambda images: images * 0.5).fit(X, y)
    np.testing.assert_array_equal(X, before)
    assert in_place.loss_curve_ == anew.loss_curve_


# --- callbacks


class Board(Callback):
    def __init__(self):
        self.lock = threading.Lock()


def test_a_callback_that_cannot_be_copied_works_in_a_search(tiny):
    model = MLPClassifier((4,), net_params={"callbacks": [("board", Board())]}, **SMALL).fit(*tiny)
    search = GridSearchCV(model, {"dropout": [0.0, 0.1]}, cv=2, error_score="raise").fit(*tiny)
    copied = dict(search.best_estimator_.net_params["callbacks"])["board"]
    assert copied is not dict(model.net_params["callbacks"])["board"]
    autoencoder = Autoencoder(2, (4,), net_params=model.net_params, **SMALL).set_output(transform="pandas")
    assert list(clone(autoencoder).fit(*tiny).transform(tiny[0])) == ["autoencoder0", "autoencoder1"]


@pytest.mark.parametrize("callback", [Checkpoint, TrainEndCheckpoint])
@pytest.mark.parametrize("validation", [True, False])
def test_checkpoints_are_written(tiny, tmp_path, callback, validation):
    X, y = tiny
    model = MLPClassifier((4,), net_params={"callbacks": [callback(dirname=str(tmp_path))]}, **SMALL)
    model.fit(X, y, **({"X_val": X, "y_val": y} if validation else {}))
    assert list(tmp_path.glob("*params.pt"))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_scores_of_skorch_are_those_of_scikit_learn(garments, precision):
    X, y = garments
    callbacks = [
        EpochScoring("balanced_accuracy"),
        EpochScoring("accuracy", name="again"),
        EpochScoring("roc_auc_ovr", on_train=True),
        BatchScoring("accuracy", name="by_batch"),
    ]
    cnn = CNNClassifier((conv(4, 5), pool(4)), precision=precision, net_params={"callbacks": callbacks}, **SMALL)
    row = cnn.fit(X[:500], y[:500], X_val=X[500:], y_val=y[500:]).history_[0]
    assert row["again"] == row["by_batch"] == row["valid_accuracy"] == cnn.score(X[500:], y[500:])
    assert 0 < row["roc_auc_ovr"] < 1
    assert cnn.net_.score(X[500:], y[500:]) == row["again"]


def test_an_error_in_a_callback_arrives_as_it_was(tiny):
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("no space left")

        def on_train_end(self, net, **kwargs):
            raise FileNotFoundError("of no interest")

    with pytest.raises(RuntimeError, match="no space left"):
        MLPClassifier((4,), net_params={"callbacks": [Fails()]}, **SMALL).fit(*tiny)


def test_a_scheduler_of_skorch_beside_ours_is_refused(tiny):
    scheduler = {"callbacks": [("rate", LRScheduler("StepLR", step_size=1))]}
    for lr_schedule in ("auto", "onecycle", "cosine"):
        with pytest.raises(ValueError, match=r"LRScheduler, which sets the learning rate.*set lr_schedule=None"):
            MLPClassifier((4,), lr_schedule=lr_schedule, net_params=scheduler).fit(*tiny)
    rates = MLPClassifier((4,), lr_schedule=None, net_params=scheduler, max_epochs=3).fit(*tiny).history_
    np.testing.assert_allclose([row["learning_rate"] for row in rates], [3e-3, 3e-4, 3e-5])


# --- parameters


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("optimizer__momentum", "set optimizer_params, a dict of the arguments of the optimizer"),
        ("net_params__callbacks", "set net_params, a dict such as"),
        ("lr_schedule__step_size", "set lr_schedule, which has no arguments"),
        ("augmentation__p", "set augmentation as a whole"),
    ],
)
def test_names_of_other_libraries_lead_to_ours(tiny, name, hint):
    for model in (MLPClassifier((4,), **SMALL), Autoencoder(2, (4,), **SMALL)):
        with pytest.raises(ValueError, match=f"has no parameter '{name}': {hint}"):
            GridSearchCV(model, {name: [0.9]}, cv=2).fit(*tiny)


def test_a_weight_decay_of_zero_is_none(tiny):
    for optimizer in ("adamw", "adam", "sgd", "rmsprop", torch.optim.RAdam, torch.optim.NAdam):
        models = [MLPClassifier((4,), optimizer=optimizer, weight_decay=d, **SMALL) for d in (0.0, 1e-12, 0.3)]
        none, tiny_decay, some = (model.fit(*tiny).predict_proba(tiny[0]) for model in models)
        np.testing.assert_allclose(none, tiny_decay, atol=1e-6)
        assert not np.allclose(none, some, atol=1e-6)


class DecaysByDefault(torch.optim.SGD):
    def __init__(self, params, lr, weight_decay=100.0):
        super().__init__(params, lr=lr, weight_decay=weight_decay)


def test_no_default_of_an_optimizer_slips_in_behind_ours(tiny):
    model = MLPClassifier((4,), optimizer=DecaysByDefault, learning_rate=0.01, **SMALL).fit(*tiny)
    plain = MLPClassifier((4,), optimizer="sgd", learning_rate=0.01, **SMALL).fit(*tiny)
    np.testing.assert_allclose(model.predict_proba(tiny[0]), plain.predict_proba(tiny[0]), atol=1e-6)


# --- data


@EVERY_MODEL
def test_torch_data_sets_are_refused_by_name(garments, model):
    X, y = garments
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(X.copy()), torch.from_numpy(y.copy()))
    for data, name in (
        (dataset, "torch Dataset"),
        (torch.utils.data.Subset(dataset, range(10)), r"torch Dataset \(Subset\)"),
        (torch.utils.data.DataLoader(dataset), "torch DataLoader"),
    ):
        with pytest.raises(TypeError, match=f"A {name}.*pass its images as one array"):
            clone(model).fit(data, y)


class LazyColumn:
    """A sequence of images that is no list, as libraries of data sets have."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if index >= len(self.images):
            raise IndexError
        return self.images[index]


@EVERY_MODEL
def test_containers_of_pixels_mean_the_same(garments, model):
    X, y = garments
    images = X.reshape(-1, 28, 28)
    first = clone(model).fit(X, y)
    method = "predict_proba" if hasattr(model, "predict_proba") else "transform"
    expected = getattr(first, method)(X)
    for other in (
        csr_matrix(X),
        coo_array(X.astype(float)),
        pd.DataFrame(X).astype("UInt8"),
        pd.DataFrame(X).astype("uint8[pyarrow]"),
        pd.DataFrame(X).astype("Int64"),
        torch.from_numpy(X.copy()),
        LazyColumn(list(images)),
        tuple(images),
    ):
        found = clone(model).fit(other, y)
        np.testing.assert_allclose(getattr(found, method)(other), expected, atol=1e-5)
        np.testing.assert_allclose(getattr(first, method)(other), expected, atol=1e-5) if not isinstance(
            other, pd.DataFrame
        ) else None


@EVERY_MODEL
def test_one_image_is_no_set_of_images(garments, model):
    X, y = garments
    fitted = clone(model).fit(X, y)
    predict = fitted.predict if hasattr(fitted, "predict") else fitted.transform
    for image in (X[0].reshape(28, 28), X[0].reshape(28, 28).tolist()):
        with pytest.raises(ValueError, match=r"X is one image of shape \(28, 28\): pass images, such as X\[None\]"):
            predict(image)


def test_a_model_that_is_unpickled_in_inference_mode_has_gradients(garments):
    X, y = garments
    blob = pickle.dumps(MLPClassifier((8,), **SMALL).fit(X, y))
    with torch.inference_mode():
        module = pickle.loads(blob).module_
    images = torch.full((2, 1, 28, 28), 0.5, requires_grad=True)
    module(images).sum().backward()
    assert images.grad.abs().sum() > 0


def test_labels_and_weights_may_be_tensors(tiny):
    X, y = tiny
    weight = np.linspace(0.5, 1.5, len(y))
    expected = MLPClassifier((4,), **SMALL).fit(X, y, sample_weight=weight).predict_proba(X)
    tensors = (torch.from_numpy(part) for part in (X, y))
    found = MLPClassifier((4,), **SMALL).fit(*tensors, sample_weight=torch.from_numpy(weight))
    np.testing.assert_array_equal(found.predict_proba(torch.from_numpy(X)), expected)


@pytest.mark.slow
def test_array_api_dispatch_changes_nothing():
    run_python(
        """
        import numpy as np, sklearn, torch
        from skfashion.neural_network import Autoencoder, MLPClassifier
        rng = np.random.default_rng(0)
        X, y = rng.random((60, 16), dtype=np.float32), np.arange(60) % 3
        for make in (lambda: MLPClassifier((4,), max_epochs=2, random_state=0),
                     lambda: Autoencoder(2, (4,), max_epochs=2, random_state=0)):
            plain = make().fit(X, y, sample_weight=np.ones(60))
            method = "predict_proba" if hasattr(plain, "predict_proba") else "transform"
            with sklearn.config_context(array_api_dispatch=True):
                tensors = [torch.from_numpy(part) for part in (X, y, np.ones(60))]
                model = make().fit(tensors[0], tensors[1], sample_weight=tensors[2])
                model.partial_fit(tensors[0], tensors[1])
                found = getattr(model, method)(tensors[0])
                assert isinstance(found, np.ndarray)
                plain.partial_fit(X, y)
                np.testing.assert_array_equal(found, getattr(plain, method)(X))
        """,
        SCIPY_ARRAY_API="1",
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_come_out_as_they_went_in(garments, dtype):
    X, y = (garments[0] / 255).astype(dtype), garments[1]
    net = ResNetClassifier(4, **SMALL).fit(X, y)
    for probability in (net.predict_proba(X), net.predict_log_proba(X)):
        assert probability.dtype == dtype
    assert np.abs(net.predict_proba(X).sum(axis=1) - 1).max() < 10 * np.finfo(dtype).eps
    if dtype == "float64":  # whatever images stand beside one
        np.testing.assert_array_equal(
            net.predict_proba(X)[:5], np.concatenate([net.predict_proba(X[k : k + 1]) for k in range(5)])
        )
    autoencoder = Autoencoder(4, (8,), **SMALL).fit(X)
    codes = autoencoder.transform(X)
    for values in (
        codes,
        autoencoder.inverse_transform(codes),
        autoencoder.reconstruct(X),
        autoencoder.score_samples(X),
    ):
        assert values.dtype == dtype
    assert autoencoder.sample(2).dtype == np.float32
    assert net.predict_proba(garments[0]).dtype == np.float32


# --- searches, pipelines, other processes


def test_a_search_stands_for_its_best_encoder(garments):
    X, y = garments
    search = GridSearchCV(Autoencoder(hidden_layer_sizes=(16,), **SMALL), {"latent_dim": [2, 4]}, cv=2).fit(X)
    expected = EncoderClassifier(search.best_estimator_, **SMALL).fit(X, y).predict_proba(X)
    for encoder in (search, FrozenEstimator(search), FrozenEstimator(search.best_estimator_)):
        found = EncoderClassifier(encoder, **SMALL).fit(X, y)
        np.testing.assert_array_equal(found.predict_proba(X), expected)
    assert np.isfinite(cross_val_score(EncoderClassifier(FrozenEstimator(search), **SMALL), X, y, cv=2)).all()
    with pytest.raises(ValueError, match=r"must be an autoencoder of skfashion\.neural_network, a fitted search"):
        EncoderClassifier(GridSearchCV(PCA(random_state=0), {"n_components": [2]}, cv=2).fit(X), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="wrap the fitted search in a FrozenEstimator"):
        EncoderClassifier(clone(search), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="'encoder' parameter of EncoderClassifier must be"):
        EncoderClassifier(make_pipeline(search.best_estimator_), **SMALL).fit(X, y)


@pytest.mark.slow
def test_a_notebook_network_goes_to_workers_and_back():
    """Functions of ``__main__`` go by value, fitted or not."""
    run_python(
        """
        from sklearn.model_selection import GridSearchCV, cross_validate
        from torch import nn
        from skfashion.datasets import make_garments
        from skfashion.neural_network import CNNClassifier

        def mine(image_shape, n_outputs):
            return nn.Sequential(nn.Flatten(), nn.Linear(784, n_outputs))

        X, y = make_garments(100, random_state=0, return_X_y=True)
        for architecture in (mine, lambda image_shape, n: mine(image_shape, n)):
            model = CNNClassifier(architecture, max_epochs=1, random_state=0).fit(X, y)
            search = GridSearchCV(model, {"batch_size": [32, 64]}, cv=2, n_jobs=2, error_score="raise").fit(X, y)
            back = cross_validate(model, X, y, cv=2, n_jobs=2, return_estimator=True, error_score="raise")
            assert back["estimator"][0].predict(X).shape == y.shape
        """
    )


@pytest.mark.slow
def test_a_forked_child_computes_with_what_its_parent_has_fitted():
    run_python(
        """
        import multiprocessing
        import torch
        from skfashion.baselines import KNNClassifier
        from skfashion.datasets import make_garments
        from skfashion.neural_network import CNNClassifier, MLPClassifier

        torch.set_num_threads(2)
        X, y = make_garments(2000, random_state=0, return_X_y=True)
        models = [MLPClassifier((256,), max_epochs=1), CNNClassifier("single", max_epochs=1), KNNClassifier()]
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pass
        for model in models:
            expected = model.fit(X, y).predict(X[:500])
            with multiprocessing.get_context("fork").Pool(1) as pool:
                assert (pool.apply_async(model.predict, (X[:500],)).get(60) == expected).all()
                assert pool.apply_async(model.fit, (X, y)).get(60).predict(X[:500]).shape == (500,)
        assert torch.get_num_threads() == 2
        """
    )

"""VariationalAutoencoder(conditional=True): images of chosen classes."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skfashion.modules import VariationalModule
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    ConvAutoencoder,
    EncoderClassifier,
    VariationalAutoencoder,
)
from skfashion.persistence import load, save

DENSE = {"n_channels": (), "hidden_layer_sizes": (64,), "batch_size": 32, "random_state": 0}
QUICK = VariationalAutoencoder(
    2, n_channels=(), hidden_layer_sizes=(8,), max_epochs=2, conditional=True, random_state=0
)


NEEDS_LABELS = "score_samples needs the class of each image, which the check does not give it."
OTHER_BATCHES = "As of any network: weighing an image twice and showing it twice cut the data into other batches."
EXPECTED_FAILURES = {
    "check_methods_sample_order_invariance": NEEDS_LABELS,
    "check_methods_subset_invariance": NEEDS_LABELS,
    "check_sample_weight_equivalence_on_dense_data": OTHER_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": OTHER_BATCHES,
}


@pytest.mark.filterwarnings("ignore:.*it is dead")
@parametrize_with_checks(
    [clone(QUICK).set_params(max_epochs=5, device="cpu")], expected_failed_checks=lambda _: EXPECTED_FAILURES
)
def test_estimator(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), np.array([f"digit {label}" for label in y])


@pytest.fixture(scope="module")
def model(digits):
    X, y = digits
    return VariationalAutoencoder(6, conditional=True, beta=0.1, max_epochs=20, **DENSE).fit(X[:1200], y[:1200])


@pytest.fixture(scope="module")
def labelled():
    rng = np.random.default_rng(0)
    y = np.array(["left", "middle", "right"])[np.arange(60) % 3]
    X = rng.normal(size=(60, 6)).astype(np.float32)
    X[:, :3] += 4 * np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    return X, y


def test_samples_are_recognised(digits, model):
    """By a classifier that has seen neither the samples nor the images of the fit."""
    X, y = digits
    judge = KNeighborsClassifier(5).fit(X[1200:], y[1200:])
    asked = np.repeat(model.classes_, 40)
    samples = model.sample(len(asked), y=asked, random_state=0)
    assert (judge.predict(samples) == asked).mean() > 0.9
    one_by_one = np.vstack([model.sample(40, y=label, random_state=0) for label in model.classes_])
    assert (judge.predict(one_by_one) == asked).mean() > 0.9


def test_the_mean_of_samples_is_nearest_to_that_of_their_class(digits, model):
    X, y = digits
    means = np.array([X[1200:][y[1200:] == label].mean(axis=0) for label in model.classes_])
    made = np.array([model.sample(200, y=label, random_state=0).mean(axis=0) for label in model.classes_])
    distances = ((made[:, None] - means) ** 2).sum(axis=2)
    assert distances.argmin(axis=1).tolist() == list(range(10))


def test_samples_of_a_class_differ_from_each_other(digits, model):
    """By more than half of what images of the class do, in the standard deviation of pixels."""
    X, y = digits
    for label in ("digit 1", "digit 8"):
        made = model.sample(200, y=label, random_state=0).std(axis=0).mean()
        assert made > 0.5 * X[y == label].std(axis=0).mean()


def test_codes_say_little_of_the_class(digits, model):
    """The decoder knows it, so that the divergence has no reason to pay for it."""
    X, y = digits
    plain = clone(model).set_params(conditional=False).fit(X[:1200])

    def accuracy(autoencoder):
        codes = autoencoder.transform(X)
        return LogisticRegression().fit(codes[:1200], y[:1200]).score(codes[1200:], y[1200:])

    assert accuracy(plain) > 0.7
    assert accuracy(model) < accuracy(plain) - 0.25


def test_the_right_class_reconstructs_best(digits, model):
    X, y = digits[0][1200:], digits[1][1200:]
    wrong = np.roll(model.classes_, 1)[np.searchsorted(model.classes_, y)]
    assert model.score(X, y) > model.score(X, wrong) + 0.01
    assert model.elbo(X, y, random_state=0).mean() > model.elbo(X, wrong, random_state=0).mean()
    assert model.score(X, y) == pytest.approx(-((model.reconstruct(X, y) - X) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X), y), model.reconstruct(X, y), atol=1e-5)
    np.testing.assert_allclose(model.score_samples(X, y).mean(), model.score(X, y), rtol=1e-5)


def test_images_do_not_depend_on_those_beside_them(digits, model):
    X, y = digits[0][:70].astype(np.float64), digits[1][:70]
    alone = np.vstack([model.reconstruct(X[[index]], y[[index]]) for index in range(0, 70, 7)])
    np.testing.assert_array_equal(model.reconstruct(X, y)[::7], alone)


def test_what_the_decoder_is_told():
    layers = {"hidden_layer_sizes": (5,), "activation": "silu", "dropout": 0.0, "batch_norm": False}
    with torch.random.fork_rng():
        module = VariationalModule((1, 2, 3), 2, n_classes=3, **layers)
        codes = torch.randn(4, 2)
    labels = torch.tensor([0, 2, 2, 1])
    first, *others = module.decoder
    told = [
        torch.cat([code, torch.eye(3)[label]]) @ first.weight.T + first.bias
        for code, label in zip(codes, labels, strict=True)
    ]
    expected = torch.sigmoid(torch.nn.Sequential(*others)(torch.stack(told)))
    torch.testing.assert_close(module.decode(codes, labels), expected)
    with pytest.raises(ValueError, match="conditioned on 3 classes needs the labels"):
        module.decode(codes)


def test_labels_are_ignored_without_it(labelled):
    X, y = labelled
    plain = clone(QUICK).set_params(conditional=False)
    expected = clone(plain).fit(X).transform(X)
    np.testing.assert_array_equal(clone(plain).fit(X, y).transform(X), expected)
    np.testing.assert_array_equal(make_pipeline(clone(plain)).fit_transform(X, y), expected)
    search = GridSearchCV(plain, {"beta": [1.0]}, cv=2).fit(X, y)
    np.testing.assert_array_equal(search.best_estimator_.transform(X), expected)
    assert not hasattr(plain.fit(X, y), "classes_")
    assert not hasattr(plain, "class_count_")


@pytest.mark.parametrize(
    "autoencoder",
    [
        clone(QUICK).set_params(conditional=False),
        Autoencoder(2, (8,), max_epochs=1, random_state=0),
        ConvAutoencoder(2, 2, image_shape=(2, 3), max_epochs=1, random_state=0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_others_refuse_to_draw_a_class(labelled, autoencoder):
    X, y = labelled
    fitted = clone(autoencoder).fit(X, y)
    for call in (
        lambda: fitted.sample(2, y="left"),
        lambda: fitted.reconstruct(X, y),
        lambda: fitted.score_samples(X, y),
        lambda: fitted.inverse_transform(fitted.transform(X), y),
    ):
        with pytest.raises(ValueError, match="takes no y here: the model was fitted without classes"):
            call()
    assert fitted.score(X, y) == pytest.approx(fitted.score(X))


@pytest.mark.parametrize("name", [str, int, float, bool], ids=lambda kind: kind.__name__)
def test_labels_of_any_kind(labelled, name):
    X, y = labelled
    labels = np.array([name(index) for index in np.unique(y, return_inverse=True)[1]])
    model = clone(QUICK).fit(X, labels)
    assert model.classes_.dtype == labels.dtype
    assert model.classes_.tolist() == np.unique(labels).tolist()
    expected = clone(QUICK).fit(X, np.unique(labels, return_inverse=True)[1]).sample(5, y=1, random_state=0)
    np.testing.assert_array_equal(model.sample(5, y=model.classes_[1], random_state=0), expected)


def test_bad_labels(labelled):
    X, y = labelled
    for bad, message in (
        (None, "requires y to be passed"),
        (y[:-1], "inconsistent numbers of samples"),
        (np.linspace(0, 1, 60), "continuous"),
        (X, "1d array"),
    ):
        with pytest.raises(ValueError, match=message):
            clone(QUICK).fit(X, bad)
    model = clone(QUICK).fit(X, y)
    known = r"the classes that were fitted are \['left', 'middle', 'right'\]"
    for call, message in (
        (lambda: model.sample(2, y="up"), f"sample knows no class 'up': {known}"),
        (lambda: model.sample(2, y=0), f"sample knows no class 0: {known}"),
        (lambda: model.sample(2, y=["left", "up"]), f"sample knows no class 'up': {known}"),
        (lambda: model.sample(2, y=["left"]), r"must be one label, or 2, one for each image. Got .* shape \(1,\)"),
        (lambda: model.sample(2, y=[["left", "left"]]), r"Got an array of shape \(1, 2\)"),
        (lambda: model.reconstruct(X), "reconstruct needs y, the class of each image, or one for all: of "),
        (lambda: model.inverse_transform(model.transform(X)), "inverse_transform needs y"),
        (lambda: model.score(X), "score_samples needs y"),
        (lambda: model.score_samples(X), "score_samples needs y"),
        (lambda: model.elbo(X), "elbo needs y"),
        (lambda: model.reconstruct(X, y[:3]), "must be one label, or 60"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_class_without_weight_is_none(labelled):
    X, y = labelled
    weight = np.where(y == "left", 0.0, np.where(y == "middle", 2.0, 1.0))
    model = clone(QUICK).fit(X, y, sample_weight=weight)
    assert model.classes_.tolist() == ["middle", "right"]
    assert model.class_count_.tolist() == [40, 20]
    without = clone(QUICK).fit(X[y != "left"], y[y != "left"], sample_weight=weight[y != "left"])
    np.testing.assert_allclose(model.sample(4, random_state=0), without.sample(4, random_state=0), atol=1e-6)
    with pytest.raises(ValueError, match="knows no class 'left'"):
        model.sample(y="left")


def test_classes_are_drawn_as_often_as_they_were_seen(labelled):
    X, y = labelled
    kept = np.flatnonzero((y != "left") | (np.arange(60) < 15))  # 5, 20 and 20 images
    model = clone(QUICK).fit(X[kept], y[kept])
    codes = np.zeros((1, 2), dtype=np.float32)
    only = [model.inverse_transform(codes, [label])[0] for label in model.classes_]
    model.module_.decoder[0].weight.data[:, :2] = 0  # what is drawn depends on nothing but the class
    drawn = model.sample(3000, random_state=0)
    shares = [(np.abs(drawn - image).max(axis=1) < 1e-5).mean() for image in only]
    np.testing.assert_allclose(shares, np.array([5, 20, 20]) / 45, atol=0.03)


def test_each_sample_has_its_class(labelled):
    model = clone(QUICK).fit(*labelled)
    model.module_.decoder[0].weight.data[:, :2] = 0  # all codes of a class have one image
    expected = {label: model.inverse_transform(np.zeros((1, 2)), label)[0] for label in model.classes_}
    asked = np.array(["right", "left", "left", "middle"])
    for sample, label in zip(model.sample(4, y=asked, random_state=7), asked, strict=True):
        np.testing.assert_allclose(sample, expected[label], atol=1e-6)


def test_codes_of_a_class_are_drawn_like_those_of_its_images(digits, model):
    """The mean and the variance of what is drawn for the training images of the class."""
    X, y = digits[0][:1200], digits[1][:1200]
    for index, label in enumerate(model.classes_):
        with torch.inference_mode():
            images = torch.from_numpy(X[y == label]).view(-1, 1, 8, 8)
            mean, log_variance = (each.double().numpy() for each in model.module_.posterior(images))
        noise = np.random.default_rng(0).normal(size=(400, *mean.shape))
        drawn = (mean + np.exp(log_variance / 2) * noise).reshape(-1, 6)
        np.testing.assert_allclose(model._codes_of_classes[1][index], drawn.mean(axis=0), atol=0.02)
        np.testing.assert_allclose(model._codes_of_classes[2][index], np.cov(drawn.T), atol=0.05)


def test_distributions_of_two_passes_are_pooled(labelled):
    """Where the weights of the network stay as they are, two passes describe what one does."""
    X, y = labelled
    still = clone(QUICK).set_params(learning_rate=1e-30, lr_schedule=None, max_epochs=1)
    with pytest.warns(UserWarning, match="did not change a weight"):
        whole = clone(still).fit(X, y)
    parts = (
        clone(still).partial_fit(X[:24], y[:24]).partial_fit(X[24:33][y[24:33] != "left"], y[24:33][y[24:33] != "left"])
    )
    kept = np.r_[np.arange(24), 24 + np.flatnonzero(y[24:33] != "left")]
    with pytest.warns(UserWarning, match="did not change a weight"):
        whole = clone(still).fit(X[kept], y[kept])
    for found, expected in zip(parts._codes_of_classes, whole._codes_of_classes, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_training_goes_on(labelled):
    X, y = labelled
    model = clone(QUICK).partial_fit(X[:30], y[:30])
    model.partial_fit(X[30:45], np.full(15, "left"))
    assert model.classes_.tolist() == ["left", "middle", "right"]
    assert model.class_count_.tolist() == [25, 10, 10]
    before = model.sample(5, y="left", random_state=0)
    with pytest.raises(ValueError, match="knows no class 'up': the classes that were fitted are"):
        model.partial_fit(X[:2], ["up", "left"])
    assert model.class_count_.tolist() == [25, 10, 10]
    np.testing.assert_array_equal(model.sample(5, y="left", random_state=0), before)
    model.set_params(warm_start=True).fit(X[:30], y[:30])
    assert model.n_epochs_ == 4
    assert model.class_count_.tolist() == [10, 10, 10]
    with pytest.raises(ValueError, match=r"would go on from a fit on .*, but y holds none of \['middle', 'right'\]"):
        model.fit(X[y == "left"], y[y == "left"])
    with pytest.raises(ValueError, match="describe another network"):
        model.set_params(conditional=False).fit(X, y)
    assert clone(model).fit(X, y).n_epochs_ == 2


def test_it_is_kept(labelled, tmp_path):
    X, y = labelled
    model = clone(QUICK).partial_fit(X, y)
    save(model, tmp_path / "model.skf")
    for kept in (pickle.loads(pickle.dumps(model)), load(tmp_path / "model.skf")):
        np.testing.assert_array_equal(
            kept.sample(5, y="right", random_state=0), model.sample(5, y="right", random_state=0)
        )
        assert kept.class_count_.tolist() == [20, 20, 20]
        clone(kept).fit(X, y)
    np.testing.assert_array_equal(
        load(tmp_path / "model.skf").partial_fit(X, y).transform(X), model.partial_fit(X, y).transform(X)
    )


@pytest.mark.filterwarnings("ignore:.*it is dead")
def test_in_scikit_learn(labelled):
    X, y = labelled
    scores = cross_val_score(make_pipeline(MinMaxScaler(), clone(QUICK)), X, y, cv=2, error_score="raise")
    assert (scores < 0).all()
    search = GridSearchCV(QUICK, {"latent_dim": [1, 2]}, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.sample(3, y="left").shape == (3, 6)
    weight = np.ones(60)
    stopped = clone(QUICK).set_params(early_stopping=True, max_epochs=3)
    assert "valid_kl" in stopped.fit(X, y, sample_weight=weight, X_val=X, y_val=y).history_[0]
    assert "valid_kl" in stopped.fit(X, y).history_[0]
    with pytest.raises(ValueError, match="requires y"):
        stopped.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="y_val knows no class 'up'"):
        stopped.fit(X, y, X_val=X[:1], y_val=["up"])


def test_inside_of_others(labelled):
    X, y = labelled
    fitted = clone(QUICK).fit(X, y)
    assert EncoderClassifier(fitted, (4,), max_epochs=1, random_state=0).fit(X, y).score(X, y) > 0
    with pytest.raises(ValueError, match="EncoderClassifier trains its VariationalAutoencoder without labels"):
        EncoderClassifier(QUICK, (4,), max_epochs=1).fit(X, y)
    for autoencoder in (fitted, QUICK):
        with pytest.raises(ValueError, match="it reconstructs an image only if it is given the class"):
            AutoencoderOutlierDetector(autoencoder).fit(X)


def test_a_stream_may_name_its_classes_at_first(labelled):
    X, y = labelled
    classes = np.unique(y)
    first = y == classes[0]
    model = clone(QUICK).partial_fit(X[first], y[first], classes=classes)
    np.testing.assert_array_equal(model.classes_, classes)
    assert model.class_count_.tolist() == [first.sum(), *[0] * (len(classes) - 1)]
    with pytest.raises(ValueError, match=r"has no image of class .* to draw from so far"):
        model.sample(2, y=classes[-1])
    assert len(model.sample(5, random_state=0)) == 5  # of the class that was seen
    model.partial_fit(X[~first], y[~first])
    assert model.class_count_.sum() == len(y)
    model.sample(2, y=classes[-1])
    with pytest.raises(ValueError, match="and cannot become"):
        model.partial_fit(X, y, classes=classes[:2])
    with pytest.raises(ValueError, match="classes must be None: the model is not conditional"):
        VariationalAutoencoder(2).partial_fit(X, classes=classes)


@pytest.mark.parametrize("conditional", [False, True])
def test_parameters_set_later_do_not_make_a_fitted_model_conditional(tiny, conditional):
    X, y = tiny
    model = VariationalAutoencoder(2, n_channels=(4,), conditional=conditional, max_epochs=1, random_state=0)
    model.fit(X, y).set_params(conditional=not conditional)
    detector = AutoencoderOutlierDetector(FrozenEstimator(model), random_state=0)
    if conditional:
        with pytest.raises(ValueError, match="conditional=True"):
            detector.fit(X)
        assert np.isfinite(model.score(X, y))
    else:
        detector.fit(X)
        with pytest.raises(ValueError, match="the model is not conditional"):
            model.partial_fit(X, classes=[0, 1, 2])


def test_a_weight_of_k_describes_the_codes_of_a_class_as_k_copies_do(labelled):
    """Also how much the codes of a single image vary; weights of the network stay as they are."""
    X, y = labelled
    times = np.where(X[:, 3] > 0.5, 5, 1)
    model = clone(QUICK).set_params(optimizer="sgd", learning_rate=1e-30, batch_size=60, max_epochs=1)
    described = []
    for given in ((X, y, times), (X.repeat(times, axis=0), y.repeat(times), None)):
        with pytest.warns(UserWarning, match="did not change a weight"):
            described.append(clone(model).fit(*given)._codes_of_classes[1:])
    for one, other in zip(*described, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)

"""Saliency maps by occlusion, against brute force and closed forms, and what every method takes and refuses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skfashion.baselines import ClusterClassifier, KNNClassifier, SubspaceClassifier, make_pca_svc
from skfashion.inspection import saliency
from skfashion.neural_network import MLPClassifier


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


@pytest.fixture(scope="module")
def linear(digits):
    return RidgeClassifier().fit(*digits)


@pytest.fixture(scope="module")
def logistic(digits):
    return LogisticRegression(max_iter=3000).fit(digits[0] / 16, digits[1])


def by_brute_force(score, X, targets, baseline, size, stride):
    """The mean fall of the score over the patches that cover a pixel, with loops alone."""
    maps = np.zeros((len(X), *X.shape[1:]))
    height, width = X.shape[1:]
    tops = sorted({*range(0, height - size + 1, stride), height - size})
    lefts = sorted({*range(0, width - size + 1, stride), width - size})
    for n, image in enumerate(X):
        whole = score(image.reshape(1, -1))[0, targets[n]]
        falls = [[[] for _ in range(width)] for _ in range(height)]
        for top in tops:
            for left in lefts:
                covered = image.copy()
                covered[top : top + size, left : left + size] = baseline[top : top + size, left : left + size]
                fall = whole - score(covered.reshape(1, -1))[0, targets[n]]
                for row in range(top, top + size):
                    for column in range(left, left + size):
                        falls[row][column].append(fall)
        maps[n] = [[np.mean(each) for each in row] for row in falls]
    return maps


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 2), (4, 4), (3, 3), (8, 5)])
@pytest.mark.parametrize("baseline", [None, 7.5, "mean"])
def test_occlusion_is_brute_force(digits, logistic, size, stride, baseline):
    X, y = digits[0][:3] / 16, digits[1][:3]
    ground = {None: np.zeros((8, 8)), 7.5: np.full((8, 8), 0.5), "mean": X.mean(axis=0).reshape(8, 8)}[baseline]
    given = 0.5 if baseline == 7.5 else baseline
    found = saliency(logistic, X, y, patch_size=size, stride=stride, baseline=given)
    expected = by_brute_force(logistic.predict_proba, X.reshape(-1, 8, 8), y, ground, size, stride)
    np.testing.assert_allclose(found.maps, expected, atol=1e-12)
    np.testing.assert_allclose(found.scores, logistic.predict_proba(X)[np.arange(3), y])
    np.testing.assert_allclose(found.baseline_scores, logistic.predict_proba(ground.reshape(1, -1))[0, y])
    assert found.response == "probability"
    assert found.errors is None


def test_of_a_linear_model_each_pixel_counts_by_its_weight(digits, linear):
    X = digits[0][:20]
    found = saliency(linear, X, patch_size=1)
    assert found.response == "decision"
    np.testing.assert_array_equal(found.classes, linear.predict(X))
    np.testing.assert_allclose(found.maps.reshape(20, -1), linear.coef_[found.classes] * X, atol=1e-12)
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)), found.scores - found.baseline_scores)


def test_of_two_classes_one_speaks_against_the_other(digits):
    X, y = digits[0][digits[1] < 2], digits[1][digits[1] < 2]
    model = SVC().fit(X, y)
    zero, one = (saliency(model, X[:4], label) for label in (0, 1))
    np.testing.assert_allclose(zero.maps, -one.maps)
    np.testing.assert_allclose(one.scores, model.decision_function(X[:4]))
    assert one.classes.tolist() == [1] * 4


def test_the_means_of_classes(digits, logistic):
    X, y = digits[0][:100] / 16, digits[1][:100]
    single, mean = (saliency(logistic, X, y, average=average, stride=1) for average in (False, True))
    assert mean.classes.tolist() == list(range(10))
    assert mean.counts.tolist() == np.bincount(y).tolist()
    assert single.counts.tolist() == [1] * 100
    for label in range(10):
        np.testing.assert_allclose(mean.maps[label], single.maps[y == label].mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(mean.scores[label], single.scores[y == label].mean())
    some = saliency(logistic, X[y > 6], average=True)
    assert set(some.classes) == set(logistic.predict(X[y > 6]))


def test_blocks_change_nothing(digits, logistic, monkeypatch):
    X = digits[0][:12] / 16
    expected = [saliency(logistic, X, average=average).maps for average in (False, True)]
    for block in (1, 64 * 50, 64 * 200):
        monkeypatch.setattr("skfashion.inspection._occlusion._BLOCK", block)
        for average, maps in zip((False, True), expected, strict=True):
            np.testing.assert_allclose(saliency(logistic, X, average=average).maps, maps, atol=1e-12)


FITTED = {
    "subspaces": SubspaceClassifier(5),
    "clusters": ClusterClassifier(make_pipeline(PCA(5), KMeans(20, random_state=0))),
    "neighbours": KNNClassifier(5),
    "PCA and SVC": make_pca_svc(10, random_state=0),
    "scaled": make_pipeline(StandardScaler(), PCA(10), LogisticRegression(max_iter=3000)),
    "several pairs": OneVsRestClassifier(SVC()),
    "network": MLPClassifier((16,), max_epochs=2, random_state=0),
}


@pytest.mark.parametrize("name", FITTED)
def test_any_classifier_is_explained(garments, name):
    X, y = garments
    model = clone(FITTED[name]).fit(X, y)
    score = model.predict_proba if hasattr(model, "predict_proba") else model.decision_function
    found = saliency(model, X[:2], y[:2], patch_size=14, stride=14)
    top_left = X[:2].reshape(-1, 28, 28).copy()
    top_left[:, :14, :14] = 0
    rows = np.arange(2), y[:2]
    fall = score(X[:2])[rows] - score(top_left.reshape(2, -1))[rows]
    np.testing.assert_allclose(found.maps[:, 3, 3], fall, atol=1e-6)
    assert (found.maps.reshape(2, 2, 14, 2, 14).std(axis=(2, 4)) < 1e-12).all()
    frozen = FrozenEstimator(model)
    for wrapped in (frozen, GridSearchCV(make_pipeline(frozen), {}, cv=2).fit(X[:100], y[:100])):
        np.testing.assert_array_equal(saliency(wrapped, X[:2], y[:2], patch_size=14, stride=14).maps, found.maps)


@pytest.mark.parametrize("labels", ["names", "booleans", "gaps"])
def test_labels_of_any_kind(digits, labels):
    X, y = digits
    X, y = X[y < 2], y[y < 2]
    classes = {"names": np.array(["Coat", "Bag"]), "booleans": np.array([False, True]), "gaps": np.array([7, -3])}
    expected = saliency(LogisticRegression(max_iter=3000).fit(X, y), X[:3], y[:3])
    given = classes[labels][y]
    model = LogisticRegression(max_iter=3000).fit(X, given)
    found = saliency(model, X[:3], given[:3])
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-4)
    assert found.classes.tolist() == given[:3].tolist()
    one = saliency(model, X[:3], given[0])
    assert one.classes.tolist() == [given[0]] * 3


def test_frames_keep_the_names_of_their_columns(digits):
    X, y = digits
    frame = pd.DataFrame(X, columns=[f"pixel{column}" for column in range(64)])
    model = LogisticRegression(max_iter=3000).fit(frame, y)
    expected = saliency(LogisticRegression(max_iter=3000).fit(X, y), X[:2])
    np.testing.assert_allclose(saliency(model, frame[:2]).maps, expected.maps)


def test_levels_floats_and_layouts_of_colour_images_give_the_same_maps():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (40, 6, 8, 3), dtype=np.uint8), np.arange(40) % 2
    X[y == 1, :3, :, 0] //= 4
    model = MLPClassifier((8,), max_epochs=5, batch_size=8, random_state=0).fit(X, y)
    expected = saliency(model, X[:3], y[:3]).maps
    assert expected.shape == (3, 6, 8)
    first = np.moveaxis(X, -1, 1)
    for given in (first[:3], X[:3].reshape(3, -1), X[:3].astype(float), X[:3] / 255):
        np.testing.assert_allclose(saliency(model, given, y[:3]).maps, expected, atol=1e-6)
    knn = KNNClassifier(3).fit(first.reshape(40, -1), y)
    rows = saliency(knn, first[:3].reshape(3, -1), y[:3], image_shape=(3, 6, 8), patch_size=6)
    last = KNNClassifier(3).fit(X.reshape(40, -1), y)
    np.testing.assert_allclose(
        saliency(last, X[:3].reshape(3, -1), y[:3], image_shape=(6, 8, 3), patch_size=6).maps, rows.maps, atol=1e-6
    )


def test_the_mean_as_a_baseline_of_levels_is_whole(garments):
    X, y = garments
    model = KNNClassifier(5).fit(X, y)
    mean = np.rint(X[:20].mean(axis=0))
    found = saliency(model, X[:20], baseline="mean")
    for image in (mean, mean.reshape(28, 28), mean.reshape(1, 28, 28).astype(np.uint8)):
        np.testing.assert_array_equal(saliency(model, X[:20], baseline=image).maps, found.maps)
    np.testing.assert_allclose(found.baseline_scores, model.predict_proba(mean[None])[0, found.classes])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "gradients"}, "method must be one of"),
        ({"response": "log"}, "response must be one of"),
        ({"y": 17}, "saliency knows no class 17: the classes that were fitted are"),
        ({"y": [0, 1]}, "inconsistent numbers of samples"),
        ({"y": ["0"] * 5}, "saliency knows no class '0': the classes"),
        ({"n_steps": 3}, "method='occlusion' does not read the argument n_steps"),
        ({"method": "grad_cam", "baseline": "mean"}, "method='grad_cam' does not read the argument baseline"),
        ({"method": "integrated_gradients", "response": "decision"}, "explains the response 'logit' or 'probability'"),
        ({"patch_size": 9}, "patch_size == 9, must be <= 8"),
        ({"patch_size": 2, "stride": 3}, "stride == 3, must be <= 2"),
        ({"baseline": "median"}, "baseline must be None, a number, 'mean' or an image"),
        ({"baseline": np.zeros(63)}, "baseline must be one image of"),
        ({"baseline": np.zeros((8, 9))}, "baseline must be one image of"),
        ({"baseline": np.full(64, np.nan)}, "baseline must be one image of .* NaN"),
        ({"baseline": np.inf}, "baseline must be finite"),
        ({"baseline": 255}, r"X holds values in \[0, 1\], so baseline must, too"),
        ({"image_shape": (7, 9)}, "image_shape"),
    ],
)
def test_what_is_refused(digits, logistic, arguments, message):
    with pytest.raises(ValueError, match=message):
        saliency(logistic, digits[0][:5] / 16, **arguments)


def test_images_and_estimators_that_are_refused(digits, garments, logistic, linear):
    X, y = digits[0] / 16, digits[1]
    with pytest.raises(ValueError, match="contains NaN"):
        saliency(logistic, np.full((2, 64), np.nan))
    with pytest.raises(ValueError, match="whole numbers from 0 to 255"):
        saliency(KNNClassifier().fit(*garments), garments[0][:5], baseline=0.5)
    with pytest.raises(NotFittedError):
        saliency(LogisticRegression(), X)
    with pytest.raises(NotFittedError):
        saliency(GridSearchCV(LogisticRegression(), {}), X)
    with pytest.raises(TypeError, match="LinearRegression is not a classifier"):
        saliency(LinearRegression().fit(X, y), X)
    with pytest.raises(ValueError, match="predicts several labels for an image"):
        saliency(OneVsRestClassifier(LogisticRegression()).fit(X, np.eye(10, dtype=int)[y]), X)
    with pytest.raises(ValueError, match="for each pair of classes"):
        saliency(SVC(decision_function_shape="ovo").fit(X[y < 3], y[y < 3]), X[:2])
    with pytest.raises(TypeError, match="RidgeClassifier has no predict_proba"):
        saliency(linear, X[:2], response="probability")
    with pytest.raises(TypeError, match="response='logit' needs a neural classifier"):
        saliency(logistic, X[:2], response="logit")
    with pytest.raises(TypeError, match="has no decision_function"):
        saliency(KNNClassifier().fit(X, y), X[:2], response="decision")


def test_the_logit_of_a_network_behind_components(garments):
    X, y = garments
    model = make_pipeline(PCA(10, whiten=True), MLPClassifier((8,), max_epochs=2, batch_size=32, random_state=0)).fit(
        X, y
    )
    found = saliency(model, X[:3], y[:3], response="logit", patch_size=28)
    logits = np.log(model.predict_proba(np.concatenate([X[:3], np.zeros_like(X[:1])])))
    # The softmax of the scores of one class only: differences of logits between classes are those of log probabilities.
    other = saliency(model, X[:3], (y[:3] + 1) % 10, response="logit", patch_size=28)
    rows = np.arange(3)
    np.testing.assert_allclose(
        found.scores - other.scores, logits[rows, y[:3]] - logits[rows, (y[:3] + 1) % 10], atol=1e-4
    )
    np.testing.assert_allclose(found.maps[:, 0, 0], found.scores - found.baseline_scores)


@pytest.mark.parametrize(
    ("shape", "size", "stride"), [((14, 28), 2, 1), ((28, 14), 2, 1), ((28, 28), 4, 2), ((3, 40), 1, 1)]
)
def test_squares_are_a_seventh_of_the_shorter_side(shape, size, stride):
    X, y = np.random.default_rng(0).random((20, shape[0] * shape[1])), np.arange(20) % 2
    model = LogisticRegression().fit(X, y)
    found = saliency(model, X[:2], image_shape=shape)
    expected = saliency(model, X[:2], image_shape=shape, patch_size=size, stride=stride)
    np.testing.assert_array_equal(found.maps, expected.maps)

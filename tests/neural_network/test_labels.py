"""Labels: those of another dtype than the classes, those that are no classes, and those that are missing."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skfashion.baselines import ClusterClassifier, KNNClassifier, SubspaceClassifier
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    EncoderClassifier,
    MLPClassifier,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)

MLP = MLPClassifier((4,), max_epochs=1, random_state=0)
PETS = np.array(["cat", "dog"])

# Classes of a fit and labels that come later: numpy would cast these into the classes.
FOREIGN = {
    "longer strings": (PETS, np.array(["cat", "dogfish"]), r"unseen labels: 'dogfish'\. The classes are"),
    "ints beyond the bytes": (np.array([0, 1], np.uint8), np.array([256, 1]), r"unseen labels: 256\. The classes are"),
    "negative ints": (np.array([0, 255], np.uint8), np.array([0, -1]), r"unseen labels: -1\. The classes are"),
    "ints beside bools": (np.array([False, True]), np.array([0, 7]), r"unseen labels: 7\. The classes are"),
    "strings beside bools": (
        np.array([False, True]),
        np.array(["False", "True"]),
        r"unseen labels: 'False'\. The classes are",
    ),
    "strings beside ints": (np.array([0, 1]), np.array(["0", "1"]), r"unseen labels: '0'\. The classes are"),
    "fractions": (np.array([0, 1]), np.array([0.0, 1.5]), "Unknown label type"),
}


def partial_fits(model, X, known, y):
    model.partial_fit(X, known, classes=np.unique(known)).partial_fit(X, y)


def warm_fits(model, X, known, y):
    model.set_params(warm_start=True).fit(X, known).fit(X, y)


def validates(model, X, known, y):
    model.fit(X, known, X_val=X, y_val=y)


def validates_by_weights(model, X, known, y):
    model.set_params(class_weight=dict.fromkeys(np.unique(known).tolist(), 2.0)).fit(X, known, X_val=X, y_val=y)


@pytest.mark.parametrize("come", [partial_fits, warm_fits, validates, validates_by_weights])
@pytest.mark.parametrize("name", FOREIGN)
def test_labels_that_are_no_class_are_not_cast_into_one(tiny, name, come):
    known, other, named = FOREIGN[name]
    which = tiny[1] % 2
    with pytest.raises(ValueError, match=named):
        come(clone(MLP), tiny[0], known[which], other[which])


@pytest.mark.parametrize(
    "model", [EncoderClassifier(Autoencoder(2, max_epochs=1), max_epochs=1), SemiSupervisedClassifier(MLP)]
)
def test_inner_networks_do_not_cast_labels_either(tiny, model):
    X, which = tiny[0], tiny[1] % 2
    with pytest.raises(ValueError, match=r"previously unseen labels: 'dogfish'\. The classes are \['cat', 'dog'\]"):
        model.fit(X, PETS[which], X_val=X, y_val=np.array(["cat", "dogfish"])[which])


@pytest.mark.parametrize(
    ("known", "same"),
    [
        (np.array([0, 1], np.uint8), np.array([0.0, 1.0])),
        (np.array([False, True]), np.array([0, 1])),
        (PETS, PETS.astype(object)),
        (PETS.astype("<U40"), PETS),
        (np.array(["2020-01-01", "2020-01-02"], "M8[D]"), np.array(["2020-01-01", "2020-01-02"], "M8[ns]")),
        (np.array([1, 2], "m8[s]"), np.array([1000, 2000], "m8[ms]")),
    ],
    ids=["floats", "ints", "objects", "strings", "times", "durations"],
)
def test_equal_labels_of_another_dtype_are_the_same(tiny, known, same):
    X, which = tiny[0], tiny[1] % 2
    one, other = (clone(MLP).partial_fit(X, known[which], classes=known) for _ in range(2))
    one.partial_fit(X, known[which])
    other.partial_fit(X, same[which])
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(other.classes_, known)


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_no_number_is_a_time(tiny, unit):
    days, which = np.array(["2020-01-01", "2020-01-02"], f"M8[{unit}]"), tiny[1] % 2
    model = clone(MLP).partial_fit(tiny[0], days[which], classes=days)
    for other, unseen in ((days + np.timedelta64(1, "D"), "'2020-01-03"), (days.astype(np.int64), "1")):
        with pytest.raises(ValueError, match=rf"unseen labels: {unseen}.* The classes are \['2020-01-01"):
            model.partial_fit(tiny[0], other[which])


def test_labels_of_two_kinds_are_refused(tiny):
    y = ["dog", -1] * 30
    for model in (MLP, KNNClassifier(), SubspaceClassifier(2)):
        with pytest.raises(ValueError, match="labels are of two kinds, strings and others: 'dog', -1"):
            clone(model).fit(tiny[0], y)
    for classes in (["dog", None], ["dog", float("nan")], np.array(["2020", "NaT"], "M8[D]")):
        with pytest.raises(ValueError, match="labels contain missing values"):
            clone(MLP).partial_fit(tiny[0], ["dog"] * 60, classes=classes)
    with pytest.raises(ValueError, match="labels are of two kinds"):
        clone(MLP).partial_fit(tiny[0], ["dog"] * 60, classes=["dog", -1])


def test_other_lists_are_read_as_numpy_reads_them(tiny):
    np.testing.assert_array_equal(clone(MLP).fit(tiny[0], ["dog", 7] * 30).classes_, ["7", "dog"])


MISSING = {
    "None": lambda y: [None, *y[1:].tolist()],
    "NaN": lambda y: (float("nan"), *y[1:].tolist()),
    "column": lambda y: [[label] for label in (float("nan"), *y[1:].tolist())],
    "objects": lambda y: np.array([None, *y[1:]], dtype=object),
    "NaT": lambda y: np.where(np.arange(len(y)) == 0, np.datetime64("NaT"), np.datetime64("2020") + (y == "dog")),
}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize(
    "model",
    [
        MLP,
        EncoderClassifier(Autoencoder(2, max_epochs=1), max_epochs=1),
        KNNClassifier(),
        SubspaceClassifier(2),
        ClusterClassifier(),
        VariationalAutoencoder(2, conditional=True, max_epochs=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_missing_label_is_no_class(tiny, model, name):
    X, y = tiny[0], PETS[tiny[1] % 2]
    with pytest.raises(ValueError, match=r"labels contain missing values|contains NaN"):
        clone(model).fit(X, MISSING[name](y))


class Standardised(nn.Linear):
    """Scores of images that are divided by their own deviation, which is 0 for blank ones."""

    def forward(self, images):
        rows = images.flatten(1)
        return super().forward((rows - rows.mean(1, keepdim=True)) / rows.std(1, keepdim=True))


class Excluding(nn.Linear):
    """Scores that exclude the first class where predictions are made."""

    def forward(self, images):
        scores = super().forward(images.flatten(1))
        return scores if self.training else scores - torch.tensor([torch.inf, 0, 0])


@pytest.mark.parametrize("several", [False, True], ids=["classes", "labels"])
def test_a_class_may_be_excluded(garments, several):
    X, y = garments[0][:60], garments[1][:60] % 3
    y = np.eye(3, dtype=int)[y] if several else y
    cnn = CNNClassifier(lambda image_shape, n_outputs: Excluding(784, n_outputs), max_epochs=1, random_state=0)
    probabilities = cnn.fit(X, y).predict_proba(X)
    assert (probabilities[:, 0] == 0).all()
    np.testing.assert_allclose(np.exp(cnn.predict_log_proba(X)), probabilities, rtol=1e-5)
    assert np.isfinite(cnn.predict_log_proba(X)).all()
    expected = probabilities > 0.5 if several else probabilities.argmax(1)
    np.testing.assert_array_equal(cnn.predict(X), expected)


@pytest.mark.parametrize("several", [False, True], ids=["classes", "labels"])
def test_no_class_is_predicted_from_scores_that_are_not_finite(garments, several):
    X, y = garments[0][:60], garments[1][:60] % 3
    y = np.eye(3, dtype=int)[y] if several else y
    cnn = CNNClassifier(lambda image_shape, n_outputs: Standardised(784, n_outputs), max_epochs=1, random_state=0)
    cnn.fit(X, y)
    for model in (cnn, SemiSupervisedClassifier(cnn).fit(X, y)) if not several else (cnn,):
        assert len(model.predict(X)) == 60
        for method in (model.predict, model.predict_proba):
            with pytest.raises(ValueError, match=r"no finite result for X\[60\], which holds values up to 0:"):
                method(np.r_[X, 0 * X[:2]])

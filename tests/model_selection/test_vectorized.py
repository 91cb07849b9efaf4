"""VectorizedGridSearchCV finds what GridSearchCV finds."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit, KFold, ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from skfashion.model_selection import VectorizedGridSearchCV
from skfashion.neural_network import Autoencoder, CNNClassifier, MLPClassifier

X, Y = load_digits(return_X_y=True)
X, Y = X[:300].astype(np.float32) / 16, np.array([f"digit {label}" for label in Y[:300]])


def mlp(**parameters):
    return MLPClassifier(
        **{"hidden_layer_sizes": (16,), "max_epochs": 2, "batch_size": 32, "random_state": 0} | parameters
    )


def both(estimator, grid, y=Y, n_jobs=2, fit_params=None, **parameters):
    """A search of either kind, fitted."""
    searches = (
        VectorizedGridSearchCV(estimator, grid, n_jobs=n_jobs, **{"cv": 3, **parameters}),
        GridSearchCV(clone(estimator), grid, **{"cv": 3, **parameters}),
    )
    return [search.fit(X, y, **(fit_params or {})) for search in searches]


def assert_alike(found, expected, atol=1e-6):
    assert set(found.cv_results_) - set(expected.cv_results_) == {"vectorized"}
    assert found.cv_results_["params"] == expected.cv_results_["params"]
    for name in expected.cv_results_:
        if "score" in name and "time" not in name and "rank" not in name:
            np.testing.assert_allclose(found.cv_results_[name], expected.cv_results_[name], atol=atol, err_msg=name)
        elif name.startswith("param_"):
            assert list(found.cv_results_[name]) == list(expected.cv_results_[name])
    assert found.best_params_ == expected.best_params_
    assert found.best_score_ == pytest.approx(expected.best_score_, abs=atol)


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_results_are_those_of_a_grid_search(n_jobs):
    grid = {"learning_rate": [0.0003, 0.01], "dropout": [0.0, 0.2]}
    found, expected = both(mlp(), grid, n_jobs=n_jobs, return_train_score=True)
    assert_alike(found, expected)
    assert found.cv_results_["vectorized"].all()
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=1e-6)
    assert (found.classes_ == expected.classes_).all()
    assert found.score(X, Y) == expected.score(X, Y)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_forty_candidates_of_all_kinds():
    """Shapes, optimizers, one that diverges, other networks, other estimators; string labels; a Pipeline."""
    rates = [0.001, 0.003, 0.01]
    grid = [
        {"model": [mlp()], "model__hidden_layer_sizes": [(16,), (8, 8)], "model__learning_rate": rates,
         "model__optimizer": ["adam", "sgd"]},
        {"model": [mlp()], "model__random_state": [1, 2], "model__label_smoothing": [0.0, 0.1],
         "select__n_components": [20, 40]},
        {"model": [mlp(dropout=0.2)], "model__batch_size": [32, 64], "scale": [StandardScaler(), "passthrough"]},
        {"model": [mlp(optimizer="sgd")], "model__learning_rate": [1e30, 0.1], "model__weight_decay": [0.0, 0.01]},
        {"model": [CNNClassifier(max_epochs=1, random_state=0)], "model__learning_rate": [0.001, 0.002]},
        {"model": [LogisticRegression()], "model__C": [0.1, 1.0]},
        {"model": [KNeighborsClassifier()], "model__n_neighbors": [1, 3, 5, 7, 9, 11, 13, 15]},
    ]  # fmt: skip
    pipeline = Pipeline([("scale", StandardScaler()), ("select", PCA(49)), ("model", mlp())])
    with pytest.warns(FitFailedWarning, match="Training diverged"):
        found, expected = both(pipeline, grid)
    assert len(found.cv_results_["params"]) == 40
    failed = np.isnan(found.cv_results_["mean_test_score"])
    assert failed.sum() == 2
    assert_alike(found, expected, atol=0.011)  # one image more or less of a hundred
    vectorized = found.cv_results_["vectorized"]
    assert vectorized[:12].all()
    assert not vectorized[-12:].any()


@pytest.mark.parametrize("error_score", ["raise", -1.0])
def test_error_score(error_score):
    search = VectorizedGridSearchCV(
        mlp(optimizer="sgd"), {"learning_rate": [0.01, 1e30]}, cv=2, error_score=error_score
    )
    if error_score == "raise":
        with pytest.raises(ValueError, match="Training diverged"):
            search.fit(X, Y)
        return
    with pytest.warns(FitFailedWarning):
        search.fit(X, Y)
    assert search.cv_results_["mean_test_score"][1] == -1.0
    assert search.cv_results_["vectorized"].all()


def test_weights_groups_and_several_scores():
    grid = {"learning_rate": [0.001, 0.01]}
    weight, groups = np.linspace(0, 1, len(X)), np.arange(len(X)) % 6
    scores = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    fit_params = {"sample_weight": weight, "groups": groups}
    found, expected = both(mlp(), grid, cv=GroupKFold(3), fit_params=fit_params, **scores)
    assert_alike(found, expected, atol=1e-5)
    found, expected = both(mlp(), grid, cv=ShuffleSplit(2, test_size=0.3, random_state=0), refit=False)
    assert found.best_params_ == expected.best_params_
    assert not hasattr(found, "best_estimator_")


def test_early_stopping_and_class_weights():
    model = mlp(early_stopping=True, max_epochs=8, n_iter_no_change=2)
    found, expected = both(model, {"learning_rate": [0.03, 0.003], "class_weight": [None, "balanced"]})
    assert_alike(found, expected)
    assert found.cv_results_["vectorized"].all()


def test_a_pipeline_whose_steps_are_fitted_on_each_fold():
    pipeline = make_pipeline(StandardScaler(), mlp())
    found, expected = both(pipeline, {"mlpclassifier__learning_rate": [0.001, 0.01]})
    assert_alike(found, expected)
    assert found.cv_results_["vectorized"].all()


def test_autoencoders_and_frames():
    frame = pd.DataFrame(X, columns=[f"pixel {index}" for index in range(64)])
    grid = {"learning_rate": [0.001, 0.01]}
    model = Autoencoder(4, (16,), max_epochs=2, batch_size=32, random_state=0)
    found = VectorizedGridSearchCV(model, grid, cv=2).fit(frame)
    expected = GridSearchCV(model, grid, cv=2).fit(frame)
    assert_alike(found, expected)
    assert found.n_features_in_ == 64
    assert list(found.best_estimator_.feature_names_in_) == list(frame.columns)


def test_few_fits_wait_at_a_time(monkeypatch):
    """Memory bounds how many; what is found does not depend on it."""
    grid = {"learning_rate": [0.001, 0.003, 0.01]}
    expected = VectorizedGridSearchCV(mlp(), grid, cv=3).fit(X, Y)
    monkeypatch.setattr("skfashion.model_selection._vectorized._MAX_BYTES", 1)
    for pre_dispatch in ("2*n_jobs", "all", 5):
        found = VectorizedGridSearchCV(mlp(), grid, cv=3, pre_dispatch=pre_dispatch).fit(X, Y)
        np.testing.assert_allclose(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])


class Counts(Callback):
    def __init__(self):
        self.n_epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs += 1


class Interrupts(Callback):
    def on_epoch_begin(self, net, **kwargs):
        raise KeyboardInterrupt


def test_copies_and_pickles():
    model = mlp(net_params={"callbacks": [Counts()]})
    search = VectorizedGridSearchCV(model, {"learning_rate": [0.001, 0.01]}, cv=2)
    assert clone(search).get_params()["cv"] == 2
    search.fit(X, Y)
    assert search.cv_results_["vectorized"].all()
    assert search.best_estimator_.net_.callbacks_[0][1].n_epochs == 2
    for copied in (copy.deepcopy(search), pickle.loads(pickle.dumps(search))):
        np.testing.assert_array_equal(copied.predict(X), search.predict(X))
        assert copied.cv_results_["params"] == search.cv_results_["params"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_the_search(n_jobs):
    model = mlp(net_params={"callbacks": [Interrupts()]})
    search = VectorizedGridSearchCV(model, {"learning_rate": [0.001, 0.01]}, cv=2, n_jobs=n_jobs)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert not hasattr(search, "cv_results_")


def test_callbacks_of_scikit_learn_see_candidates_and_epochs(capsys):
    model = mlp()
    search = VectorizedGridSearchCV(model, {"learning_rate": [0.001, 0.01]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    assert "MLPClassifier" in capsys.readouterr().out


def test_texts_and_nets_of_skorch():
    texts = [["a", "b"], ["b"] * 3, ["c"], ["a", "c", "c"]] * 10
    labels = [0, 1, 2, 0] * 10
    pipeline = make_pipeline(CountVectorizer(analyzer=list), LogisticRegression())
    found = VectorizedGridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=2).fit(texts, labels)
    assert found.best_score_ == 1
    net = mlp().fit(X, Y).net_
    y = np.unique(Y, return_inverse=True)[1]
    found = VectorizedGridSearchCV(net, {"lr": [0.001, 0.01]}, cv=2, scoring="accuracy", refit=False).fit(X, y)
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    assert not found.cv_results_["vectorized"].any()


@pytest.mark.parametrize("parameters", [{"max_seconds": "5"}, {"max_seconds": 0}, {"n_jobs": "all"}])
def test_parameters_are_validated_before_they_are_used(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of VectorizedGridSearchCV must be"):
        VectorizedGridSearchCV(MLPClassifier(), {"tol": [0.1]}, **parameters).fit(np.ones((4, 4)), [0, 1, 0, 1])


def test_settings_of_joblib_are_kept():
    grid = {"learning_rate": [0.001, 0.01]}
    with joblib.parallel_config(require="sharedmem"):
        found = VectorizedGridSearchCV(mlp(), grid, cv=2).fit(X, Y)
        assert found.cv_results_["vectorized"].all()
    before = joblib.parallel.get_active_backend()[0]
    with pytest.raises(ValueError, match="diverged"):
        VectorizedGridSearchCV(mlp(optimizer="sgd"), {"learning_rate": [1e30]}, error_score="raise").fit(X, Y)
    assert type(joblib.parallel.get_active_backend()[0]) is type(before)


class TellsItsFold(ClassifierMixin, BaseEstimator):
    """The score is the sum of the samples of the test fold, whatever the candidate is."""

    def __init__(self, candidate=0):
        self.candidate = candidate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def score(self, X, y):
        return float(X.sum())


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3, shuffle=True),
        ShuffleSplit(2),
        KFold(3, shuffle=True, random_state=np.random.RandomState(0)),
        GroupShuffleSplit(2),
    ],
    ids=["shuffled", "drawn", "of a generator", "of groups"],
)
def test_parts_of_a_search_of_limited_time_see_the_same_folds(cv):
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    search = VectorizedGridSearchCV(TellsItsFold(), {"candidate": range(20)}, cv=cv, max_seconds=1000)
    groups = {"groups": np.arange(60) // 4} if isinstance(cv, GroupShuffleSplit) else {}
    search.fit(X, y, **groups)
    assert search.cv is cv
    assert len(set(search.cv_results_["split0_test_score"])) == 1


def test_a_search_of_limited_time_ends():
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    search = VectorizedGridSearchCV(TellsItsFold(), {"candidate": range(20)}, cv=2, n_jobs=1, max_seconds=1e-9)
    assert 1 <= len(search.fit(X, y).cv_results_["params"]) < 20

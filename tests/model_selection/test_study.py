"""The study behind a search: which trials count as its own, and what a fit leaves as it was."""

import copy
import textwrap
import threading
import time
import warnings

import joblib
import numpy as np
import optuna
import pytest
import torch
from processes import run_python
from scipy.sparse import csr_array
from scipy.stats import uniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skfashion.model_selection import OptunaSearchCV
from skfashion.model_selection._space import name_of
from skfashion.neural_network import MLPClassifier


class Holder(ClassifierMixin, BaseEstimator):
    """Holds anything, and scores by chance of `x`."""

    def __init__(self, held=None, x=0.0):
        self.held = held
        self.x = x

    def fit(self, X, y=None, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y=None):
        return -((self.x - 3) ** 2)


SPACE = {"x": uniform(-10, 20)}


@pytest.fixture
def kept():
    return {"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}


@pytest.fixture
def database(tmp_path):
    return {"storage": f"sqlite:///{tmp_path / 'study.db'}", "study_name": "x"}


def search(estimator=None, space=SPACE, n_trials=2, **parameters):
    estimator = Holder() if estimator is None else estimator
    return OptunaSearchCV(estimator, space, n_trials=n_trials, **{"cv": 2, "random_state": 0, **parameters})


# --- another search under the same name


def accuracy_times(factor):
    return lambda estimator, X, y: factor * estimator.score(X, y)


def twice(estimator, X, y):
    return 2 * estimator.score(X, y)


def constant(value):
    return lambda: value


def fitted_pca(seed):
    return FrozenEstimator(PCA(2).fit(np.random.default_rng(seed).normal(size=(20, 6))))


def loss_of(weight):
    return torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, weight]))


def generator(seed):
    return np.random.RandomState(seed)


def made_by_a_function(value):
    class Local:
        def __init__(self):
            self.value = value

    return Local()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ((1,), (2,)),
        (fitted_pca(0), fitted_pca(1)),
        ([fitted_pca(0)], [fitted_pca(1)]),
        (make_pipeline(fitted_pca(0)), make_pipeline(fitted_pca(1))),
        ({"encoder": fitted_pca(0)}, {"encoder": fitted_pca(1)}),
        (np.arange(5000), np.where(np.arange(5000) == 2500, 0, np.arange(5000))),  # of one repr
        (generator(0), generator(1)),
        (constant(1), constant(2)),
        (lambda x: np.mean(x), lambda x: np.median(x)),
        (lambda x, n=1: x, lambda x, n=2: x),
        (lambda: [lambda x: x + 1], lambda: [lambda x: x + 2]),
        (made_by_a_function(1), made_by_a_function(2)),
        (loss_of(2.0), loss_of(3.0)),
        (torch.ones(3), torch.ones(4)),
        (torch.nn.CrossEntropyLoss, torch.nn.MSELoss),
    ],
)
def test_what_an_estimator_holds_tells_searches_apart(tiny, kept, one, other):
    first = search(Holder(one), **kept).fit(*tiny)
    assert first.study_.study_name == "x"
    second = search(Holder(other), n_trials=3, **kept)
    if name_of(one) == name_of(other):
        with pytest.raises(ValueError, match="'x' of another estimator, which looks the same but holds something else"):
            second.fit(*tiny)
    else:
        second.fit(*tiny)
        assert second.study_.study_name.startswith("x-")
        assert len(second.study_.trials) == 3
    assert len(first.study_.trials) == 2
    again = search(copy.deepcopy(Holder(one)), n_trials=3, **kept).fit(*tiny)  # built anew, it is the same
    assert again.study_.study_name == "x"
    assert again.cv_results_["params"][:2] == first.cv_results_["params"]
    assert len(again.study_.trials) == 3


def test_choices_are_told_apart_by_what_they_hold(tiny, kept):
    for seed in (0, 1):
        found = search(space={"held": [fitted_pca(seed), fitted_pca(seed + 10)]}, **kept).fit(*tiny)
        assert len(found.study_.trials) == 2
    again = search(space={"held": [fitted_pca(0), fitted_pca(10)]}, **kept).fit(*tiny)
    assert again.study_.study_name == "x"


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: ((X[:40], y[:40]), {}, {}),
        lambda X, y: ((X, y[::-1].copy()), {}, {}),
        lambda X, y: ((X, y), {"cv": 3}, {}),
        lambda X, y: ((X, y), {"scoring": "accuracy"}, {}),
        lambda X, y: ((X, y), {"scoring": accuracy_times(2)}, {}),
        lambda X, y: ((X, y), {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"}, {}),
        lambda X, y: ((X, y), {"estimator": Holder(1)}, {}),
        lambda X, y: ((X, y), {"estimator": KNeighborsClassifier(), "param_distributions": {"n_neighbors": [1]}}, {}),
        lambda X, y: ((X, y), {"param_distributions": {"x": [1, 2]}}, {}),
        lambda X, y: ((X, y), {}, {"sample_weight": np.arange(60.0)}),
    ],
)
@pytest.mark.filterwarnings("ignore:The scoring .* does not support sample_weight")
def test_another_search_has_a_study_of_its_own(tiny, kept, change):
    X, y = tiny
    search(**kept).fit(X, y)
    data, parameters, params = change(X, y)
    for n_trials in (2, 3):  # which can be resumed too
        other = search(n_trials=n_trials, **kept).set_params(**parameters).fit(*data, **params)
        assert other.study_.study_name.startswith("x-")
        assert len(other.study_.trials) == n_trials
    assert len(optuna.load_study(**kept).trials) == 2
    assert len(optuna.get_all_study_names(kept["storage"])) == 2


def test_scores_tell_searches_apart(tiny, kept):
    made = [make_scorer(constant_score(value)) for value in (1, 2)]
    scores = [accuracy_times(1), accuracy_times(2), twice, *made]
    for _ in range(2):
        names = [search(scoring=scoring, n_trials=1, **kept).fit(*tiny).study_.study_name for scoring in scores]
        assert len(set(names)) == 5
    assert len(optuna.get_all_study_names(kept["storage"])) == 5


def constant_score(value):
    return lambda y_true, y_pred: float(value)


def test_sparse_samples_are_the_same_after_use(tiny, kept):
    X, y = csr_array(tiny[0]), tiny[1]
    space = {"C": uniform(0.1, 1)}
    search(LogisticRegression(), space, **kept).fit(X, y)
    X.sort_indices()
    assert X.has_canonical_format
    assert search(LogisticRegression(), space, **kept).fit(X, y).study_.study_name == "x"


def test_nested_cross_validation_with_a_storage(tiny, database):
    X, y = tiny
    for n_trials in (2, 3):
        nested = search(KNeighborsClassifier(), {"n_neighbors": [1, 3, 5]}, n_trials, **database)
        scores = cross_val_score(nested, X, y, cv=3, error_score="raise")
        alone = cross_val_score(clone(nested).set_params(storage=None), X, y, cv=3, error_score="raise")
        assert len(scores) == 3
        if n_trials == 2:  # a search that goes on draws other settings
            np.testing.assert_array_equal(scores, alone)
    names = optuna.get_all_study_names(database["storage"])
    assert len(names) == 3
    assert [len(optuna.load_study(study_name=name, storage=database["storage"]).trials) for name in names] == [3, 3, 3]


@pytest.mark.slow
def test_another_process_finds_the_same_search(database):
    """Whatever the order of its sets, and the addresses of its objects."""
    code = textwrap.dedent(f"""
        import os
        import torch
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer
        from skfashion.model_selection import OptunaSearchCV
        torch.manual_seed(0)
        held = {{"layer": torch.nn.Linear(2, 2), "names": {{"one", "two", "three"}}, "object": object()}}
        step = FunctionTransformer(lambda X, **held: X if "a" in {{"a", "b", "c"}} else None, kw_args=held)
        model = make_pipeline(step, LogisticRegression(max_iter=500))
        space = {{"logisticregression__C": [0.1, 1.0]}}
        search = OptunaSearchCV(model, space, n_trials=int(os.environ["N_TRIALS"]), cv=2, pruner=None, **{database})
        print(search.fit(*load_iris(return_X_y=True)).study_.study_name)
    """)
    for n_trials in (1, 2):
        assert run_python(code, N_TRIALS=str(n_trials), PYTHONHASHSEED=str(n_trials)) == "x\n"
    assert len(optuna.load_study(**database).trials) == 2


def test_two_searches_that_find_a_study_at_the_same_time_do_not_share_it(tiny, kept, monkeypatch):
    """Both see that it is nobody's before either writes down that it is theirs."""
    X, y = tiny
    barrier, write = threading.Barrier(2, timeout=30), optuna.Study.set_user_attr

    def write_together(study, name, value):
        if study.study_name == "x" and name == "about":
            time.sleep(0.05 * barrier.wait())  # one writes when the other has read back what it wrote
        write(study, name, value)

    monkeypatch.setattr(optuna.Study, "set_user_attr", write_together)
    searches = [search(n_trials=3, **kept), search(n_trials=3, cv=3, **kept)]
    threads = [threading.Thread(target=each.fit, args=(X, y)) for each in searches]
    with warnings.catch_warnings():  # threads that change the filters for a while may leave them changed
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({each.study_.study_name for each in searches}) == 2
    assert [len(each.study_.trials) for each in searches] == [3, 3]


def test_a_study_that_minimizes_is_refused(tiny, kept):
    optuna.create_study(direction="minimize", **kept)
    with pytest.raises(ValueError, match="does not maximize"):
        search(**kept).fit(*tiny)


# --- trials that a user has put there


def test_trials_that_a_user_has_added_are_no_rows(tiny, kept):
    study = optuna.create_study(direction="maximize", **kept)
    distribution = {"x": optuna.distributions.FloatDistribution(-10, 10)}
    study.add_trial(optuna.trial.create_trial(params={"x": 9.0}, distributions=distribution, value=1e6))
    found = search(n_trials=3, **kept).fit(*tiny)
    assert found.study_.study_name == "x"
    assert len(found.cv_results_["params"]) == 3
    assert found.best_score_ <= 0


SIZES = {"held": [(128,), (256, 64)], "x": uniform(0, 6)}


@pytest.mark.parametrize("where", ["kept", "database"])
@pytest.mark.parametrize("held", [(256, 64), [256, 64], "(256, 64)"])
def test_enqueued_values_are_those_of_the_space(tiny, where, held, request):
    kept = request.getfixturevalue(where)
    study = optuna.create_study(direction="maximize", **kept)
    study.enqueue_trial({"held": held, "x": 3})
    study.enqueue_trial({"held": held})
    first, second = search(space=SIZES, **kept).fit(*tiny).cv_results_["params"]
    assert first == {"held": (256, 64), "x": 3}
    assert second["held"] == (256, 64)


def test_an_enqueued_setting_outside_of_the_space_fails(tiny, kept):
    study = optuna.create_study(direction="maximize", **kept)
    study.enqueue_trial({"held": (1, 2)})
    with pytest.warns(FitFailedWarning, match=r"1 trials failed.*\(1, 2\)\} is not in the space"):
        found = search(space=SIZES, **kept).fit(*tiny)
    assert found.cv_results_["state"].tolist() == ["fail", "complete"]


def test_a_search_starts_at_initial_params(tiny, kept):
    settings = [{"x": 2.5, "held": (256, 64)}, {"x": 3.5}]
    found = search(space=SIZES, n_trials=3, initial_params=settings).fit(*tiny)
    params = found.cv_results_["params"]
    assert params[0] == settings[0]
    assert params[1]["x"] == 3.5
    assert params[2]["x"] not in (2.5, 3.5)
    one = search(space=SIZES, n_trials=1, initial_params=found.best_params_, **kept).fit(*tiny)
    assert one.best_params_ == found.best_params_
    more = search(space=SIZES, n_trials=3, initial_params=found.best_params_, **kept).fit(*tiny)
    assert more.cv_results_["params"].count(found.best_params_) == 1  # it was tried


def test_an_initial_setting_that_failed_is_tried_again(tiny, kept):
    class Fails:
        broken = True

        def __call__(self, estimator, X, y):
            if self.broken:
                raise OSError("no such disk")
            return 0.0

    scoring = Fails()
    start = {"initial_params": {"x": 3.0}, "n_trials": 1, "scoring": scoring, **kept}
    with pytest.raises(ValueError, match="no such disk"):
        search(**start).fit(*tiny)
    Fails.broken = False
    found = search(**start).fit(*tiny)
    assert [params["x"] for params in found.cv_results_["params"]] == [3.0, 3.0]
    assert found.cv_results_["state"].tolist() == ["fail", "complete"]


@pytest.mark.parametrize("setting", [{"x": 11}, {"x": "3"}, {"held": (1,)}, {"y": 1}])
def test_initial_params_have_to_be_in_the_space(tiny, setting):
    with pytest.raises(ValueError, match=r"The setting \{.* is not in the space"):
        search(space=SIZES, initial_params=[setting]).fit(*tiny)


# --- what a fit leaves as it was


class Follower:
    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass


@pytest.mark.parametrize(
    "pruner",
    [
        optuna.pruners.HyperbandPruner(),
        optuna.pruners.SuccessiveHalvingPruner(),
        optuna.pruners.PercentilePruner(50.0),
    ],
)
@pytest.mark.parametrize(
    "sampler",
    [
        optuna.samplers.TPESampler(seed=1),
        optuna.samplers.RandomSampler(seed=1),
        optuna.samplers.GridSampler({"learning_rate": [0.001, 0.003, 0.01]}, seed=1),
    ],
)
def test_a_fit_changes_no_parameter(tiny, pruner, sampler):
    follower = Follower()
    net = MLPClassifier((4,), max_epochs=2, random_state=0).set_callbacks(follower)
    space = {"learning_rate": [0.001, 0.003, 0.01]}
    model = search(net, space, 3, pruner=pruner, sampler=sampler, initial_params={"learning_rate": 0.003})
    before = joblib.hash((vars(sampler), space, model.initial_params))
    first, second = (model.fit(*tiny).cv_results_["params"] for _ in range(2))
    assert joblib.hash((vars(sampler), space, model.initial_params)) == before
    assert net._skl_callbacks == [follower]
    assert not hasattr(net, "net_")
    assert first == second
    assert model.pruner is pruner


def test_a_search_that_goes_on_with_a_sampler_tries_new_settings(tiny, kept):
    for n_trials in (3, 6):
        sampler = optuna.samplers.RandomSampler(seed=0)
        found = search(n_trials=n_trials, sampler=sampler, **kept).fit(*tiny)
    assert len({params["x"] for params in found.cv_results_["params"]}) == 6


def test_a_search_is_a_parameter_of_others(tiny, database):
    outer = GridSearchCV(search(**database), {"estimator__held": [1, 2]}, cv=2, error_score="raise").fit(*tiny)
    assert len(optuna.get_all_study_names(database["storage"])) == 5  # two settings, two folds; all samples
    assert outer.best_estimator_.study_.study_name.startswith("x-")

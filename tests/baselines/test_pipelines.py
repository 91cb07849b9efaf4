"""The ready-made pipelines are plain ones of scikit-learn."""

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skfashion.baselines import make_pca_svc


def test_parameters_reach_the_steps():
    pipeline = make_pca_svc(30, C=3.0, gamma=0.02, random_state=7)
    assert list(pipeline.named_steps) == ["scale", "pca", "svc"]
    parameters = clone(pipeline).get_params()
    assert (parameters["pca__n_components"], parameters["pca__random_state"]) == (30, 7)
    assert (parameters["svc__C"], parameters["svc__gamma"]) == (3.0, 0.02)


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(make_pca_svc(30, random_state=0), {"svc__C": [1e-3, 10.0]}, cv=2).fit(X, y)
    assert search.best_params_ == {"svc__C": 10.0}
    assert search.best_score_ > 0.6

"""The ready-made pipelines are plain ones of scikit-learn."""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skfashion.baselines import make_pca_svc


def test_parameters_reach_the_steps():
    pipeline = make_pca_svc(30, C=3.0, gamma=0.02, random_state=7)
    assert list(pipeline.named_steps) == ["scale", "root", "pca", "svc"]
    parameters = clone(pipeline).get_params()
    assert (parameters["pca__n_components"], parameters["pca__random_state"]) == (30, 7)
    assert (parameters["svc__C"], parameters["svc__gamma"]) == (3.0, 0.02)


def test_in_a_search(garments):
    X, y = garments
    search = GridSearchCV(make_pca_svc(30, random_state=0), {"svc__C": [1e-3, 10.0]}, cv=2).fit(X, y)
    assert search.best_params_ == {"svc__C": 10.0}
    assert search.best_score_ > 0.6


def test_defaults_suit_images_of_any_size():
    X, y = load_digits(return_X_y=True)
    assert make_pca_svc(random_state=0).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.94


def test_pixels_darker_than_any_that_were_fitted(garments):
    X, y = garments
    shifted = X.astype(float) - 3.0
    model = make_pca_svc(10, random_state=0).fit(shifted, y)
    np.testing.assert_array_equal(
        model.predict(np.minimum(shifted, -3.0) - 5), model.predict(np.full_like(shifted, -3.0))
    )
    assert (model.predict(shifted) == y).mean() > 0.6

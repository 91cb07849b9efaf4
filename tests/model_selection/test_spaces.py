"""SEARCH_SPACES hold what the estimators take."""

import pytest
from sklearn.model_selection import (
    ParameterSampler,
)

import skfashion.baselines
import skfashion.neural_network
from skfashion.model_selection import SEARCH_SPACES


@pytest.mark.parametrize("family", SEARCH_SPACES)
def test_spaces_hold_what_the_estimators_take(garments, family):
    estimator = getattr(skfashion.neural_network, family, None) or getattr(skfashion.baselines, family)
    X, y = garments
    epochs = {"max_epochs": 1} if "max_epochs" in estimator().get_params() else {}
    for params in ParameterSampler(SEARCH_SPACES[family], 3, random_state=0):
        estimator().set_params(**params, **epochs).fit(X[:60], y[:60])

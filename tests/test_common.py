"""The checks of scikit-learn, also those that it runs only on itself, over every public estimator."""

import ast
import inspect
import re
import warnings

import pytest
from estimators import ESTIMATORS
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_all_zero_sample_weights_error,
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)
from sklearn.utils.validation import has_fit_parameter

import skfashion._images
import skfashion.baselines
import skfashion.neural_network

_OTHER_BATCHES = (
    "Weighing an image twice and showing it twice cut the data into other batches, so a stochastic optimizer takes "
    "other steps. With one batch of all images the two are equal: see test_a_weight_of_two_is_a_repeated_row."
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": _OTHER_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": _OTHER_BATCHES,
}


# On the random numbers of some checks the best that a variational autoencoder can do is one output for all.
@pytest.mark.filterwarnings("ignore:.*it is dead")
@parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED_FAILURES if hasattr(estimator, "batch_size") else {}
)
def test_estimator(estimator, check):
    check(estimator)


def test_every_public_estimator_is_tested():
    tested = {type(estimator).__name__ for estimator in ESTIMATORS}
    public = [*skfashion.neural_network.__all__, *skfashion.baselines.__all__]
    assert tested == {name for name in public if name[0].isupper()}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
class TestOnlyRunByScikitLearnOnItself:
    def test_parameter_validation(self, estimator):
        check_param_validation(type(estimator).__name__, estimator)

    def test_column_names(self, estimator):
        check_dataframe_column_names_consistency(type(estimator).__name__, estimator)

    def test_all_zero_weights(self, estimator):
        if not has_fit_parameter(estimator, "sample_weight"):
            pytest.skip("takes no weights")
        check_all_zero_sample_weights_error(type(estimator).__name__, estimator)

    def test_column_names_with_held_out_images(self, estimator):
        if not hasattr(estimator, "early_stopping"):
            pytest.skip("holds no images out")
        estimator = clone(estimator).set_params(early_stopping=True, n_iter_no_change=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_dataframe_column_names_consistency(type(estimator).__name__, estimator)

    def test_in_a_pipeline(self, estimator):
        pipeline = make_pipeline(StandardScaler(), estimator)
        check_dataframe_column_names_consistency("Pipeline", pipeline)

    def test_repr_links_to_the_documentation_if_it_is_published(self, estimator, monkeypatch):
        assert estimator._get_doc_link() == ""
        assert f"Documentation for {type(estimator).__name__}" not in estimator._repr_html_()
        page = "https://docs.example/{estimator_module}.{estimator_name}.html"
        monkeypatch.setattr(skfashion._images, "_API_PAGE", page)
        room = type(estimator).__module__.rsplit("._", 1)[0]
        assert estimator._get_doc_link() == f"https://docs.example/{room}.{type(estimator).__name__}.html"
        assert estimator._get_doc_link() in estimator._repr_html_()

    def test_docstring_is_complete(self, estimator):
        """Every parameter is described, and no placeholder is left."""
        doc = type(estimator).__doc__
        assert not re.search(r"\{\w+_(parameters|attributes)\}", doc)
        for name in estimator.get_params(deep=False):
            stated = re.search(rf"^    (?:\w+, )*{name}(?:, \w+)* : .*, default=(.+)$", doc, flags=re.MULTILINE)
            assert stated, f"{name} is not described"
            assert ast.literal_eval(stated[1]) == inspect.signature(type(estimator)).parameters[name].default

"""The checks of scikit-learn, also those that it runs only on itself, over every public estimator."""

import ast
import inspect
import re
import warnings

import pytest
from estimators import DEFAULTS, ESTIMATORS, SEARCHES
from sklearn.base import clone, is_outlier_detector
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    estimator_checks_generator,
    parametrize_with_checks,
)

import skfashion._images
from skfashion.neural_network import SemiSupervisedClassifier

# Some of the checks draw from numpy's global generator. That estimators do not is tested in test_isolation.

_OTHER_BATCHES = (
    "Weighing an image twice and showing it twice cut the data into other batches, so a stochastic optimizer takes "
    "other steps. With one batch of all images the two are equal: see test_a_weight_of_two_is_a_repeated_row."
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": _OTHER_BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": _OTHER_BATCHES,
}


# What is seen of an estimator without arguments. The full battery runs on the other settings of each class.
READ_DEFAULTS = {
    "check_classifiers_train",
    "check_dict_unchanged",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dont_overwrite_parameters",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_dtypes",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
}


def checks_of_defaults():
    for estimator in DEFAULTS:
        for _, check in estimator_checks_generator(estimator):
            if check.func.__name__ in READ_DEFAULTS and not check.keywords:
                yield pytest.param(estimator, check, id=f"{type(estimator).__name__}-{check.func.__name__}")


def expected_failures(estimator):
    is_semi_supervised = isinstance(estimator, SemiSupervisedClassifier)
    is_trained_in_batches = hasattr(estimator, "batch_size") or is_outlier_detector(estimator) or is_semi_supervised
    failures = EXPECTED_FAILURES if is_trained_in_batches else {}
    no_label = {"check_classifiers_classes": "Of the labels -1 and 1 the first one says that there is none."}
    return {**failures, **no_label} if is_semi_supervised else failures


# On the random numbers of some checks the best that a variational autoencoder can do is one output for all.
@pytest.mark.filterwarnings("ignore:.*it is dead")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*it is dead")
@pytest.mark.parametrize(("estimator", "check"), list(checks_of_defaults()))
def test_estimator_without_arguments(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # of check_cv, for y of nan
@parametrize_with_checks(SEARCHES)
def test_search(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
class TestOnlyRunByScikitLearnOnItself:
    def test_parameter_validation(self, estimator):
        check_param_validation(type(estimator).__name__, estimator)

    def test_column_names(self, estimator):
        check_dataframe_column_names_consistency(type(estimator).__name__, estimator)

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


@pytest.mark.parametrize("estimator", DEFAULTS, ids=lambda estimator: type(estimator).__name__)
def test_repr_links_to_the_documentation_if_it_is_published(estimator, monkeypatch):
    assert estimator._get_doc_link() == ""
    assert f"Documentation for {type(estimator).__name__}" not in estimator._repr_html_()
    page = "https://docs.example/{estimator_module}.{estimator_name}.html"
    monkeypatch.setattr(skfashion._images, "_API_PAGE", page)
    room = type(estimator).__module__.rsplit("._", 1)[0]
    assert estimator._get_doc_link() == f"https://docs.example/{room}.{type(estimator).__name__}.html"
    assert estimator._get_doc_link() in estimator._repr_html_()


@pytest.mark.parametrize("estimator", DEFAULTS, ids=lambda estimator: type(estimator).__name__)
def test_docstring_is_complete(estimator):
    """Every parameter is described, with the default of the signature."""
    doc = inspect.getdoc(type(estimator))
    for name in estimator.get_params(deep=False):
        stated = re.search(rf"^(?:\w+, )*{name}(?:, \w+)* : .*, default=(.+)$", doc, flags=re.MULTILINE)
        assert stated, f"{name} is not described"
        assert ast.literal_eval(stated[1]) == inspect.signature(type(estimator)).parameters[name].default

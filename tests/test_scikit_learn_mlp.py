"""Scikit-learn's own tests of its perceptrons, run on ours where they test behaviour.

They are imported from the scikit-learn that is installed, and get our classes in the place of its own. Arguments are
translated: `max_iter`, `learning_rate_init`, `solver`, `alpha`, `momentum`. L-BFGS becomes Adam on batches of all
images, for as many steps as L-BFGS may evaluate the loss.
"""

import pytest
from sklearn.neural_network.tests import test_mlp as of_scikit_learn

from skfashion.neural_network import MLPClassifier, MLPRegressor

# An iteration of L-BFGS may evaluate the loss many times.
_STEPS_PER_ITERATION = 10

# What scikit-learn's own tests know by other names.
_NAMES = {"max_iter": "max_epochs", "learning_rate_init": "learning_rate", "alpha": "weight_decay"}


def translated(cls):
    """A function that makes one of our estimators from the arguments of scikit-learn's."""

    def make(hidden_layer_sizes=(100,), *, solver="adam", momentum=0.9, shuffle=True, max_fun=None, **arguments):
        ours = {_NAMES.get(name, name): value for name, value in arguments.items() if name != "verbose"}
        ours = {"lr_schedule": None, "init": "xavier_uniform", "learning_rate": 0.001, "max_epochs": 200, **ours}
        if ours.get("tol", 0) and not ours.get("early_stopping"):
            ours.pop("tol")  # ours watches validation images, never the training loss
        if solver == "lbfgs":
            ours.update(batch_size=10_000, learning_rate=0.02, max_epochs=_STEPS_PER_ITERATION * ours["max_epochs"])
        if solver == "sgd":
            ours.update(optimizer="sgd", optimizer_params={"momentum": momentum})
        ours["batch_size"] = 200 if ours.get("batch_size", "auto") == "auto" else ours["batch_size"]
        return cls(hidden_layer_sizes, device="cpu", **ours)

    return make


# Tests that pass: those of several labels, of numbers, and of what both share.
PASS = [
    "test_mlp_classifier_dtypes_casting",
    "test_mlp_early_stopping_string_labels",
    "test_mlp_regressor_dtypes_casting",
    "test_mlp_sample_weight_with_early_stopping",
    "test_multilabel_classification",
    "test_multioutput_regression",
    "test_partial_fit_classes_error",
    "test_partial_fit_classification",
    "test_partial_fit_regression",
    "test_partial_fit_unseen_classes",
]
# With a parameter for the class.
PASS_FOR_BOTH = ["test_mlp_partial_fit_after_fit", "test_preserve_feature_names"]

_ATTRIBUTES = "It reads or sets weights as `coefs_` and `intercepts_`; ours are in `module_`."
_LBFGS = "It is about options of the solver L-BFGS, which trains on all images at once."
_FLOAT32 = "It compares probabilities to 1e-7, which is beyond float32, in which networks compute."
_CONVERGENCE = "It expects scikit-learn's rules of convergence by the training loss; ours watches validation images."
EXCUSES = {
    "test_adaptive_learning_rate": _CONVERGENCE,
    "test_alpha": _ATTRIBUTES,
    "test_early_stopping": _CONVERGENCE,
    "test_early_stopping_stratified": "It wants a rare class to be called True, whatever its label is.",
    "test_fit": _ATTRIBUTES,
    "test_gradient": _ATTRIBUTES,
    "test_lbfgs_classification": _LBFGS,
    "test_lbfgs_classification_maxfun": _LBFGS,
    "test_lbfgs_regression": _LBFGS,
    "test_lbfgs_regression_maxfun": _LBFGS,
    "test_learning_rate_warmstart": "It reads the learning rate of a private optimizer.",
    "test_minimum_input_sample_size": "R² of one validation image is defined here, by the variance of the targets.",
    "test_mlp_diverging_loss": "It wants a diverged model; ours raises, and says what to lower.",
    "test_mlp_loading_from_joblib_partial_fit": "It wants an error of 1e-4 after 200 steps of Adam; ours has 7e-4.",
    "test_mlp_param_dtypes": _ATTRIBUTES,
    "test_mlp_vs_poisson_glm_equivalent": "There is no Poisson loss.",
    "test_mlp_warm_start_no_convergence": _CONVERGENCE,
    "test_mlp_warm_start_with_early_stopping": "It sets `max_iter` on a model that has none.",
    "test_n_iter_no_change": _CONVERGENCE,
    "test_n_iter_no_change_inf": _CONVERGENCE,
    "test_nonfinite_params": "Data of 1e155 are refused before training, with a ValueError too, but another text.",
    "test_partial_fit_errors": _LBFGS,
    "test_predict_proba_binary": _FLOAT32,
    "test_predict_proba_multiclass": _FLOAT32,
    "test_predict_proba_multilabel": _FLOAT32,
    "test_shuffle": _ATTRIBUTES,
    "test_sparse_matrices": _LBFGS,
    "test_tolerance": _CONVERGENCE,
    "test_verbose_sgd": "It looks for the word Iteration in what is printed.",
    "test_warm_start": "It wants scikit-learn's words; ours name the classes too.",
    "test_warm_start_full_iteration": _CONVERGENCE,
}


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    monkeypatch.setattr(of_scikit_learn, "MLPClassifier", translated(MLPClassifier))
    monkeypatch.setattr(of_scikit_learn, "MLPRegressor", translated(MLPRegressor))


@pytest.mark.parametrize("name", PASS)
def test_behaviour(name):
    if not hasattr(of_scikit_learn, name):
        pytest.skip(f"this scikit-learn has no {name}")
    getattr(of_scikit_learn, name)()


@pytest.mark.parametrize("name", PASS_FOR_BOTH)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_behaviour_of_both(name, cls):
    getattr(of_scikit_learn, name)(translated(cls))


def test_every_test_of_scikit_learn_is_run_or_excused():
    names = {name for name in vars(of_scikit_learn) if name.startswith("test_")}
    assert not {*PASS, *PASS_FOR_BOTH} & EXCUSES.keys()
    assert names <= {*PASS, *PASS_FOR_BOTH, *EXCUSES}


def test_a_rare_class_is_called_by_its_label():
    X, y = [[1, 2], [2, 3], [3, 4], [4, 5]], ["shirt", "shirt", "shirt", "bag"]
    with pytest.raises(ValueError, match=r"Classes with too few members are: \['bag'\]"):
        MLPClassifier(early_stopping=True).fit(X, y)

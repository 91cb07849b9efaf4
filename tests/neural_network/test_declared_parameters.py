"""Parameters as they are declared: once, and in step with what the networks and the engine know."""

import dataclasses
import inspect
import typing

import pytest
from sklearn.base import OutlierMixin, clone

from skfashion import neural_network
from skfashion.extending import BaseAutoencoder, BaseNetClassifier, BaseNetRegressor, estimator, number, parameter
from skfashion.modules._init import INITS
from skfashion.modules._layers import ACTIVATIONS
from skfashion.modules._losses import _DISTANCES
from skfashion.modules.architectures import ARCHITECTURES
from skfashion.neural_network import CNNClassifier, MLPClassifier
from skfashion.training._optimizers import OPTIMIZERS

ALL = [getattr(neural_network, name) for name in neural_network.__all__]


def names_in(annotation):
    """The strings that an annotation allows."""
    parts = typing.get_args(annotation) if typing.get_origin(annotation) is not typing.Literal else (annotation,)
    return {name for part in parts if typing.get_origin(part) is typing.Literal for name in typing.get_args(part)}


@pytest.mark.parametrize(
    ("cls", "name", "known"),
    [
        (MLPClassifier, "activation", ACTIVATIONS),
        (MLPClassifier, "init", INITS),
        (MLPClassifier, "optimizer", OPTIMIZERS),
        (CNNClassifier, "architecture", ARCHITECTURES),
        (BaseAutoencoder, "loss", {*_DISTANCES, "bernoulli"} - {"huber"}),
        (BaseNetRegressor, "loss", _DISTANCES),
    ],
)
def test_named_choices_are_those_that_exist(cls, name, known):
    (field,) = (field for field in dataclasses.fields(cls) if field.name == name)
    assert names_in(field.type) == set(known)


@pytest.mark.parametrize("cls", [cls for cls in ALL if hasattr(cls(), "optimizer")])
def test_a_class_that_changes_a_default_accepts_what_its_base_does(cls, garments):
    X, y = garments
    with pytest.raises(ValueError, match=r"The 'optimizer' parameter of .* must be a str among .*'adamm' instead"):
        cls(optimizer="adamm").fit(X[:20], y[:20])


@pytest.mark.parametrize("cls", ALL)
def test_every_parameter_is_declared_once(cls):
    """A text stands in one class; others may change nothing but the default, and whether it is positional."""
    for name in inspect.signature(cls).parameters:
        described = [base for base in cls.__mro__ if _is_described_in(base, name)]
        assert described, f"{cls.__name__}.{name} has no text"
        assert set(cls._parameter_constraints) == set(inspect.signature(cls).parameters)


def _is_described_in(cls, name):
    own = inspect.get_annotations(cls)
    return name in own and bool(vars(cls)["__dataclass_fields__"][name].metadata)


@pytest.mark.parametrize("cls", ALL)
def test_help_shows_all_parameters_and_attributes(cls):
    doc = inspect.getdoc(cls)
    sections = [doc.index(f"\n{title}\n{'-' * len(title)}\n") for title in ("Parameters", "Attributes", "See Also")]
    assert sections == sorted(sections)
    for name in inspect.signature(cls).parameters:
        assert f"\n{name} : " in doc
    fitted = "offset_ : float" if issubclass(cls, OutlierMixin) else "net_ : skorch.NeuralNet\n    The fitted net."
    assert fitted in doc


@pytest.mark.parametrize("base", [BaseNetClassifier, BaseAutoencoder])
def test_a_base_class_cannot_be_instantiated(base):
    with pytest.raises(TypeError, match="abstract"):
        base()


def test_ranges_and_texts_of_an_own_estimator(tiny):
    @estimator
    class Narrow(BaseNetClassifier):
        """A narrow perceptron.

        See Also
        --------
        skfashion.neural_network.MLPClassifier : A wide one.
        """

        width: int = parameter(4, "Units.", number(int, 1, 8, closed="both"), positional=True)
        learning_rate: float = 0.01

        def _network(self):
            raise NotImplementedError

    assert "width : int in [1, 8], default=4\n    Units." in Narrow.__doc__
    assert "learning_rate : float > 0, default=0.01" in Narrow.__doc__
    assert clone(Narrow(3)).width == 3
    with pytest.raises(ValueError, match=r"'width' parameter of Narrow must be an int in the range \[1, 8\]. Got 9"):
        Narrow(9).fit(*tiny)


def test_a_subclass_may_widen_a_type_but_not_narrow_it():
    @estimator
    class Changed(MLPClassifier):
        """A perceptron with other defaults."""

        max_epochs: int | typing.Literal["auto"] = "auto"
        hidden_layer_sizes: tuple = (3,)

    Changed()._validate_params()
    Changed(max_epochs=2, hidden_layer_sizes=[4])._validate_params()
    assert "hidden_layer_sizes : int >= 1 or array-like or tuple, default=(3,)" in Changed.__doc__
    with pytest.raises(ValueError, match="'max_epochs' parameter of Changed must be"):
        Changed(max_epochs=0)._validate_params()


def test_callbacks_of_skorch_that_are_no_dict_are_refused_by_fit():
    with pytest.raises(ValueError, match="'net_params' parameter of MLPClassifier must be"):
        clone(MLPClassifier(net_params=[])).fit([[0.0], [1.0]], [0, 1])

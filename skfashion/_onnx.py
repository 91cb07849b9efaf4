"""Modules of fitted estimators as parts of ONNX graphs: torch's exporter makes them, skl2onnx puts them together."""

import logging
import warnings
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.base import is_regressor

from skfashion._extras import imported
from skfashion._state import neutral_state

# What torch's exporter writes by itself; newer releases of onnx read it, and older ones of onnxruntime too.
OPSET = 18

_KINDS = {"bool": "bool", "int": "int", "float": "float", "str": "string"}


class NotTraceableError(ValueError):
    """A user-defined network cannot be exported by torch."""


def needed(*names):
    """Import packages that only ONNX needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of releases of each other
        return [imported(name, extra="onnx", needed_by="Exporting to ONNX") for name in names]


def onnx_labels(classes, name):
    """Class labels as an array that ONNX has a type for (bool, int64, float64 or strings), and its name."""
    classes = np.asarray(classes)
    values = classes.tolist()  # of times of nanoseconds, ints
    types = {classes.dtype.name if classes.dtype.kind in "mM" else type(value).__name__ for value in values}
    kinds = {_KINDS.get(each) for each in types}
    if len(kinds) != 1 or None in kinds:
        shown = ", ".join(sorted(types))
        raise TypeError(f"{name} has labels of type {shown}: an ONNX file holds bools, ints, floats or strings.")
    (kind,) = kinds
    if kind == "int" and max(values) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} has labels up to {max(values)}, beyond int64, as which an ONNX file holds them.")
    dtype = {"bool": np.bool_, "int": np.int64, "float": np.float64, "string": object}[kind]
    return np.array(values, dtype=dtype), kind


def parser(estimator):
    """The function by which skl2onnx learns the outputs of an estimator with ``as_module``."""

    def parse(scope=None, inputs=None):
        return [scope.declare_local_variable(name, kind) for name, kind in _outputs(estimator)]

    return parse


def shape_calculator(estimator):
    """The function by which skl2onnx learns the shapes of these outputs."""

    def calculate(operator):
        for variable, (_, kind) in zip(operator.outputs, _outputs(estimator), strict=True):
            variable.set_type(kind)

    return calculate


def converter(estimator):
    """The function by which skl2onnx gets the nodes of an estimator with ``as_module``."""

    def convert(scope, operator, container):
        if len(operator.inputs) != 1:
            raise TypeError(f"{type(estimator).__name__} takes one input of rows. Got {len(operator.inputs)} inputs.")
        module = estimator.as_module()
        rows, is_uint8 = _rows(scope, operator.inputs[0], container)
        opset = max(container.target_opset, OPSET)
        graph = graph_of(module, estimator.n_features_in_, is_uint8, opset, type(estimator).__name__)
        predictions = _embedded(scope, container, graph, rows)
        container.node_domain_version_pair_sets.add(("", opset))
        outputs = [variable.full_name for variable in operator.outputs]
        if module.outputs == "numbers":
            columns = _initializer(scope, container, "columns", np.array([-1, _width(module, estimator)]))
            container.add_node(
                "Reshape", [predictions, columns], outputs, name=scope.get_unique_operator_name("columns")
            )
        else:
            _add_labels(scope, container, estimator, module, predictions, outputs)

    return convert


def _outputs(estimator):
    """The names and the skl2onnx types of the outputs of an estimator."""
    from skl2onnx.common import data_types as types

    module = estimator.as_module()
    width = _width(module, estimator)
    numbers = types.FloatTensorType([None, width])
    if module.outputs == "numbers":
        return [("predictions" if is_regressor(estimator) else "transformed", numbers)]
    if module.outputs == "labels":
        return [("label", types.Int64TensorType([None, width])), ("probabilities", numbers)]
    _, kind = onnx_labels(estimator.classes_, type(estimator).__name__)
    of_labels = {
        "bool": types.BooleanTensorType,
        "int": types.Int64TensorType,
        "float": types.DoubleTensorType,
        "string": types.StringTensorType,
    }
    return [("label", of_labels[kind]([None])), ("probabilities", numbers)]


def _width(module, estimator):
    """How many numbers the prediction for a row has."""
    with neutral_state(), torch.no_grad():
        return module(torch.zeros(1, estimator.n_features_in_))[0].numel()


def _rows(scope, variable, container):
    """The name of a tensor of rows that a module takes, and whether it is of uint8."""
    types, onnx = needed("skl2onnx.common.data_types", "onnx")
    if isinstance(variable.type, (types.FloatTensorType, types.UInt8TensorType)):
        return variable.full_name, isinstance(variable.type, types.UInt8TensorType)
    return _add(scope, container, "Cast", [variable.full_name], to=onnx.TensorProto.FLOAT), False


def _add_labels(scope, container, estimator, module, probabilities, outputs):
    """Nodes of the labels of probabilities, and of these themselves, under the names `outputs`."""
    (onnx,) = needed("onnx")
    container.add_node("Identity", [probabilities], outputs[1:], name=scope.get_unique_operator_name("probabilities"))
    if module.outputs == "labels":
        half = _initializer(scope, container, "half", np.array(0.5, dtype=np.float32))
        best = _add(scope, container, "Greater", [probabilities, half])
        integer = {"to": onnx.TensorProto.INT64, "name": scope.get_unique_operator_name("label")}
        container.add_node("Cast", [best], outputs[:1], **integer)
        return
    labels, _ = onnx_labels(estimator.classes_, type(estimator).__name__)
    best = _add(scope, container, "ArgMax", [probabilities], axis=1, keepdims=0)
    classes = _initializer(scope, container, "classes", labels)
    container.add_node("Gather", [classes, best], outputs[:1], name=scope.get_unique_operator_name("label"))


def _add(scope, container, kind, inputs, **attributes):
    """Add a node and return the name of its output."""
    output = scope.get_unique_variable_name(kind.lower())
    container.add_node(kind, inputs, [output], name=scope.get_unique_operator_name(kind), **attributes)
    return output


def _initializer(scope, container, name, values):
    """Add a constant and return its name."""
    (onnx,) = needed("onnx")
    name = scope.get_unique_variable_name(name)
    container.initializers.append(onnx.numpy_helper.from_array(values, name))
    return name


def _embedded(scope, container, graph, rows):
    """Add a graph of one input and one output to what skl2onnx builds; return the name of its output."""
    (onnx,) = needed("onnx.compose")
    prefix = scope.get_unique_variable_name("module") + "_"
    graph = onnx.add_prefix(graph, prefix).graph
    container.add_node("Identity", [rows], [graph.input[0].name], name=scope.get_unique_operator_name("rows"))
    container.initializers.extend(graph.initializer)
    container.nodes.extend(graph.node)
    return graph.output[0].name


def graph_of(module, n_features, is_uint8, opset, name):
    """What torch's exporter makes of a module of rows, as an ONNX model.

    Raises
    ------
    NotTraceableError
        If a user-defined network has data-dependent control flow that torch cannot export.
    """
    needed("onnx", "onnxscript")
    example = torch.zeros(2, n_features, dtype=torch.uint8 if is_uint8 else torch.float32)
    with neutral_state(), _quiet():
        try:
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("n")},),
                opset_version=opset,
                input_names=["rows"],
                output_names=["predictions"],
                verbose=False,
            )
        except Exception as error:  # of the exporter, or of whatever a network of the user's own does
            raise NotTraceableError(
                f"The network of {name} cannot be exported: torch.export cannot trace it for any number of images. "
                f"({type(error).__name__}: {str(error).strip().partition(chr(10))[0]})"
            ) from error
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # the lines of code that it comes from, with the folders of this machine
    return model


@contextmanager
def _quiet():
    """Without the warnings of torch's exporter, which concern the exporter."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

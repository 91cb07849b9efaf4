"""Steps as one ONNX graph, by skl2onnx."""

import warnings

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skfashion._onnx import OPSET, NotTraceableError, needed, onnx_labels
from skfashion.persistence._exportable import CAN_BE
from skfashion.persistence._protocols import ModuleEstimator

# Functions of numpy that are one node each.
_NODES = {
    np.abs: "Abs",
    np.ceil: "Ceil",
    np.cos: "Cos",
    np.exp: "Exp",
    np.floor: "Floor",
    np.log: "Log",
    np.negative: "Neg",
    np.reciprocal: "Reciprocal",
    np.sign: "Sign",
    np.sin: "Sin",
    np.sqrt: "Sqrt",
    np.tanh: "Tanh",
}


def converted(steps, input_dtype):
    """The ONNX model of some fitted steps: the input X, and outputs by the names of :func:`~._to_onnx.to_onnx`."""
    skl2onnx, types = needed("skl2onnx", "skl2onnx.common.data_types")
    takes_uint8 = input_dtype == "uint8" and isinstance(steps[0], ModuleEstimator)
    rows = (types.UInt8TensorType if takes_uint8 else types.FloatTensorType)([None, steps[0].n_features_in_])
    last = steps[-1]
    named = [(f"step{index}", step) for index, step in enumerate(steps)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other projects about each other
            model = skl2onnx.convert_sklearn(
                Pipeline(named) if len(steps) > 1 else last,
                name="skfashion",
                initial_types=[("X", rows)],
                target_opset=OPSET,
                options=_options(last),
                custom_conversion_functions={FunctionTransformer: _convert_function},
                custom_shape_calculators={FunctionTransformer: _keep_shape},
            )
    except NotTraceableError:
        raise
    except Exception as error:  # skl2onnx has no class of its own for what it does not know, and meets it anywhere
        names = ", ".join(type(step).__name__ for step in steps)
        said = str(error).strip().partition("\n")[0]
        raise TypeError(f"{names} cannot be exported ({type(error).__name__}: {said}). {CAN_BE}") from error
    if input_dtype == "uint8" and not takes_uint8:
        _take_uint8(model)
    _name_outputs(model, last)
    return model


def _options(last):
    """Options of skl2onnx: probabilities are to be a tensor, not a list of dicts; some give nothing else."""
    has_option = is_classifier(last) and not isinstance(last, (ModuleEstimator, LinearSVC))
    return {id(last): {"zipmap": False} if has_option else {}}


def _gives_vectors(last):
    """Whether the last step predicts one label or number for a row, and not several."""
    if not hasattr(last, "predict"):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a black row may seem to be on another scale
        return np.ndim(last.predict(np.zeros((1, last.n_features_in_)))) == 1


def _convert_function(scope, operator, container):
    """The node of a FunctionTransformer."""
    transformer = operator.raw_operator
    node = "Identity" if transformer.func is None else _NODES.get(transformer.func)
    if node is None or transformer.kw_args or len(operator.inputs) != 1:
        known = ", ".join(sorted(function.__name__ for function in _NODES))
        raise TypeError(
            f"FunctionTransformer cannot be exported with func={transformer.func!r}: an ONNX graph holds no "
            f"Python code. These functions of numpy can be exported, without arguments: {known}."
        )
    container.add_node(
        node,
        [operator.inputs[0].full_name],
        [operator.outputs[0].full_name],
        name=scope.get_unique_operator_name("FunctionTransformer"),
    )


def _keep_shape(operator):
    operator.outputs[0].set_type(operator.inputs[0].type)


def _take_uint8(model):
    """Let a graph of floats take uint8."""
    (onnx,) = needed("onnx")
    for node in model.graph.node:
        node.input[:] = ["X_float" if name == "X" else name for name in node.input]
    model.graph.node.insert(0, onnx.helper.make_node("Cast", ["X"], ["X_float"], to=onnx.TensorProto.FLOAT))
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8


def _name_outputs(model, last):
    """Give the outputs of a graph the names, types and shapes that ``to_onnx`` promises."""
    (onnx,) = needed("onnx")
    is_vector, floats = _gives_vectors(last), onnx.TensorProto.FLOAT
    if is_classifier(last):
        wanted = {"label": (_type_of_labels(last, is_vector), ("n",) if is_vector else ("n", None))}
        if hasattr(last, "predict_proba"):
            wanted["probabilities"] = floats, ("n", None)
    elif is_regressor(last):
        wanted = {"predictions": (floats, ("n",) if is_vector else ("n", None))}
    else:
        wanted = {"transformed": (floats, ("n", None))}
    found = list(model.graph.output)
    if len(found) < len(wanted) or not all(output.type.HasField("tensor_type") for output in found[: len(wanted)]):
        raise TypeError(f"{type(last).__name__} cannot be the last step: skl2onnx gives no tensor of its outputs.")
    inner = {name: f"{name}_of_a_step" for name in [*(output.name for output in found), *wanted]}
    for node in model.graph.node:
        node.input[:] = [inner.get(name, name) for name in node.input]
        node.output[:] = [inner.get(name, name) for name in node.output]
    del model.graph.output[:]
    for output, (name, (kind, shape)) in zip(found, wanted.items(), strict=False):
        _add_output(model, inner[output.name], name, kind, shape)


def _add_output(model, source, name, kind, shape):
    """Add an output of a type and a shape, made from a tensor of the graph."""
    (onnx,) = needed("onnx")
    sizes = onnx.numpy_helper.from_array(np.array([-1] if len(shape) == 1 else [0, -1]), f"{name}_shape")
    model.graph.initializer.append(sizes)
    if kind == onnx.TensorProto.STRING:  # has no numbers to be cast from
        model.graph.node.append(onnx.helper.make_node("Reshape", [source, sizes.name], [name]))
    else:
        model.graph.node.append(onnx.helper.make_node("Cast", [source], [f"{name}_values"], to=kind))
        model.graph.node.append(onnx.helper.make_node("Reshape", [f"{name}_values", sizes.name], [name]))
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, shape))


def _type_of_labels(classifier, is_vector):
    """The type by which ONNX knows the labels of a classifier; those of an indicator matrix are ints."""
    (onnx,) = needed("onnx")
    kind = onnx_labels(classifier.classes_, type(classifier).__name__)[1] if is_vector else "int"
    types = {"bool": "BOOL", "int": "INT64", "float": "DOUBLE", "string": "STRING"}
    return getattr(onnx.TensorProto, types[kind])

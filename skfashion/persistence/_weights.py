"""Weights of an ONNX graph in fewer bytes."""

import numpy as np

from skfashion._onnx import needed

# Smaller tensors are not worth a node.
_LARGE = 1024

# The axis of the outputs in the weights of each kind of node; of Gemm that depends on how it is written.
_OUTPUT_AXES = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1}


def compress(model, weights):
    """Store the large float32 weights of a graph as ``"float16"`` or ``"int8"``, from which nodes make float32 again.

    The nodes compute on constants, so onnxruntime runs them once, when it loads the file.
    """
    if weights == "float32":
        return
    (onnx,) = needed("onnx")
    axes = _axes_of_outputs(model.graph)
    graph = model.graph
    nodes, initializers = [], []
    for initializer in graph.initializer:
        values = _large_weights(onnx, initializer)
        if weights == "float16" and values is not None and np.abs(values).max() <= np.finfo(np.float16).max:
            initializers.append(onnx.numpy_helper.from_array(values.astype(np.float16), f"{initializer.name}_float16"))
            nodes.append(_cast(onnx, initializers[-1].name, initializer.name))
        elif weights == "int8" and values is not None and initializer.name in axes:
            few, scale = _quantized(values, axes[initializer.name])
            initializers.append(onnx.numpy_helper.from_array(few, f"{initializer.name}_int8"))
            initializers.append(onnx.numpy_helper.from_array(scale, f"{initializer.name}_scale"))
            whole = f"{initializer.name}_whole"
            nodes.append(_cast(onnx, initializers[-2].name, whole))
            nodes.append(onnx.helper.make_node("Mul", [whole, initializers[-1].name], [initializer.name]))
        else:
            initializers.append(initializer)
    rest = list(graph.node)
    del graph.node[:], graph.initializer[:]
    graph.node.extend([*nodes, *rest])
    graph.initializer.extend(initializers)


def _large_weights(onnx, initializer):
    """The values of a large float32 tensor; None of any other."""
    if initializer.data_type != onnx.TensorProto.FLOAT or np.prod(initializer.dims) < _LARGE:
        return None
    values = onnx.numpy_helper.to_array(initializer)
    return values if np.isfinite(values).all() else None


def _axes_of_outputs(graph):
    """The axis of the outputs of each tensor that is the weight of nodes, by its name."""
    axes = {}
    for node in graph.node:
        if node.op_type == "Gemm":
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axes[node.input[1]] = 0 if transposed else 1
        elif node.op_type in _OUTPUT_AXES:
            axes[node.input[1]] = _OUTPUT_AXES[node.op_type]
    return axes


def _quantized(values, axis):
    """Whole numbers from -127 to 127, and the float32 scale of each output that makes the values of them again."""
    others = tuple(index for index in range(values.ndim) if index != axis % values.ndim)
    scale = np.abs(values).max(axis=others, keepdims=True) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(values / scale).astype(np.int8), scale


def _cast(onnx, source, name):
    return onnx.helper.make_node("Cast", [source], [name], to=onnx.TensorProto.FLOAT)

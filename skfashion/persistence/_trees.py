"""The nodes of decision trees, which are an object of compiled code that follows them wherever they lead."""

import numpy as np

from skfashion._private_sklearn_state import Tree
from skfashion.persistence._kind import check

_LEAF = -1


def encode_tree(tree, encoder, where):
    """The columns of the nodes of a tree."""
    state = tree.__getstate__()
    return {
        "n_features": int(tree.n_features),
        "n_outputs": int(tree.n_outputs),
        "n_classes": encoder.encode(np.asarray(tree.n_classes), where),
        "nodes": {name: encoder.encode(state["nodes"][name].copy(), where) for name in state["nodes"].dtype.names},
        "values": encoder.encode(state["values"], where),
    }


def decode_tree(content, decoder):
    """A tree whose paths all end at leaves, and use only existing features."""
    n_classes = decoder.decode(content["n_classes"])  # in the order in which they were written: objects are counted
    columns = {name: decoder.decode(column) for name, column in content["nodes"].items()}
    values = decoder.decode(content["values"])
    n_features, n_outputs = content["n_features"], content["n_outputs"]
    _check(columns, values, n_classes, n_features, n_outputs)
    tree = Tree(n_features, n_classes.astype(np.intp), n_outputs)
    nodes = np.zeros(len(values), dtype=tree.__getstate__()["nodes"].dtype)
    for name in nodes.dtype.names:
        nodes[name] = columns[name]
    depth = _depth(nodes["left_child"], nodes["right_child"])  # paths are written to memory of this length
    tree.__setstate__({"max_depth": depth, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree


def _check(columns, values, n_classes, n_features, n_outputs):
    sizes = all(type(size) is int and size > 0 for size in (n_features, n_outputs))
    arrays = all(isinstance(array, np.ndarray) for array in (*columns.values(), values, n_classes))
    check(sizes and arrays, "a tree without sizes or arrays")
    n = len(values)
    check(n > 0 and all(column.shape == (n,) for column in columns.values()), "columns of different lengths")
    check(n_classes.shape == (n_outputs,) and n_classes.dtype.kind == "i" and (n_classes > 0).all(), "no classes")
    check(values.dtype == np.float64 and values.shape == (n, n_outputs, n_classes.max()), "values of another shape")
    index, left, right = np.arange(n), columns["left_child"], columns["right_child"]
    is_leaf = (left == _LEAF) & (right == _LEAF)
    for child in (left, right):
        check(child.dtype.kind == "i" and (is_leaf | ((index < child) & (child < n))).all(), "invalid children")
    feature = columns["feature"]
    check(feature.dtype.kind == "i" and (is_leaf | ((feature >= 0) & (feature < n_features))).all(), "unknown features")


def _depth(left, right):
    """The number of steps to the deepest leaf; children come after their parents."""
    depth = np.zeros(len(left), dtype=int)
    for index in np.flatnonzero(left != _LEAF):
        for child in (left[index], right[index]):
            depth[child] = max(depth[child], depth[index] + 1)
    return int(depth.max())

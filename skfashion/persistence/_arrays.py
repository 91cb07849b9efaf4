"""Arrays, sparse and masked arrays, and random numbers, as kinds of what can be saved."""

import numpy as np
import scipy.sparse

from skfashion.persistence._kind import Kind, check, exactly

# What safetensors holds; times are written as the integers that they are.
_NUMBERS = "biuf"
_TIMES = "mM"

_SPARSE = {
    f"{form}_{kind}": getattr(scipy.sparse, f"{form}_{kind}") for form in ("csr", "csc") for kind in ("array", "matrix")
}

# Bytes: one long text among many would make all of them as long.
_LARGEST_TEXTS = 2**28

# An array of nothing can have any shape, and cost the more the longer it is.
_LONGEST_EMPTY = 2**24

# By how much rows may be longer than what is kept of them.
_MOST_PADDING = 16

# Words in the state of numpy's RandomState.
_N_WORDS = 624


def _encode_array(array, encoder, where):
    """Numbers by the name of an array, and how they lie in memory, on which the last digit of products depends."""
    array = np.asarray(array)
    is_fortran = array.ndim > 1 and not array.flags.c_contiguous and abs(array.strides[0]) < abs(array.strides[-1])
    view = array.T if is_fortran else array
    is_time = array.dtype.kind in _TIMES
    stored = np.require(view, requirements="C")
    stored = stored.view(np.int64) if is_time else stored.astype(stored.dtype.newbyteorder("="), copy=False)
    layout = {"fortran": is_fortran} | ({"dtype": array.dtype.str} if is_time else {})
    return {"name": encoder.add_array(stored), **layout, **_padding_of(view)}


def _padding_of(view):
    """How long the rows are that a table is cut out of, as the first principal components are out of all."""
    if view.ndim != 2 or view.flags.c_contiguous or view.size == 0 or view.strides[1] != view.itemsize:
        return {}
    length, rest = divmod(view.strides[0], view.itemsize)
    return {"row_length": length} if rest == 0 and view.shape[1] < length <= _MOST_PADDING * view.shape[1] else {}


def _decode_array(content, decoder):
    array = np.array(decoder.take_array(content["name"]))  # writable, as it was
    check(array.size or max(array.shape, default=0) <= _LONGEST_EMPTY, "nothing, a great many times")
    if "row_length" in content:
        length = content["row_length"]
        is_length = array.ndim == 2 and type(length) is int and array.shape[1] <= length
        check(is_length and length <= _MOST_PADDING * array.shape[1], "rows of another length")
        padded = np.zeros((len(array), length), dtype=array.dtype)
        padded[:, : array.shape[1]] = array
        array = padded[:, : array.shape[1]]
    if "dtype" in content:
        dtype = np.dtype(content["dtype"])
        check(dtype.kind in _TIMES and array.dtype == np.int64, "not times")
        array = array.view(dtype)
    return array.T if content["fortran"] is True else array


def _encode_objects(array, encoder, where):
    """Texts and objects one by one: a person can read them, and no parser of foreign memory is needed."""
    if array.dtype.kind == "U" and array.nbytes > _LARGEST_TEXTS:
        raise ValueError(
            f"{where} holds {array.size} texts of {array.itemsize} bytes each: {_LARGEST_TEXTS} are the limit."
        )
    values = encoder.encode(array.ravel().tolist(), where)
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": values}


def _decode_objects(content, decoder):
    dtype, shape, values = np.dtype(content["dtype"]), content["shape"], decoder.decode(content["values"])
    check(dtype.kind in "UO" and type(values) is list, "not texts or objects")
    check(all(type(size) is int and size >= 0 for size in shape), "invalid sizes")
    if dtype.kind == "U":
        check(all(type(value) is str for value in values), "not texts")
    check(dtype.itemsize * len(values) <= _LARGEST_TEXTS, f"{len(values)} texts of {dtype.itemsize} bytes each")
    array = np.empty(len(values), dtype=dtype)
    for index, value in enumerate(values):  # at once numpy would look into sequences
        array[index] = value
    return array.reshape(shape)


def _encode_masked(array, encoder, where):
    mask = None if array.mask is np.ma.nomask else np.asarray(array.mask)
    parts = {"data": np.asarray(array.data), "mask": mask, "fill_value": array.fill_value}
    return {name: encoder.encode(part, where) for name, part in parts.items()}


def _decode_masked(content, decoder):
    data, mask, fill_value = (decoder.decode(content[name]) for name in ("data", "mask", "fill_value"))
    is_mask = mask is None or (isinstance(mask, np.ndarray) and mask.dtype == bool and mask.shape == data.shape)
    check(isinstance(data, np.ndarray) and is_mask, "not arrays of one shape")
    return np.ma.MaskedArray(data, mask=np.ma.nomask if mask is None else mask, fill_value=fill_value)


def _encode_sparse(matrix, encoder, where):
    parts = {name: encoder.encode(getattr(matrix, name), where) for name in ("data", "indices", "indptr")}
    return {"class": type(matrix).__name__, "shape": list(matrix.shape), **parts}


def _decode_sparse(content, decoder):
    parts = [decoder.decode(content[name]) for name in ("data", "indices", "indptr")]
    check(all(isinstance(part, np.ndarray) for part in parts), "not arrays")
    # Copies: who else holds these arrays could change them after the check.
    matrix = _SPARSE[content["class"]](tuple(parts), shape=tuple(content["shape"]), copy=True)
    matrix.check_format(full_check=True)  # compiled code follows the indices wherever they point
    return matrix


def _fits_random_state(value, encoder):
    return type(value) is np.random.RandomState and value.get_state(legacy=False)["bit_generator"] == "MT19937"


def _encode_random_state(state, encoder, where):
    _, words, position, has_gauss, gauss = state.get_state(legacy=True)
    return {"words": encoder.encode(words, where), "position": position, "has_gauss": has_gauss, "gauss": gauss}


def _decode_random_state(content, decoder):
    words, position = decoder.decode(content["words"]), content["position"]
    is_state = isinstance(words, np.ndarray) and words.dtype == np.uint32 and words.shape == (_N_WORDS,)
    check(is_state and type(position) is int and 0 <= position <= _N_WORDS, "not a state of random numbers")
    state = np.random.RandomState(0)
    state.set_state(("MT19937", words, position, int(content["has_gauss"]), float(content["gauss"])))
    return state


def _fits_array(value, encoder):
    is_array = type(value) in (np.ndarray, np.memmap)  # loaded as one in memory
    return is_array and value.dtype.kind in _NUMBERS + _TIMES and value.dtype.itemsize <= 8


ARRAY_KINDS = (
    Kind("array", _fits_array, _encode_array, _decode_array, shared=True),
    Kind(
        "objects",
        lambda value, encoder: type(value) is np.ndarray and value.dtype.kind in "UO",
        _encode_objects,
        _decode_objects,
        shared=True,
    ),
    Kind("masked", exactly(np.ma.MaskedArray), _encode_masked, _decode_masked),
    Kind("sparse", exactly(*_SPARSE.values()), _encode_sparse, _decode_sparse, shared=True),
    Kind("random_state", _fits_random_state, _encode_random_state, _decode_random_state, shared=True),
)

"""Objects as JSON values and arrays, and back, by a closed table of kinds of which none can call anything."""

import json
import math

import numpy as np

from skfashion.persistence._archive import BrokenFileError
from skfashion.persistence._arrays import ARRAY_KINDS
from skfashion.persistence._containers import CONTAINER_KINDS
from skfashion.persistence._functions import FUNCTION_KINDS
from skfashion.persistence._objects import OBJECT_KINDS
from skfashion.persistence._searches import SEARCH_KINDS

KINDS = {kind.name: kind for kind in (*CONTAINER_KINDS, *ARRAY_KINDS, *OBJECT_KINDS, *FUNCTION_KINDS, *SEARCH_KINDS)}

# By references to what it has described before, a file of few bytes could stand for a great many objects.
_MOST_OBJECTS = 2**23
_MOST_COPIES = 16

# What JSON holds as it is.
_PLAIN = (type(None), bool, int, str)


class StateEncoder:
    """Turns an object into JSON values and arrays.

    An int, a float, a str, a bool and None stand for themselves, and so does a list. Anything else is an object of one
    entry, the name of its kind and what that needs. What is met twice is written once: ``{"same": 3}`` is the fourth
    of the objects and arrays that were complete before it.

    Parameters
    ----------
    trusted : dict of str to class or function
        What the user vouches for, by its name.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The arrays by the names that the JSON values know them by.
    names : set of str
        The names of the classes of all objects, and of all functions.
    left_out : bool
        Whether parameters that belong to a machine were left out.
    """

    def __init__(self, trusted):
        self.trusted = trusted
        self.arrays, self.names, self.left_out = {}, set(), False
        self._known, self._open = {}, set()

    def encode(self, value, where):
        """The JSON values of an object, which errors name `where`."""
        if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
            return value
        if type(value) is list:
            return [self.encode(each, f"{where}[{index}]") for index, each in enumerate(value)]
        if id(value) in self._known:
            return {"same": self._known[id(value)][0]}
        if id(value) in self._open:
            raise ValueError(f"{where} holds a circular reference, which cannot be saved.")
        for kind in KINDS.values():
            if kind.fits(value, self):
                break
        else:
            raise ValueError(_refusal(value, where))
        self._open.add(id(value))
        encoded = {kind.name: kind.encode(value, self, where)}
        self._open.discard(id(value))
        if kind.shared:
            self._known[id(value)] = len(self._known), value  # kept alive, as another may get its id
        return encoded

    def add_array(self, array):
        """Take an array in; return its name."""
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name


class StateDecoder:
    """Turns JSON values and arrays into an object.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays by their names. Each is taken out when it is met, so that no two copies stay in memory.
    trusted : dict of str to class or function
        What the user vouches for, by its name.
    """

    def __init__(self, arrays, trusted):
        self.arrays, self.trusted = arrays, trusted
        self._known = []
        self._n_objects, self._n_bytes = 0, 0
        self._most_bytes = 2**20 + _MOST_COPIES * sum(array.nbytes for array in arrays.values())

    def decode(self, node):
        """The object that JSON values describe.

        Raises
        ------
        BrokenFileError
            If they describe none, or one that is not in the table.
        """
        self._count(1, 0)
        if type(node) in _PLAIN or type(node) is float:
            return node
        if type(node) is list:
            return [self.decode(each) for each in node]
        if len(node) != 1:
            raise BrokenFileError(f"The file holds an object of {len(node)} kinds: {_shown(node)}.")
        name, content = next(iter(node.items()))
        if name == "same":
            return self._same(content)
        if name not in KINDS:
            raise BrokenFileError(f"The file holds an object of the kind {name!r:.100}, which is not in {[*KINDS]}.")
        kind, before = KINDS[name], (self._n_objects, self._n_bytes)
        try:
            value = kind.decode(content, self)
        except (BrokenFileError, RecursionError, Warning, ImportError, MemoryError):
            raise  # the last two are no fault of the file
        except Exception as error:  # of a constructor that is given what it was not made for
            raise BrokenFileError(f"The file holds a broken {name}: {_said(error)} ({_shown(content)})") from error
        if kind.shared:
            self._known.append((value, self._n_objects - before[0], self._n_bytes - before[1]))
        return value

    def _same(self, index):
        if type(index) is not int or not 0 <= index < len(self._known):
            raise BrokenFileError(f"The file refers to object {index!r:.50} of the {len(self._known)} before it.")
        value, n_objects, n_bytes = self._known[index]
        # Objects are shared, and take no memory; arrays are copied by who takes them in, as a network its weights.
        self._count(n_objects, n_bytes if isinstance(value, np.ndarray) else 0)
        return value

    def _count(self, n_objects, n_bytes):
        self._n_objects += n_objects
        self._n_bytes += n_bytes
        if self._n_objects > _MOST_OBJECTS or self._n_bytes > self._most_bytes:
            raise BrokenFileError("The file stands for far more objects or arrays than it holds.")

    def take_array(self, name):
        """The array of a name, which nothing else may refer to."""
        if name not in self.arrays:
            raise BrokenFileError(f"The file has no array {name!r:.50}.")
        array = self.arrays.pop(name)
        self._count(0, array.nbytes)
        return array


def _refusal(value, where):
    """Say what cannot be saved, where it is, and what its owner can do."""
    kind = type(value)
    if isinstance(value, np.ndarray):
        return (
            f"{where} holds a {kind.__name__} of {value.dtype}: arrays of numbers, times, str or objects can be saved."
        )
    if kind.__module__ == "builtins" and not callable(value):
        return (
            f"{where} holds a {kind.__name__}: values can be None, bool, int, float, str, list, tuple, dict, set, "
            "slice, and arrays and scalars of numpy."
        )
    own = value if hasattr(value, "__qualname__") else kind
    called = f"{own.__qualname__} of {getattr(own, '__module__', None) or type(own).__module__}"
    what = called if own is value else f"an object of the class {called}"
    return (
        f"{where} holds {what}, which is not in the table of what can be saved: functions, callbacks and classes of "
        "other projects are left out, because a file could call anything with them. Pass your own as trusted=(...) "
        "here and to load, save a part such as best_estimator_, or pickle the model for your own use."
    )


def _said(error):
    """What an error says, if that can be said: it may hold an object of the file."""
    try:
        return str(error)[:300]
    except Exception:
        return type(error).__name__


def _shown(node):
    return json.dumps(node)[:100]

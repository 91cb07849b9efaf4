"""The rules of the house: who imports whom, what is public, and how large things may grow."""

import ast
import importlib
import inspect
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from processes import run_python

from skfashion._seeds import draw_seed

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skfashion"
FILES = sorted(PACKAGE.rglob("*.py"))
ALL_FILES = sorted([*FILES, *(path for folder in ("benchmarks", "tests") for path in (ROOT / folder).rglob("*.py"))])
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
SUB_PACKAGES = sorted(
    {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {path.stem for path in PACKAGE.glob("[a-z]*.py")}
)

# The engine is no public package: users meet it through the estimators.
PUBLIC = [name for name in SUB_PACKAGES if name != "training"]

IMAGES = {"_atomic", "_images", "_labels", "_layout", "_pixels", "_seeds", "_weights"}

# A room may import from the rooms named here and from itself.
MAY_IMPORT = {
    "__init__": {"_version"},
    "_atomic": set(),
    "_tensors": set(),
    "_device": set(),
    "_exported": {"_fitted_module", "_onnx"},
    "_extras": set(),
    "_fitted_module": {"_pixels", "modules"},
    "_image_rows": set(),
    "_images": {"_labels", "_layout", "_pixels", "_version"},
    "_labels": {"_layout"},
    "_layout": {"_image_rows"},
    "_nested": set(),
    "_onnx": {"_extras", "_state"},
    "_pixels": set(),
    "_private_sklearn": set(),
    "_private_sklearn_callback": set(),
    "_private_sklearn_search": set(),
    "_private_sklearn_state": set(),
    "_private_torch": set(),
    "_seeds": set(),
    "_state": set(),
    "_version": set(),
    "_weights": {"_layout"},
    "baselines": IMAGES | {"_nested", "preprocessing", "_state", "_tensors", "_device", "_exported", "modules"},
    "datasets": {"_extras", "_image_rows", "_layout", "preprocessing"},
    "extending": {"neural_network", "training"},
    # Networks late, where they are explained.
    "inspection": IMAGES | {"_extras", "_nested", "_state", "metrics", "modules"},
    "metrics": IMAGES | {"_extras", "_nested", "baselines"},
    "model_selection": {"_extras", "_nested", "_seeds", "_version", "training"},
    "modules": set(),
    "neural_network": IMAGES | {"_nested", "_state", "_device", "_exported", "_tensors", "modules", "training"},
    # What it saves and draws: all that is above it.
    "persistence": {
        *("_extras", "_layout", "_nested", "_onnx", "_pixels", "_version"),
        *("baselines", "inspection", "metrics", "model_selection", "modules", "neural_network", "preprocessing"),
        "training",
    },
    "preprocessing": IMAGES | {"_exported", "_extras", "_image_rows", "_version", "modules"},
    "training": {"_device", "_pixels", "_state", "_tensors", "modules"},
}


@cache
def tree(path):
    return ast.parse(path.read_text())


def imported_modules(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module


def room(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def test_every_room_has_its_rule():
    assert {room(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    for name in imported_modules(path):
        first, *rest = name.split(".")
        if first == "skfashion" and rest and rest[0].startswith("_private_"):
            first = rest[0].split("_")[2]  # as if the room imported the project itself
        if first == "skfashion":
            assert rest, f"{path} imports the root of the package"
            assert rest[0] in MAY_IMPORT[room(path)] | {room(path)}, f"{path} imports {name}"
        if first == "skorch":
            assert room(path) == "training", f"{path} imports skorch"
        if room(path) == "modules":
            assert first not in ("sklearn", "skorch"), f"{path} imports {name}"
        if room(path) == "datasets":
            assert first != "torch", f"{path} imports torch"


def file_of(module):
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def names_at_top(path):
    """The names that a file gives to what it defines or imports, and the modules beside an ``__init__``."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        else:
            yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))
    if path.name == "__init__.py":
        yield from (each.stem for each in path.parent.iterdir())


@pytest.mark.parametrize("path", [*ALL_FILES, *EXAMPLES], ids=lambda path: str(path.relative_to(ROOT)))
def test_imported_names_exist(path):
    """Without running the file: one that needs an extra is skipped where the extra is missing."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("skfashion", "benchmarks"):
            missing = {alias.name for alias in node.names} - set(names_at_top(file_of(node.module)))
            assert not missing, f"{node.module} has no {sorted(missing)}"


@pytest.mark.parametrize("name", ["skfashion", *(f"skfashion.{package}" for package in PUBLIC)])
def test_public_names(name):
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)  # ruff keeps them sorted
    for public in module.__all__:
        if name == "skfashion" and public in PUBLIC:
            importlib.import_module(f"skfashion.{public}")
        else:
            value = getattr(module, public)
            documented = not callable(value) or ">>>" in (value.__doc__ or "")  # data is described where it is written
            assert documented, f"{name}.{public} has no example in its docstring"
    if name == "skfashion":
        assert set(module.__all__) == {"__version__", *PUBLIC}


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_ceilings(path):
    assert len(path.read_text().splitlines()) < 400, "split it by subject"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            assert not body or body[-1].end_lineno - body[0].lineno < 50, f"{node.name} is too long"
        if isinstance(node, ast.ClassDef):
            public = [f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
            assert len(public) < 12, f"{node.name} has {len(public)} public methods"


def test_no_room_for_odds_and_ends():
    assert not [path for path in FILES if path.stem.strip("_") in ("utils", "util", "helpers", "misc", "common")]


def test_import_has_no_side_effects():
    code = (
        "import os, random, sys, warnings\n"
        "before = dict(os.environ), random.getstate(), list(warnings.filters)\n"
        "import skfashion\n"
        "assert (dict(os.environ), random.getstate(), list(warnings.filters)) == before\n"
        "assert not {'torch', 'sklearn', 'numpy'} & set(sys.modules)\n"
    )
    run_python(code)


@pytest.mark.slow
def test_sub_packages_are_there_when_used():
    code = (
        "import sys, skfashion\n"
        "assert skfashion.datasets.make_garments(10).data.shape == (10, 784)\n"
        "assert 'torch' not in sys.modules\n"
        "assert skfashion.neural_network.MLPClassifier().fit\n"
        "assert set(skfashion.__all__) <= set(dir(skfashion))\n"
        "assert not hasattr(skfashion, 'keras')\n"
    )
    run_python(code)


def test_every_test_file_mirrors_a_room():
    """But for those of what is too large for one process, or one machine, which is a matter of all rooms."""
    folders = {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")} - {"tests", "scale"}
    assert folders <= set(SUB_PACKAGES)


def own_classes():
    """Every class that is written in skfashion.neural_network or skfashion.training."""
    for path in FILES:
        if room(path) in ("neural_network", "training"):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            yield from (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)


def has_a_body(function):
    """Whether a function does anything: a hook with nothing but a docstring does not."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    body = definition.body[1:] if ast.get_docstring(definition) is not None else definition.body
    return not all(isinstance(statement, ast.Pass) for statement in body)


@pytest.mark.parametrize("cls", list(own_classes()), ids=lambda cls: cls.__name__)
def test_no_concrete_method_is_overridden(cls):
    for name, method in vars(cls).items():
        if not inspect.isfunction(method) or name.startswith("__"):
            continue  # special methods go on to super()
        for base in cls.__mro__[1:]:
            other = vars(base).get(name)
            if base.__module__.startswith("skfashion.") and inspect.isfunction(other):
                assert getattr(other, "__isabstractmethod__", False) or not has_a_body(other), f"{cls}.{name}"


def test_tests_do_not_depend_on_luck():
    """Where no seed is given, each test begins with the same numbers, and gets new ones from draw to draw."""
    first = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0, spawn_key=(0,)))).integers(2**31)
    assert draw_seed(None) == first != draw_seed(None)

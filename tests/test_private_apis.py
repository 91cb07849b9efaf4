"""Private APIs of other projects stand in one module each, which lists them and the releases they were tried with."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "skfashion").rglob("*.py"))
MODULES = {path.stem: path for path in FILES if path.stem.startswith("_private_")}
OTHERS = [path for path in FILES if path not in MODULES.values()]

# The packages whose private APIs the modules name.
PACKAGES = {
    "_private_sklearn": "scikit-learn",
    "_private_sklearn_callback": "scikit-learn",
    "_private_sklearn_search": "scikit-learn",
    "_private_sklearn_state": "scikit-learn",
    "_private_torch": "torch",
}

# skorch calls or hands these to a net, which alone deals with them: nothing to import.
OF_SKORCH = {"_set_training"}


def is_private(name):
    return re.fullmatch(r"_[A-Za-z]\w*", name) is not None


def tree(path):
    return ast.parse(path.read_text())


def listed(module):
    """The names that the docstring of a module lists: those before the colon of a line that begins with a dash."""
    lines = re.findall(r"^- (.+?): ", ast.get_docstring(tree(MODULES[module])), re.MULTILINE)
    return {name for line in lines for name in re.findall(r"`(\w+)`", line)}


def imports(path):
    """The name by which each import from another project is known, and its path."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def imported_from_elsewhere(path):
    return {name: full for name, full in imports(path) if full.split(".")[0] not in ("skfashion", "__future__")}


def dotted(node):
    """The path of an attribute of a name, such as ``torch.nn.Linear``; None for an attribute of anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def defined(path):
    """The names that a file gives to something."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Call):  # vars(self).update(_name=...)
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        elif isinstance(node, ast.Dict):  # vars(self).update({"_name": ...})
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def reached(path):
    """The private names by which a file reaches into objects: attributes, and strings that may be one."""
    nodes = list(ast.walk(tree(path)))
    pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in nodes:
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            yield node.value


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_is_imported_elsewhere(path):
    foreign = imported_from_elsewhere(path)
    private = {full for full in foreign.values() if any(map(is_private, full.split(".")))}
    assert not private, f"import these in one of {sorted(MODULES)}, and list them there"


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_of_a_module_is_used_elsewhere(path):
    foreign = imported_from_elsewhere(path)
    used = {dotted(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)} - {None}
    private = {
        name for name in used if name.split(".")[0] in foreign and any(is_private(part) for part in name.split(".")[1:])
    }
    assert not private, f"import these in one of {sorted(MODULES)}, and list them there"


def test_private_names_of_objects_are_listed():
    """What is reached, and no name of ours, belongs to somebody else."""
    ours = {name for path in OTHERS for name in defined(path)}
    found = {name for path in FILES for name in reached(path) if is_private(name)} - ours
    names = {module: set(importlib.import_module(f"skfashion.{module}").__all__) for module in MODULES}
    of_objects = {name for module in MODULES for name in listed(module) - names[module]}
    assert found - set().union(*names.values()) == (of_objects | OF_SKORCH) - ours


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_lists_are_complete(module):
    names = set(importlib.import_module(f"skfashion.{module}").__all__)
    imported = {full.split(".")[-1] for full in imported_from_elsewhere(MODULES[module]).values()} - {"torch"}
    functions = {node.name for node in tree(MODULES[module]).body if isinstance(node, ast.FunctionDef)}
    functions = {name for name in functions if not is_private(name)}
    assert names == imported | functions
    assert imported <= listed(module)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_the_releases_are_those_of_the_constraints(module):
    package = PACKAGES[module]
    tried = [
        re.search(rf"^{package}==(.+)$", (ROOT / name).read_text(), re.MULTILINE)[1]
        for name in ("constraints-lowest.txt", "constraints.txt")
    ]
    assert f"Last tried with {package} {' and '.join(tried)}." in ast.get_docstring(tree(MODULES[module]))


def test_what_scikit_learn_reads_of_ours_is_there():
    from sklearn.base import BaseEstimator

    from skfashion.neural_network import MLPClassifier

    theirs = "_doc_link_module", "_doc_link_template", "_get_fitted_attr_html"
    assert all(hasattr(BaseEstimator(), name) for name in theirs)
    assert hasattr(BaseEstimator()._get_fitted_attr_html(), "_repr_html_inner")
    with pytest.raises(ValueError, match="'batch_size' parameter"):  # _parameter_constraints are read
        MLPClassifier(batch_size=0).fit([[0.0], [1.0]], [0, 1])

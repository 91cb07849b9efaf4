"""The ranges of pyproject.toml begin with the releases that CI installs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Extras of those who work on this library, and of tools that CI has beside those: tried with constraints.txt alone.
ONLY_CURRENT = ("dask", "docs", "ecosystem", "explain", "onnx", "postgresql", "ray", "release")


def pins(name):
    lines = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in lines}


CURRENT, LOWEST = pins("constraints.txt"), pins("constraints-lowest.txt")


def requirements(lines):
    """The requirements of other projects than this one."""
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): each.specifier for each in parsed if each.name != PROJECT["name"]}


def floor(specifier):
    (only,) = specifier
    assert only.operator == ">="
    return Version(only.version)


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_ranges_begin_with_what_ci_installs(extra):
    installed = CURRENT if extra in ONLY_CURRENT else LOWEST
    for package, specifier in requirements(PROJECT["dependencies"] if extra is None else EXTRAS[extra]).items():
        assert installed[package] == floor(specifier), package


def test_ranges_hold_what_ci_runs():
    lines = [*PROJECT["dependencies"], *(line for name in EXTRAS for line in EXTRAS[name])]
    for package, specifier in requirements(lines).items():
        assert CURRENT[package] in specifier, package

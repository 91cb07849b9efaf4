"""The files around the package agree with it and with each other; .ci/project checks each against its own schema."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import skfashion

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def versions_of_python():
    """The minor versions that pyproject.toml names."""
    found = [re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", line) for line in PROJECT["classifiers"]]
    return [int(match[1]) for match in found if match]


def pinned(package):
    return re.search(rf"^{package}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]


@pytest.mark.parametrize("package", ["ruff", "codespell", "check-jsonschema", "validate-pyproject"])
def test_hooks_are_of_the_releases_that_ci_runs(package):
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.search(rf"/{package}(?:-pre-commit)?\n    rev: v?(\S+)\n", text)[1] == pinned(package)


def test_the_matrix_runs_the_versions_of_python_that_are_promised():
    workflow = (ROOT / ".github/workflows/tests.yml").read_text()
    assert f">=3.{min(versions_of_python())}" == PROJECT["requires-python"]
    for minor in versions_of_python():
        assert f'"3.{minor}"' in workflow
    assert set(map(int, re.findall(r'"3\.(\d+)"', workflow))) == set(versions_of_python())


def test_the_citation_is_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == skfashion.__version__
    assert re.search(r"^license: (\S+)$", citation, re.MULTILINE)[1] == PROJECT["license"]


def test_fragments_are_of_a_known_kind():
    kinds = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
    known = "|".join(kind["directory"] for kind in kinds)
    for path in (ROOT / "changes").iterdir():
        assert path.name == "README.md" or re.fullmatch(rf"(\d+|\+[\w-]+)\.({known})(\.\d+)?\.md", path.name), path


def test_folders_of_the_project_are_those_that_are_known():
    """What a benchmark or a page writes beside them is not part of the project."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout of git")
    folders = {name.split("/")[0] for name in listed.stdout.splitlines() if "/" in name}
    assert folders <= {
        ".ci",
        ".devcontainer",
        ".github",
        "benchmarks",
        "changes",
        "docs",
        "examples",
        "skfashion",
        "tests",
    }

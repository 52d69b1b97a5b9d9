"""What is declared in pyproject.toml: few dependencies, extras for what only some projects need, and nothing else."""

import ast
import functools
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

from swapgate.core.extras import EXTRAS

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "swapgate"
MOST = 12
"""Dependencies that everybody installs."""
MODULES = {"pillow": "PIL", "jinja2": "jinja2"}
"""How packages are imported that are not called so."""
BROUGHT = {
    "filelock": "huggingface_hub",
    "iniconfig": "pytest",
    "jsonschema_specifications": "jsonschema",
    "markupsafe": "jinja2",
    "numpy": "scipy",
    "_pytest": "pytest",
    "pydantic_core": "pydantic",
    "regex": "transformers",
    "safetensors": "transformers",
    "tokenizers": "transformers",
    "typing_extensions": "pydantic",
}
"""What is imported and not declared, for it always comes with a dependency."""
UNKNOWN = frozenset({"dev", "all", "timm"})
"""Extras of which the package itself imports nothing, or that are made of others."""

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="part of the repository")


def declared():
    """Return the dependencies, and those of each extra, by their names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {extra: [*map(name, lines)] for extra, lines in project["optional-dependencies"].items()}
    return [*map(name, project["dependencies"])], extras, project["optional-dependencies"]


def name(requirement):
    """Return the package of a requirement."""
    return re.split(r"[\[<>=!~; ]", requirement)[0]


def parts(requirement):
    """Return the extras that a requirement names."""
    return requirement.partition("[")[2].partition("]")[0].split(",")


def expanded(extra):
    """Return the packages of an extra, those of other extras among them."""
    _, _, lines = declared()
    found = set()
    for line in lines[extra]:
        found |= set().union(*map(expanded, parts(line))) if line.startswith("swapgate[") else {name(line)}
    return found


@functools.cache
def imported():
    """Return the packages that the modules of this one import, each with one of them."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            found.update({one.partition(".")[0]: path.relative_to(ROOT).as_posix() for one in names})
    return {one: where for one, where in found.items() if one not in (*sys.stdlib_module_names, "swapgate")}


def test_few_dependencies():
    """Everybody installs at most twelve."""
    assert len(declared()[0]) <= MOST


def test_all_that_is_imported():
    """Each import is of a dependency, of an extra, or of what a dependency brings along."""
    base, _, _ = declared()
    known = {MODULES.get(one, one.replace("-", "_")) for one in base}
    known |= {module for packages in EXTRAS.values() for module in packages.values()}
    assert {one: where for one, where in imported().items() if one not in {*known, *BROUGHT}} == {}


def test_nothing_else():
    """No dependency is declared that is not imported, none is told to be brought that is declared or not imported."""
    base, _, _ = declared()
    used = imported().keys() | {"pytest_benchmark"}  # whose fixture tests use
    assert [one for one in base if MODULES.get(one, one.replace("-", "_")) not in used] == []
    assert {*BROUGHT} <= used
    assert not {*BROUGHT} & {MODULES.get(one, one.replace("-", "_")) for one in base}


@pytest.mark.parametrize("module", sorted({*BROUGHT} - {"_pytest"}))
def test_brought_along(module):
    """What is not declared is required by the dependency that brings it, on every system."""
    always = [name(line) for line in importlib.metadata.requires(BROUGHT[module]) if ";" not in line]
    assert module in [one.lower().replace("-", "_") for one in always]


def test_extras_are_those_that_are_told():
    """Messages name the extras of pyproject.toml and all of their packages."""
    assert {*declared()[1]} - UNKNOWN == {*EXTRAS} - UNKNOWN
    for extra, packages in EXTRAS.items():
        assert expanded(extra) == {*packages}, extra


def test_all_but_two():
    """`all` has each extra of users but ray and timm, which is made for one torch; development has all."""
    _, _, lines = declared()
    assert {*parts(lines["all"][0])} == {*EXTRAS} - {"benchmarks", "ray", "timm"}
    assert "swapgate[all]" in lines["dev"]

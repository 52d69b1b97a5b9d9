"""README.md and the project agree, so that what it tells one to type works."""

import configparser
import re
import tomllib
from pathlib import Path

from swapgate.outputs import Tolerance
from swapgate.project.manifest import Row

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE) + re.findall(r"`((?:pytest|tox|python) [^`]*)`", README)


def test_ci_runs_the_second_command():
    """What CI runs is the second command at the top of the README, line by line."""
    second = re.findall(r"^\$ (.+)$", README, re.MULTILINE)[1]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if line.startswith((".venv", "python3"))] == second.split(" && ")


def test_options_exist(pytestconfig):
    """Every long option in a pytest command of the README is one that pytest knows."""
    known = {name for option in pytestconfig._parser._anonymous.options for name in option.names()}
    known |= {name for group in pytestconfig._parser._groups for option in group.options for name in option.names()}
    used = {option for command in COMMANDS if "pytest" in command for option in re.findall(r"--[a-z-]+", command)}
    assert used <= known


def test_tox_environments_exist():
    """Every tox environment in the README stands in tox.ini."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    used = {name for command in COMMANDS for name in re.findall(r"tox -e ([\w-]+)", command)}
    assert used
    assert {f"testenv:{name}" for name in used} <= set(tox.sections())


def test_scripts_exist():
    """Every script that the README runs is there."""
    scripts = {name for command in COMMANDS for name in re.findall(r"python3? ([\w/]+\.py)", command)}
    assert scripts
    assert all((ROOT / name).is_file() for name in scripts)


def test_every_key_of_a_row_is_explained():
    """The README's table of the models file has every key of a row."""
    table = README.partition("## The models file")[2].partition("\n## ")[0]
    assert all(f"`{key}" in table for key in Row.model_fields)


def test_defaults_are_those_of_the_code():
    """The README states the default tolerance that the code has."""
    assert Tolerance() == Tolerance(drift=1e-4, relative=0, box=0.01, text=0, words=0, swap=0.10)
    assert "| 1e-4, 0, 0.01, 0, 0; 0.10 |" in README


def test_dependencies_are_pinned():
    """The project's dependencies are pinned in constraints.txt, those of its extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[>=<]", name)[0].lower().replace("_", "-") for name in wanted}
    assert names - {"swapgate"} <= pinned

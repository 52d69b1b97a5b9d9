"""README.md and the project agree, so that what it tells one to type works."""

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

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


STUBS = {
    "apt-get": 'echo "apt-get $*" >>log; case "$*" in *install*) exit "$APT";; esac',
    "id": 'echo "$USER_ID"',
    "python3": "mkdir -p .venv/bin; for name in pip tox; do printf '#!/bin/sh\\necho %s >>log\\nexit $TOX\\n' $name"
    " >.venv/bin/$name; chmod +x .venv/bin/$name; done",
}
"""What stands in for the programs of a machine that .ci/run is run on."""


@pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")
@pytest.mark.parametrize(
    ("browser", "user", "apt", "tox", "called", "status"),
    [
        ("chromium", 0, 0, 0, ["pip", "tox"], 0),
        ("google-chrome", 1000, 0, 0, ["pip", "tox"], 0),
        ("", 0, 0, 0, ["apt-get -qq update", "install", "pip", "tox"], 0),
        ("", 0, 100, 0, ["apt-get -qq update", "install", "no Chromium", "pip", "tox"], 0),
        ("", 1000, 0, 0, ["no Chromium", "pip", "tox"], 0),
        ("", 0, 0, 3, ["apt-get -qq update", "install", "pip"], 3),
    ],
)
def test_ci_gets_a_browser(tmp_path, browser, user, apt, tox, called, status):
    """CI installs a Chromium where it has none and may, says so where it may not, and runs the tests in any case."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, lines in {**STUBS, **({browser: "exit 0"} if browser else {})}.items():
        (programs / name).write_text(f"#!/bin/sh\n{lines}\n")
        (programs / name).chmod(0o755)
    for name in ("bash", "sh", "dirname", "mkdir", "chmod"):
        (programs / name).symlink_to(shutil.which(name))
    environment = {"PATH": str(programs), "USER_ID": str(user), "APT": str(apt), "TOX": str(tox)}
    done = subprocess.run(
        [programs / "bash", ".ci/run"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    log = (tmp_path / "log").read_text().splitlines()
    told = [line for line in done.stderr.splitlines() if "no Chromium" in line]
    assert done.returncode == status
    said = [*log[: len(log) - 2 + (status != 0)], *told, *log[len(log) - 2 + (status != 0) :]]
    assert [word in line for word, line in zip(called, said, strict=True)] == [True] * len(called)


def test_ci_tests_the_pages():
    """What CI runs has what the tests in a browser need beside the Chromium, and leaves none of them out."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    engine = tox["testenv:engine"]
    assert "engine" in tox["tox"]["env_list"]
    assert "playwright" in engine["deps"].split()
    assert engine["commands"] == "pytest -n 2 --dist worksteal {posargs:tests/engine}"
    assert any("playwright" in path.read_text(encoding="utf-8") for path in (ROOT / "tests/engine").rglob("*.py"))


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

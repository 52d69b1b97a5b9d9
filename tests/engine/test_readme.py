"""README, pages and project agree, so that what they tell one to type works; what they show is done in tests/docs."""

import argparse
import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from swapgate.commands import main
from swapgate.outputs import Tolerance
from swapgate.project.manifest import Row

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted(ROOT.glob("docs/**/*.md"))]
}
TEXT = "\n".join(PAGES.values())
COMMANDS = re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)
COMMANDS += re.findall(r"`((?:pytest|tox|python|swapgate) [^`]*)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
BLOCK = re.compile(r"^```\w+\n.*?^```$|^(?=<!--).*?-->$", re.MULTILINE | re.DOTALL)
SOURCE = "https://github.com/swapgate/swapgate/"


class Taken(Exception):
    """The parser of the command line."""


@pytest.fixture
def commands(monkeypatch):
    """Return the parser of each command of `swapgate`."""

    def take(self, *arguments):
        raise Taken(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", take)
    with pytest.raises(Taken) as taken:
        main(["schema"])
    found = taken.value.args[0]._actions
    return next(action for action in found if isinstance(action, argparse._SubParsersAction)).choices


def test_ci_runs_the_second_command():
    """What CI runs is the second command at the top of the README that sets up an environment, line by line."""
    second = [line for line in re.findall(r"^\$ (.+)$", README, re.MULTILINE) if line.startswith("python3")][1]
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
    assert engine["commands"] == "pytest -n 3 --dist worksteal {posargs:tests/engine}"
    assert any("playwright" in path.read_text(encoding="utf-8") for path in (ROOT / "tests/engine").rglob("*.py"))


def test_options_exist(pytestconfig):
    """Every long option in a pytest command of a page is one that pytest knows."""
    known = {name for option in pytestconfig._parser._anonymous.options for name in option.names()}
    known |= {name for group in pytestconfig._parser._groups for option in group.options for name in option.names()}
    used = {option for command in COMMANDS if "pytest" in command for option in re.findall(r"--[a-z-]+", command)}
    assert used <= known


def test_commands_exist(commands):
    """Every command of `swapgate` on a page is one, and so is every long option behind it."""
    used = [re.findall(r"^swapgate ([a-z-]+)(.*)", command.partition(" #")[0]) for command in COMMANDS]
    said = [found[0] for found in used if found]
    assert said
    for name, rest in said:
        assert name in commands, name
        known = {option for action in commands[name]._actions for option in action.option_strings}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, (name, rest)


def test_every_command_is_explained(commands):
    """The page of commands has each of them, with each argument and what `--help` says of it."""
    page = PAGES["docs/reference/commands.md"]
    parts = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert {*parts} == {*commands}
    for name, parser in commands.items():
        for action in parser._actions[1:]:
            assert (action.option_strings or [action.metavar])[-1] in parts[name] or "-o" in action.option_strings
            if "--models" not in action.option_strings:
                assert action.help in parts[name]


def test_every_option_is_explained(pytestconfig):
    """The page of options has each of pytest's that are swapgate's, with what `--help` says, and each key."""
    page = PAGES["docs/reference/pytest.md"]
    group = next(group for group in pytestconfig._parser._groups if group.name == "swapgate")
    for option in group.options:
        assert f"| `{option.names()[0]}" in page
        assert re.sub(r"^--[\w-]+=\w+: ", "", option.attrs()["help"]) in page
    keys = [name for name in pytestconfig._parser._inidict if name.startswith("swapgate_")]
    assert keys
    assert all(f"| `{name}` | {pytestconfig._parser._inidict[name][0]} |" in page for name in keys)


def test_tox_environments_exist():
    """Every tox environment on a page stands in tox.ini."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    used = {name for command in COMMANDS for name in re.findall(r"tox -e ([\w-]+)", command)}
    assert used
    sections = {
        re.sub(r"\{.*\}", digits, name)  # py3{12,13} are two
        for name in tox.sections()
        for digits in re.findall(r"(?<=[{,])\d+", name) or [""]
    }
    assert {f"testenv:{name}" for name in used} <= sections


def test_scripts_exist():
    """Every script that a page runs is there."""
    scripts = {name for command in COMMANDS for name in re.findall(r"python3? ([\w/]+\.py)", command)}
    assert scripts
    assert all((ROOT / name).is_file() for name in scripts)


def test_files_exist():
    """Every file of this repository to which a page links, and every page to which a README does, is there."""
    linked = set(re.findall(rf"\({SOURCE}(?:blob|tree)/main/([^)#]+)", TEXT))
    linked |= {name for text in (README, CHINESE) for name in re.findall(r"\]\((?!https?:)([^)#]+)", text)}
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_readmes_are_alike():
    """Both READMEs have the same blocks, pictures and links, and are short."""
    assert len(README.splitlines()) <= 200
    assert BLOCK.findall(README) == BLOCK.findall(CHINESE)
    links = [
        sorted(re.findall(r"\]\(([^)]+)\)", text.replace("README.zh-CN.md", "").replace("README.md", "")))
        for text in (README, CHINESE)
    ]
    assert links[0] == links[1]
    headings = [len(re.findall(r"^#+ ", BLOCK.sub("", text), re.MULTILINE)) for text in (README, CHINESE)]
    assert headings[0] == headings[1]


def test_changelog_is_no_wider_than_the_code():
    """Lines of the changelog have at most 120 letters, but those of a table or of a link, which cannot be parted."""
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and not re.match(r"\||\s*(?:- )?\[\S*\]\S*$", line)] == []


def test_every_key_of_a_row_is_explained():
    """The page on the models file has every key of a row."""
    assert all(f"`{key}" in PAGES["docs/reference/models-file.md"] for key in Row.model_fields)


def test_defaults_are_those_of_the_code():
    """The page on the models file states the default tolerance that the code has."""
    assert Tolerance() == Tolerance(drift=1e-4, relative=0, box=0.01, text=0, words=0, swap=0.10)
    assert "| 1e-4, 0, 0.01, 0, 0; 0.10 |" in PAGES["docs/reference/models-file.md"]


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

"""The files of a verdict while a run is under way: a run that is killed leaves none of an earlier one."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from swapgate.verdicts.facts import RUNNING, schema

PATHS = ("out/v.json", "out/v.md")
DEATHS = {
    "exit": "os._exit(0)",
    "terminated": "os.kill(os.getpid(), signal.SIGTERM)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
}
HOOK = """

def pytest_runtest_logreport(report):
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        {}
"""
DYING = "import os, signal\n\n\ndef test_dying():\n    {}\n"


@pytest.fixture
def judged(recorded):
    """A project with the verdict of yesterday, which was PASS."""
    for name in PATHS:
        recorded.write(name, "PASS of yesterday")
    return recorded


@pytest.fixture
def run(judged):
    """Run pytest in a process of its own, and give what the two files say then."""

    def of(*options):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "not latency"]
        reports = [f"--verdict-json={PATHS[0]}", f"--verdict-md={PATHS[1]}"]
        clean = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        subprocess.run([*command, *reports, *options], cwd=judged.path, env=clean, capture_output=True)
        return [(judged.path / name).read_text() for name in PATHS]

    return of


def see_running(texts):
    """See that both files say that the run has not ended, the one by its schema."""
    facts = json.loads(texts[0])
    jsonschema.validate(facts, schema())
    assert facts["exit_status"] == 7
    assert {tier["verdict"] for tier in facts["tiers"]} <= {"INCOMPLETE"}
    assert "PASS" not in texts[1]
    assert all(RUNNING in text and "INCOMPLETE" in text for text in texts)
    return [f"{tier['suite']}/{tier['tier']}" for tier in facts["tiers"]]


@pytest.mark.parametrize("death", DEATHS)
def test_killed_in_a_test(judged, run, death):
    """A run that dies in a test leaves all planned tiers INCOMPLETE."""
    judged.write("tests/test_a.py", DYING.format(DEATHS[death]))
    assert see_running(run()) == ["ner/original", "ner/small"]


@pytest.mark.parametrize("death", DEATHS)
def test_killed_with_workers(judged, run, death):
    """So does one whose controller dies beside its workers."""
    conftest = judged.path / "conftest.py"
    conftest.write_text(f"import os, signal\n{conftest.read_text()}{HOOK.format(DEATHS[death])}")
    assert see_running(run("-n", "2")) == ["ner/original", "ner/small"]


@pytest.mark.parametrize("place", ["conftest.py", "tests/conftest.py"])
def test_killed_by_a_conftest(judged, run, place):
    """A run that dies before anything is planned leaves no tier, and says why."""
    judged.write(place, "import os\n\nos._exit(0)\n")
    assert see_running(run()) == []


def test_refused(judged, run):
    """A run that is refused before it begins leaves no old verdict either."""
    assert see_running(run("--swap=ner.none=models/small")) == []


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_ended(judged, run, options):
    """A run that ends has replaced what it wrote when it began."""
    texts = run(*options)
    assert json.loads(texts[0])["exit_status"] == 0
    assert not any(RUNNING in text for text in texts)


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--markers", "--help", "--version"])
def test_only_looked_at(run, option):
    """Where nothing is run, the verdict of yesterday stays."""
    assert run(option) == ["PASS of yesterday"] * 2


def test_no_file(judged):
    """What is no file, such as a pipe, gets the verdict alone."""
    os.mkfifo(judged.path / "pipe")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "size", "--verdict-json=pipe"]
    with subprocess.Popen(command, cwd=judged.path, stdout=subprocess.DEVNULL):
        assert json.loads((judged.path / "pipe").read_text())["exit_status"] == 0


def test_project_without_models(pytester):
    """In a project without a models file nothing is written."""
    pytester.makepyfile("def test_mine():\n    pass\n")
    assert pytester.runpytest("--verdict-json=v.json").ret == 0
    assert not (pytester.path / "v.json").exists()

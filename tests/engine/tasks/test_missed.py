"""Tests that did not run to their end: processes that die, memory that runs out, runs that others end."""

import pytest

DIES_AT_THE_END = """
import os

def pytest_sessionfinish(session):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        os._exit(3)
"""
DIES_WHILE_COLLECTING = """
import os

def pytest_collection_modifyitems():
    if "PYTEST_XDIST_WORKER" in os.environ:
        os._exit(3)
"""
LAST, BEFORE = "item.name == 'test_size[small]'", "item.name == 'test_expected[small-left_out]'"
ENDS = {
    "exit": f"def pytest_runtest_setup(item):\n    if {LAST}:\n        pytest.exit('enough', returncode=0)\n",
    "stop": f"def pytest_runtest_setup(item):\n    if {BEFORE}:\n        item.session.shouldstop = 'enough'\n",
    "dropped": "@pytest.hookimpl(tryfirst=True)\ndef pytest_collection_finish(session):\n    del session.items[-1]\n",
    "swallowed": f"def pytest_runtest_protocol(item):\n    return {LAST} or None\n",
}
"""From a way to keep the last test from running, with all else passed, to the hook that does it."""


def add_hook(project, hook):
    """Add a hook to the project's conftest.py."""
    conftest = project.path / "conftest.py"
    conftest.write_text(f"{conftest.read_text()}\nimport pytest\n{hook}")


def test_dead_worker(recorded):
    """A test in which a process of pytest-xdist dies is an ERROR of its tier; all other tests are judged."""
    recorded.retrain("small", Ada=["DIE", 0])
    result = recorded.run("-n", "2", "-k", "(expected and ada) or size or original", "-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    assert recorded.reasons(result)[0] == (
        "ERROR  ner/small expected 'ada': the process that ran it died; run it alone:"
        " pytest 'tests/test_ner.py::test_expected[small-ada]'"
    )
    rows = [" ".join(row.split()) for row in recorded.table(result)[1:3]]
    assert rows == [
        "ner/original models/original 3/3 3/3 not selected 0 no evaluation set not selected – PASS",
        "ner/small models/small not measured not selected not selected 0 no evaluation set not selected"
        " 0.66 (≤ 0.9) ERROR",
    ]


def test_no_worker_left(recorded):
    """What no process was left for is INCOMPLETE and named."""
    recorded.retrain("original", Ada=["DIE", 0], Paris=None)
    found = recorded.reports("-n", "1", "--max-worker-restart=0", "-k", "expected")
    assert found.result.ret not in (0, 1)
    original, small = found.facts["tiers"]
    assert (original["verdict"], small["verdict"]) == ("ERROR", "INCOMPLETE")
    assert [reason["message"] for reason in small["reasons"]] == [
        f"ner/small expected '{case}': selected, but it did not run" for case in ("ada", "nobody", "left_out")
    ]


def test_worker_dies_between_tests(recorded):
    """A process that dies after its last test, before it has written all, leaves no green exit status, and is told."""
    add_hook(recorded, DIES_AT_THE_END)
    result = recorded.run("-n", "2", "-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "PASS"})
    assert recorded.reasons(result) == [
        "note  a process of pytest-xdist died outside of a test, maybe with goldens still to be written;"
        " run again without -n"
    ]


def test_worker_dies_while_collecting(recorded):
    """Processes that die before any test leave no green exit status."""
    add_hook(recorded, DIES_WHILE_COLLECTING)
    assert recorded.run("-n", "1", "--max-worker-restart=0").ret not in (0, 1)


def test_worker_dies_in_another_test(recorded):
    """A process that dies in a test outside the suite keeps exit status 1."""
    recorded.write("tests/test_mine.py", "import os\n\n\ndef test_mine():\n    os._exit(3)\n")
    result = recorded.run("-n", "2", "-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (1, {"original": "PASS", "small": "PASS"})


@pytest.mark.parametrize("label", ["NO_MEMORY", "NO_GPU_MEMORY", "NO_SYSTEM_MEMORY"])
def test_memory_while_predicting(recorded, label):
    """A lack of memory is told once, with the next step, and is no word on the model; the other tier is judged."""
    recorded.retrain("small", Ada=[label, 0])
    result = recorded.run("-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    assert recorded.reasons(result)[0] == (
        "ERROR  ner/small: out of memory while models/small predicted; free some, or run this tier alone"
    )
    assert len([reason for reason in recorded.reasons(result) if reason.startswith("ERROR")]) == 1


@pytest.mark.parametrize("word", ["NO_MEMORY", "NO_TORCH_MEMORY"])
def test_memory_while_loading(recorded, word):
    """So is one while the model is loaded, which is tried once."""
    recorded.retrain("small", **{word: ["PER", 1]})
    result = recorded.run("-m", "not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    assert recorded.reasons(result)[0] == (
        "ERROR  ner/small: out of memory while models/small was loaded; free some, or run this tier alone"
    )
    assert recorded.events().count("load models/small") == 1


@pytest.mark.parametrize(("way", "status"), [("exit", 7), ("stop", 2), ("dropped", 7), ("swallowed", 7)])
def test_ended_by_others(recorded, way, status):
    """What another plugin keeps from running is INCOMPLETE and named, and never exit status 0."""
    add_hook(recorded, ENDS[way])
    result = recorded.run("-k", "expected or (size and small)")
    assert (result.ret, recorded.verdicts(result)["small"]) == (status, "INCOMPLETE")
    assert recorded.reasons(result)[0] == "INCOMPLETE  ner/small size: selected, but it did not run"


@pytest.mark.parametrize("option", ["--setup-only", "--setup-plan"])
def test_setup_only(recorded, option):
    """A run without the tests themselves measures nothing."""
    result = recorded.run(option, "-m", "small and not latency")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "INCOMPLETE"})

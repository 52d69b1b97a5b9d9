"""What a model, a file or another plugin says cannot break a message, a report or a verdict."""

import csv
import io
import json
import os

import pytest

from swapgate.core.faults import Fault, InputFault
from swapgate.core.tables import read_toml
from swapgate.core.words import plain
from swapgate.verdicts.tiers import as_csv

EVIL = "a\x1b[31m\n::error::pwned\r\nb"


def test_labels_with_escapes(recorded):
    """Labels from a config.json reach no terminal raw, and the reason keeps the line to write."""
    recorded.model("original", recorded.lexicon("original"), size=40, labels=("PER", "ORG", "LOC", "MISC", EVIL))
    result = recorded.run("-k", "original and expected")
    assert not [line for line in result.outlines if line.startswith("::error") or "\x1b" in line]
    (reason,) = recorded.reasons(result)
    assert r"a\x1b[31m\n::error::pwned\r\nb" in reason
    assert "write in [ner.original]" in reason


def test_crash_with_escapes(recorded):
    """What a crash says is made plain too."""
    fake = recorded.path / "fake_model.py"
    recorded.replace(fake, '"the model cannot read this"', '"\\x1b[2J::error::gone"')
    recorded.retrain("small", Ada=["CRASH", 0.9])
    result = recorded.run("-k", "small and expected")
    assert "\x1b" not in result.stdout.str()
    assert any(r"\x1b[2J::error::gone" in reason for reason in recorded.reasons(result))


def test_faults_keep_their_lines():
    """A fault of several lines keeps them, and none that is hidden in one of them."""
    fault = InputFault("one\ntwo", "three")
    assert str(fault) == "one\\ntwo\nthree"
    assert str(fault.behind("x: ")) == "x: one\\ntwo\nx: three"
    assert isinstance(fault.behind(""), Fault)


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\n", "\r", "\u2028", "\u202e", "\udcff"])
def test_plain(letter):
    """Letters that a terminal or a log would obey are written as in Python."""
    assert letter not in plain(f"a{letter}b")
    assert plain("a b é 好 ≥") == "a b é 好 ≥"


def test_csv_holds_no_formula(recorded):
    """A cell that a spreadsheet would compute is written as a text."""
    facts = recorded.reports("-k", "size").facts
    from swapgate.core.tables import adapter
    from swapgate.verdicts.facts import Report

    for folder in ("=1+1", "+1", "-1", "@x"):
        facts["tiers"][0]["model"] = folder
        rows = list(csv.reader(io.StringIO(as_csv(adapter(Report).validate_json(json.dumps(facts))))))
        assert rows[1][3] == f"'{folder}"


@pytest.mark.parametrize("kind", ["device", "pipe", "link"])
def test_files_that_never_end(tmp_path, kind):
    """What is no file, and might never end, is refused without reading it."""
    path = tmp_path / "cases.toml"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputFault, match="it is no file"):
        read_toml(path)


TIMEOUT = """
import time

def test_slow(model):
    time.sleep(5)
"""


def test_timeout_is_an_error(recorded):
    """A test that pytest-timeout ends is an ERROR: a slow machine is no word on the model."""
    pytest.importorskip("pytest_timeout")
    recorded.suite.write_text(recorded.suite.read_text() + TIMEOUT)
    result = recorded.pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "small and slow", "--timeout=0.5")
    assert (result.ret, recorded.verdicts(result)) == (7, {"small": "ERROR"})


RERUN = """
TRIES = []

def test_flaky(model):
    TRIES.append(1)
    if len(TRIES) < 3:
        raise {}
"""


LATER = """
import pytest

TRIES = []

def test_flaky(model):
    TRIES.append(1)
    if len(TRIES) < 2:
        raise AssertionError("bad")
    {}
"""


@pytest.mark.parametrize(
    ("later", "came"),
    [
        ("pytest.skip('no network')", "incomplete"),
        ("pytest.xfail('known')", "incomplete"),
        ("raise OSError('odd')", ""),
    ],
    ids=["skipped", "xfailed", "surroundings"],
)
def test_fail_that_is_run_again(recorded, later, came):
    """Whatever comes of a later try a FAIL stays one, and pytest's own line says so too."""
    pytest.importorskip("pytest_rerunfailures")
    recorded.suite.write_text(recorded.suite.read_text() + LATER.format(later))
    selected = ("-p", "no:cacheprovider", "-k", "small and flaky", "--reruns=1")
    result = recorded.pytester.runpytest_subprocess(*selected)
    assert (result.ret, recorded.verdicts(result)) == (1, {"small": "FAIL"})
    assert "1 failed" in result.outlines[-1]
    assert "skipped" not in result.outlines[-1]
    assert "xfailed" not in result.outlines[-1]
    if came:
        assert f"(on try 1; try 2 {came}, and no rerun mends a FAIL)" in result.stdout.str()


@pytest.mark.parametrize("options", [["--reruns=3"], ["--reruns=3", "-n", "1"]])
@pytest.mark.parametrize(
    ("raised", "verdict", "status", "line"),
    [("OSError('odd')", "PASS", 0, "1 passed"), ("AssertionError('bad')", "FAIL", 1, "1 failed")],
    ids=["surroundings", "model"],
)
def test_reruns(recorded, options, raised, verdict, status, line):
    """A rerun may mend an ERROR, which is told, and no FAIL; pytest's own line says the same."""
    pytest.importorskip("pytest_rerunfailures")
    recorded.suite.write_text(recorded.suite.read_text() + RERUN.format(raised))
    selected = ("-p", "no:cacheprovider", "-k", "small and flaky", *options)
    result = recorded.pytester.runpytest_subprocess(*selected)
    assert (result.ret, recorded.verdicts(result)) == (status, {"small": verdict})
    assert line in result.outlines[-1]
    assert any("on try" in reason for reason in recorded.reasons(result)) == (verdict == "PASS")

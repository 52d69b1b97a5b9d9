"""Reports that cannot be written: told in one line, never exit status 0, and the other reports are there."""

import errno
import json
import os

import pytest

OPTIONS = {"json": "--verdict-json=", "markdown": "--verdict-md=", "junit": "--junitxml="}
RAISED = "import pytest\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish():\n    raise OSError('mine')\n"


def paths(**others):
    """Return the path of each report."""
    return {"json": "v.json", "markdown": "v.md", "junit": "j.xml", **others}


def asked(**others):
    """Return options that ask for all reports."""
    return [OPTIONS[kind] + path for kind, path in paths(**others).items()]


def errors(result):
    """Return the lines that tell of reports that could not be written."""
    return [line for line in result.outlines if line.startswith("ERROR  ") and "could not be written" in line]


@pytest.fixture
def places(recorded):
    """Return a folder and, as if it were one, a file in which nothing can be written."""
    recorded.write("a_file", "")
    recorded.write("a_folder/other.txt", "")
    return {"folder": "a_folder", "in a file": "a_file/report", "deep in a file": "a_file/deep/report"}


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("json", "folder"),
        ("json", "in a file"),
        ("json", "deep in a file"),
        ("markdown", "folder"),
        ("markdown", "in a file"),
        ("junit", "in a file"),
        ("junit", "deep in a file"),
    ],
)
def test_no_place(recorded, places, kind, place):
    """A path at which nothing can be written is told below the verdicts; all others are there and whole."""
    others = {name: recorded.path / path for name, path in paths().items() if name != kind}
    result = recorded.run("-k", "size", *asked(**{kind: places[place]}))
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "PASS"})
    (line,) = errors(result)
    assert line.startswith(f"ERROR  {recorded.path / places[place]} could not be written: ")
    assert line.endswith("; the verdicts stand above")
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert all(path.stat().st_size for path in others.values())
    if kind != "json":
        assert json.loads(others["json"].read_text())["exit_status"] == 7
    assert (recorded.path / "a_file").read_text() == ""
    assert [path.name for path in (recorded.path / "a_folder").iterdir()] == ["other.txt"]


def test_summary(recorded, places, monkeypatch):
    """So is a job's summary that cannot be written."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(recorded.path / places["folder"]))
    result = recorded.run("-k", "size", *asked())
    assert result.ret == 7
    assert errors(result) == [
        f"ERROR  {recorded.path}/a_folder could not be written: Is a directory; the verdicts stand above"
    ]


def test_full_disk(recorded, monkeypatch):
    """On a full disk each report is told, none is there in half, and one of an earlier run is as it was."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setattr("_pytest.junitxml.ET.tostring", full)
    recorded.write("v.md", "from before")
    before = recorded.tree()
    result = recorded.run("-k", "size", *asked())
    assert (result.ret, recorded.verdicts(result)) == (7, {"original": "PASS", "small": "PASS"})
    assert errors(result) == [
        f"ERROR  {recorded.path}/{name} could not be written: No space left on device; the verdicts stand above"
        for name in ("v.md", "j.xml", "v.json")
    ]
    assert recorded.tree() == before


def test_worse_status_stays(recorded, places):
    """A FAIL stays exit status 1 where a report cannot be written."""
    recorded.drift("small", Ada=0.5)
    result = recorded.run("-k", "golden and small", *asked(markdown=places["folder"]))
    assert (result.ret, len(errors(result))) == (1, 1)
    assert json.loads((recorded.path / "v.json").read_text())["exit_status"] == 1


def test_device(recorded):
    """A path that is no regular file is written into, and stays what it is."""
    link = recorded.path / "nowhere"
    link.symlink_to(os.devnull)
    assert recorded.run("-k", "size", *asked(markdown="nowhere", json="nowhere")).ret == 0
    assert link.is_symlink()


def test_error_of_another_plugin(recorded):
    """An OSError that another plugin raises at the end is not taken for one of JUnit's."""
    conftest = recorded.path / "conftest.py"
    conftest.write_text(f"{conftest.read_text()}\n{RAISED}")
    result = recorded.run("-k", "size", *asked())
    assert result.ret == 3
    result.stderr.fnmatch_lines("OSError: mine")


@pytest.mark.parametrize("report", ["page", "markdown", "to_json"])
def test_fault_of_a_report(recorded, monkeypatch, report):
    """A report that cannot be made, for whatever fault, is told in one line; the others are whole, and it is no 0."""
    from swapgate.plugin import judging
    from swapgate.verdicts import writing

    def broken(*_):
        raise KeyError("no such\nkey")

    for module in (judging, writing):
        if hasattr(module, report):
            monkeypatch.setattr(module, report, broken)
    result = recorded.run(*asked(), "--verdict-html=v.html", "-k", "size")
    assert result.ret == 7
    (line,) = errors(result)
    assert "KeyError: " in line
    assert "INTERNALERROR" not in result.stdout.str()
    whole = {"page": "v.html", "markdown": "v.md", "to_json": "v.json"}
    others = [path for name, path in whole.items() if name != report]
    assert all("PASS" in (recorded.path / path).read_text() for path in others)

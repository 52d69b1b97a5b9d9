"""`swapgate accept-loss`: a reviewer lets one candidate lose some cases, until a day, and nobody else."""

import re

import pytest

from swapgate.commands import main

SWAP = "--swap=ner.small=models/candidate"
ACCEPT = ["accept-loss", "ner.small", "ada", "--reason", "seen on 1 May"]


@pytest.fixture
def accept(recorded, monkeypatch, capsys):
    """Accept that a candidate which has lost a case does so."""
    recorded.retrain("candidate", like="small", Ada=None)
    monkeypatch.chdir(recorded.path)

    def run(*options):
        status = main([*ACCEPT, "--candidate", "models/candidate", *options])
        said = capsys.readouterr()
        return status, said.out + said.err

    run.project = recorded
    return run


def judged(project, *options):
    """Judge the candidate; return exit status and reasons."""
    result = project.run(SWAP, "-m", "small and not latency", *options)
    return result.ret, project.reasons(result)


def test_accepted(accept, workers):
    """What was accepted is no FAIL; every report says first which losses are, of which candidate, and why."""
    assert judged(accept.project)[0] == 1
    status, said = accept()
    assert status == 0
    assert "models/candidate" in said
    status, reasons = judged(accept.project, *workers)
    assert status == 0
    assert "note  accepted: ner/small may lose ada (models/candidate): seen on 1 May" in reasons


def test_other_candidate(accept):
    """Of another candidate it is dormant."""
    accept()
    accept.project.retrain("candidate", Paris=["LOC", 0.98])
    status, reasons = judged(accept.project)
    assert status == 1
    assert not any("accepted" in line for line in reasons)


def test_other_case(accept):
    """Another case than those that were accepted is a FAIL as ever."""
    accept()
    text = accept.project.models_file.read_text()
    accept.project.models_file.write_text(text.replace('cases = ["ada"]', 'cases = ["paris"]'))
    assert judged(accept.project)[0] == 1


@pytest.mark.parametrize(("day", "status"), [("2000-01-01", 1), ("9999-01-01", 0)])
def test_expires(accept, day, status):
    """Behind its last day it is red where it is needed, and says so."""
    accept("--expires", "9999-01-01")
    accept.project.replace(accept.project.models_file, "9999-01-01", day)
    found, reasons = judged(accept.project)
    assert found == status
    assert any(f"expired on {day}" in line for line in reasons) == bool(status)


def test_more_cases(accept):
    """Accepted once more, cases of the same candidate are added, and comments of the file stay."""
    models_file = accept.project.models_file
    models_file.write_text(f"# ours\n{models_file.read_text()}")
    accept()
    status = main(["accept-loss", "ner.small", "nobody", "--reason", "two", "--candidate", "models/candidate"])
    assert status == 0
    text = models_file.read_text()
    assert text.startswith("# ours\n")
    assert re.search(r'cases = \["ada", "nobody"\]', text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["accept-loss", "ner.smal", "ada", "--reason", "r"], "has no such tier"),
        (["accept-loss", "ner.small", "adda", "--reason", "r"], "'adda' is no case of ner; did you mean 'ada'"),
        (["accept-loss", "ner.small", "ada", "--reason", "r", "--expires", "soon"], "--expires soon: "),
    ],
    ids=["tier", "case", "day"],
)
def test_refused(recorded, monkeypatch, capsys, options, words):
    """What there is not is told in one line, and nothing is written."""
    monkeypatch.chdir(recorded.path)
    before = recorded.tree()
    assert main(options) == 4
    assert words in capsys.readouterr().err
    assert recorded.tree() == before


def test_critical(accept):
    """A critical case cannot be accepted."""
    cases = accept.project.path / "fixtures/ner/cases.toml"
    accept.project.replace(cases, 'id = "ada"\n', 'id = "ada"\ncritical = true\n')
    status, said = accept()
    assert status == 4
    assert "'ada' is critical" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--reason", ""], "--reason is empty"),
        (["--reason", " \t"], "--reason is empty"),
        (["--expires", "2020-01-01"], "--expires 2020-01-01: that day is past"),
        (["--expires", ""], "--expires : "),
        (["--expires", "soon"], "--expires soon: "),
    ],
    ids=["no reason", "blank reason", "past", "no day", "no date"],
)
def test_refused_words(accept, options, words):
    """A reason that says nothing and a day that is past are one message, and nothing is written."""
    before = accept.project.models_file.read_text()
    status, said = accept(*options)
    assert status == 4
    assert words in said
    assert "Traceback" not in said
    assert accept.project.models_file.read_text() == before


def test_offered_as_a_gap(accept, monkeypatch, capsys):
    """Of the golden's own model the command offers what it fails as known gaps, and of a candidate nothing."""
    _, said = accept()
    assert "gaps" not in said
    accept.project.retrain("small", Ada=None)
    accept.project.run("-k", "golden and small", "--snapshot-update")
    assert main(["accept-loss", "ner.small", "ada", "nobody", "--reason", 'rare, "so"']) == 0
    said = capsys.readouterr().out
    assert said.endswith('[ner.small.gaps]\nada = "rare, \\"so\\""\n')

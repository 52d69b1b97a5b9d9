"""`swapgate accept-loss`: a reviewer lets one candidate lose some cases, until a day, and nobody else."""

import re

import pytest

from swapgate.commands import main

SWAP = "--swap=ner.small=models/candidate"
ANY = ["accept-loss", "ner.small", "ada", "--candidate", "models/original"]
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
    """Accepted once more, cases of the same candidate are added with their reason, and comments of the file stay."""
    models_file = accept.project.models_file
    models_file.write_text(f"# ours\n{models_file.read_text()}")
    accept()
    status = main(["accept-loss", "ner.small", "nobody", "--reason", "two", "--candidate", "models/candidate"])
    assert status == 0
    text = models_file.read_text()
    assert text.startswith("# ours\n")
    assert re.search(r'cases = \["ada", "nobody"\]', text)
    assert 'reason = "seen on 1 May; two"' in text


@pytest.mark.parametrize(
    ("cases", "before", "now", "until"),
    [
        (["nobody"], "9998-01-01", None, "9998-01-01"),
        (["nobody"], "9998-01-01", "9999-01-01", "9998-01-01"),
        (["nobody"], "9998-01-01", "9997-01-01", "9997-01-01"),
        (["nobody"], None, "9997-01-01", "9997-01-01"),
        (["ada"], "9998-01-01", None, "9998-01-01"),
        (["ada", "nobody"], "9998-01-01", "9999-01-01", "9999-01-01"),
    ],
)
def test_no_day_is_put_off(accept, cases, before, now, until):
    """A case that was accepted until a day stays so, unless it is named again with another day."""
    accept(*(["--expires", before] if before else []))
    day = ["--expires", now] if now else []
    assert main(["accept-loss", "ner.small", *cases, "--reason", "r", "--candidate", "models/candidate", *day]) == 0
    assert f"expires = {until}\n" in accept.project.models_file.read_text()


def test_nothing_comes_back(accept):
    """What expired is not accepted again with another case."""
    accept("--expires", "9999-01-01")
    models_file = accept.project.models_file
    models_file.write_text(models_file.read_text().replace("9999-01-01", "2000-01-01"))
    assert main(["accept-loss", "ner.small", "nobody", "--reason", "r", "--candidate", "models/candidate"]) == 0
    text = models_file.read_text()
    assert 'cases = ["nobody"]' in text
    assert "expires" not in text


def test_of_another_candidate(accept, capsys):
    """What is accepted of one candidate is not overwritten by that of another."""
    accept()
    before = accept.project.models_file.read_text()
    accept.project.retrain("other", like="small", Ada=None, Paris=None)
    assert main([*ACCEPT, "--candidate", "models/other"]) == 4
    assert "ner.small: ada is accepted of another candidate, " in capsys.readouterr().err
    assert accept.project.models_file.read_text() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [([], "'ada' is right in the golden of models/small"), (["--candidate", "models/small"], "did not take place")],
    ids=["forgotten", "named"],
)
def test_of_the_incumbent(recorded, monkeypatch, capsys, options, words):
    """The accepted model loses nothing beside itself: which candidate does is to be said."""
    monkeypatch.chdir(recorded.path)
    before = recorded.models_file.read_text()
    assert main([*ACCEPT, *options]) == 4
    assert words in capsys.readouterr().err
    assert recorded.models_file.read_text() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["accept-loss", "ner.smal", "ada", "--reason", "r"], "has no such tier"),
        (["accept-loss", "ner.small", "adda", "--reason", "r"], "'adda' is no case of ner; did you mean 'ada'"),
        ([*ANY, "--reason", "r", "--expires", "soon"], "--expires soon: "),
        ([*ANY, "--reason", "r", "--expires", "2000-01-01"], "--expires 2000-01-01: that day is past; write one from "),
        ([*ANY, "--reason", ""], "--reason is empty; write why"),
        ([*ANY, "--reason", " \n"], "--reason is empty; write why"),
        ([*ANY, "--reason", "r", "--expires", ""], "--expires : "),
    ],
    ids=["tier", "case", "day", "past", "no reason", "blank reason", "no day"],
)
def test_refused(recorded, monkeypatch, capsys, options, words):
    """What there is not is told in one line, and nothing is written."""
    monkeypatch.chdir(recorded.path)
    before = recorded.tree()
    assert main(options) == 4
    assert words in capsys.readouterr().err
    assert recorded.tree() == before


def test_critical_since(accept):
    """A case that became critical is left out of what the report says is accepted first, and is a FAIL."""
    accept()
    main(["accept-loss", "ner.small", "nobody", "--reason", "two", "--candidate", "models/candidate"])
    for case, left in (("ada", ["nobody"]), ("nobody", [])):
        accept.project.replace(accept.project.cases_file, f'id = "{case}"\n', f'id = "{case}"\ncritical = true\n')
        status, reasons = judged(accept.project)
        assert status == 1
        told = [line.partition("may lose ")[2].partition(" (")[0] for line in reasons if "note  accepted" in line]
        assert told == left


def test_known_gap(recorded, monkeypatch, capsys):
    """What is a known gap of the accepted model it does not lose beside itself; another candidate may."""
    recorded.retrain("small", Ada=None)
    recorded.replace(recorded.models_file, "gaps = { ", 'gaps = { ada = "rare", ')
    recorded.run("-k", "golden and small", "--snapshot-update")
    monkeypatch.chdir(recorded.path)
    before = recorded.models_file.read_text()
    assert main(ACCEPT) == 4
    said = capsys.readouterr().err
    assert "ner.small: 'ada' is a known gap of models/small, the row's own model, which loses nothing" in said
    assert said.count("\n") == 1
    assert recorded.models_file.read_text() == before


def test_critical(accept):
    """A critical case cannot be accepted."""
    cases = accept.project.path / "fixtures/ner/cases.toml"
    accept.project.replace(cases, 'id = "ada"\n', 'id = "ada"\ncritical = true\n')
    status, said = accept()
    assert status == 4
    assert "'ada' is critical" in said


def test_offered_as_a_gap(accept, monkeypatch, capsys):
    """Of the golden's own model the command offers what it fails as known gaps, and of a candidate nothing."""
    _, said = accept()
    assert "gaps" not in said
    accept.project.retrain("small", Ada=None)
    accept.project.run("-k", "golden and small", "--snapshot-update")
    assert main(["accept-loss", "ner.small", "ada", "--reason", 'rare, "so"']) == 0
    said = capsys.readouterr().out
    assert said.endswith('[ner.small.gaps]\nada = "rare, \\"so\\""\n')

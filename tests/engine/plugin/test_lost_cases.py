"""A budget of cases, by pytest: lapses are counted, and the tier is judged when all are known."""

import re

import pytest

SWAP = "--swap=ner.small=models/candidate"
BUDGET = "budget.cases = {{ {} }}\n"


@pytest.fixture
def trial(recorded):
    """Judge a candidate that differs from the small model in some words, by a budget of cases."""

    def run(budget, *options, critical="", **changes):
        text = recorded.models_file.read_text()
        head = re.search(r"\[ner\.small\]\n", text)
        added = BUDGET.format(budget) if budget else ""
        recorded.models_file.write_text(text[: head.end()] + added + text[head.end() :])
        if critical:
            cases = recorded.path / "fixtures/ner/cases.toml"
            recorded.replace(cases, f'id = "{critical}"\n', f'id = "{critical}"\ncritical = true\n')
        recorded.retrain("candidate", like="small", **changes)
        return recorded.run(SWAP, *(options or ("-m", "small and not latency")))

    run.project = recorded
    return run


def test_within(trial, workers):
    """One lost case within its budget is shown as expected to fail, told, and the tier passes."""
    result = trial("lost_at_most = 1", "-m", "small and not latency", *workers, Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (0, {"small": "PASS"})
    assert "note  ner/small: 1 case lost, allowed 1 of 2 (budget.cases)" in trial.project.reasons(result)
    result.assert_outcomes(passed=result.parseoutcomes()["passed"], xfailed=3)


def test_beyond(trial, workers):
    """Beyond its budget the tier is a FAIL that names the cases, and JUnit has a red test case for the tier."""
    result = trial("lost_at_most = 0", "-m", "small and not latency", "--junitxml=junit.xml", *workers, Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    first = "FAIL  ner/small: 1 case lost, allowed 0 of 2 (budget.cases): ada; "
    command = 'with: swapgate accept-loss ner.small ada --candidate models/candidate --reason "…"'
    reasons = trial.project.reasons(result)
    assert reasons[0].startswith(first)
    assert [line.endswith(command) for line in reasons] == [True] + [False] * (len(reasons) - 1)
    junit = (trial.project.path / "junit.xml").read_text()
    assert 'failures="1"' in junit
    assert "1 case lost, allowed 0 of 2" in junit


def test_last_lines(trial, workers):
    """The last lines of pytest  name a tier that fails by cases of which each is only expected to fail."""
    result = trial("lost_at_most = 0", "-m", "small and not latency", *workers, Ada=None)
    failed = [line for line in result.outlines if line.startswith("FAILED ")]
    assert [line.partition(": 1 ")[0] for line in failed] == ["FAILED swapgate::ner/small - ner/small"]
    assert result.parseoutcomes()["failed"] == 1


def test_strict(trial, workers):
    """Where nothing could let a lost case pass its tests are red, and the verdict says why and which ways there are."""
    result = trial("", "-m", "small and not latency", *workers, Ada=None)
    reasons = trial.project.reasons(result)
    words = "allowed none, for no evaluation set decides for the candidate (the suite has none): ada"
    assert [words in line for line in reasons if line.startswith("FAIL")] == [True, False, False]
    failed = [line for line in result.outlines if line.startswith("FAILED ")]
    assert len(failed) == 2
    assert not any("swapgate::" in line for line in failed)


def test_no_last_line_twice(trial):
    """What a red test shows is not shown once more as its tier."""
    result = trial("lost_at_most = 5", critical="ada", Ada=None)
    failed = [line for line in result.outlines if line.startswith("FAILED ")]
    assert failed
    assert all("::test_" in line for line in failed)


def test_critical(trial):
    """A critical case may never be lost."""
    result = trial("lost_at_most = 5", critical="ada", Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (1, {"small": "FAIL"})
    fails = [line for line in trial.project.reasons(result) if line.startswith("FAIL")]
    assert len(fails) == 2
    assert all("critical" in line and "may never be lost: keep models/small" in line for line in fails)


def test_weaker(trial):
    """A right answer that is less sure counts against its own limit."""
    assert trial("lost_at_most = 0, weaker_at_most = 1", Ada=["PER", 0.7]).ret == 0


def test_weaker_without_a_limit(trial):
    """Without a limit of its own it is a FAIL as ever, where no set decides."""
    assert trial("lost_at_most = 5", Ada=["PER", 0.7]).ret == 1


def test_left_out(trial):
    """Where a selection leaves cases out a budget that is needed is INCOMPLETE."""
    result = trial("lost_at_most = 1", "-k", "small and ada", Ada=None)
    assert (result.ret, trial.project.verdicts(result)) == (7, {"small": "INCOMPLETE"})


def test_no_candidate(trial):
    """A budget of cases is of swaps: the model of the row itself must get its cases right."""
    trial("lost_at_most = 5")
    trial.project.retrain("small", Ada=None)
    assert trial.project.run("-m", "small and not latency").ret == 1


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("lost_at_most = 1.5", "lost_at_most = 1.5: a number of cases is whole; below 1 it is a share"),
        ("lost_at_most = -1", "must be 0 or more"),
        ("weaker_at_most = 1", "lost_at_most"),
    ],
    ids=["no whole number", "negative", "nothing lost"],
)
def test_wrong_budget(trial, budget, words):
    """A budget that says nothing sensible is refused."""
    result = trial(budget)
    assert result.ret == 4
    assert words in result.stderr.str()


def test_both_wrong(trial):
    """A case that both get wrong in different ways is no loss."""
    result = trial("", Siemens=["LOC", 0.9])
    assert trial.project.verdicts(result) == {"small": "PASS"}


def test_critical_and_weaker(trial):
    """A critical case that is still right may be less sure as any other may."""
    assert trial("lost_at_most = 0, weaker_at_most = 1", critical="ada", Ada=["PER", 0.7]).ret == 0


@pytest.mark.parametrize(
    ("old", "new"), [("in Paris.", "in Paris!"), ("It rained", "Ada rained")], ids=["ada", "nobody"]
)
def test_stale_golden(trial, old, new):
    """A case that was edited since its golden was recorded is a FAIL, and no lapse that a budget excuses."""
    trial.project.replace(trial.project.cases_file, old, new)
    result = trial("lost_at_most = 5, weaker_at_most = 5", Ada=["PER", 0.7])
    assert result.ret == 1
    assert any("the input was changed since the golden was recorded" in line for line in trial.project.reasons(result))

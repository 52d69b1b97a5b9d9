"""`swapgate calibrate --twin`: what a twin loses, and the limits of a swap that let it pass."""

import json
import tomllib

import pytest
from scipy.stats import binom

from swapgate.outputs import Tolerance
from swapgate.outputs.entities import Entities, Entity
from swapgate.project.manifest import Row
from swapgate.trials.twin import KEEPS, Answered, Side, propose

ROW = Row(model="models/small", labels={"PER": "PER"})
TWIN = "--twin=models/twin"


def side(falls=(), leads=()):
    """Return inputs that the incumbent gets right: with these falls, and lost ones with these leads."""
    kept = [Answered(f"kept {number}", 0.9, fall) for number, fall in enumerate(falls)]
    lost = [Answered(f"lost {number}", lead, None) for number, lead in enumerate(leads)]
    return Side(len(kept) + len(lost), [*kept, *lost], 0)


@pytest.mark.parametrize(("lost", "of"), [(0, 500), (5, 500), (20, 500), (100, 500)])
def test_budget(lost, of):
    """The budget is the least that a model which loses as often as the twin keeps in 95 % of runs."""
    _, _, budget = propose(ROW, side([0.0] * 30), side([0.0] * (of - lost), [0.97] * lost))
    assert binom.cdf(budget.lost_at_most, 30, lost / (of + 30)) >= KEEPS
    assert budget.lost_at_most == 0 or binom.cdf(budget.lost_at_most - 1, 30, lost / (of + 30)) < KEEPS


def test_budget_of_near_ties():
    """Where a set decides near ties are no losses and weaker answers need no limit; without one all count."""
    cases = side([0.0] * 129 + [0.6], [0.2] * 3)
    _, _, budget = propose(ROW, cases, side([0.0] * 500, [0.2] * 100))
    assert (budget.lost_at_most, budget.weaker_at_most) == (3, None)
    _, _, budget = propose(ROW, cases, None)
    assert budget.lost_at_most == binom.ppf(KEEPS, 133, 3 / 133) > 3
    assert budget.weaker_at_most == binom.ppf(KEEPS, 133, 1 / 133)


@pytest.mark.parametrize(("fall", "swap"), [(0.0, 0.1), (0.1, 0.1), (0.101, 0.15), (0.35, 0.35), (1.0, 1.0)])
def test_tolerance(fall, swap):
    """The tolerance covers 99 % of the falls, and is never tighter than the default."""
    tolerance, _, _ = propose(ROW, side([0.0] * 80 + [fall] * 19 + [1.0]), None)
    assert tolerance.swap == swap
    assert tolerance.reason == f"twin: 99% of 100 right answers fell by at most {swap:g}"


@pytest.mark.parametrize(
    ("leads", "clear"), [([], 0.5), ([0.1, 0.2], 0.5), ([0.62] * 3, 0.65), ([0.99] * 3, 0.95), ([None, 0.7], 0.7)]
)
def test_clear_lead(leads, clear):
    """A lead is clear above those that the twin lost, but for the clearest; one that is not known tells nothing."""
    assert propose(ROW, side([0.0] * 20, leads), None)[1] == clear


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("default", "twin: 99% of 20 right answers fell by at most 0.1"),
        ("a hard task", "twin: 99% of 20 right answers fell by at most 0.1; a hard task"),
        ("twin: 99% of 7 …; a hard task; calibrated: …", "twin: 99% of 20 … at most 0.1; a hard task; calibrated: …"),
    ],
)
def test_reason(before, after):
    """What the row's reason says stays, and what an earlier twin showed is replaced."""
    row = ROW.model_copy(update={"tolerance": Tolerance(reason=before)})
    assert propose(row, side([0.0] * 20), None)[0].reason == after.replace("… at", "right answers fell by at")


@pytest.fixture
def trial(fake):
    """A twin of the small tier that answers as a function says, with an evaluation set of 100 rows."""
    project = fake.project
    project.model("twin", {"Nobody": ["PER", 0.5]})

    def row(number):
        right = [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]
        return json.dumps({"id": f"row {number}", "text": f"Ada, {number}.", "expected": right})

    project.write("fixtures/ner/set.jsonl", "".join(f"{row(number)}\n" for number in range(100)))
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())

    def right(text, score=0.9):
        found = [("PER", "Ada"), ("LOC", "Paris"), ("ORG", "Siemens")]
        return Entities(
            tuple(
                Entity(at, at + len(word), label, word, score, 0.6, 0.6)
                for label, word in found
                if (at := text.find(word)) >= 0
            )
        )

    def say(twin):
        fake.said = lambda asked: twin(asked.text, right) if asked.model == "models/twin" else right(asked.text)

    fake.say = say
    return fake


def test_measured(trial, capsys):
    """Cases and rows are told with what is lost, and the lines that are proposed are TOML of a row."""
    trial.say(lambda text, right: Entities(()) if text in ("Siemens paid.", "Ada, 7.") else right(text, 0.68))
    assert trial.command("ner.small", TWIN) == 0
    head, cases, lost, rows, lost_row, proposed, *lines = capsys.readouterr().out.splitlines()
    assert head == "ner/small: models/twin beside models/small"
    assert cases == "3 of 3 cases right: 1 lost, 0 gained; scores fell by 0.22 (median) to 0.22"
    assert rows == "100 of 100 rows right: 1 lost, 0 gained; scores fell by 0.22 (median) to 0.22"
    assert (lost, lost_row) == ("lost  'left_out' (led by 0.6)", "lost  'row 7' (led by 0.6)")
    assert proposed == "proposed for [ner.small]:"
    found = tomllib.loads("\n".join(lines))
    assert (found["tolerance"]["swap"], found["clear_lead"]) == (0.25, 0.6)
    assert found["budget"]["cases"] == {"lost_at_most": 1}
    assert trial.command("ner.small", TWIN, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["lines"] == lines
    assert [one["id"] for one in facts["rows"]["lost"]] == ["row 7"]


def test_rows_are_asked_as_a_run_does(trial, capsys):
    """Rows go through the machine of a run, the longest first with its threads, and cases with one as they stand."""
    trial.say(lambda text, right: right(text))
    assert trial.command("ner.small", TWIN, "--threads=3", "--no-cache") == 0
    assert "100 of 100 rows right" in capsys.readouterr().out
    rows = [asked for asked in trial.log if asked.text.startswith("Ada, ")]
    assert {asked.threads for asked in rows} == {3}
    assert {asked.threads for asked in trial.log if asked not in rows} == {1}
    first = [asked.batch for asked in rows if asked.model == "models/twin"]
    lengths = [len(text) for batch in first for text in batch]
    assert (len(lengths), lengths) == (100, sorted(lengths, reverse=True))


def test_its_limits_let_it_pass(trial, capsys):
    """The proposed lines stand in a models file that can be read."""
    trial.say(lambda text, right: right(text, 0.5))
    assert trial.command("ner.small", TWIN) == 0
    lines = capsys.readouterr().out.splitlines()[-3:]
    file = trial.project.models_file
    trial.project.replace(file, "gaps =", "\n".join(lines) + "\ngaps =")
    assert trial.command("ner.small", TWIN) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == lines


def test_more_than_is_shown(trial, capsys):
    """Of many lost rows the first are shown, and how many more there are."""
    trial.say(lambda text, right: Entities(()) if text.startswith("Ada,") else right(text))
    assert trial.command("ner.small", TWIN) == 0
    said = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("lost  'row ") for line in said) == 10
    assert "lost  90 more; all with --json" in said


def test_critical_and_quarantine(trial, capsys):
    """A critical case that is lost is told of; one in quarantine does not count."""
    cases = trial.project.cases_file
    trial.project.replace(cases, 'id = "ada"\n', 'id = "ada"\ncritical = true\n')
    trial.project.replace(cases, 'id = "nobody"\n', 'id = "nobody"\nquarantine = "flips"\nexpires = 2099-01-01\n')
    trial.say(lambda text, right: Entities(()) if "lives" in text else right(text))
    assert trial.command("ner.small", TWIN) == 0
    said = capsys.readouterr().out
    assert "note  the twin loses ada, which is critical: no budget allows it\n" in said
    assert "2 of 2 cases right: 1 lost" in said


def test_without_a_set(fake, capsys):
    """Without an evaluation set cases alone are measured, and it is told."""
    fake.project.model("twin", {})
    fake.said = lambda asked: Entities(())
    assert fake.command("ner.small", TWIN) == 0
    said = capsys.readouterr().out
    assert "note  measured by cases alone: there is no evaluation set\n" in said
    assert said.endswith("budget.cases = { lost_at_most = 0, weaker_at_most = 0 }\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["ner.small", "--twin=models/none"], "--twin models/none: no folder "),
        (["ner.small", "--twin=models/small"], "ner/small: this swap did not take place: models/small holds the same"),
        (
            ["nerr.small", TWIN],
            "swapgate calibrate nerr.small: embedded.toml has no such tier; did you mean 'ner.small'?",
        ),
        (["ner.small", TWIN, "--runs=3"], "swapgate calibrate: --twin is measured in one way; leave out --runs and"),
        (["ner.small", TWIN, "--study=a.json"], "swapgate calibrate: --twin is measured in one way; leave out --runs"),
    ],
    ids=["no folder", "itself", "suite", "runs", "study"],
)
def test_wrong_call(trial, capsys, options, message):
    """What cannot be measured is one message and status 4."""
    trial.say(lambda text, right: right(text))
    assert trial.command(*options) == 4
    said = capsys.readouterr()
    assert (said.out, said.err.startswith(message), said.err.count("\n")) == ("", True, 1)

"""`swapgate calibrate` as a command: its text and JSON, and what ends it."""

import json
import tomllib
from pathlib import Path

import pytest

from swapgate.core.faults import ModelFault, SurroundingsFault
from swapgate.outputs import Tolerance
from swapgate.outputs.entities import Entities
from swapgate.verdicts.calibrated import line, table_text

ROOT = Path(__file__).parents[4]


def test_another_answer(fake, capsys):
    """An answer that changes with a clear lead is no matter of tolerance: status 4 and one message."""
    fake.said = lambda asked: Entities(()) if asked.kind == "padding" and "Ada" in asked.text else fake.entity()
    assert fake.command("ner.small") == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "ner/small 'ada', run 3 (beside the longest case): PER 'Ada' 0-3 (0.5000) is gone since the reference; a near"
        " tie would lead by up to 0.0001, this one led by 0.5 (models/small); no tolerance covers another answer, as"
        " of 'ada' (6 of 20 runs): mend the model or what pads its inputs; where it is never surer, set a looser drift"
        ' in its row and calibrate again, or let the case judge nothing with quarantine = "…"\n'
    )


def test_several_cases(fake, capsys):
    """All cases that answer otherwise are named, each with how often; those in quarantine judge nothing here either."""
    fake.said = lambda asked: Entities(()) if asked.kind == "batch" and "rained" not in asked.text else fake.entity()
    assert fake.command("ner.small", "--runs=4") == 4
    assert "no tolerance covers another answer, as of 'ada' (1 of 4 runs), 'left_out' (1 of 4 runs): " in (
        capsys.readouterr().err
    )
    for case in ("ada", "left_out"):
        named = f'id = "{case}"\n'
        quarantine = 'quarantine = "flips"\nexpires = 2099-01-01\n'
        fake.project.replace(fake.project.cases_file, named, named + quarantine)
    assert fake.command("ner.small", "--runs=4") == 0
    fake.project.replace(fake.project.cases_file, 'id = "nobody"\n', f'id = "nobody"\n{quarantine}')
    assert fake.command("ner.small", "--runs=4") == 4
    assert capsys.readouterr().err == "ner/small: all its cases are in quarantine; calibrate it with some that judge\n"


def crash(asked):
    """Fail in batches of one."""
    if asked.kind == "batch":
        raise RuntimeError("no kernel")
    return Entities(())


def refuse():
    """Fail to load."""
    raise SurroundingsFault("models/small cannot be loaded: no weights")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            lambda asked: ModelFault("1 of 4 word pieces is NaN") if asked.kind == "attention" else Entities(()),
            "ner/small: 1 of 4 word pieces is NaN (models/small); one of 'ada' to 'left_out' with batches of 8,"
            " 1 thread, eager attention\n",
        ),
        (
            lambda asked: ModelFault("1 of 4 word pieces is NaN"),
            "ner/small 'ada': 1 of 4 word pieces is NaN (models/small)\n",
        ),
        (
            crash,
            "ner/small: the model crashed: RuntimeError: no kernel (models/small); 'ada' with batches of 1, 1 thread,"
            " sdpa attention\n",
        ),
        (lambda asked: refuse(), "models/small cannot be loaded: no weights\n"),
    ],
    ids=["nan", "always_nan", "crash", "unloadable"],
)
def test_model_at_fault(fake, capsys, said, message):
    """A model that fails is one message and status 4; threads and attention are put back."""
    fake.said = said
    assert fake.command("ner.small") == 4
    assert capsys.readouterr() == ("", message)
    assert (fake.threads, fake.weights.config._attn_implementation) == (1, "sdpa")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["ner.smal"], "swapgate calibrate ner.smal: embedded.toml has no such tier; did you mean 'ner.small'?"),
        (["nerr.small"], "swapgate calibrate nerr.small: embedded.toml has no such tier; did you mean 'ner.small'?"),
        (["small"], "swapgate calibrate small: embedded.toml has no such tier; did you mean 'ner.small'?"),
    ],
    ids=["tier", "task", "form"],
)
def test_unknown_tier(fake, capsys, options, message):
    """An unknown tier is one message and status 4, before a model runs."""
    assert fake.command(*options) == 4
    assert capsys.readouterr() == ("", f"{message}\n")
    assert fake.log == []


@pytest.mark.parametrize("runs", ["0", "-1", "many", "1.5"])
def test_no_runs(fake, capsys, runs):
    """A number of runs below 1 is a wrong call."""
    with pytest.raises(SystemExit) as caught:
        fake.command("ner.small", f"--runs={runs}")
    assert caught.value.code == 2
    assert f"argument --runs: {runs!r} is no number of runs; give 1 or more" in capsys.readouterr().err


def test_folder_without_model(fake, project, capsys):
    """A row that names no model is one message with its key."""
    project.replace(project.models_file, "../../models/small", "../../models/none")
    assert fake.command("ner.small") == 4
    assert capsys.readouterr().err.startswith(f"{project.models_file}: ner.small.model: no folder ")


def test_same_facts(fake, capsys):
    """Text and JSON have the same facts; piped, the text has no colours, and its last line is the one for the row."""
    fake.said = lambda asked: fake.entity(0.5 + 1.3e-5 * (asked.kind != "usual"))
    assert fake.command("ner.small", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert fake.command("ner.small") == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert text.splitlines()[-1] == facts["line"]
    for one in facts["differences"]:
        if one["field"] == "score":
            (shown,) = [row for row in text.splitlines() if row.startswith(f"{one['varied']} ") and " score  " in row]
            assert all(
                word in shown for word in (f"{one['largest']:.2g}", one["case"], one["path"], f" {one['run']}: ")
            )
    assert facts["runs"][0] == {
        "batch": 1,
        "threads": 1,
        "padding": False,
        "attention": "sdpa",
        "cpu": False,
        "device": "cpu",
    }
    assert "\x1b[1mtolerance" in table_text(fake.calibrate(), colour=True)


@pytest.mark.parametrize(
    "tolerance",
    [
        Tolerance(drift=2e-6, reason="calibrated: at most 1.3e-06 in 20 runs (batch)"),
        Tolerance(reason='with "quotes" and a \\'),
        Tolerance(drift=1.0, swap=0.25, box=2e-4, text=0.1, words=0.05, reason="a hard task; calibrated: …"),
    ],
)
def test_line(tolerance):
    """The line is TOML that gives the tolerance."""
    assert Tolerance(**tomllib.loads(line(tolerance))["tolerance"]) == tolerance


def test_real_model(python):
    """A real model says the same in other batches, threads, paddings and attentions and without AVX, within 1e-5."""
    command = (
        "import sys; from swapgate.commands import main; sys.exit(main(['calibrate', 'sentiment.small', '--runs=5']))"
    )
    run = python("-c", command, cwd=ROOT)
    assert (run.returncode, [line for line in run.stderr.splitlines() if " of 5, " not in line]) == (0, [])
    head, usual, _, *rows, note, proposed, last = run.stdout.splitlines()
    assert head == "sentiment/small: fixtures/zoo/sentiment/small, 32 cases, 5 runs"
    assert usual.startswith("each beside batches of 8, 1 thread, sdpa attention; ")
    assert list(dict.fromkeys(row.split()[0] for row in rows)) == ["batch", "threads", "padding", "attention", "cpu"]
    assert note.startswith("note  drift = 1e-05 is the least that is proposed: ")
    assert proposed == "proposed for [sentiment.small]:"
    assert tomllib.loads(last)["tolerance"]["drift"] == 1e-5


def test_progress(fake, monkeypatch, capsys):
    """Each half minute a line beside the report tells how many runs are over."""
    monkeypatch.setattr("swapgate.trials.progress.EVERY", 0)
    assert fake.command("ner.small", "--runs", "3", "--json") == 0
    said = capsys.readouterr()
    assert [line.partition(", ")[0] for line in said.err.splitlines()] == [
        f"ner/small: models/small: {done} of 3" for done in (1, 2, 3)
    ]
    assert len(json.loads(said.out)["runs"]) == 3

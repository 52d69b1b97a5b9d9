"""Quality where something is wrong: with the model, its reference, the set, the options, or the memory there is."""

import json
import os
import pty
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import scipy.stats  # noqa: F401 - once, in this process

from swapgate.core.faults import ModelFault
from swapgate.project.evaluation import find_set
from swapgate.tasks.ner import TASK
from swapgate.trials.evaluating import tally_of

SUITE = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""
ADA = {"label": "PER", "start": 0, "end": 3, "text": "Ada"}


def line(name, **changes):
    """Return a line of a set."""
    return json.dumps({"id": name, "text": f"Ada met {name}.", "expected": [ADA], **changes}) + "\n"


@pytest.fixture
def measured(project):
    """A project whose quality is measured on seventy rows; what each of its models meets is in the text of the row."""
    project.suite.write_text(project.suite.read_text() + SUITE)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())
    project.set = project.write("fixtures/ner/set.jsonl", "".join(line(f"n{number}") for number in range(70)))
    limit = 'budget.quality = { against = "original", metric = "right", margin = 0.5 }\ngaps ='
    project.replace(project.models_file, "gaps =", limit)
    return project


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (["CRASH", 0], "the model crashed: RuntimeError: the model cannot read this"),
        (["PER", "nan"], "1 of 4 word pieces have a score that is NaN or infinite"),
    ],
    ids=["crash", "nan"],
)
def test_row_that_the_model_fails_on(measured, entry, reason):
    """A model that fails on a row is a FAIL that names the row, once, and the other tier is judged."""
    measured.retrain("small", n33=entry)
    result = measured.run("-m", "quality")
    assert (result.ret, measured.verdicts(result)) == (1, {"original": "PASS", "small": "FAIL"})
    assert measured.reasons(result) == [f"FAIL  ner/small: row 'n33' of {measured.set}: {reason} (models/small)"]
    assert "not measured" in measured.table(result)[2]
    assert "Traceback" not in result.stdout.str()


def test_row_that_the_reference_fails_on(measured, workers):
    """A reference that fails on a row is a FAIL of its own tier, and no word on the model beside it."""
    measured.retrain("original", n33=["CRASH", 0])
    result = measured.run("-m", "quality", *workers)
    assert (result.ret, measured.verdicts(result)) == (1, {"original": "FAIL", "small": "ERROR"})
    assert measured.reasons(result)[1].startswith(
        f"ERROR  ner/small: not measured, for the reference: ner/original: row 'n33' of {measured.set}: the model crash"
    )


def test_latency_beside_a_reference_that_fails(measured):
    """So it is with latency."""
    measured.replace(measured.models_file, "gaps =", 'budget.latency = { against = "original", at_most = 9 }\ngaps =')
    measured.retrain("original", Ada=["CRASH", 0])
    result = measured.run("-m", "latency and small")
    assert (result.ret, measured.verdicts(result)) == (7, {"small": "ERROR"})
    assert "not measured, for the reference: ner/original: the model crashed" in measured.reasons(result)[0]


def test_out_of_memory(measured):
    """A lack of memory is an ERROR with the next step, and the other tier is judged."""
    measured.retrain("small", n33=["NO_MEMORY", 0])
    result = measured.run("-m", "quality")
    assert (result.ret, measured.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    assert measured.reasons(result) == [
        f"ERROR  ner/small: row 'n33' of {measured.set}: out of memory while models/small predicted; free"
        " some, or run this tier alone"
    ]


def test_model_that_cannot_be_loaded(measured):
    """That a model cannot be loaded is told in the same words by each test, and of no row."""
    measured.retrain("small", NO_DISK=["PER", 1])
    result = measured.run("-m", "small and not latency", "-k", "quality or expected")
    assert measured.verdicts(result) == {"small": "ERROR"}
    message = "models/small cannot be loaded: no space left on device; free some and run again"
    assert measured.reasons(result) == [f"ERROR  ner/small: {message}"]


def test_batches(measured):
    """Rows are predicted in batches of 32, once a model; what was predicted serves the tiers beside it."""
    result = measured.run("-m", "quality")
    assert result.ret == 0
    assert "ner/small: models/small" not in result.stdout.str()  # no bar where there is no terminal
    batches = [f"predict models/{tier} {rows}" for tier in ("original", "small") for rows in (32, 32, 6)]
    assert [event for event in measured.events() if event.startswith("predict")] == batches


def test_lines_without_a_terminal(measured, monkeypatch):
    """Where there is no terminal a line tells now and then how far the set is."""
    monkeypatch.setattr("swapgate.trials.progress.EVERY", 0)
    lines = measured.run("-m", "quality").outlines
    told = [line for line in lines if line.startswith("ner/small: models/small: ")]
    assert [line.partition(", ")[0] for line in told] == [
        f"ner/small: models/small: {done} of 70" for done in (32, 64, 70)
    ]


def test_bad_row_far_down(measured):
    """A row that is wrong is an ERROR that names it, before the first is predicted."""
    measured.set.write_text(measured.set.read_text() + line("last", expected=[{**ADA, "end": 4}]))
    result = measured.run("-m", "quality and small")
    assert (result.ret, measured.verdicts(result)) == (7, {"small": "ERROR"})
    assert measured.reasons(result)[0].startswith(
        f"ERROR  ner/small: {measured.set}, row 71: 'last': expected PER 'Ada'"
    )
    assert not measured.events()


@pytest.mark.parametrize("text", ["", "\n", "{", "[]", '{"id": "a"}', line("a", expected=[{**ADA, "label": "X"}])])
def test_bad_first_row(measured, text):
    """What the first row shows to be wrong ends the run before a model runs, in one line that names the set's place."""
    measured.set.write_text(text)
    result = measured.run("-k", "quality")
    assert result.ret == 4
    (told,) = [line for line in result.errlines if line]
    assert told.startswith(f"ERROR: {measured.cases_file}: evaluation: {measured.set}")


def test_written_meanwhile(measured):
    """A set that is written between two models is an ERROR of the second: they did not see the same rows."""
    touch = f'    __import__("pathlib").Path({str(measured.set)!r}).touch()\n'
    measured.suite.write_text(measured.suite.read_text() + touch)
    result = measured.run("-m", "quality")
    assert (result.ret, measured.verdicts(result)) == (7, {"original": "PASS", "small": "ERROR"})
    reason = f"{measured.set} was written since the run began; run again"
    assert measured.reasons(result) == [f"ERROR  ner/small: {reason}"]


def test_no_evaluation_set(measured):
    """Without a set nothing is claimed: the table says so; and a budget of quality cannot be kept."""
    measured.replace(measured.cases_file, 'evaluation = "set.jsonl"\n', "")
    result = measured.run("-k", "quality")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        "ERROR: *embedded.toml: ner.small.budget.quality: ner has no evaluation set; name one in"
        ' fixtures/ner/cases.toml (evaluation = "PATH") or give --eval-set ner=PATH'
    )
    measured.replace(measured.models_file, "budget.quality", "# budget.quality")
    result = measured.run("-k", "quality or size")
    assert (result.ret, measured.verdicts(result)) == (0, {"original": "PASS", "small": "PASS"})
    assert all("no evaluation set" in row for row in measured.table(result)[1:])


@pytest.mark.parametrize("form", ["other.jsonl", "../{folder}/other.jsonl", "{whole}", "~/other.jsonl"])
def test_set_of_the_user(measured, monkeypatch, form):
    """--eval-set takes the place of the set that the cases file names."""
    monkeypatch.setenv("HOME", str(measured.path))
    other = measured.write("other.jsonl", line("a") + line("b"))
    measured.set.unlink()
    path = form.format(folder=measured.path.name, whole=other)
    result = measured.run("-m", "quality and original", f"--eval-set=ner={path}", "--verdict-json=verdict.json")
    assert result.ret == 0
    quality = json.loads((measured.path / "verdict.json").read_text())["tiers"][0]["figures"]["quality"]
    assert (quality["set"], quality["rows"], quality["value"]) == ("other.jsonl", 2, 1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("ner", "not of the form SUITE=PATH, as in --eval-set ner=path/to/set.jsonl"),
        ("ner=", "not of the form SUITE=PATH, as in --eval-set ner=path/to/set.jsonl"),
        ("net=a.jsonl", "unknown suite; did you mean 'ner'?"),
        ("ner=a.jsonl", "no evaluation set *a.jsonl; give the path of a file"),
        ("ner=~nobody_of_this_name/a.jsonl", "no evaluation set *a.jsonl; give the path of a file"),
        ("ner=models", "*models: an evaluation set is a file .jsonl, .parquet, .csv or .tsv; convert it"),
        ("ner=fixtures/ner/set.jsonl", "ner has two sets; give one"),
    ],
    ids=[f"option_{number}" for number in range(7)],
)
def test_bad_option(measured, option, message):
    """A set that cannot be meant ends with one message before a model runs."""
    twice = [f"--eval-set={option}"] * (1 + ("two sets" in message))
    result = measured.run("-m", "quality", *twice)
    assert result.ret == 4
    result.stderr.fnmatch_lines(f"ERROR: --eval-set {option.partition('=')[0]}*{message}")
    assert len([line for line in result.errlines if line]) == 1


def test_progress_on_a_terminal(measured):
    """On a terminal a bar shows the model and how far it is, and a name with brackets is a name."""
    measured.replace(measured.models_file, "models/small", "models/[small]")
    (measured.path / "models/small").rename(measured.path / "models/[small]")
    seen = shown_on_a_terminal(measured, "-m", "quality and small")
    assert "ner/small: models/[small]" in seen
    assert "100%" in seen
    assert "PASS" in seen


def test_bar_of_a_model_that_fails(measured):
    """Where a row fails the bar is taken down at once, not when nobody holds the error any more."""
    ended = []

    @contextmanager
    def progress(count):
        try:
            yield lambda more: None
        finally:
            ended.append(count)

    def fail(*_):
        raise ModelFault("broken")

    row = SimpleNamespace(device="cpu")
    source, asked = SimpleNamespace(name="", row=row), SimpleNamespace(load=fail, row=lambda **_: row)
    model = SimpleNamespace(name="", task=TASK, tally=None, source=source, asked=asked)
    with pytest.raises(ModelFault, match="broken") as held:
        tally_of(model, find_set(measured.set, TASK, ()), progress)
    assert (ended, held.type) == ([70], ModelFault)


def test_crash_below_a_progress_bar(measured):
    """A model that fails while a bar is shown leaves no bar behind, and the run goes on."""
    measured.retrain("original", n33=["CRASH", 0])
    seen = shown_on_a_terminal(measured, "-m", "quality")
    assert seen.count("=== verdict ===") == 1
    assert "FAIL  ner/original: row 'n33'" in seen.rpartition("=== verdict ===")[2]
    assert "Traceback" not in seen


def shown_on_a_terminal(project, *options):
    """Return what a run in a process of its own writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    size = {"COLUMNS": "300", "LINES": "50", "TERM": "xterm"}
    child = subprocess.Popen(command, cwd=project.path, stdout=theirs, stderr=theirs, env={**os.environ, **size})
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 65536)
        except OSError:  # Linux says so that the other side is closed
            break
    child.wait()
    os.close(ours)
    return seen.decode()

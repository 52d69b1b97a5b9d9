"""Runs that are repeated: nothing is asked twice, it is said, and whoever asks for all of it again gets it."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from swapgate.plugin.planning import _cache
from swapgate.trials.cache import FILE

ROOT = Path(__file__).parents[3]
SUITE = """

def test_quality(quality, budget):
    assert quality >= budget.quality
"""
VERSIONED = """
import fake_model
from swapgate.tasks.ner import TASK


def pytest_configure():
    fake_model.pytest_configure()
    object.__setattr__(TASK, "version", "1")


def pytest_unconfigure():
    object.__setattr__(TASK, "version", "")
    fake_model.pytest_unconfigure()
"""
ROWS = 70


@pytest.fixture
def measured(project):
    """A project whose quality is measured on seventy rows, and whose task says that its answers may be kept."""
    project.suite.write_text(project.suite.read_text() + SUITE)
    project.cases_file.write_text('evaluation = "set.jsonl"\n' + project.cases_file.read_text())
    right = [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]
    lines = (json.dumps({"id": f"n{n}", "text": f"Ada met n{n}.", "expected": right}) + "\n" for n in range(ROWS))
    project.write("fixtures/ner/set.jsonl", "".join(lines))
    limit = 'budget.quality = { against = "original", metric = "right", margin = 0.5 }\ngaps ='
    project.replace(project.models_file, "gaps =", limit)
    project.write("conftest.py", VERSIONED)
    return project


def asked(project):
    """Return how many rows each model was asked for since this was asked last."""
    counts = {}
    for event in project.events():
        verb, _, what = event.partition(" ")
        if verb == "predict":
            name, _, rows = what.rpartition(" ")
            counts[name] = counts.get(name, 0) + int(rows)
    project.write("events.txt", "")
    return counts


def test_second_run(measured, workers):
    """The second of two runs asks no model for a row, loads none, and says so in the terminal and the verdict JSON."""
    first = measured.reports("-m", "quality", *workers)
    assert {*asked(measured)} == {"models/original", "models/small"}
    second = measured.reports("-m", "quality", *workers)
    assert measured.events() == []
    figures = [tier["figures"]["quality"] for tier in second.facts["tiers"]]
    assert [one["recalled"] for one in figures] == [
        {"models/original": ROWS},
        {"models/small": ROWS, "models/original": ROWS},
    ]
    (note,) = [note for note in second.facts["notes"] if "earlier runs" in note]
    assert note == (
        "answers taken from earlier runs: models/original 70 of 70 rows, models/small 70 of 70 rows; --no-cache asks"
        " for all of them again"
    )
    assert f"note  {note}" in measured.table(second.result)
    for one, other in zip(figures, (tier["figures"]["quality"] for tier in first.facts["tiers"]), strict=True):
        assert {**one, "recalled": 0} == {**other, "recalled": 0}


def test_swap_asks_the_candidate(measured):
    """Of a swap only the candidate is asked, and cases are asked of it each time."""
    measured.run("-m", "quality")
    asked(measured)
    measured.retrain("candidate", like="small", Siemens=["ORG", 0.9])
    swap = ("--swap", "ner.small=models/candidate", "-m", "small and not latency and not size")
    measured.run(*swap)
    assert asked(measured) == {"models/candidate": ROWS + 3}
    measured.run(*swap)
    assert asked(measured) == {"models/candidate": 3}


@pytest.mark.parametrize("capture", ["fd", "sys", "no"])
def test_lines_of_progress(measured, monkeypatch, capture):
    """Without a terminal lines tell how far a set is, also where pytest captures what tests write."""
    monkeypatch.setattr("swapgate.trials.progress.EVERY", 0)
    result = measured.run("-m", "quality", f"--capture={capture}")
    result.stdout.fnmatch_lines([f"ner/small: models/small: {ROWS} of {ROWS}, * s"])


def test_no_cache(measured):
    """With --no-cache all is asked, and nothing is kept."""
    for _ in range(2):
        result = measured.run("-m", "quality", "--no-cache")
        assert asked(measured) == {"models/original": ROWS, "models/small": ROWS}
    assert "earlier runs" not in result.stdout.str()


def test_folder_that_is_open_to_others(measured, own_cache, workers):
    """That nothing can be kept is one note, whoever found it, and no word on a model."""
    own_cache.mkdir()
    own_cache.chmod(0o755)
    result = measured.run("-m", "quality", *workers)
    assert measured.verdicts(result) == {"original": "PASS", "small": "PASS"}
    (note,) = [line for line in measured.table(result) if "earlier" in line]
    assert note.startswith(
        f"note  evaluation rows are not kept for later runs, nor taken from earlier ones: {own_cache}"
    )
    assert not (own_cache / FILE).exists()


@pytest.mark.parametrize(
    ("no_cache", "against", "ci", "used"),
    [
        (False, None, "", True),
        (False, None, "1", True),
        (False, "main", "", True),
        (False, "main", "1", False),
        (True, None, "", False),
    ],
)
def test_what_a_change_could_have_written(monkeypatch, no_cache, against, ci, used):
    """Under --against on a CI nothing is taken from earlier runs, for an earlier job of the change may have left it."""
    monkeypatch.setenv("CI", ci)
    option = SimpleNamespace(no_cache=no_cache, against=against)
    config = SimpleNamespace(option=option, add_cleanup=lambda _: None, pluginmanager=pytest.PytestPluginManager())
    assert (_cache(config) is not None) == used


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "9999"])
def test_threads_that_are_no_number(measured, text):
    """Threads are a number from 1 to 1,024, on the command line and in the models file."""
    result = measured.run("-m", "quality", f"--threads={text}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*argument --threads: '{text}' is no number from 1 to 1,024"])
    measured.models_file.write_text(f"threads = {json.dumps(text)}\n" + measured.models_file.read_text())
    result = measured.run("-m", "quality")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*embedded.toml: threads: *"])


COUNTING = """
import os
from pathlib import Path

from swapgate.models import loading

own = loading.load


def load(*arguments):
    loaded = own(*arguments)
    loaded.model.register_forward_pre_hook(note, with_kwargs=True)
    return loaded


def note(_model, _args, given):
    with Path(__file__).with_name("rows.txt").open("a") as file:
        print(len(given["input_ids"]), file=file)


loading.load = load
"""


def test_real_model(tmp_path, own_cache, python):
    """Of two runs in processes of their own the second gives no row to a real model; another byte in it asks anew."""
    shutil.copytree(ROOT / "fixtures" / "zoo" / "ner" / "small", tmp_path / "model")
    suite = tmp_path / "fixtures" / "ner"
    (tmp_path / "fixtures" / "models").mkdir(parents=True)
    suite.mkdir()
    row = "[ner.small]\nmodel = \"../../model\"\nlabels = { '*' = '*' }\n"
    (tmp_path / "fixtures" / "models" / "embedded.toml").write_text(row)
    case = '[[case]]\nid = "rain"\ntext = "It rained."\nexpected = []\n'
    (suite / "cases.toml").write_text('evaluation = "set.jsonl"\nlatency = "rain"\n' + case)
    right = [{"label": "PER", "start": 0, "end": 3, "text": "Ada"}]
    lines = (json.dumps({"id": f"n{n}", "text": f"Ada met n{n}.", "expected": right}) + "\n" for n in range(40))
    (suite / "set.jsonl").write_text("".join(lines))
    marks = 'import pytest\n\npytestmark = pytest.mark.task("ner")\n'
    (tmp_path / "test_ner.py").write_text(marks + SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(COUNTING)
    counted = tmp_path / "rows.txt"

    def rows():
        counted.unlink(missing_ok=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SWAPGATE_CACHE": str(own_cache)}
        done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "quality", cwd=tmp_path, env=environment)
        assert done.returncode in (0, 7), done.stdout
        return sum(map(int, counted.read_text().split())) if counted.exists() else 0

    assert [rows(), rows()] == [40, 0]
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text() + "\n")
    assert rows() == 40


def without_counts(facts):
    """Return facts without the counts of rows that were not asked for, and notes on where answers come from."""
    if isinstance(facts, dict):
        return {key: without_counts(value) for key, value in facts.items() if key != "recalled"}
    if isinstance(facts, list):
        return [without_counts(one) for one in facts if not (isinstance(one, str) and "earlier runs" in one)]
    return facts


def test_verdict_of_an_embedded_suite(tmp_path, own_cache, python):
    """Its verdict JSON is the same to the last digit, but for counts, whether rows are asked or taken from before."""
    lines = (ROOT / "fixtures" / "zoo" / "sentiment" / "heldout.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "set.jsonl").write_text("".join(lines[:60]), "utf-8")
    found = []
    for number, options in enumerate((["--no-cache"], [], [])):
        verdict = tmp_path / f"{number}.json"
        asked = ["-m", "quality", "-k", "sentiment and small", f"--eval-set=sentiment={tmp_path / 'set.jsonl'}"]
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *asked, *options]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SWAPGATE_CACHE": str(own_cache)}
        command.append(f"--verdict-json={verdict}")
        done = python(*command, cwd=ROOT, env=environment)
        assert done.returncode in (0, 7), done.stdout
        found.append(json.loads(verdict.read_text("utf-8")))
    quality = [
        tier["figures"]["quality"] for facts in found for tier in facts["tiers"] if tier["figures"].get("quality")
    ]
    assert [sum(one.get("recalled", {}).values()) for one in quality] == [0, 0, 120]
    assert without_counts(found[0]) == without_counts(found[1]) == without_counts(found[2])
    assert [one["rows"] for one in quality] == [60, 60, 60]

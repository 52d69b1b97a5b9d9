"""Rows that Ray's workers compute: the same figures, whatever becomes of a worker."""

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from swapgate.core.faults import Unable
from swapgate.models.loading import Source
from swapgate.project.manifest import row_type
from swapgate.tasks import find_task
from swapgate.trials.asking import Asking
from swapgate.trials.spread import Worker, _connect, _told

ZOO = Path(__file__).parents[3] / "fixtures" / "zoo" / "sentiment" / "small"
MODELS = """
[doomed.small]
model = "{model}"
labels = {{ "negative (stars 1, 2 and 3)" = "negative", "positive (stars 4 and 5)" = "positive" }}
"""
LABELS = {"negative (stars 1, 2 and 3)": "negative", "positive (stars 4 and 5)": "positive"}
CASES = """
latency = "one"

[[case]]
id = "one"
text = "I love it, it is wonderful."
expected = "positive"
"""
SUITE = """
import pytest
from swapgate.standard import test_expected, test_quality

pytestmark = pytest.mark.task("doomed")
"""
TASK = '''
"""Texts of which some end the process that is asked for them: the first time, or each time."""

import os
from dataclasses import replace
from pathlib import Path

from swapgate.tasks import text_classification

ONCE = Path(__file__).with_name("once")


def predict(loaded, texts, row):
    for text in texts:
        if "each time" in text or ("once" in text and ONCE.exists()):
            ONCE.unlink(missing_ok=True)
            os._exit(1)
    return text_classification.predict(loaded, texts, row)


TASK = replace(text_classification.TASK, name="doomed", aliases=(), predict=predict, multi_label=None)
'''


class Spreading:
    """A project whose task may end the process that is asked, judged with and without Ray."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("fixtures/models/embedded.toml", MODELS.format(model=ZOO))
        self.write("fixtures/doomed/cases.toml", CASES)
        self.write("tests/test_doomed.py", SUITE)
        self.write("doomed.py", TASK)
        self.write("pytest.ini", "[pytest]\nstrict = true\ntestpaths = tests\nswapgate_tasks = doomed\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, "utf-8")

    def rows(self, *more: str) -> None:
        """Write the evaluation set: forty plain rows, and more texts."""
        texts = [f"I {word} it, number {number}." for number in range(20) for word in ("love", "hate")]
        rows = [
            {"id": str(at), "text": text, "expected": "negative" if "hate" in text else "positive"}
            for at, text in enumerate([*texts, *more])
        ]
        self.write("fixtures/doomed/evaluation.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))

    def judged(self, *options: str) -> tuple[str, dict[str, object]]:
        """Run pytest in a process; gives what it told, and what is in the verdict's JSON."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-cache", *options]
        command += ["--verdict-json=verdict.json", "--eval-set", "doomed=fixtures/doomed/evaluation.jsonl"]
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, env={**os.environ})
        return done.stdout + done.stderr, json.loads((self.path / "verdict.json").read_text("utf-8"))


@pytest.fixture
def spreading(tmp_path: Path) -> Spreading:
    """Return a project."""
    return Spreading(tmp_path)


def asking() -> Asking:
    """Return a model of the zoo as it is asked."""
    task = find_task("sentiment")
    row = row_type(task)(model=str(ZOO), labels=LABELS)
    return Asking(task, Source(row, ZOO, "small"), row, ())


def measured(verdict: object) -> object:
    """Leave out of a verdict what differs from run to run."""
    text = re.sub(r'"[a-z_]*(seconds|created|started|duration)[a-z_]*": [^,}]+', '"left": 0', json.dumps(verdict))
    return json.loads(text)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_worker_that_dies_changes_nothing(spreading):
    """Where a worker dies another one computes its rows: the verdict is that of a run without Ray."""
    spreading.rows("It happens once.")
    alone = spreading.judged()[1]
    spreading.write("once", "")
    text, spread = spreading.judged("--ray", "local")
    assert not (spreading.path / "once").exists(), text
    assert measured(spread) == measured(alone)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_row_of_which_each_worker_dies(spreading):
    """A row of which each worker dies is an ERROR with the name of that row, and the others are no matter."""
    spreading.rows("It happens each time.")
    text, verdict = spreading.judged("--ray", "local")
    assert "row '40' of" in text
    assert "2 workers of Ray died while it was computed" in text
    assert [tier["verdict"] for tier in verdict["tiers"]] == ["ERROR"]


def test_without_ray(spreading, monkeypatch):
    """Without Ray the run ends before a model is loaded, with the line to type."""
    if find_spec("ray") is not None:
        pytest.skip("Ray is installed")
    spreading.rows()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--ray", "local"], cwd=spreading.path, capture_output=True, text=True
    )
    assert done.returncode == 4
    assert 'pip install "swapgate[ray]"' in done.stderr


def test_a_worker_with_other_files(monkeypatch):
    """A worker whose files are not those that are judged says so, and answers nothing."""
    known = _told(asking(), 1, {})
    assert Worker().answers(known._replace(digest="0" * 64), ["Good."], ["one"]) == (
        "Unable",
        (f"a worker of Ray: it has another small at {ZOO}; give each machine the same files",),
    )


def test_a_worker_without_files(tmp_path):
    """A worker that has no such folder says so."""
    known = _told(asking(), 1, {})
    kind, (words,) = Worker().answers(
        known._replace(source=replace(known.source, folder=tmp_path / "none")), ["Good."], ["one"]
    )
    assert kind == "Unable"
    assert "give each machine the same files" in words


def test_a_worker_answers_as_the_model_does():
    """What a worker answers is what the model is asked for in this process, and a fault is told by its kind."""
    one, worker = asking(), Worker()
    known = _told(one, 1, {})
    said = worker.answers(known, ["I love it.", "I hate it."], ["a", "b"])
    assert [each.prediction for each in said] == one.predict(["I love it.", "I hate it."])
    assert worker.answers(known, [" "], ["a"])[0] == "SurroundingsFault"


@pytest.mark.parametrize("begin", ["", "ray://"])
def test_no_cluster(begin):
    """Where nothing answers at an address Ray is not asked at all: it would go on trying for many minutes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"{begin}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unable, match=f"^--ray {address}: no cluster answers: .*refused; start one"):
            _connect(None, address)

"""Evaluation sets that measure nothing: one answer is right in each row, or labels that no model can give."""

import json
from pathlib import Path

import pytest

from swapgate.outputs.classification import OUTPUT, ranked
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

ROOT = Path(__file__).parents[3]
GOOD = ranked([0.9, 0.1], ["good", "bad"], {"good": "good", "bad": "bad"})


@pytest.mark.parametrize(
    ("rows", "always"),
    [
        ([("good",)] * 3, ["good"]),
        ([("good",), ("bad",)], []),
        ([("good", "bad"), ("bad", "good")], ["bad", "good"]),
        ([("good", "bad"), ("good",)], ["good"]),
        ([("good", "bad"), ("good",), ("bad",)], []),
    ],
    ids=range(5),
)
def test_right_always(rows, always):
    """A label that is right in every row is told, be it the only one or one of several."""
    tally = Tally(OUTPUT)
    for number, right in enumerate(rows):
        tally.add(str(number), GOOD, right)
    assert tally.right_always == always


def test_tasks_of_one_label():
    """Detectors and taggers of one label are right as they are: what they miss or invent counts."""
    for task in ("ner", "object-detection", "question-answering", "summarization", "speech-recognition"):
        assert not find_task(task).output.one_is_enough


@pytest.mark.parametrize(
    ("rows", "status", "verdict"),
    [(["positive"], 7, "INCOMPLETE"), (["positive", "negative"], 0, "PASS")],
    ids=["one class", "two classes"],
)
def test_set_of_one_class(python, tmp_path, rows, status, verdict):
    """A set in which one label is always right is INCOMPLETE, and the message says which and what to give."""
    path = tmp_path / "set.jsonl"
    texts = {"positive": "What a lovely day, I love it", "negative": "What an awful day, I hate it"}
    every = [rows[number % len(rows)] for number in range(200)]
    path.write_text(
        "".join(
            json.dumps({"id": str(number), "text": f"{texts[label]} {number}.", "expected": label}) + "\n"
            for number, label in enumerate(every)
        )
    )
    report = tmp_path / "verdict.json"
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "sentiment and small and quality"]
    asked = [*command, f"--eval-set=sentiment={path}", f"--verdict-json={report}"]
    done = python(*asked, cwd=ROOT)
    (tier,) = json.loads(report.read_text())["tiers"]
    assert (done.returncode, tier["verdict"]) == (status, verdict), done.stdout
    told = "measures nothing: 'positive' is right in each of the 200 rows"
    assert (told in " ".join(done.stdout.split())) == (verdict == "INCOMPLETE")

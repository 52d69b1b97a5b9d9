"""Quality of transcripts: which figure is told and judged where a budget does not say."""

from types import SimpleNamespace

import pytest

from swapgate.outputs.text import Text
from swapgate.plugin.measures import Quality
from swapgate.project.budgets import QualityLimit
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

TASK = find_task("speech-recognition")
ENGLISH = ("turn it on please now", "turn it off please now")
JAPANESE = ("今日はいい天気です", "今日は良い天気です")


def quality(said, heard, limits=()):
    """Return what came of a set whose one transcript stands in many rows."""
    counted = Tally(TASK.output)
    for row in range(400):
        counted.add(str(row), Text(heard, 1.0), said)
    row = SimpleNamespace(budget=SimpleNamespace(quality=limits, slices={}), tolerance=None)
    model = SimpleNamespace(
        task=TASK, row=row, swapped=False, recalled=0, name="x", names=("z", "y"), source=SimpleNamespace(name="y")
    )
    found = Quality(model, "set.jsonl", lambda _: None, lambda _: None, None, lambda *_: counted, "models.toml")
    return found >= limits, found.figure


@pytest.mark.parametrize(
    ("said", "heard", "name", "value"),
    [(*ENGLISH, "WER", 1 / 5), (*JAPANESE, "CER", 1 / 9)],
    ids=["with spaces", "without"],
)
def test_headline(said, heard, name, value):
    """The word error rate is told, and where there are no spaces between words that of characters; both are there."""
    _, figure = quality(said, heard)
    assert (figure.metric, figure.shown) == (name, f"{name} {value:.3f}")
    assert figure.value == pytest.approx(value)
    assert {"WER", "CER"} <= {*figure.figures}


@pytest.mark.parametrize(("limit", "passes"), [(0.15, True), (0.05, False)])
def test_floor_of_the_headline(limit, passes):
    """A limit that names no figure is one of the headline."""
    assert quality(*JAPANESE, (QualityLimit(at_most=limit),))[0] is passes

"""Which figures are told and judged where a budget does not say: of transcripts, and of texts beside references."""

import math
from types import SimpleNamespace

import pytest

from swapgate.core.faults import SurroundingsFault
from swapgate.outputs.generated import Asked, Choice, Generated
from swapgate.outputs.text import Text
from swapgate.plugin.measures import Quality
from swapgate.project.budgets import QualityLimit
from swapgate.statistics.tally import Tally
from swapgate.tasks import find_task

TASK = find_task("speech-recognition")
WRITING = find_task("text-generation")
ENGLISH = ("turn it on please now", "turn it off please now")
JAPANESE = ("今日はいい天気です", "今日は良い天気です")


def quality(said, heard, limits=()):
    """Return what came of a set whose one transcript stands in many rows."""
    counted = Tally(TASK.output)
    for row in range(400):
        counted.add(str(row), Text(heard, 1.0), said)
    return judged(TASK, limits, counted)


def judged(task, limits, ours, theirs=None):
    """Return whether a model passes, and what came of its set, maybe beside that of another one."""
    row = SimpleNamespace(budget=SimpleNamespace(quality=limits, slices={}), tolerance=None)
    model, other = (
        SimpleNamespace(
            task=task, row=row, swapped=bool(theirs), recalled=0, name="x", names=("z", "y"), said=tally,
            proposed=False, source=SimpleNamespace(name=name),
        )
        for name, tally in (("y", ours), ("z", theirs))
    )  # fmt: skip
    reference = lambda _: other if theirs else None  # noqa: E731
    found = Quality(model, "set.jsonl", reference, lambda _: None, None, lambda one, _: one.said, "models.toml")
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


def texts_and_references(bits, missed=0, texts=400, few=400):
    """Return the tally of texts, of which some are wrong, and of a few references with so many bits per byte."""
    counted = Tally(WRITING.output)
    for row in range(texts):
        found = Generated("b" if row < missed else "a", 1.0)
        counted.add(f"text {row}", found, Asked(text="a"), key=f"t{row}")
    for row in range(few):
        text = f" row {row}"
        choice = Choice(text, -bits * len(text) * math.log(2), 3, 1.0)
        counted.add(text, Generated(text, 1.0, choices=(choice,)), Asked(reference=text), key=f"r{row}")
    return counted


@pytest.mark.parametrize("limit", [{"margin": 0.1}, {"errors_at_most": 1.5}])
def test_neither_texts_nor_references_hide_the_other(limit):
    """A limit that names no figure judges accuracy by what asks for something, and bits per byte by references."""
    limits = (QualityLimit(against="incumbent", **limit),)
    before = texts_and_references(0.4, 80)
    passes, figure = judged(WRITING, limits, texts_and_references(0.4, 80), before)
    assert passes
    assert [one.comparison.metric for one in figure.comparisons][1:] == ["bits per byte"]
    passes, figure = judged(WRITING, limits, texts_and_references(4.6, 80), before)
    assert not passes
    assert [one.comparison.decision for one in figure.comparisons] == ["PASS", "FAIL"]
    assert "bits per byte 4.600 (+4.200 > " in figure.shown
    assert not judged(WRITING, limits, texts_and_references(0.4, 240), before)[0]
    named = (QualityLimit(against="incumbent", metric="accuracy", margin=0.1),)
    assert judged(WRITING, named, texts_and_references(4.6, 80), before)[0]


@pytest.mark.parametrize(("bits", "decision"), [(0.4, "PASS"), (0.405, "PASS"), (4.6, "FAIL")])
def test_references_are_too_few_to_show_it(bits, decision):
    """References that lose no more than is allowed hold nothing up, however few they are; a loss of more does."""
    limits = (QualityLimit(against="incumbent", margin=0.05),)
    _, figure = judged(WRITING, limits, texts_and_references(bits, 80, few=60), texts_and_references(0.4, 80, few=60))
    assert [one.comparison.decision for one in figure.comparisons] == ["PASS", decision]
    _, figure = judged(WRITING, limits, texts_and_references(bits, 80, few=3), texts_and_references(0.4, 80, few=3))
    few = "PASS" if decision == "PASS" else "too few rows"
    assert [one.comparison.decision for one in figure.comparisons] == ["PASS", few]


def test_a_floor_of_the_other_side():
    """A floor that names no figure is none of bits per byte, which tell first where all rows are references."""
    assert judged(WRITING, (QualityLimit(at_least=0.5),), texts_and_references(4.6))[0]
    with pytest.raises(SurroundingsFault, match="bits per byte, which it is no floor of; write metric there"):
        judged(WRITING, (QualityLimit(at_least=0.5),), texts_and_references(4.6, texts=0))

"""Sets by which no model could fail: the reference gets nothing right, or next to nothing is to be found."""

import pytest

from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.label_set import LabelSet
from swapgate.outputs.text import Text
from swapgate.statistics.comparison import compare_errors, compare_figure
from swapgate.statistics.tally import Part, Tally
from swapgate.tasks import find_task
from swapgate.verdicts.figures import rows_wanted

ADA = Span(0, 3, "PER", "Ada")
YES = Classification((Score("a", 0.9), Score("b", 0.1)), 0.0)
FOUND, SILENT = Answer("old", 0, 3, 1, 1), Answer("", 0, 0, 1, 1)
TAGGED, BARE = Entities((Entity(*(0, 3, "PER", "Ada"), 1.0, 1.0, 1.0),)), Entities(())
UNHEARD = Text("", 1.0)
SILENCE = LabelSet((), 0.0, 0.5)
LABELLED = LabelSet((Score("a", 0.9),), 0.0, 0.5)


def counted(task, rows):
    """Return a tally of (prediction, right answer) pairs."""
    tally = Tally(task.output)
    for number, (prediction, right) in enumerate(rows):
        tally.add(str(number), prediction, right)
    return tally


def compared(name, right, ours, theirs, metric, margin=0.05):
    """Compare two models by the right answers of the rows and what each says."""
    task = find_task(name)
    sides = (counted(task, zip(said, right, strict=True)) for said in (ours, theirs))
    return compare_figure(*sides, metric, margin)


@pytest.mark.parametrize(
    ("name", "right", "said", "metric"),
    [
        ("sentiment", [("b",)] * 400, [YES] * 400, "accuracy"),
        ("sentiment", [("b",)] * 392 + [("a",)] * 8, [YES] * 400, "accuracy"),
        ("ner", [()] * 400, [TAGGED] * 400, "F1"),
        ("ner", [(ADA,)] + [()] * 399, [TAGGED] * 400, "F1"),
        ("question-answering", [()] * 400, [SILENT] * 400, "F1"),
        ("question-answering", [()] * 390 + [(AnswerSpan(0, "old"),)] * 10, [SILENT] * 390 + [FOUND] * 10, "F1"),
        ("question-answering", [(AnswerSpan(0, "."),)] * 400, [FOUND] * 400, "exact match"),
        (
            "speech-recognition",
            ["turn it on"] * 400,
            [UNHEARD] * 400,
            "WER",
        ),
    ],
    ids=["all wrong", "nearly", "no entity", "one entity", "no answer", "few answers", "no such answer", "no word"],
)
def test_nothing_at_stake(name, right, said, metric):
    """Where even a model that finds nothing would lose no more than the margin nothing passes, and why is told."""
    found = compared(name, right, said, said, metric)
    assert (found.decision, found.measures_nothing) == ("too few rows", True)
    assert found.at_stake <= 0.05
    assert f"a model that finds nothing would lose {found.at_stake:.4f} at most" in rows_wanted(found, "")


@pytest.mark.parametrize(
    ("name", "right", "said", "metric"),
    [
        ("sentiment", [("b",)] * 360 + [("a",)] * 40, [YES] * 400, "accuracy"),
        ("ner", [(ADA,)] * 200 + [()] * 200, [TAGGED] * 200 + [BARE] * 200, "F1"),
        ("question-answering", [()] * 300 + [(AnswerSpan(0, "old"),)] * 100, [SILENT] * 300 + [FOUND] * 100, "F1"),
    ],
    ids=["weak", "half without", "answers"],
)
def test_enough_at_stake(name, right, said, metric):
    """A weak reference, and rows without anything to find beside others, decide as before."""
    found = compared(name, right, said, said, metric)
    assert (found.decision, found.measures_nothing) == ("PASS", False)


@pytest.mark.parametrize(
    ("name", "right", "there", "nothing", "metric"),
    [
        ("ner", (ADA,), TAGGED, BARE, "F1"),
        ("image-classification", ("a",), LABELLED, SILENCE, "micro F1"),
    ],
    ids=["entities", "sets of labels"],
)
def test_loss_behind_what_both_find_falsely(name, right, there, nothing, metric):
    """What both models find falsely in rows without anything to find hides no loss in the others."""
    task = find_task(name) if name == "ner" else find_task(name).multi_label
    rights = [right] * 40 + [()] * 360
    theirs = counted(task, zip([there] * 400, rights, strict=True))
    ours = counted(task, zip([nothing] * 4 + [there] * 396, rights, strict=True))
    found = compare_figure(ours, theirs, metric, 0.05)
    assert found.low > -0.05
    assert found.decision == "too few rows"
    wanted = range(40)
    assert compare_figure(Part(ours, wanted), Part(theirs, wanted), metric, 0.05).decision == "too few rows"


@pytest.mark.parametrize(("wrong", "decision"), [(400, "too few rows"), (100, "PASS")])
def test_errors(wrong, decision):
    """A ratio of errors that no model could exceed passes nothing either."""
    task = find_task("sentiment")
    theirs = counted(task, [(YES, ("b",))] * wrong + [(YES, ("a",))] * (400 - wrong))
    found = compare_errors(theirs, theirs, 2.0)
    assert found.decision == decision
    assert found.at_stake == 400 / wrong
    assert found.measures_nothing == (decision != "PASS")

"""What a review shows of a difference, for each type of prediction."""

import pytest

from swapgate.inputs.given import Question
from swapgate.outputs import diff
from swapgate.outputs.answer import Answer
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Detection, Detections
from swapgate.outputs.diff import NEW, OLD
from swapgate.outputs.entities import Entities, Entity
from swapgate.outputs.text import Text


def shown(golden, now, given=""):
    """Return the lines as plain text."""
    return [line.plain for line in diff(golden, now, given)]


def scores(**labels):
    """Return a classification."""
    return Classification(tuple(Score(label, score) for label, score in labels.items()), 0.0)


def entity(text, label, start, score=0.9):
    """Return an entity."""
    return Entity(start, start + len(text), label, text, score, score, score)


def answer(text, start, score):
    """Return an answer."""
    return Answer(text, start, start + len(text), score, score)


def thing(label, box, score):
    """Return an object."""
    return Detection(label, box, score)


SENTENCE = "Ada left Paris."
ADA, PARIS = entity("Ada", "PER", 0), entity("Paris", "LOC", 9)
CONTEXT = Question("Where?", "She was in Rome, then in Paris.")


@pytest.mark.parametrize(
    ("golden", "now", "given", "lines"),
    [
        (
            scores(positive=0.8, negative=0.2),
            scores(positive=0.75, negative=0.2),
            "",
            ["  positive 0.8000000 → 0.7500000 (-0.05)", "  negative 0.2000000"],
        ),
        (scores(cat=0.8), scores(dog=0.7), "", ["  dog 0.7000000 (new)", "  cat 0.8000000 (gone)"]),
        (None, scores(cat=0.8), "", ["  cat 0.8000000 (new)"]),
        (
            Entities((ADA, PARIS)),
            Entities((entity("Ada", "ORG", 0), PARIS)),
            SENTENCE,
            [
                "- [Ada PER] left [Paris LOC].",
                "+ [Ada ORG] left [Paris LOC].",
                "  ORG 'Ada' 0-3 0.9000000 (new)",
                "  PER 'Ada' 0-3 0.9000000 (gone)",
                "  LOC 'Paris' 9-14 0.9000000",
            ],
        ),
        (
            Entities((ADA,)),
            Entities((entity("Ada", "PER", 0, 0.8),)),
            SENTENCE,
            ["  [Ada PER] left Paris.", "  PER 'Ada' 0-3 0.9000000 → 0.8000000 (-0.1)"],
        ),
        (
            Entities((ADA,)),
            Entities(()),
            SENTENCE,
            ["- [Ada PER] left Paris.", "+ Ada left Paris.", "  PER 'Ada' 0-3 0.9000000 (gone)"],
        ),
        (
            answer("Rome", 11, 0.6),
            answer("Paris", 25, 0.7),
            CONTEXT,
            [
                "- …She was in [Rome], then in Paris.… 11-15",
                "+ …She was in Rome, then in [Paris].… 25-30",
                "  score 0.6000000 → 0.7000000 (+0.1)",
            ],
        ),
        (
            answer("Rome", 11, 0.6),
            answer("Rome", 11, 0.5),
            CONTEXT,
            ["  …She was in [Rome], then in Paris.… 11-15", "  score 0.6000000 → 0.5000000 (-0.1)"],
        ),
        (
            answer("Rome", 11, 0.6),
            answer("", 0, 0.6),
            CONTEXT,
            ["- …She was in [Rome], then in Paris.… 11-15", "+ no answer", "  score 0.6000000"],
        ),
        (
            Text("I have a dream today", 0.3),
            Text("I had a dream", 0.3),
            "",
            ["  I [-have-] {+had+} a dream [-today-]", "  nearest step 0.3000000"],
        ),
        (
            Detections((thing("cat", (0, 0, 10, 10), 0.9), thing("dog", (20, 20, 30, 30), 0.8)), 0.5),
            Detections((thing("cat", (0, 0, 10, 8), 0.9), thing("cow", (20, 20, 30, 30), 0.7)), 0.5),
            "",
            [
                "  cat [0, 0, 10, 10] → cat [0, 0, 10, 8], IoU 0.8000 ",
                "    score 0.9000000",
                "- dog [20, 20, 30, 30] 0.8000000",
                "+ cow [20, 20, 30, 30] 0.7000000",
            ],
        ),
    ],
    ids=[
        "a score",
        "a label",
        "no golden",
        "another label",
        "a score of an entity",
        "an entity gone",
        "an answer",
        "a score of an answer",
        "no answer",
        "words",
        "objects",
    ],
)
def test_lines(golden, now, given, lines):
    """What is gone stands behind "-", what is new behind "+", what is the same stands once."""
    assert shown(golden, now, given) == lines


def test_colours():
    """What is gone is red, what is new is green."""
    gone, new, *_ = diff(Entities((ADA,)), Entities((entity("Ada", "ORG", 0),)), SENTENCE)
    assert [str(span.style) for span in gone.spans] == [f"bold {OLD}"]
    assert [str(span.style) for span in new.spans] == [f"bold {NEW}"]


HOSTILE = "a\x1b[31m\x07\x9b2J\n+ forged \u202egnorw\u2028"
"""Escape codes, a forged line, and letters that turn the others around."""


@pytest.mark.parametrize(
    ("golden", "now", "given"),
    [
        (scores(right=0.7), scores(**{HOSTILE: 0.6, "right": 0.4}), ""),
        (Entities(()), Entities((entity(HOSTILE, HOSTILE, 0),)), HOSTILE),
        (answer("", 0, 0.6), answer(HOSTILE, 0, 0.6), Question("Who?", HOSTILE)),
        (Text("I had", 0.3), Text(HOSTILE, 0.3), ""),
        (Detections((), 0.5), Detections((thing(HOSTILE, (0, 0, 10, 8), 0.9),), 0.5), ""),
    ],
    ids=["label", "entity", "answer", "text", "object"],
)
def test_hostile_words(golden, now, given):
    """No word of a model or an input breaks a line, or is obeyed by the terminal, whatever it is of."""
    lines = shown(golden, now, given)
    assert "forged" in "".join(lines)
    assert all(line.isprintable() for line in lines)

"""How each kind of prediction is shown on a page: both sides, the right answer, and by how much it moved."""

import json
from types import SimpleNamespace

import pytest
from rich.text import Text as Line

from swapgate.inputs.given import Question
from swapgate.outputs import BUILT_IN, blocks, dress
from swapgate.outputs.answer import Answer, AnswerSpan
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Annotation, Detection, Detections
from swapgate.outputs.entities import Entities, Entity, Span
from swapgate.outputs.label_set import LabelSet
from swapgate.outputs.text import Text


def scores(**labels):
    """Return a classification."""
    return Classification(tuple(Score(label, score) for label, score in labels.items()), 0.0)


def entity(text, label, start, score=0.9):
    """Return an entity."""
    return Entity(start, start + len(text), label, text, score, score, score)


def kinds(found):
    """Return the kinds of blocks, each of which JSON can hold."""
    assert json.loads(json.dumps(found))
    return [block["kind"] for block in found]


ADA, PARIS = entity("Ada", "PER", 0), entity("Paris", "LOC", 9)
WRONG = entity("Ada", "ORG", 0, 0.6)
SENTENCE = "Ada left Paris."
RIGHT = [Span(0, 3, "PER", "Ada"), Span(9, 14, "LOC", "Paris")]


def test_classes_are_bars():
    """A class has a bar of each side, and what is right is marked, also where nobody said it."""
    (block,) = dress(scores(cat=0.8, dog=0.2), scores(dog=0.7, cat=0.3), ("cat", "lynx"), "x")
    assert block["rows"] == [["cat", 0.8, 0.3, True], ["dog", 0.2, 0.7, False], ["lynx", None, None, True]]
    assert blocks.moved([block]) == pytest.approx(0.5)


def test_sets_of_labels_have_a_threshold():
    """Labels that count by themselves are bars with the score from which they do."""
    now = LabelSet((Score("angry", 0.7),), 0.1, 0.5)
    (block,) = dress(None, now, ("angry",), "x")
    assert block["rows"] == [["angry", None, 0.7, True]]
    assert block["threshold"] == 0.5


def test_entities_are_marked():
    """A sentence stands once a side, and what only one side has is told from what both have."""
    spans, bars = dress(Entities((ADA, PARIS)), Entities((WRONG, PARIS)), RIGHT, SENTENCE)
    assert [side for side, _ in spans["sides"]] == ["right, before", "now"]
    marks = [[piece for piece in pieces if piece[1]] for _, pieces in spans["sides"]]
    assert marks[1] == [["Ada", "ORG", False], ["Paris", "LOC", True]]
    assert marks[0] == [["Ada", "PER", False], ["Paris", "LOC", True]]
    assert bars["rows"] == [
        ["PER Ada", 0.9, None, True],
        ["LOC Paris", 0.9, 0.9, True],
        ["ORG Ada", None, 0.6, False],
    ]
    assert blocks.moved([bars]) == 0.9


def test_sides_that_are_alike_stand_once():
    """Where both sides and the right answer are the same, the sentence stands once."""
    spans, _ = dress(Entities((ADA, PARIS)), Entities((ADA, PARIS)), RIGHT, SENTENCE)
    assert [side for side, _ in spans["sides"]] == ["right, before, now"]


@pytest.mark.parametrize("marks", [[], [(0, 3, "a", True)], [(2, 5, "a", True), (3, 6, "b", False), (6, 9, "c", True)]])
def test_marked_loses_nothing(marks):
    """Whatever is marked, the pieces are the text; of two marks that overlap the first counts."""
    pieces = blocks.marked("abcdefghi", marks)
    assert "".join(text for text, *_ in pieces) == "abcdefghi"
    assert [label for _, label, _ in pieces if label] == [label for *_, label, _ in marks if label != "b"]


def test_answers_are_marked_in_their_context():
    """Both answers stand in the context; no answer is told in words."""
    given = Question("Where?", "She was in Rome, then in Paris.")
    right = [AnswerSpan(25, "Paris")]
    spans, bars = dress(Answer("Paris", 25, 30, 0.9, 0.9), Answer("Rome", 11, 15, 0.6, 0.6), right, given)
    assert [side for side, _ in spans["sides"]] == ["right, before", "now"]
    assert [piece for piece in spans["sides"][1][1] if piece[1]] == [["Rome", "answer", False]]
    assert bars["rows"] == [["'Paris' 25-30", 0.9, None, True], ["'Rome' 11-15", None, 0.6, False]]
    spans, bars = dress(None, Answer("", 0, 0, 0.8, 0.8), [], given)
    assert bars["rows"] == [["no answer", None, 0.8, True]]


def test_texts_word_by_word():
    """A text stands beside the golden word by word, a transcript also beside what was said, whatever its case."""
    then, said = dress(Text("CLOSE THE DOOR", 0.9), Text("CLOSE A DOOR", 0.9), "close a door", None)
    assert then["steps"] == [["same", "CLOSE"], ["gone", "THE"], ["new", "A"], ["same", "DOOR"]]
    assert said["steps"] == [["same", "CLOSE A DOOR"]]
    assert 0 < blocks.moved([then, said]) < 1
    assert kinds(dress(None, Text("It rained.", 0.9), SimpleNamespace(), None)) == ["words"]


def test_boxes_of_three_sides():
    """Boxes of both sides and the right ones stand over the picture; pairs tell their IoU."""
    golden = Detections((Detection("hat", (0, 0, 10, 10), 0.9), Detection("hat", (50, 50, 60, 60), 0.4)), 0.5)
    now = Detections((Detection("hat", (0, 0, 10, 8), 0.8), Detection("shoe", (20, 20, 30, 30), 0.7)), 0.5)
    drawn, bars = dress(golden, now, (Annotation("hat", (0, 0, 10, 10)),), None)
    assert [(side, label, iou) for side, label, _, _, iou in drawn["boxes"]] == [
        ("right", "hat", None),
        ("before", "hat", pytest.approx(0.8)),
        ("now", "hat", pytest.approx(0.8)),
        ("now", "shoe", None),
    ]
    assert [row[1:] for row in bars["rows"]] == [[0.9, 0.8, True], [None, 0.7, False]]


def test_no_dress_is_a_diff():
    """A kind of prediction that has no dress is shown as the lines of its diff; the built-in ones have one each."""
    assert blocks.lines([Line("a ").append("b", "red")])["lines"] == [[["a ", ""], ["b", "red"]]]
    assert all(output.dress for output in BUILT_IN)


def test_what_is_too_much():
    """Of very long texts and of very many labels a page is given a part, and told how much more there is."""
    long = "x" * 1_000_000
    many = Classification(tuple(Score(f"l{number}", 0.0) for number in range(1_000)), 1.0)
    (block,) = dress(None, many, (long,), "")
    assert len(block["rows"]) == blocks.MOST
    assert block["more"] == 1_001 - blocks.MOST
    assert len(json.dumps(dress(None, Text(long, 0.9), long, None))) < 10_000
    assert len(json.dumps(dress(Entities(()), Entities(()), [], long))) < 10_000
    words = " ".join(str(number) for number in range(100_000))
    assert len(json.dumps(dress(Text(words, 0.9), Text(words[::-1], 0.9), words, None))) < 100_000

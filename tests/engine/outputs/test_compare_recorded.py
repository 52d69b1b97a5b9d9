"""Figures that others recorded: compared to their last digit and the tolerance, and no further than they go."""

import pytest

from swapgate.goldens.provenance import RecordedElsewhere
from swapgate.outputs import Tolerance, check_recorded, near_ties, output_of
from swapgate.outputs.answer import Answer
from swapgate.outputs.classification import Classification, Score
from swapgate.outputs.detections import Detection, Detections
from swapgate.outputs.entities import Entities, Entity
from swapgate.outputs.prediction import numbers
from swapgate.outputs.text import Text

TOLERANCE = Tolerance(drift=1e-5, reason="two machines")
NOTES = RecordedElsewhere("notes", 4)
WHOLE_PIXELS = RecordedElsewhere("notes", 4, box_digits=0)


def classification(*pairs):
    """Return a classification; what is left of 1 is the rest."""
    return Classification(tuple(Score(*pair) for pair in pairs), 1 - sum(score for _, score in pairs))


def entities(score, label="ORG", margin=0.9):
    """Return one entity."""
    return Entities((Entity(0, 12, label, "Hugging Face", score=score, margin=margin, edge=margin),))


def objects(*things):
    """Return objects, each a label, a box and a score."""
    return Detections(tuple(Detection(label, box, score) for label, box, score in things), 0.5)


def found(actual, golden, elsewhere=NOTES):
    """Compare, and give what differs in words."""
    return [str(one) for one in check_recorded(actual, golden, elsewhere.widened(TOLERANCE, golden))]


@pytest.mark.parametrize("digits", [2, 4, 7, 10])
@pytest.mark.parametrize("sign", [-1, 1])
def test_half_a_unit_and_the_tolerance(digits, sign):
    """A score may be off by half a unit of the last digit that was recorded, plus the tolerance, and by no more."""
    golden, elsewhere = entities(0.9287, margin=None), RecordedElsewhere("notes", digits)
    allowed = 0.5 * 10**-digits + 1e-5
    assert found(entities(0.9287 + sign * allowed * 0.999), golden, elsewhere) == []
    (words,) = found(entities(0.9287 + sign * allowed * 1.01), golden, elsewhere)
    assert f"recorded 0.9287000 ± {allowed:g}: off by " in words


def test_labels_that_were_not_recorded():
    """Of labels only those are compared that were recorded, however many others there are."""
    golden = classification(("lynx", 0.2391))
    assert found(classification(("lynx", 0.23912), ("cougar", 0.2), ("tiger", 0.19)), golden) == []
    (words,) = found(classification(("lynx", 0.2393), ("cougar", 0.2)), golden)
    assert words == "lynx scored 0.2393000, recorded 0.2391000 ± 6e-05: off by 0.0002"


def test_the_label_that_leads():
    """The recorded label must lead, also where its own score is right; a near tie may fall the other way."""
    golden = classification(("lynx", 0.2391))
    other = classification(("cougar", 0.3), ("lynx", 0.2391))
    assert found(other, golden) == ["cougar 0.3000 leads, recorded lynx 0.2391"]
    tie = classification(("cougar", 0.23913), ("lynx", 0.2391))
    assert found(tie, golden) == []
    (told,) = near_ties(tie, golden, NOTES.widened(TOLERANCE, golden), recorded=True)
    assert str(told) == "cougar 0.2391 leads: a near tie, recorded lynx 0.2391"


def test_a_label_out_of_the_best():
    """A recorded label that is not among the best five any more is compared with the least that is."""
    golden = classification(("a", 0.9), ("z", 0.0001))
    near = classification(("a", 0.9), ("b", 0.0004), ("c", 0.0003), ("d", 0.0002), ("e", 0.0001))
    assert found(near, golden) == []
    far = classification(("a", 0.9), ("b", 0.02))
    assert found(far, golden) == ["z scored 0.0000000, recorded 0.0001000 ± 6e-05: off by 0.0001"]


def test_entities():
    """Of an entity label, extent and score are compared; one that is lost is no near tie: no lead is known."""
    golden = entities(0.9287, margin=None)
    words = found(entities(0.9287, "LOC"), golden)
    assert len(words) == 2
    assert "LOC 'Hugging Face' 0-12 (0.9287) is new since the recorded" in words[0]
    assert words[1].endswith("a near tie would lead by up to 6e-05, this one led by an unknown amount")
    assert found(Entities(()), golden) == [words[1]]


def test_answer():
    """Of an answer text, place and score are compared, and another answer is never a near tie."""
    golden = Answer("Beijing", 115, 122, score=0.7504, margin=None)
    assert found(Answer("Beijing", 115, 122, score=0.75045, margin=0.5), golden) == []
    assert "off by 0.0004" in found(Answer("Beijing", 115, 122, score=0.75, margin=0.5), golden)[0]
    assert (
        "this one led by an unknown amount" in found(Answer("Beijing.", 115, 123, score=0.7504, margin=1e-6), golden)[0]
    )


def test_text():
    """Of a text its letters are compared; how near it was to another one is not known."""
    golden = Text("I have a dream", margin=None)
    assert found(Text("I have a dream", margin=0.01), golden) == []
    assert "wrote 'I have a cream', recorded 'I have a dream'" in found(Text("I have a cream", margin=0.01), golden)[0]


BOX = (78.0, 57.0, 309.0, 371.0)


@pytest.mark.parametrize(
    ("box", "right"),
    [
        ((78.0, 57.0, 309.0, 371.0), True),
        ((78.99, 57.99, 309.99, 371.99), True),
        ((74.0, 53.0, 313.0, 375.0), False),
        ((78.0, 57.0, 309.0, 380.0), False),
    ],
    ids=["same", "cut to pixels", "wider", "lower"],
)
def test_boxes(box, right):
    """A box that was cut to whole pixels may be a pixel off, and as much more as the tolerance says."""
    told = found(objects(("cat", box, 0.9985)), objects(("cat", BOX, 0.9985)), WHOLE_PIXELS)
    assert (told == []) is right


def test_objects_that_were_not_recorded():
    """An object that was recorded must be found; one besides is for the expected answer to judge."""
    golden = objects(("cat", BOX, 0.9985))
    both = objects(("cat", BOX, 0.9985), ("dog", (279.0, 20.0, 482.0, 416.0), 0.989))
    assert found(both, golden, WHOLE_PIXELS) == []
    (words,) = found(objects(), golden, WHOLE_PIXELS)
    assert words.startswith("cat [78, 57, 309, 371] (0.9985) is gone since the recorded")


@pytest.mark.parametrize(
    ("prediction", "count"),
    [
        (classification(("lynx", 0.2), ("cougar", 0.1)), 2),
        (entities(0.9), 3),
        (entities(0.9, margin=None), 1),
        (Answer("Beijing", 115, 122, score=0.75, margin=0.5), 2),
        (Text("I have a dream", margin=None), 1),
        (Text("I have a dream", margin=0.5), 2),
        (objects(("cat", BOX, 0.9)), 5),
    ],
    ids=["labels", "whole", "part", "reply", "heard", "heard and margin", "things"],
)
def test_figures(prediction, count):
    """Figures are scores, margins, edges of boxes, and a text; what is unknown is none."""
    assert numbers(prediction) + output_of(prediction).unscored == count


def test_invalid():
    """What cannot be is told, whoever says it."""
    assert found(entities(1.5), entities(0.9, margin=None)) == [
        "ORG 'Hugging Face' 0-12 has the score 1.5, which is not between 0 and 1"
    ]
    assert "recorded ORG 'Hugging Face' 0-12 has the score" in found(entities(0.9), entities(-1.0, margin=None))[0]
